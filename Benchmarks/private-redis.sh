# shellcheck shell=bash
# Sourced by the benchmarks: one Redis of their own, gone when they end. Sets `folder`, `redis` (its process id), and
# `client`, the words before whatever measures: Redis has one processor for itself where the system can give it one.
folder=$(mktemp -d)
redis=
stop() {
    if [ -n "$redis" ]; then
        kill "$redis"
        wait "$redis" || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
server='' client=''
if command -v taskset >/dev/null && [ "$(nproc)" -ge 2 ]; then
    # shellcheck disable=SC2034 # for whoever sources this
    server='taskset -c 0' client='taskset -c 1'
fi
# shellcheck disable=SC2086 # no words, or several
$server redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' --appendonly no \
    --logfile "$folder/redis.log" &
redis=$!
until redis-cli -s "$folder/redis.sock" ping >/dev/null 2>&1; do kill -0 "$redis"; done
