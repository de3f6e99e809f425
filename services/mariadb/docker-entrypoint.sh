#!/bin/bash
# Arguments are the official image's: mariadbd with options, or options alone. Of a server every
# line is JSON; any other command runs as it is.
set -euo pipefail

if [[ $# -eq 0 || ${1:-} == -* ]]; then
    set -- mariadbd "$@"
fi
case " $* " in
    *' --help '* | *' --version '*) exec "$@" ;;
esac
if [[ $1 == mariadbd ]]; then
    shift
    exec json-log /usr/local/lib/mariadb/json-lines.awk mariadb-start "$@"
fi

exec "$@"
