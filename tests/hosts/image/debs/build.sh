#!/bin/sh
# Builds .debs in docker-ce's names and layout around Debian's real binaries, and lays out the
# vendor's apt archive of them below /srv. The key is the one that signed the RPMs.
set -eu
export GNUPGHOME=/gnupg
archive=/srv/linux/debian
pool=$archive/dists/bookworm/pool/stable/amd64
binary=$archive/dists/bookworm/stable/binary-amd64
mkdir -p "$pool" "$binary"

# package NAME VERSION DEPENDS: what has been put below /deb/NAME becomes NAME's package
package() {
  mkdir -p "/deb/$1/DEBIAN"
  {
    echo "Package: $1"
    echo "Version: $2"
    echo "Architecture: amd64"
    echo "Maintainer: Test Docker Release <docker@test.invalid>"
    [ -z "$3" ] || echo "Depends: $3"
    [ "$1" != containerd.io ] || printf 'Conflicts: containerd, runc\nProvides: containerd, runc\n'
    [ "$1" != docker-ce ] || echo "Conflicts: docker.io"
    echo "Description: $1, repacked for tests"
  } > "/deb/$1/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "/deb/$1" "$pool" > /dev/null
}

engine=$(cat /x/docker.io.version)
suffix=1~debian.12~bookworm

mkdir -p /deb/containerd.io/usr/bin /deb/containerd.io/etc/containerd
install -m755 /x/usr/bin/containerd /x/usr/bin/containerd-shim-runc-v2 /x/usr/bin/ctr /x/usr/sbin/runc \
  /deb/containerd.io/usr/bin/
printf 'disabled_plugins = ["cri"]\n' > /deb/containerd.io/etc/containerd/config.toml
package containerd.io "$(cat /x/containerd.version)-1" "libc6, libseccomp2"

mkdir -p /deb/docker-ce-cli/usr/bin
install -m755 /x/usr/bin/docker /deb/docker-ce-cli/usr/bin/
package docker-ce-cli "5:$engine-$suffix" libc6

# A next major version lies there too, as in the vendor's archive: the pin keeps it out.
for version in "$engine" 99.0.0; do
  rm -rf /deb/docker-ce
  mkdir -p /deb/docker-ce/usr/bin /deb/docker-ce/etc/init.d /deb/docker-ce/etc/default
  install -m755 /x/usr/sbin/dockerd /x/usr/sbin/docker-proxy /deb/docker-ce/usr/bin/
  install -m755 /x/usr/bin/tini-static /deb/docker-ce/usr/bin/docker-init
  sed 's#/usr/sbin/dockerd#/usr/bin/dockerd#' /x/etc/init.d/docker > /deb/docker-ce/etc/init.d/docker
  chmod 755 /deb/docker-ce/etc/init.d/docker
  install -m644 /x/etc/default/docker /deb/docker-ce/etc/default/
  mkdir -p /deb/docker-ce/DEBIAN
  printf '#!/bin/sh\ngetent group docker > /dev/null || groupadd --system docker\n' \
    > /deb/docker-ce/DEBIAN/postinst
  chmod 755 /deb/docker-ce/DEBIAN/postinst
  package docker-ce "5:$version-$suffix" \
    "containerd.io (>= 1.6.24), docker-ce-cli, iptables, libseccomp2, libc6"
done

for plugin in compose buildx; do
  folder=/deb/docker-$plugin-plugin/usr/libexec/docker/cli-plugins
  mkdir -p "$folder"
  install -m755 "/x/usr/libexec/docker/cli-plugins/docker-$plugin" "$folder/"
  package "docker-$plugin-plugin" "$(cat "/x/docker-$plugin.version")-$suffix" ""
done

gpg --armor --export > "$archive/gpg"
cd "$archive"
apt-ftparchive packages dists/bookworm/pool > "$binary/Packages"
apt-ftparchive -o APT::FTPArchive::Release::Suite=bookworm \
  -o APT::FTPArchive::Release::Codename=bookworm \
  -o APT::FTPArchive::Release::Components=stable \
  -o APT::FTPArchive::Release::Architectures=amd64 release dists/bookworm > /tmp/Release
gpg --batch --clearsign --output dists/bookworm/InRelease /tmp/Release
rm -rf /deb /tmp/Release
