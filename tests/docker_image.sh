#!/usr/bin/env bash
# The image that the tests run docker with, made of Debian's packages alone: no registry is asked. Kept in docker.
# tests/docker_image.sh NAME (as root, with debootstrap)
set -euo pipefail
name=$1
exec 9>"${TMPDIR:-/tmp}/livecoder-test-image.lock"
flock 9 # several runs of the tests may want it at once
if docker image inspect "$name" >/dev/null 2>&1; then
  exit 0
fi
place=$(mktemp -d)
trap 'rm -rf --one-file-system "$place"' EXIT
for program in docker debootstrap; do
  command -v "$program" >/dev/null || { echo "its image cannot be made without $program" >&2; exit 1; }
done
# What the programs of the tests call, and the libraries that a Python built on Debian links to.
debootstrap --variant=minbase \
  --include=git,python3,libffi8,libssl3,libsqlite3-0,libreadline8,libbz2-1.0,liblzma5,iputils-ping,netbase \
  "${LIVECODER_TEST_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}" "$place/root" >"$place/log" 2>&1 ||
  { tail -n 5 "$place/log" >&2; exit 1; }
rm -rf "$place/root/var/cache/apt" "$place/root/var/lib/apt/lists"
tar -C "$place/root" -c . | docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$name" >/dev/null
