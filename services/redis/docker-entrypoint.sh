#!/bin/bash
# Refuses a start that could not work or would be open to anybody, then becomes redis-server.
# Arguments are the official image's: a redis-server command, or only its options or its
# configuration file; any other command runs as it is.
set -euo pipefail
umask 077

readonly EX_CONFIG=78 # sysexits.h

# refuse WHAT EXPECTED FOUND DO
refuse() {
    printf 'redis: not started: %s: expected %s; found %s; %s\n' "$1" "$2" "$3" "$4" >&2
    exit "$EX_CONFIG"
}

# describe PATH: what stands there, for an error message
describe() {
    stat --format='%F of uid %u, mode %a' -- "$1" 2>/dev/null || printf 'nothing there'
}

check_data_directory() {
    [[ -w . ]] || refuse "$PWD" "a directory that uid $(id -u) can write" "$(describe "$PWD")" \
        "give the volume to uid $(id -u) (chown -R $(id -u):$(id -g))"
}

check_configuration() {
    [[ -f $1 && -r $1 ]] || refuse "$1" "a configuration file that uid $(id -u) can read" \
        "$(describe "$1")" "mount the rendered configuration's directory there"
}

# The default user has to be off: without a line of its own it is on, without a password and with
# every right. It has to keep the rights to all keys and commands nevertheless: Redis 8.0 replays
# the transactions of its log as this user, and drops those that it may not run
# (https://github.com/redis/redis/issues/14541).
readonly default_rule='user default off resetpass ~* &* +@all'

check_acl() {
    local file=$1 found
    [[ -f $file && -r $file ]] || refuse "$file" "an ACL file that uid $(id -u) can read" \
        "$(describe "$file")" "write it with mode 0400 and owner $(id -u)"
    found=$(awk '
        NF == 0 { next }
        $1 != "user" || NF < 2 { print "no rule in line " NR; bad = 1; exit }
        $2 == "default" {
            seen = 1
            for (i = 3; i <= NF; i++) {
                if ($i == "on" || $i == "off") state = $i
                if ($i == "~*" || $i == "allkeys") keys = 1
                if ($i == "+@all" || $i == "allcommands") commands = 1
            }
        }
        END {
            if (bad) exit
            if (!seen) print "no line for the default user"
            else if (state != "off") print "a default user that is on"
            else if (!keys || !commands) print "a default user without rights, so a restart would lose data"
        }
    ' "$file")
    [[ -z $found ]] || refuse "$file" "lines 'user NAME RULE …', '$default_rule' among them" \
        "$found" "write the file again"
}

if [[ $# -eq 0 || ${1:-} == -* || ${1:-} == *.conf ]]; then
    set -- redis-server "$@"
fi

if [[ $1 == redis-server ]]; then
    check_data_directory
    if [[ ${2:-} != -* && -n ${2:-} ]]; then
        check_configuration "$2"
        acl_file=$(awk 'tolower($1) == "aclfile" { gsub(/"/, "", $2); file = $2 } END { print file }' "$2")
        [[ -z $acl_file ]] || check_acl "$acl_file"
    fi
fi

exec "$@"
