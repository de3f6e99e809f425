# shellcheck shell=bash
# Reads what the container was given, and refuses what could not work. Sourced.

readonly EX_CONFIG=78 # sysexits.h

# refuse WHAT EXPECTED FOUND DO
refuse() {
    printf 'mariadb: not started: %s: expected %s; found %s; %s\n' "$1" "$2" "$3" "$4" >&2
    exit "$EX_CONFIG"
}

# describe PATH: what stands there, for an error message
describe() {
    stat --format='%F of uid %u, mode %a' -- "$1" 2>/dev/null || printf 'nothing there'
}

# read_secret NAME: the password in the file that $NAME names, printed; its end of line is not
# part of it.
read_secret() {
    local name=$1 path=${!1:-} secret
    [[ -n $path ]] || refuse "$name" 'the path of a file with a password' 'no value' 'set it'
    [[ -f $path && -r $path ]] || refuse "$name=$path" "a file that uid $(id -u) can read" \
        "$(describe "$path")" "write it with mode 0400 and owner $(id -u)"
    if [[ $(tr -d '\0' <"$path" | wc -c) -ne $(wc -c <"$path") ]]; then
        refuse "$name=$path" 'a password of one line' 'a NUL byte in it' 'write the file again'
    fi
    secret=$(<"$path")
    [[ -n $secret ]] || refuse "$name=$path" 'a password' 'an empty file' 'write the file again'
    [[ $secret != *[[:cntrl:]]* ]] || refuse "$name=$path" 'a password of one line' \
        'a control character or a second line in it' 'write the file again'
    printf '%s' "$secret"
}

# check_name NAME: $NAME is empty or a plain identifier
check_name() {
    local value=${!1:-}
    [[ -z $value || $value =~ ^[A-Za-z0-9_]{1,64}$ ]] \
        || refuse "$1" 'letters, digits and underscores, at most 64' "'$value'" 'choose another name'
}

# Sets root_password, user_password, backup_password and more_passwords. A password in the environment is refused, because every
# `docker inspect` would show it.
read_settings() {
    local name
    for name in {MARIADB,MYSQL}{_ROOT,}_PASSWORD; do
        [[ -z ${!name:-} ]] || refuse "$name" "its form ${name}_FILE" \
            'a password in the environment' 'put the password into a file and name that'
    done
    check_name MARIADB_DATABASE
    check_name MARIADB_USER
    [[ ${MARIADB_USER:-} != root ]] || refuse MARIADB_USER 'another user than root' "'root'" \
        'name the user that the service logs in as'
    root_password=$(read_secret MARIADB_ROOT_PASSWORD_FILE) || exit
    user_password=''
    if [[ -n ${MARIADB_USER:-} ]]; then
        user_password=$(read_secret MARIADB_PASSWORD_FILE) || exit
    elif [[ -n ${MARIADB_PASSWORD_FILE:-} ]]; then
        refuse MARIADB_USER 'the name of the user with that password' 'no value' \
            'set it, or unset MARIADB_PASSWORD_FILE'
    fi
    backup_password=''
    if [[ -n ${MARIADB_BACKUP_PASSWORD_FILE:-} ]]; then
        backup_password=$(read_secret MARIADB_BACKUP_PASSWORD_FILE) || exit
    fi
    export -n root_password user_password backup_password
    read_more_databases
}

# Sets more_passwords: of each name in MARIADB_MORE_DATABASES, what MARIADB_<NAME>_PASSWORD_FILE holds.
read_more_databases() {
    local name
    declare -gA more_passwords=()
    for name in ${MARIADB_MORE_DATABASES:-}; do
        if [[ ! $name =~ ^[a-z][a-z0-9_]{0,30}$ ]]; then
            refuse MARIADB_MORE_DATABASES 'names of a-z, 0-9 and _ with spaces between' \
                "'$name'" 'choose another name'
        fi
        case $name in
            root | backup | healthcheck | mysql | sys | *_schema | "${MARIADB_USER:-}" | "${MARIADB_DATABASE:-}")
                refuse MARIADB_MORE_DATABASES 'names that are not taken' "'$name'" 'choose another name'
                ;;
        esac
        # shellcheck disable=SC2034  # for accounts.sh
        more_passwords[$name]=$(read_secret "MARIADB_${name^^}_PASSWORD_FILE") || exit
    done
}

# check_configuration ARGUMENT…: the server itself reads its options, and changes nothing
check_configuration() {
    local file errors
    for file in /etc/mysql/bundle/*; do
        [[ ! -e $file || -r $file ]] || refuse "$file" "a file that uid $(id -u) can read" \
            "$(describe "$file")" 'mount the rendered configuration with mode 0644'
    done
    errors=$(mariadbd "$@" --verbose --help 2>&1 >/dev/null) && return
    refuse /etc/mysql/bundle 'options that MariaDB knows' \
        "${errors//$'\n'/ | }" 'correct the configuration'
}
