#!/usr/bin/env bash
# Runs a command in a machine of its own: Debian as it is installed, with systemd (control groups of version 2), its own
# kernel, and an ordinary user `dev` with login sessions. Needs root, debootstrap and qemu-system-x86. The command, a
# script of bash that root runs, gets this checkout and no network; `login USER COMMAND` runs one as a user who has
# logged in.
#   tests/machine.sh              pytest tests/sandbox, as dev and then as root
#   tests/machine.sh 'sysctl -qw user.max_user_namespaces=0; login dev "python -m livecoder doctor"'
# Exit code: the command's; 124 when it took more than LIVECODER_MACHINE_SECONDS (7200). The image is kept in
# LIVECODER_MACHINES (/var/tmp/livecoder-machines) and never written to.
set -euo pipefail

command=${1:-'status=0; for user in dev root; do login $user "python -m pytest -n 1 -rs tests/sandbox" || status=1; done; exit $status'}
suite=bookworm python=3.11 # its Python
seconds=${LIVECODER_MACHINE_SECONDS:-7200}
packages=systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,apparmor,bubblewrap,git,python3-venv,perl,strace,gcc,libc6-dev,iputils-ping,iproute2,procps,netbase,uidmap
packages+=,linux-image-cloud-amd64
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
for program in debootstrap qemu-system-x86_64 mke2fs; do
  command -v "$program" >/dev/null || { echo "a machine cannot be made without $program" >&2; exit 1; }
done

work=$(mktemp -d /var/tmp/livecoder-machine.XXXXXX)
trap 'umount -q "$work"/root/{proc,sys} 2>/dev/null || :; rm -rf --one-file-system "$work"' EXIT

# The files of an installed machine, below $1.
install_machine() {
  local root=$1
  timeout 3600 debootstrap --arch amd64 --variant=minbase --include="$packages" "$suite" "$root" || return
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  local wheels=(--platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64
    --platform manylinux2014_x86_64 --platform manylinux_2_5_x86_64 --platform manylinux1_x86_64
    --python-version "$python" --implementation cp --abi cp"${python/./}" --abi abi3 --abi none --only-binary :all:)
  python3 -m pip install --quiet --no-deps --require-hashes --target "$root/opt/packages" "${wheels[@]}" \
    -r "$here/.ci/requirements.txt" -r "$here/.ci/requirements-dev.txt" || return
  machine_files "$root"
}

# What Debian's installation would ask, and a unit that runs what the drive "work" brings.
machine_files() {
  local root=$1 file
  cat >"$root/etc/systemd/system/machine.service" <<'IN'
[Unit]
After=multi-user.target systemd-user-sessions.service
[Service]
Type=exec
ExecStart=/bin/sh -c "mkdir /run/work && tar -xf /dev/disk/by-id/virtio-work -C /run/work && exec bash /run/work/machine"
[Install]
WantedBy=graphical.target
IN
  mkdir -p "$root/etc/systemd/system/graphical.target.wants"
  ln -s ../machine.service "$root/etc/systemd/system/graphical.target.wants/"
  echo 'dev:x:1000:1000::/home/dev:/bin/bash' >>"$root/etc/passwd"
  echo 'dev:x:1000:' >>"$root/etc/group"
  echo 'dev:*:19000:0:99999:7:::' >>"$root/etc/shadow"
  for file in subuid subgid; do echo 'dev:100000:65536' >"$root/etc/$file"; done
  mkdir "$root/home/dev"
  chown 1000:1000 "$root/home/dev"
  chmod 700 "$root/home/dev"
  echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
  echo livecoder >"$root/etc/hostname"
}

