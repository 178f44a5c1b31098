#!/usr/bin/env bash
# Runs the tests that talk to Redis against the next Debian's Redis 8 and Valkey 8, in a folder of their own:
#
#     Tests/other-servers.sh [FILTER]      # FILTER: which tests; default MusterRedisTests and MusterKitTests
#
# Needs Linux, root, debootstrap and Debian's mirror; exit 77 with one line where something is missing. The folder
# .build-servers/ is kept for later runs.
set -euo pipefail

cd "$(dirname "$0")/.."
filter=${1:-'MusterRedisTests|MusterKitTests'}
root=$PWD/.build-servers/root

skip() {
    echo "other-servers: skipped: $1" >&2
    exit 77
}
[ "$(id -u)" = 0 ] || skip "only root can make a root folder"
command -v debootstrap >/dev/null || skip "debootstrap is not installed (apt-get install debootstrap)"

if [ ! -e "$root/usr/bin/valkey-server" ]; then
    rm -rf "$root"
    mkdir -p "$root"
    # shellcheck disable=SC2016 # apt expands it
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -n 1)
    [ -n "$mirror" ] || skip "apt knows no Debian mirror"
    debootstrap --variant=minbase --include=redis-server,valkey-server trixie "$root" "$mirror" \
        >"$root/../debootstrap.log" 2>&1 || skip "debootstrap failed; see .build-servers/debootstrap.log"
fi

# The tests' folders must be the same inside and outside.
mount --bind /tmp "$root/tmp" || skip "this system does not allow bind mounts"
trap 'umount "$root/tmp"' EXIT

swift build --build-tests
for server in redis-server valkey-server; do
    bin=$PWD/.build-servers/$server
    mkdir -p "$bin"
    printf '#!/bin/sh\nexec chroot %s %s "$@"\n' "$root" "$server" >"$bin/redis-server"
    chmod +x "$bin/redis-server"
    "$bin/redis-server" --version
    PATH=$bin:$PATH Tests/run-tests.sh --skip-build --filter "$filter"
done
