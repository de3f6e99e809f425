#!/bin/sh
# Runs before a host's own init. Without --privileged Docker mounts /sys and the cgroups read-only; the container
# holds CAP_SYS_ADMIN, so it makes them writable (a bind remount: a plain one of a v1 hierarchy is
# "busy").
mount -o remount,bind,rw /sys
while read -r _ folder type _; do
  case $type in cgroup | cgroup2) mount -o remount,bind,rw "$folder" ;; esac
done < /proc/mounts
mount --make-rshared /

# Docker bind-mounts these three files. Unmounted, they can be replaced atomically, as Ansible does.
# At a reboot the host's own copies stay, but for resolv.conf.
for file in /etc/hostname /etc/hosts /etc/resolv.conf; do
  if grep -q " $file " /proc/mounts; then
    cat "$file" > /run/given
    umount "$file"
    if [ ! -e /.booted ] || [ "$file" = /etc/resolv.conf ]; then cat /run/given > "$file"; fi
  fi
done
[ ! -e /.booted ] || hostname "$(cat /etc/hostname)"
: > /.booted

# a boot id of its own, new at each start: Ansible's reboot module waits for it to change
cat /proc/sys/kernel/random/uuid > /run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
exec "${HOST_INIT:-/sbin/init}"
