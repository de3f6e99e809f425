# shellcheck shell=bash
# Finds or installs Python 3.11 or newer, and makes a virtual environment from a lock file.

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Prints the path of a Python that is new enough and can make virtual environments. The distribution's
# own first: it is built to be fast, and stays where it is.
find_python() {
  local name
  for name in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && new_enough "$name" && has_venv "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# Ubuntu 22.04's own Python is 3.10; its archive has 3.11 beside it.
install_python() {
  local os_id='' os_version=''
  # shellcheck disable=SC1091
  os_id=$(. /etc/os-release && echo "$ID") os_version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  case "$os_id:$os_version" in
    ubuntu:22.04) as_root apt-get update -qq && as_root apt-get install -y -qq python3.11 python3.11-venv ;;
    debian:1[2-9]* | ubuntu:2[4-9]*) as_root apt-get update -qq && as_root apt-get install -y -qq python3 python3-venv ;;
    centos:9* | rocky:9* | almalinux:9* | rhel:9*) as_root dnf install -y -q python3.12 ;;
    centos:1* | rocky:1* | almalinux:1* | rhel:1*) as_root dnf install -y -q python3 ;;
    *)
      echo "scripts/up: expected Debian 12/13, Ubuntu 22.04/24.04 or CentOS Stream, Rocky or Alma 9/10;" \
        "found $os_id $os_version without Python 3.11; do: install Python 3.11 or newer and run this again" >&2
      return 1
      ;;
  esac
}

# make_venv FOLDER LOCK...: makes FOLDER hold what the lock files name. The hash of each lock file that
# is in is kept: an unchanged second run does nothing, an interrupted one goes on.
make_venv() {
  local folder=$1 python lock mark hash log
  shift
  if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(find_python) || { install_python && python=$(find_python); } || {
      echo "expected Python 3.11 or newer with venv; found none; do: install it and run this again" >&2
      return 1
    }
    rm -rf "$folder"
    "$python" -m venv "$folder"
  fi
  log=$(mktemp)
  for lock in "$@"; do
    mark=$folder/made-from-$(basename "$lock")
    hash=$(sha256sum "$lock" | cut -d' ' -f1)
    [[ $(cat "$mark" 2>/dev/null) == "$hash" ]] && continue
    rm -f "$mark"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$lock" >"$log" 2>&1 || {
      tail -n 20 "$log" >&2
      echo "expected every package of $lock to install; found what pip says above; do: check that the package index answers, then run this again" >&2
      rm -f "$log"
      return 1
    }
    echo "$hash" >"$mark"
  done
  rm -f "$log"
}
