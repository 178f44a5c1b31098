#!/usr/bin/env bash
# Runs a command against hiredis 1.x on a Debian whose own hiredis is 0.14, without installing anything:
#
#     Tests/with-hiredis-1.sh swift build --scratch-path .build-h1
#
# 1. fetch the next Debian's libhiredis packages from the mirror this machine already uses, with apt's lists
#    and caches kept aside, so that the system's own apt configuration and state are not touched;
# 2. unpack them under .build-hiredis-1/ (kept: later runs fetch nothing; delete it to fetch anew);
# 3. run the command with pkg-config's search path (which `swift build` follows) and the loader's pointing there.
#
# Exit: 77 when the packages could not be had (skipped, one line on stderr says why), 2 without a command,
# else the command's own code.
set -euo pipefail

readonly suite=trixie
readonly packages=(libhiredis1.1.0 libhiredis-dev)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root aside="$root/.build-hiredis-1"

skip() {
    echo "with-hiredis-1: SKIPPED, hiredis 1.x was not tried: $1" >&2
    exit 77
}

# apt itself reads its sources here, so both of its file formats are understood.
mirror() {
    local codename
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    apt-get update --print-uris 2>/dev/null |
        sed -n "s#^'\(.*\)/dists/$codename/InRelease'.*#\1#p" | head -n 1
}

fetch() {
    local work=$1 source log="$1/log" keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || skip "this machine has no apt-get"
    source=$(mirror) || skip "apt cannot say where it gets its packages from"
    [ -n "$source" ] || skip "apt's sources name no mirror for this machine's release"

    mkdir -p "$work"/{lists/partial,archives/partial,debs,tree}
    : >"$work/status"
    echo "deb [signed-by=$keyring] $source $suite main" >"$work/sources.list"
    local apt=(
        apt-get -q -y
        -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
        -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
        -o APT::Update::Error-Mode=any -o APT::Sandbox::User=root
    )
    "${apt[@]}" update >"$log" 2>&1 || skip "apt could not read suite $suite: $(grep -m 1 '^[EW]:' "$log")"
    (cd "$work/debs" && "${apt[@]}" download "${packages[@]}") >"$log" 2>&1 ||
        skip "apt could not download ${packages[*]} of $suite: $(grep -m 1 '^[EW]:' "$log")"

    local package
    for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/tree"; done
    # Debian's files name /usr; what is built here must find the tree that they lie in.
    # shellcheck disable=SC2016  # pkg-config expands these, not the shell
    sed -i -e 's#^prefix=.*#prefix=${pcfiledir}/../../..#' -e 's#^libdir=.*#libdir=${pcfiledir}/..#' \
        -e 's#=/usr/#=${prefix}/#' "$work"/tree/usr/lib/*/pkgconfig/hiredis*.pc
}

if [ $# -eq 0 ]; then
    echo "usage: Tests/with-hiredis-1.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi

if [ ! -d "$aside" ]; then
    work=$(mktemp -d "$root/.build-hiredis-1.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    fetch "$work"
    # Another run may have been first; its tree is as good as this one.
    mv -T "$work/tree" "$aside" 2>/dev/null || [ -d "$aside" ]
    rm -rf "$work"
    trap - EXIT
fi

# No CPATH or LIBRARY_PATH: compilers search LIBRARY_PATH after the system's own folders, so 1.x headers would
# be linked with the 0.14 library, and nothing would say so. Through pkg-config both come from one place.
libraries=$(dirname "$aside"/usr/lib/*/libhiredis.so)
export PKG_CONFIG_PATH="$libraries/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$@"
