#!/bin/sh
# A machine with a systemd that runs, made of namespaces on an overlay of this one: what it writes, mounts and starts is
# its own, and gone with it. The network is that of whoever starts this.
#
#     systemd-host.sh FOLDER SECONDS [FROM=TO ...]
#
# FOLDER/pid is written when it begins: `nsenter -t PID -a` enters it. FROM=TO shows a file or folder in it, TO for
# reading only where it is another path. It ends when standard input does, and after SECONDS in any case. Only for root.
set -eu

# Files and folders alike: a place that a mount can lie on.
place() {
    if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "${2%/*}" && : >>"$2"; fi
}

# As its process 1: `inside CGROUPS FOLDER [FROM=TO ...]`.
if [ "$1" = inside ]; then
    # On the machine's own root, systemd would empty its /tmp.
    [ $$ = 1 ] || { echo "systemd-host.sh: not process 1 of namespaces of its own" >&2; exit 1; }
    cgroups=$2 folder=$3
    shift 3
    # This /proc is still that of outside.
    read -r pid _ </proc/self/stat
    mount -t tmpfs -o mode=755 tmpfs "$folder/disk"
    root=$folder/disk/root
    mkdir "$folder/disk/upper" "$folder/disk/work" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/disk/upper,workdir=$folder/disk/work" "$root"
    mount -t proc proc "$root/proc"
    # The kernel's settings are not the namespace's.
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro sysfs "$root/sys"
    if [ "$cgroups" = unified ]; then
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    else
        mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
        mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
        mount -t cgroup -o none,name=systemd,xattr cgroup "$root/sys/fs/cgroup/systemd"
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    fi
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    for shown; do
        from=${shown%%=*} to=${shown#*=}
        place "$from" "$root$to"
        mount --bind "$from" "$root$to"
        [ "$from" = "$to" ] || mount -o remount,bind,ro "$root$to"
    done
    # Nothing of this machine's own services and disks.
    rm -rf "$root"/lib/systemd/system-generators/* "$root"/etc/systemd/system-generators/*
    : >"$root/etc/fstab"
    units=$root/etc/systemd/system
    mkdir -p "$units" "$root/run/systemd"
    for wants in sysinit local-fs multi-user timers sockets; do
        rm -rf "$root/lib/systemd/system/$wants.target.wants" "$units/$wants.target.wants"
    done
    printf '[Unit]\nRequires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n' >"$units/muster.target"
    echo muster >"$root/run/systemd/container"
    cd "$root"
    mkdir -p mnt/before
    pivot_root . mnt/before
    echo "$pid" >"mnt/before$folder/pid"
    umount -l /mnt/before
    container=muster exec /lib/systemd/systemd --system --unit=muster.target </dev/null >/run/systemd.log 2>&1
fi

folder=$1 seconds=$2
shift 2
mkdir -p "$folder/disk"
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    cgroups=hybrid
    own="/sys/fs/cgroup/systemd/muster-$$ /sys/fs/cgroup/unified/muster-$$"
else
    cgroups=unified
    own=/sys/fs/cgroup/muster-$$
fi
end() {
    # A killed process leaves its group a moment later.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        left=
        for group in $own; do
            [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
        done
        [ -n "$left" ] || return 0
        sleep 0.2
    done
}
trap end EXIT
exec 3<&0
(
    # The namespace's root is the group that it begins in.
    for group in $own; do
        mkdir "$group"
        sh -c 'echo $PPID' >"$group/cgroup.procs"
    done
    exec setpriv --pdeathsig KILL unshare --mount --pid --fork --uts --ipc --cgroup --kill-child \
        sh "$0" inside "$cgroups" "$folder" "$@" </dev/null 3<&-
) &
machine=$!
timeout "$seconds" cat <&3 >/dev/null || :
kill -KILL "$machine" 2>/dev/null || :
wait "$machine" 2>/dev/null || :
