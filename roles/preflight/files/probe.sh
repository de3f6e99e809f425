#!/bin/sh
# Prints what preflight must know before Python can run on the host, as os-release's KEY=value lines.
# It only reads. Its arguments are the Python interpreters to look at.

cat /etc/os-release 2>/dev/null ||
  cat /usr/lib/os-release 2>/dev/null ||
  sed -n '1s/.*/PRETTY_NAME="&"/p' /etc/redhat-release 2>/dev/null # CentOS 6 has no os-release

echo "PREFLIGHT_KERNEL=$(uname -s)"
echo "PREFLIGHT_ARCHITECTURE=$(uname -m)"
echo "PREFLIGHT_UID=$(id -u)"

for python in "$@"; do
  # An interpreter may be two words, as in "/usr/bin/env python3".
  # shellcheck disable=SC2086
  version=$($python -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
  echo "PREFLIGHT_PYTHON=\"$python=$version\""
done
