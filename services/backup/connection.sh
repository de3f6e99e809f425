# shellcheck shell=bash
# How this image's programs reach MariaDB, and where its binary logs are kept. Sourced.

readonly EX_CONFIG=78 # sysexits.h
readonly folder=/binlogs
# Where the stream that runs says which process it is.
# shellcheck disable=SC2034  # for those that source this file
readonly stream_pid=/tmp/stream.pid

# refuse WHAT EXPECTED FOUND DO
refuse() {
    printf 'backup: not started: %s: expected %s; found %s; %s\n' "$1" "$2" "$3" "$4" >&2
    exit "$EX_CONFIG"
}

say() {
    printf 'backup: %s\n' "$*" >&2
}

# options: prints the client's options, the password among them, which no command line may show
options() {
    local password path=${MARIADB_BACKUP_PASSWORD_FILE:-}
    password=$(<"$path")
    printf '[client]\nhost=%s\nport=%s\nuser=backup\npassword="%s"\nskip-ssl\n' \
        "${DB_HOST:-mariadb}" "${DB_PORT:-3306}" "${password//[\\\"]/\\&}"
}

check_settings() {
    local path=${MARIADB_BACKUP_PASSWORD_FILE:-}
    [[ -n $path && -f $path && -r $path && -s $path ]] || refuse MARIADB_BACKUP_PASSWORD_FILE \
        "a file with a password that uid $(id -u) can read" "'$path'" \
        "write it with mode 0400 and owner $(id -u)"
    [[ -w $folder ]] || refuse "$folder" "a folder that uid $(id -u) can write" \
        "$(stat --format='%F of uid %u, mode %a' "$folder" 2>/dev/null || echo 'nothing there')" \
        "give the volume to uid $(id -u)"
}

# sql STATEMENT: its rows, columns between tabs
sql() {
    mariadb --defaults-file=<(options) --batch --skip-column-names \
        --connect-timeout=5 --execute "$1"
}

# stream_folder: prints where the logs of the server that answers now are kept. A data directory
# has a number of its own for life, so that logs of another one are never mistaken for its own.
stream_folder() {
    local id
    id=$(sql 'SELECT @@server_id') || return
    printf '%s/%s' "$folder" "$id"
}

# newest FOLDER: the name of the newest log in it; nothing where there is none
newest() {
    find "$1" -maxdepth 1 -name '*.[0-9]*' -printf '%f\n' 2>/dev/null | sort | tail -n 1
}
