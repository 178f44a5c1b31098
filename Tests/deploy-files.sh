#!/usr/bin/env bash
# Holds deploy/ and docker-compose.yml against the tools that will read them: systemd-analyze, kubectl, promtool,
# docker-compose, cloud-init, redis-server. A tool that is not there is named; in CI, which installs them (.ci/run), that
# is a failure.
#
#     Tests/deploy-files.sh [FOLDER-OF-MUSTER]     # default .build/debug
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$(cd "${1:-.build/debug}" && pwd)

failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/muster-deploy.XXXXXX")
redis=
end() {
    [ -z "$redis" ] || kill "$redis"
    rm -rf "$scratch"
}
trap end EXIT

check() { # name, command...
    local name=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        echo "ok    $name"
    else
        echo "FAIL  $name"
        sed 's/^/      /' "$scratch/log" | tail -n 15
        failures=$((failures + 1))
    fi
}

has() {
    command -v "$1" >/dev/null && return
    if [ "${CI:-}" = true ]; then
        echo "FAIL  $2: there is no $1 here"
        failures=$((failures + 1))
    else
        echo "skip  $2: there is no $1 here"
    fi
    return 1
}

refuses() { ! "$@"; }

says_nothing() {
    local said
    said=$("$@" 2>&1) || { echo "$said" && return 1; }
    echo "$said"
    [ -z "$said" ]
}

if has systemd-analyze "the unit"; then
    # As it will be, but with the program that was built here: the tool looks whether it is there.
    sed "s|/usr/bin/muster-worker|$programs/muster-worker|" deploy/systemd/muster-worker@.service \
        >"$scratch/muster-worker@mail.service"
    check "systemd reads the unit and has nothing to say" says_nothing systemd-analyze verify \
        "$scratch/muster-worker@mail.service"
    check "its exposure is 1.5 at most" systemd-analyze security --offline=yes --threshold=15 \
        "$scratch/muster-worker@mail.service"
fi

# All of it, as a cluster with KEDA has it.
manifests() {
    kubectl kustomize "$scratch/kubernetes" | sed "s/replace-me/1763700000-aaaaaaa/" >"$scratch/manifests.yaml"
}
if has kubectl "the manifests"; then
    check "kubectl puts the manifests together" kubectl kustomize deploy/kubernetes
    cp -R deploy/kubernetes "$scratch/kubernetes"
    sed -i 's/^resources:$/&\n  - scaledobject.yaml/' "$scratch/kubernetes/kustomization.yaml"
    check "and those for KEDA" manifests
    check "the scaling and two Deployments have the stamp" \
        test "$(grep -c 1763700000-aaaaaaa "$scratch/manifests.yaml")" = 3
    # Its schemas are those of Kubernetes itself; KEDA's are not among them. `pip install kubernetes-validate`.
    if command -v kubernetes-validate >/dev/null && kubectl kustomize deploy/kubernetes >"$scratch/plain.yaml"; then
        check "they keep to Kubernetes' schemas" kubernetes-validate --strict "$scratch/plain.yaml"
    else
        echo "skip  the manifests' schemas: there is no kubernetes-validate here, or there are no manifests"
    fi
fi
if has promtool "what KEDA asks Prometheus"; then
    {
        printf 'groups:\n  - name: keda\n    rules:\n      - record: jobs\n'
        sed -n 's/^ *query: \(.*\)/        expr: \1/p' deploy/kubernetes/scaledobject.yaml
    } >"$scratch/rules.yaml"
    check "Prometheus understands KEDA's question" promtool check rules "$scratch/rules.yaml"
fi

if has docker-compose "the containers"; then
    check "docker-compose reads its file" env MUSTER_BUILD=1763700000-aaaaaaa docker-compose config --quiet
    check "and refuses it without a stamp" refuses env -u MUSTER_BUILD docker-compose config --quiet
fi

if has cloud-init "the machine's beginning"; then
    check "cloud-init knows every key" cloud-init schema --config-file deploy/cloud/cloud-init.yaml
fi

# The recipe of an image, twice, in a folder that stands for the machine.
export MUSTER_ROOT=$scratch/root PATH=$programs:$PATH
mkdir -p "$MUSTER_ROOT" "$scratch/release"
echo 'handlers: {}' >"$scratch/release/muster.yaml"
check "a release becomes an image" deploy/cloud/image.sh "$scratch/release" 1763700000-aaaaaaa
check "and a newer one takes its place" deploy/cloud/image.sh "$scratch/release" 1763700312-bbbbbbb
check "the stamp lies in it" grep -qx 1763700312-bbbbbbb "$MUSTER_ROOT/opt/app/current/muster.stamp"
check "the older one is there still" grep -qx 1763700000-aaaaaaa \
    "$MUSTER_ROOT/opt/app/releases/1763700000-aaaaaaa/muster.stamp"
check "a stamp that is unknown is refused" refuses deploy/cloud/image.sh "$scratch/release" unknown
check "and changes nothing" grep -qx 1763700312-bbbbbbb "$MUSTER_ROOT/opt/app/current/muster.stamp"
check "and leaves nothing" test "$(find "$MUSTER_ROOT/opt/app/releases" -mindepth 1 -maxdepth 1 | wc -l)" = 2
check "the unit is installed" cmp deploy/systemd/muster-worker@.service \
    "$MUSTER_ROOT/etc/systemd/system/muster-worker@.service"

mkdir "$scratch/data"
redis-server deploy/redis/redis.conf --aclfile "$PWD/deploy/redis/users.acl" --port 0 \
    --unixsocket "$scratch/redis.sock" --dir "$scratch/data" --logfile "$scratch/redis.log" &
redis=$!
worker() { redis-cli -s "$scratch/redis.sock" --user worker --pass change-me-worker --no-auth-warning "$@"; }
deadline=$((SECONDS + 20))
until worker ping >/dev/null 2>&1 || [ $SECONDS -ge $deadline ]; do kill -0 "$redis"; done
check "Redis begins with redis.conf and users.acl" test "$(worker ping)" = PONG
check "and knows nobody without a password" refuses redis-cli -e -s "$scratch/redis.sock" ping

if [ "$failures" -gt 0 ]; then
    echo "$failures checks failed"
    exit 1
fi