# What runs in there; the port "out" takes its output and the drive "code" its exit code.
program() {
  cat <<'IN'
exec >/dev/virtio-ports/out 2>&1 </dev/null
for user in root dev; do
  home=$(getent passwd $user | cut -d: -f6)
  cp -r /run/work/checkout "$home/checkout"
  runuser -u $user -- python3 -m venv --without-pip "$home/venv"
  printf '%s\n' /opt/packages "$home/checkout" >"$(echo "$home"/venv/lib/python3*/site-packages)/machine.pth"
  echo 'PATH=~/venv/bin:/usr/local/bin:/usr/bin:/bin' >"$home/.profile"
  chown -R $user: "$home"
done
rm -r /run/work/checkout
login() { # USER COMMAND: in a session of the user's own, as by ssh
  systemd-run --quiet --wait --pipe --collect --uid="$1" --property=PAMName=login \
    --working-directory="$(getent passwd "$1" | cut -d: -f6)/checkout" /bin/bash -lc "$2"
}
(
IN
  printf '%s\n' "$command"
  cat <<'IN'
)
echo $? >/dev/disk/by-id/virtio-code
systemctl poweroff
IN
}

# Boots the kernel with further options of qemu's; ends when the machine goes off or fails.
boot() {
  local seconds=$1 accelerator=$2
  shift 2
  timeout --foreground "$seconds" qemu-system-x86_64 -machine "q35,accel=$accelerator" -cpu max -m 3072 \
    -smp "${LIVECODER_MACHINE_CPUS:-1}" -display none -monitor none -no-reboot -nic none \
    -kernel "$image/vmlinuz" -initrd "$image/initrd" "$@"
}

recipe=$({ declare -f install_machine machine_files; cat "$here"/.ci/requirements*.txt; echo "$packages"; } | sha256sum | cut -c1-12)
image=${LIVECODER_MACHINES:-/var/tmp/livecoder-machines}/$suite-$recipe
# The same image for several runs at once: it is made once, and they change a copy of their own.
mkdir -p "$(dirname "$image")"
exec 9>"$image.lock"
flock 9
if [ ! -d "$image" ]; then
  install_machine "$work/root" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
  mkdir "$work/image"
  cp -L "$work/root"/boot/vmlinuz-* "$work/image/vmlinuz"
  cp -L "$work/root"/boot/initrd.img-* "$work/image/initrd"
  mke2fs -q -t ext4 -d "$work/root" "$work/image/disk" 12G >/dev/null
  rm -rf --one-file-system "$work/root"
  mv "$work/image" "$image"
fi
exec 9>&-

program >"$work/machine"
tar -cf "$work/checkout" -C "$work" machine -C "$here" --transform 's,^\.,checkout,S' --exclude=./.venv --exclude=./.git \
  --exclude='*_cache' --exclude=__pycache__ .
truncate -s 4096 "$work/code"

# A kernel without a root ends at once where the processor's own virtualisation works.
accelerator=tcg
if [ -w /dev/kvm ] && boot 15 kvm -serial none -append panic=-1 >/dev/null 2>&1 </dev/null; then
  accelerator=kvm
fi
status=0 # and a pipe for qemu to open, which truncates files
TMPDIR=$work boot "$seconds" "$accelerator" -append "console=ttyS0 root=/dev/vda rw panic=-1" \
  -serial "file:$work/console" -device virtio-serial -chardev file,id=out,path=/dev/stdout \
  -device virtserialport,chardev=out,name=out \
  -drive "if=none,id=root,format=raw,snapshot=on,file=$image/disk" -device virtio-blk-pci,drive=root \
  -drive "if=none,id=work,format=raw,readonly=on,file=$work/checkout" -device virtio-blk-pci,drive=work,serial=work \
  -drive "if=none,id=code,format=raw,file=$work/code" -device virtio-blk-pci,drive=code,serial=code \
  </dev/null | cat || status=$?
[ "$status" = 0 ] || { tail -n 20 "$work/console" >&2; exit "$status"; }
code=$(tr -d '\0\n' <"$work/code")
[ -n "$code" ] || { echo "the machine went off before its command ended:" >&2; tail -n 20 "$work/console" >&2; exit 1; }
exit "$code"
