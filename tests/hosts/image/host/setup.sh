#!/bin/sh
# Makes a Debian image behave as a minimal CentOS Stream 9: setup.sh [--firewalld]
set -eu
hidden=/usr/libexec/test-host
mkdir -p "$hidden"

# --- identity
cat > /usr/lib/os-release <<'RELEASE'
NAME="CentOS Stream"
VERSION="9"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="9"
PLATFORM_ID="platform:el9"
PRETTY_NAME="CentOS Stream 9"
ANSI_COLOR="0;31"
CPE_NAME="cpe:/o:centos:centos:9"
HOME_URL="https://centos.org/"
RELEASE
rm -f /etc/debian_version /etc/os-release
ln -s ../usr/lib/os-release /etc/os-release
echo 'CentOS Stream release 9' > /etc/centos-release
ln -sf centos-release /etc/redhat-release
ln -sf centos-release /etc/system-release

# --- the RPM database where CentOS has it (Debian's rpm uses ~/.rpmdb)
mkdir -p /etc/rpm /var/lib/rpm /etc/yum.repos.d /etc/pki/rpm-gpg
echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros.dbpath
echo '%_dbpath /var/lib/rpm' > /root/.rpmmacros
rpm --initdb
# what a minimal CentOS already has; the rest stay in the repository, so that tasks install something
installable='yum-utils dnf-plugins-core device-mapper-persistent-data lvm2 container-selinux libcgroup
  gnupg2 python3-requests python3.12 podman buildah runc containers-common'
[ "${1:-}" = --firewalld ] || installable="$installable firewalld"
cd /bootstrap
for name in $installable; do rm -f "$name"-[0-9]*.rpm; done
rpm -i --nodeps ./*.rpm

cat > /etc/yum.repos.d/centos.repo <<'REPOSITORY'
[baseos]
name=CentOS Stream $releasever - BaseOS
baseurl=http://mirror.centos.test/centos/$releasever-stream/BaseOS/$basearch/os/
enabled=1
gpgcheck=0
REPOSITORY
mkdir -p /etc/dnf
cat > /etc/dnf/dnf.conf <<'CONFIGURATION'
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_removal=True
best=True
skip_if_unavailable=False
CONFIGURATION
# Debian's dnf plugin "local" adds a repository of its own and keeps copies of every RPM
sed -i 's/^enabled *=.*/enabled = false/' /etc/dnf/plugins/local.conf
ln -sf dnf /usr/bin/yum

# --- CentOS's paths and its administrators' group
mkdir -p /etc/sysconfig /etc/pki/tls/certs
ln -sf /usr/bin/python3 /usr/libexec/platform-python
groupadd -f -g 10 wheel 2> /dev/null || groupadd -f --system wheel
echo '%wheel ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/wheel
useradd -m -s /bin/bash -G wheel ansible
install -d -m 700 -o ansible -g ansible /home/ansible/.ssh
update-ca-certificates > /dev/null
ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt

# --- Debian's package managers, or facts say Debian
for command in apt apt-get apt-cache apt-mark apt-key apt-config dpkg; do
  [ ! -e "/usr/bin/$command" ] || mv "/usr/bin/$command" "$hidden/"
done

# --- systemd in a container. Global sysctls are the machine's own, so they are not applied.
systemctl set-default multi-user.target > /dev/null
systemctl mask systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
  systemd-udev-trigger.service systemd-modules-load.service systemd-sysctl.service \
  sys-kernel-debug.mount sys-kernel-tracing.mount getty.target console-getty.service \
  systemd-remount-fs.service dev-hugepages.mount sys-fs-fuse-connections.mount \
  systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer fstrim.timer > /dev/null 2>&1
[ "${1:-}" != --firewalld ] || systemctl enable firewalld > /dev/null 2>&1
: > /etc/machine-id

# --- sshd, with host keys made at the first boot
rm -f /etc/ssh/ssh_host_*
cat > /etc/systemd/system/ssh-hostkeys.service <<'UNIT'
[Unit]
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
[Install]
WantedBy=multi-user.target
UNIT
ln -sf /lib/systemd/system/ssh.service /etc/systemd/system/sshd.service
systemctl enable ssh.service ssh-hostkeys.service > /dev/null 2>&1
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\n' \
  > /etc/ssh/sshd_config.d/test-host.conf

install -m 755 /host/init.sh /usr/local/sbin/host-init
rm -rf /bootstrap /host
