# shellcheck shell=bash
# Makes a new data directory, all of it or none. Sourced.
#
# A mark in the directory is written before anything else and taken away when everything is on the
# disk. While it stands no service can have written there, because the server that fills the
# directory listens on no network; so a directory with the mark may be emptied and filled anew,
# and one without it is never touched.

readonly data_directory=/var/lib/mysql
readonly mark=$data_directory/.initialising
readonly private_socket=/run/mysqld/initialising.sock
readonly client=(mariadb --no-defaults --skip-ssl --default-character-set=utf8mb4 --protocol=socket
    --socket="$private_socket" --user=root)
server_pid=''
: "${root_password=}" "${user_password=}" # from settings.sh

say() {
    printf 'mariadb: %s\n' "$*" >&2
}

# Prints what the data directory holds: empty, interrupted, finished or foreign.
data_state() {
    if [[ -e $mark ]]; then
        echo interrupted
    elif [[ -d $data_directory/mysql ]]; then
        echo finished
    elif [[ -z $(find "$data_directory" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit) ]]; then
        echo empty
    else
        echo foreign
    fi
}

# ensure_data ARGUMENT…: a finished data directory stands there afterwards; the arguments are the
# server's.
ensure_data() {
    [[ -r $data_directory && -w $data_directory && -x $data_directory ]] \
        || refuse "$data_directory" "a directory that uid $(id -u) can write" \
            "$(describe "$data_directory")" \
            "give the volume to uid $(id -u) (chown -R $(id -u):$(id -g))"
    case $(data_state) in
        finished)
            [[ -w $data_directory/mysql ]] || refuse "$data_directory/mysql" \
                "a directory that uid $(id -u) can write" "$(describe "$data_directory/mysql")" \
                "give the volume to uid $(id -u) (chown -R $(id -u):$(id -g))"
            ;;
        foreign)
            refuse "$data_directory" 'an empty directory or the data of a MariaDB' \
                "$(find "$data_directory" -mindepth 1 -maxdepth 1 -printf '%f ' | head -c 200)" \
                'mount the right volume'
            ;;
        interrupted)
            say 'an earlier first start was interrupted; starting again from nothing'
            initialise "$@"
            ;;
        empty)
            initialise "$@"
            ;;
    esac
}

initialise() {
    local started=$SECONDS
    say 'first start: making the data directory'
    : >"$mark"
    sync "$mark" "$data_directory"
    find "$data_directory" -mindepth 1 -maxdepth 1 ! -name lost+found ! -path "$mark" \
        -exec rm -rf -- {} +

    trap 'stop_private_server; say "stopped before the first start was finished"; exit 143' TERM INT
    make_system_tables
    start_private_server "$@"
    load_time_zones
    create_database_and_user | "${client[@]}"
    run_sql_files
    secure_accounts | "${client[@]}"
    stop_private_server
    trap - TERM INT

    sync --file-system "$data_directory"
    rm "$mark"
    sync "$data_directory"
    say "first start: done in $((SECONDS - started)) s"
}

make_system_tables() {
    local output
    output=$(mariadb-install-db --datadir="$data_directory" --skip-test-db --skip-name-resolve \
        --auth-root-authentication-method=normal 2>&1) && return
    printf '%s\n' "$output" >&2
    say 'the system tables could not be made, for the reason above'
    exit 1
}

start_private_server() {
    # Without TLS it starts faster: making its certificate takes seconds. And what makes the accounts
    # has no place in a log that may be replayed.
    mariadbd "$@" --skip-log-bin --skip-networking --skip-ssl --socket="$private_socket" \
        --pid-file=/run/mysqld/initialising.pid &
    server_pid=$!
    until "${client[@]}" --execute 'SELECT 1' &>/dev/null; do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            wait "$server_pid" || true
            say 'the server ended during the first start, for the reason above'
            exit 1
        fi
        sleep 0.1
    done
}

stop_private_server() {
    [[ -n $server_pid ]] || return 0
    kill -TERM "$server_pid" 2>/dev/null || true
    wait "$server_pid" || true
    server_pid=''
: "${root_password=}" "${user_password=}" # from settings.sh
}

# Named zones (CONVERT_TZ and an ORM's date functions) work only with these tables.
load_time_zones() {
    local warnings=/tmp/time-zones.log
    if ! mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>"$warnings" \
        | "${client[@]}" mysql; then
        cat "$warnings" >&2
        say 'the time zones could not be loaded, for the reason above'
        exit 1
    fi
    rm -f "$warnings"
}

# sql_string TEXT: as a literal of SQL
sql_string() {
    local quote="'" text=${1//\\/\\\\}
    printf "'%s'" "${text//$quote/$quote$quote}"
}

create_database_and_user() {
    local database=${MARIADB_DATABASE:-} user=${MARIADB_USER:-}
    [[ -z $database ]] || printf "CREATE DATABASE \`%s\`;\n" "$database"
    [[ -n $user ]] || return 0
    printf "CREATE USER '%s'@'%%' IDENTIFIED BY %s;\n" "$user" "$(sql_string "$user_password")"
    # An underscore in the database's name of a GRANT stands for any character.
    [[ -z $database ]] || printf "GRANT ALL ON \`%s\`.* TO '%s'@'%%';\n" "${database//_/\\_}" "$user"
}

run_sql_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        [[ -e $file ]] || continue
        if [[ $file != *.sql ]]; then
            say "ignored $file: only *.sql files are run"
            continue
        fi
        say "running $file"
        "${client[@]}" ${MARIADB_DATABASE:+"$MARIADB_DATABASE"} <"$file" || refuse "$file" \
            'SQL that runs' 'the error above' 'correct it; the next start begins anew'
    done
}

# Root comes in by the local socket with its password; the health check's user by the same socket
# as the user that the server runs as, and may do nothing.
secure_accounts() {
    cat <<SQL
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
FLUSH PRIVILEGES;
CREATE USER healthcheck@localhost IDENTIFIED VIA unix_socket AS '$(id -un)';
ALTER USER root@localhost IDENTIFIED BY $(sql_string "$root_password");
SQL
}
