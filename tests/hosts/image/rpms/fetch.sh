#!/bin/sh
# Fetches the tools that build RPMs and lay out repositories, and unpacks below /x the Debian packages
# whose binaries the vendor's packages carry.
set -eu
# the newer suite, from the same mirror that the base image was made from
sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/deb \2 trixie main/p' /etc/apt/sources.list |
  head -n 1 > /etc/apt/sources.list.d/trixie.list
printf 'Package: *\nPin: release n=trixie*\nPin-Priority: 50\n' > /etc/apt/preferences.d/trixie
apt-install rpm createrepo-c apt-utils gnupg openssl

option=Acquire::https::CAInfo=/etc/ssl/certs/ca-certificates.crt
[ ! -s /run/secrets/ca ] || option=Acquire::https::CAInfo=/run/secrets/ca
apt-get -o "$option" update -qq
mkdir -p /debs /x
chmod 777 /debs
cd /debs
# trixie's runc and tini need a newer glibc than bookworm's: those two come from bookworm
apt-get -o "$option" download -qq docker.io/trixie docker-cli/trixie containerd/trixie \
  docker-compose/trixie docker-buildx/trixie runc/bookworm tini/bookworm \
  python3-requests python3-urllib3 python3-chardet python3-charset-normalizer python3-idna \
  python3-certifi python3-six python3.11-venv python3-pip-whl python3-setuptools-whl
for package in *.deb; do
  dpkg-deb -x "$package" /x
  # the upstream part of Debian's version, without epoch, repacking mark and revision
  dpkg-deb -f "$package" Version | sed 's/^[0-9]*://; s/[+~-].*//' > "/x/${package%%_*}.version"
done
rm -rf /debs /var/lib/apt/lists/*
