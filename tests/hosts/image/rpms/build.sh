#!/bin/sh
# Builds the stub and the wrapping RPMs, signs the latter as the vendor does, and lays out the
# repository trees under /srv and the server's certificate under /tls.
set -eu
baseos=/srv/centos/9-stream/BaseOS/x86_64/os
vendor=/srv/linux/centos/9/x86_64/stable
mkdir -p /stubs /rpmbuild /tls "$baseos/Packages" "$vendor/Packages"

# --- a throw-away signing key, made anew in each build
export GNUPGHOME=/gnupg
mkdir -m 700 "$GNUPGHOME"
gpg --batch --pinentry-mode loopback --passphrase '' \
  --quick-gen-key 'Test Docker Release (CE rpm) <docker@test.invalid>' rsa3072 sign never
gpg --armor --export > /srv/linux/centos/gpg
gpg --with-colons --fingerprint | awk -F: '$1 == "fpr" { print $10; exit }' > /srv/fingerprint

# rpmsign needs the path of gpg; Debian's rpm keeps its database under the home folder otherwise
cat > /root/.rpmmacros <<'MACROS'
%_topdir /rpmbuild
%_dbpath /var/lib/rpm
%_gpg_name Test Docker Release
%__gpg /usr/bin/gpg
%_gpg_path /gnupg
%_source_payload w3.zstdio
%_binary_payload w3.zstdio
%__os_install_post %{nil}
%debug_package %{nil}
%_build_id_links none
MACROS

# --- stubs: lines of "name version provides…"
grep -v '^#' /rpms/stubs.txt | while read -r name version provides; do
  [ -n "$name" ] || continue
  {
    echo "Name: $name"
    echo "Version: ${version%-*}"
    echo "Release: ${version##*-}"
    [ "$name" != container-selinux ] || echo "Epoch: 2"
    echo "Summary: stub of $name"
    echo "License: none"
    echo "AutoReqProv: no"
    for item in $provides; do echo "Provides: $item" | sed 's/=/ = /'; done
    echo "%description"
    echo "Empty: what it would bring is supplied by the Debian base."
    echo "%files"
  } > "/stubs/$name.spec"
  rpmbuild --quiet --target x86_64 -bb "/stubs/$name.spec"
done
mv /rpmbuild/RPMS/x86_64/*.rpm "$baseos/Packages/"

# --- RPMs in the vendor's names and layout, around Debian's real binaries
for spec in /rpms/*.spec; do
  rpmbuild --quiet --target x86_64 -bb "$spec" \
    --define "engine_version $(cat /x/docker.io.version)" \
    --define "containerd_version $(cat /x/containerd.version)" \
    --define "compose_version $(cat /x/docker-compose.version)" \
    --define "buildx_version $(cat /x/docker-buildx.version)"
done
rpmsign --addsign /rpmbuild/RPMS/x86_64/*.rpm > /dev/null
mv /rpmbuild/RPMS/noarch/*.rpm "$baseos/Packages/"
mv /rpmbuild/RPMS/x86_64/*.rpm "$vendor/Packages/"
createrepo_c -q "$baseos"
createrepo_c -q "$vendor"
# the mirrors serve the vendor's tree below this folder
ln -s . /srv/docker-ce

# --- a certificate for the names that the hosts reach this server by
cd /tls
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.crt \
  -subj '/CN=test repository CA' 2> /dev/null
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr \
  -subj '/CN=download.docker.com' 2> /dev/null
sed 's/^/DNS:/' /rpms/names.txt | paste -sd, | sed 's/^/subjectAltName=/' > extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
  -extfile extensions -out server.crt 2> /dev/null
