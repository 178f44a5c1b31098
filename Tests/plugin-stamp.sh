#!/usr/bin/env bash
# Builds Examples/StampedWorker in a scratch copy of this tree, holds the stamp that the plugin compiled in against
# what git and the environment say, and lets its worker run what its producer enqueues. One line a check; exit 1 if any failed. Run it from the root: Tests/plugin-stamp.sh
set -euo pipefail

cd "$(dirname "$0")/.."
scratch=$(mktemp -d "${TMPDIR:-/tmp}/muster-plugin-stamp.XXXXXX")
redis='' worker=''
finish() {
    for pid in $worker $redis; do
        kill "$pid"
        wait "$pid" || true
    done
    rm -rf "$scratch"
}
trap finish EXIT
tree=$scratch/muster
mkdir "$tree"

# The tree as it stands, uncommitted work included, because that is what is being tested.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null -T - -cf - | tar -xf - -C "$tree"

# A pipeline's own variables would decide otherwise.
unset MUSTER_BUILD GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GITHUB_SHA

failures=0
check() { # what, expected, seen
    # shellcheck disable=SC2053  # the expected text is a pattern
    if [[ $3 == $2 ]]; then
        echo "ok    $1 ($3)"
    else
        echo "FAIL  $1: expected $2, got $3"
        failures=$((failures + 1))
    fi
}

differ() { # what, one, other
    if [ "$2" != "$3" ]; then
        echo "ok    $1 ($3)"
    else
        echo "FAIL  $1: $3 both times"
        failures=$((failures + 1))
    fi
}

in_tree() { git -C "$tree" -c user.name=Test -c user.email=test@example.invalid "$@"; }

commit() { # seconds since 1970
    in_tree add --all
    GIT_AUTHOR_DATE="$1 +0000" GIT_COMMITTER_DATE="$1 +0000" in_tree commit --quiet --message "At $1"
}

try_build() {
    (cd "$tree" && swift build --package-path Examples/StampedWorker --scratch-path "$scratch/build") >"$scratch/log" 2>&1
}

build() {
    if ! try_build; then
        cat "$scratch/log"
        echo "FAIL  the example does not build"
        exit 1
    fi
}

stamp() { "$scratch/build/debug/StampedWorker"; }
short() { in_tree rev-parse HEAD | cut -c 1-7; }
now=$(date +%s)

in_tree init --quiet
commit 1763000000
build
clean=$(stamp)
check "a clean tree is stamped with its commit" "1763000000-$(short)" "$clean"

build
if grep -q 'Compiling StampedWorker' "$scratch/log"; then
    check "an idle build compiles nothing" "nothing" "a compilation"
else
    check "an idle build compiles nothing" "nothing" "nothing"
fi

main=Examples/StampedWorker/Sources/StampedWorker/main.swift
echo '// edited' >>"$tree/$main"
build
edited=$(stamp)
check "an edit makes the stamp dirty" "*-$(short).dirty.????????" "$edited"
check "a dirty stamp sorts after its commit" "newer" "$([ "${edited%%-*}" -ge "$now" ] && echo newer || echo older)"

echo '// edited again' >>"$tree/$main"
build
again=$(stamp)
differ "another edit makes another stamp" "$edited" "$again"

commit 1763000500
build
check "a commit makes the stamp clean" "1763000500-$(short)" "$(stamp)"

echo 'new' >"$tree/an untracked file beside the package"
build
check "a new file elsewhere in the repository counts" "*-$(short).dirty.????????" "$(stamp)"
rm "$tree/an untracked file beside the package"
build
check "and no longer, once it is gone" "1763000500-$(short)" "$(stamp)"

# Swift's driver tells times apart by whole seconds, and these builds take less.
quick=""
for round in 1 2 3 4 5 6; do
    if [ $((round % 2)) -eq 1 ]; then echo "$round" >"$tree/new"; else rm "$tree/new"; fi
    build
    quick="$quick $(stamp | cut -d . -f 2 -s)"
done
check "builds within one second each have their stamp" " dirty  dirty  dirty " "$quick"

export MUSTER_BUILD=4711-pipeline
build
check "MUSTER_BUILD decides" "4711-pipeline" "$(stamp)"

export MUSTER_BUILD=unknown
if try_build; then
    check "an unknown stamp fails the build" "failure" "success"
else
    check "an unknown stamp fails the build, with the remedy" "*--require any*" "$(grep 'MusterStampPlugin:' "$scratch/log")"
fi
unset MUSTER_BUILD

echo 4712-written >"$tree/Examples/StampedWorker/muster.stamp"
build
check "a stamp file in the package decides over git" "4712-written" "$(stamp)"
rm "$tree/Examples/StampedWorker/muster.stamp"

check "the example lists its types" '*"schema" : "[0-9a-f]*"*"type" : "greet"*' \
    "$("$scratch/build/debug/StampedWorker" --list-types | tr '\n' ' ')"

# The paths in muster.yaml beside the package, read by the plugin as `muster` reads them.
package=$tree/Examples/StampedWorker
printf 'stamp:\n  paths:\n    - Sources\n    - muster.yaml\n' >"$package/muster.yaml"
commit 1763000600
echo 'elsewhere' >"$tree/elsewhere"
commit 1763000700
build
check "with stamp.paths another directory's commit does not count" "1763000600-$(in_tree rev-parse HEAD~1 | cut -c 1-7)" \
    "$(stamp)"
printf 'stamp: {paths: [Sources]}\n' >"$package/muster.yaml"
if try_build; then
    check "paths in a form that the plugin cannot read fail the build" "failure" "success"
else
    check "paths in a form that the plugin cannot read fail the build" "*muster.yaml:1: *" \
        "$(grep 'MusterStampPlugin:' "$scratch/log")"
fi
rm "$package/muster.yaml"
commit 1763000800

in_tree worktree add --quiet "$scratch/linked"
tree=$scratch/linked
build
check "a linked working tree is stamped too" "1763000800-$(short)" "$(stamp)"

redis-server --port 0 --unixsocket "$scratch/redis.sock" --dir "$scratch" --save '' --logfile "$scratch/redis.log" &
redis=$!
until redis-cli -s "$scratch/redis.sock" ping >/dev/null 2>&1; do kill -0 "$redis"; done
export MUSTER_REDIS=unix://$scratch/redis.sock
"$scratch/build/debug/StampedWorker" work >"$scratch/greetings" 2>"$scratch/worker.log" &
worker=$!
"$scratch/build/debug/StampedWorker" enqueue Ann >"$scratch/id"
deadline=$((SECONDS + 30))
until grep -q Hello "$scratch/greetings" || [ $SECONDS -ge $deadline ]; do kill -0 "$worker"; done
running=$(stamp)
echo '// deployed' >>"$tree/$main"
commit 1763000900
build
deadline=$((SECONDS + 30))
until grep -q 'another build lies on disk' "$scratch/worker.log" || [ $SECONDS -ge $deadline ]; do kill -0 "$worker"; done
check "a running worker finds the newer stamp in its own file" "*onDisk=1763000900-$(short)*" \
    "$(grep 'another build lies on disk' "$scratch/worker.log")"
kill "$worker"
status=0
wait "$worker" || status=$?
worker=''
check "the example's worker ran what its producer enqueued" "Hello Ann, from build $running" "$(cat "$scratch/greetings")"
check "and ended as asked" "0" "$status"

if [ "$failures" -gt 0 ]; then
    echo "$failures checks failed"
    exit 1
fi
