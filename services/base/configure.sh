#!/bin/sh
# Runs inside the new root file system, whichever way it came: what apt, dpkg and the packages'
# scripts do in the builds of the service images, and what turns a server's lines into JSON.
# Expects dpkg.conf, json-log and json-log.awk beside this file.
set -eu

here=$(dirname "$0")
apt_conf=/etc/apt/apt.conf.d

# mmdebstrap leaves its own command-line options behind, the path of the builder's CA among them.
rm -f "$apt_conf/99mmdebstrap" /etc/dpkg/dpkg.cfg.d/99mmdebstrap
cp "$here/dpkg.conf" /etc/dpkg/dpkg.cfg.d/luffy-bundle

cat > "$apt_conf/90luffy-bundle" <<'CONF'
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
// Nothing that apt downloads or computes stays in a layer.
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
CONF

# An https mirror may stand behind a private CA, which never enters a layer: builds get it as a
# secret, and apt looks for it there. Secrets are root's alone, so apt must not read as its own user.
if grep -qs '^deb https:' /etc/apt/sources.list; then
  cat > "$apt_conf/91luffy-bundle-ca" <<'CONF'
Acquire::https::CAInfo "/run/secrets/ca";
APT::Sandbox::User "root";
CONF
fi

install -D -m 0755 "$here/json-log" /usr/local/bin/json-log
install -D -m 0644 "$here/json-log.awk" /usr/local/lib/json-log.awk

# A package's script must not start a service during a build.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d

rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old
rm -f /var/log/*.log /var/log/apt/* /var/cache/ldconfig/aux-cache
rm -f "$here/configure.sh" "$here/dpkg.conf" "$here/json-log" "$here/json-log.awk"
