#!/bin/sh
# The part of an image recipe (Packer's shell provisioner, EC2 Image Builder, a chroot) that makes a worker machine:
#
#   image.sh RELEASE-FOLDER STAMP
#
# RELEASE-FOLDER holds muster.yaml and the programs that it names; STAMP is `muster stamp` where the release was built.
# muster, muster-worker and the library libhiredis are installed already. What it leaves: /opt/app/releases/STAMP, the link
# /opt/app/current, the stamp in it, and the unit.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: image.sh RELEASE-FOLDER STAMP" >&2
    exit 2
fi
source=$1 stamp=$2
root=${MUSTER_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)

# Refuses a stamp that is none, or unknown, before anything is copied.
release=$root/opt/app/releases/$stamp
mkdir -p "$root/opt/app/releases" "$root/etc/systemd/system" "$root/etc/muster"
scratch=$(mktemp -d "$root/opt/app/releases/.new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cp -R "$source/." "$scratch/"
muster stamp write "$scratch/muster.stamp" --build "$stamp"
chmod 755 "$scratch"
rm -rf "$release"
mv "$scratch" "$release"
trap - EXIT

# One step: whoever starts a worker meanwhile sees the old release or the new one.
ln -sfn "releases/$stamp" "$root/opt/app/current.new"
mv -T "$root/opt/app/current.new" "$root/opt/app/current"
cp "$here/../systemd/muster-worker@.service" "$root/etc/systemd/system/"
