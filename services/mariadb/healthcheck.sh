#!/bin/bash
# Ends with 0 when the server answers. The options are the official image's:
#   --connect             it accepts connections from the network, and is not still starting
#   --innodb_initialized  its storage engine works
# Needs no password: it comes in by the local socket as the server's own user.
set -euo pipefail

if (($# == 0)); then
    echo 'healthcheck.sh: expected --connect and/or --innodb_initialized, found no option' >&2
    exit 64
fi

conditions=()
for option; do
    case $option in
        --connect) conditions+=('@@skip_networking = 0') ;;
        --innodb_initialized)
            conditions+=("EXISTS (SELECT * FROM information_schema.ENGINES
                WHERE ENGINE = 'InnoDB' AND SUPPORT IN ('YES', 'DEFAULT'))")
            ;;
        *)
            echo "healthcheck.sh: expected --connect or --innodb_initialized, found $option" >&2
            exit 64
            ;;
    esac
done

printf -v query ' AND %s' "${conditions[@]}"
answer=$(mariadb --no-defaults --socket=/run/mysqld/mysqld.sock --user=healthcheck \
    --skip-column-names --batch --connect-timeout=3 --execute "SELECT 1 $query")
if [[ $answer != 1 ]]; then
    echo "healthcheck.sh: the server answers, but not all of this holds: $*" >&2
    exit 1
fi
