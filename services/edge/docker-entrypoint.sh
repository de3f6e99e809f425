#!/bin/bash
# Finds the gateway, checks the configuration, then becomes HAProxy. Other commands run as they are.
set -euo pipefail

readonly EX_CONFIG=78 # sysexits.h
readonly bundle=/etc/haproxy/bundle
readonly certificate=/run/secrets/edge_judge_certificate

# refuse WHAT EXPECTED FOUND DO
refuse() {
    printf 'edge: not started: %s: expected %s; found %s; %s\n' "$1" "$2" "$3" "$4" >&2
    exit "$EX_CONFIG"
}

# gateway: the address of the default route's gateway with the lowest metric, or nothing.
# The table is the kernel's (proc_net(5)): columns Destination, Gateway, Flags … as the hexadecimal
# form of a number in host byte order, which is little-endian on what Debian's amd64 and arm64 are.
gateway() {
    local destination address flags _ metric best='' found=''
    while read -r _ destination address flags _ _ metric _; do
        [[ $destination == 00000000 && $address != 00000000 ]] || continue
        ((16#$flags & 2)) || continue # RTF_GATEWAY
        if [[ -z $best ]] || ((metric < best)); then
            best=$metric found=$address
        fi
    done </proc/net/route
    [[ -n $found ]] || return 0
    printf '%d.%d.%d.%d' "0x${found:6:2}" "0x${found:4:2}" "0x${found:2:2}" "0x${found:0:2}"
}

if [[ $1 == haproxy ]]; then
    [[ -r $bundle/haproxy.cfg ]] || refuse "$bundle/haproxy.cfg" \
        "a file that uid $(id -u) can read" \
        "$(stat --format='%F of uid %u, mode %a' "$bundle/haproxy.cfg" 2>/dev/null || echo 'nothing there')" \
        "mount the directory with the rendered configuration there"
    [[ -r $certificate ]] || refuse "$certificate" "a file that uid $(id -u) can read" \
        "$(stat --format='%F of uid %u, mode %a' "$certificate" 2>/dev/null || echo 'nothing there')" \
        "mount what edge-certificate prints there"
    [[ -w /run/edge ]] || refuse /run/edge "a directory that uid $(id -u) can write" \
        "$(stat --format='%F of uid %u, mode %a' /run/edge)" \
        "mount a tmpfs there with uid=$(id -u),gid=$(id -g),mode=0700"
    EDGE_GATEWAY=$(gateway)
    export EDGE_GATEWAY
    edge-check-config >/dev/null || refuse "$bundle" 'a configuration that HAProxy accepts' \
        'the errors above' 'correct the variables it is rendered from'
fi

exec "$@"
