#!/bin/bash
# Arguments are the official image's: a redis-server command, or only its options or its
# configuration file. Of a server every line is JSON; any other command runs as it is.
set -euo pipefail

if [[ $# -eq 0 || ${1:-} == -* || ${1:-} == *.conf ]]; then
    set -- redis-server "$@"
fi
if [[ $1 == redis-server ]]; then
    exec json-log /usr/local/lib/redis/json-lines.awk redis-start "$@"
fi

exec "$@"
