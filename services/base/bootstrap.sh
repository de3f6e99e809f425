#!/bin/bash
# Bootstraps the base image's root file system from a Debian mirror into a tar archive.
#
#   bootstrap.sh [--mirror URL] [--security-mirror URL] [--updates] [--ca FILE] \
#                --refresh YYYY-MM-DD OUTPUT.tar
#
# --mirror           where Debian trixie comes from; without it from where mmdebstrap knows, updates and
#                    security included
# --security-mirror  where trixie-security comes from; without it there is none
# --updates          the mirror has trixie-updates too
# --ca               the certificates that an https mirror is checked against
# --refresh          the date that files made here carry, so that two runs on the same packages give
#                    the same archive
set -euo pipefail

readonly suite=trixie
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

mirror='' security_mirror='' updates='' ca='' refresh='' output=''

refuse() {
  printf 'bootstrap.sh: %s\n' "$*" >&2
  exit 64
}

while (($#)); do
  case $1 in
    --mirror) mirror=${2:?} && shift 2 ;;
    --security-mirror) security_mirror=${2:?} && shift 2 ;;
    --updates) updates=yes && shift ;;
    --ca) ca=${2:?} && shift 2 ;;
    --refresh) refresh=${2:?} && shift 2 ;;
    -*) refuse "expected one of the options in this file's head, found $1" ;;
    *) output=$1 && shift ;;
  esac
done
[[ -z $mirror || $mirror =~ ^https?:// ]] || refuse "expected --mirror http(s)://…, found '$mirror'"
[[ -n $output ]] || refuse 'expected the path of the archive to write, found none'
SOURCE_DATE_EPOCH=$(date --utc --date "$refresh" +%s) || refuse "expected --refresh YYYY-MM-DD, found '$refresh'"
export SOURCE_DATE_EPOCH

sources() {
  printf 'deb %s %s main\n' "$mirror" "$suite"
  [[ -z $updates ]] || printf 'deb %s %s-updates main\n' "$mirror" "$suite"
  [[ -z $security_mirror ]] || printf 'deb %s %s-security main\n' "$security_mirror" "$suite"
}

# The keys are pinned here, because a builder's own keyring may be older than this Debian.
# shellcheck disable=SC2016  # mmdebstrap's shell expands $1, the new root
options=(
  --variant=minbase
  --include=ca-certificates
  --keyring="$here/debian-archive-trixie.gpg"
  --dpkgopt="$here/dpkg.conf"
  --customize-hook="copy-in '$here/configure.sh' '$here/dpkg.conf' '$here/json-log' '$here/json-log.awk' /tmp"
  --customize-hook='chroot "$1" sh /tmp/configure.sh'
)
[[ -z $ca ]] || options+=(--aptopt="Acquire::https::CAInfo \"$ca\"")

if [[ -n $mirror ]]; then
  sources | mmdebstrap "${options[@]}" "$suite" "$output" -
else
  mmdebstrap "${options[@]}" "$suite" "$output"
fi
