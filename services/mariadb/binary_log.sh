# shellcheck shell=bash
# What the binary log needs: a number for the data directory. Sourced.

# shellcheck disable=SC2154  # from initialise.sh
readonly server_id_file=$data_directory/.server-id

# A data directory keeps its number for life: binary logs of another one are told apart by it.
ensure_server_id() {
    local id=0
    [[ ! -s $server_id_file ]] || return 0
    while ((id == 0)); do
        id=$(od --address-radix=n --format=u4 --read-bytes=4 /dev/urandom | tr -d ' ')
    done
    printf '%s\n' "$id" >"$server_id_file.new"
    sync "$server_id_file.new"
    mv "$server_id_file.new" "$server_id_file"
}
