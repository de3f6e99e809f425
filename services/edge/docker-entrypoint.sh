#!/bin/bash
# Of HAProxy every line is JSON: of requests by its own format, and what else it says by a filter.
# Other commands run as they are.
set -euo pipefail

if [[ $1 == haproxy ]]; then
    exec json-log /usr/local/lib/edge/json-lines.awk edge-start "$@"
fi

exec "$@"
