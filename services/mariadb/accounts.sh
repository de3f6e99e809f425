# shellcheck shell=bash
# What the server runs at each start, a statement a line: so that a data directory of an earlier
# version gets what is new, too, and a changed password holds. Sourced.

readonly accounts_file=/run/mysqld/accounts.sql
: "${backup_password=}" # from settings.sh

# write_accounts: the file is there afterwards, where there is anything to run
write_accounts() {
    local statements
    statements=$(backup_account && more_databases)
    [[ -n $statements ]] || return 0
    # What concerns the accounts has no place in a log that may be replayed.
    printf 'SET SESSION sql_log_bin = 0;\n%s\n' "$statements" >"$accounts_file"
}

backup_account() {
    [[ -n $backup_password ]] || return 0
    account backup "$backup_password"
    echo "GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO backup@'%';"
}

# A database for each further service, and an account of the same name that owns it.
more_databases() {
    local name
    # shellcheck disable=SC2154  # from settings.sh
    for name in "${!more_passwords[@]}"; do
        printf "CREATE DATABASE IF NOT EXISTS \`%s\`;\n" "$name"
        account "$name" "${more_passwords[$name]}"
        # An underscore in the database's name of a GRANT stands for any character.
        printf "GRANT ALL ON \`%s\`.* TO '%s'@'%%';\n" "${name//_/\\_}" "$name"
    done
}

# account NAME PASSWORD
account() {
    local password
    password=$(sql_string "$2")
    printf "CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY %s;\n" "$1" "$password"
    printf "ALTER USER '%s'@'%%' IDENTIFIED BY %s;\n" "$1" "$password"
}
