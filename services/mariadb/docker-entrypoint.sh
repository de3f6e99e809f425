#!/bin/bash
# Checks what it was given, makes the data directory at the first start, then becomes the server.
# Arguments are the official image's: mariadbd with options, or options alone; any other command
# runs as it is.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
. /usr/local/lib/mariadb/settings.sh
# shellcheck source=/dev/null
. /usr/local/lib/mariadb/initialise.sh

if [[ $# -eq 0 || ${1:-} == -* ]]; then
    set -- mariadbd "$@"
fi
case " $* " in
    *' --help '* | *' --version '*) exec "$@" ;;
esac

if [[ $1 == mariadbd ]]; then
    shift
    read_settings
    check_configuration "$@"
    ensure_data "$@"
    unset root_password user_password
    set -- mariadbd "$@"
fi

exec "$@"
