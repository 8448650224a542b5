#!/usr/bin/env bash
# Does .ci/run succeed on a machine with nothing prepared? Makes a minimal Debian with debootstrap (as root), copies
# this checkout and what the host needs to reach its package indexes into it, and runs a command there as root.
#   tests/bare_machine.sh [SUITE [COMMAND...]]      e.g.  tests/bare_machine.sh trixie bash .ci/run
set -euo pipefail

suite=${1:-bookworm}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- bash .ci/run
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
machine=$(mktemp -d /var/tmp/livecoder-bare.XXXXXX)
trap 'rm -rf --one-file-system "$machine"' EXIT

debootstrap --variant=minbase "$suite" "$machine" >/dev/null
for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/apt/apt.conf.d /usr/local/share/ca-certificates; do
  [ ! -e "$path" ] || cp -rL "$path" "$machine$(dirname "$path")/"
done
mkdir "$machine/checkout"
tar -C "$checkout" --exclude=./.venv --exclude='*_cache' --exclude=__pycache__ -cf - . | tar -C "$machine/checkout" -xf -

# Its own mounts and processes, so that nothing of it outlives this script; pivot_root, since the kernel makes no user
# namespaces, and so no sandbox, in a chroot.
# shellcheck disable=SC2016 # the inner bash expands
unshare --mount --pid --fork bash -c '
  mount --bind "$0" "$0" && cd "$0" && mkdir host
  mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys
  pivot_root . host && umount --lazy /host && cd /checkout
  exec /usr/bin/env -i CI=true HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
' "$machine" "$@" </dev/null
