#!/usr/bin/env bash
# Runs the four traps of an asynchronous connection (the suite `Traps`) under ThreadSanitizer, against a real
# Redis, and fails on any failing test and on any report:
#
#     Tests/thread-sanitizer.sh [FILTER]      # FILTER: which tests instead, e.g. MusterRedisTests for all
#
# 1. lay a small package under .build-tsan/ that holds what these tests need, by links to the sources: the
#    whole package with its dependencies takes several times as long to build instrumented;
# 2. put a lock that ThreadSanitizer understands into each module (see Tests/ThreadSanitizer/Mutex.swift);
# 3. build and run it there (kept: later runs build what changed); reports go to files, because processes that
#    the tests start write some, too.
#
# Exit: 0 clean, 1 a test failed or did not build, 2 a race was reported (the reports are printed).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root filter=${1:-Traps} aside="$root/.build-tsan"
readonly package="$aside/package" reports="$aside/reports"

lay() {
    local folder=$1
    shift
    mkdir -p "$package/$folder"
    ln -s "$@" "$root/Tests/ThreadSanitizer/Mutex.swift" "$package/$folder/"
}

rm -rf "$package" "$reports"
mkdir -p "$package/Sources" "$reports"
cp "$root/Tests/ThreadSanitizer/Package.swift" "$package/"
ln -s "$root/Sources/CHiredis" "$package/Sources/CHiredis"
lay Sources/MusterRedis "$root"/Sources/MusterRedis/*.swift
lay Sources/MusterLaunch "$root"/Sources/MusterLaunch/*.swift
lay Sources/MusterTestKit "$root"/Sources/MusterTestKit/{WithRedis,Eventually,BrokenPeer,OpenDescriptors}.swift
lay Tests/MusterRedisTests "$root"/Tests/MusterRedisTests/*.swift

run=("$root/Tests/run-tests.sh" --package-path "$package" --scratch-path "$aside/build" --sanitize thread --filter "$filter")
# ThreadSanitizer's fixed memory map and the kernel's widest address randomisation do not go together.
if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then run=(setarch -R "${run[@]}"); fi

code=0
TSAN_OPTIONS="log_path=$reports/report" "${run[@]}" || code=1
if [ -n "$(ls -A "$reports")" ]; then
    cat "$reports"/*
    echo "thread-sanitizer: races were reported, see above" >&2
    exit 2
fi
exit "$code"
