#!/usr/bin/env bash
# Installs livecoder from this checkout. Outside the checkout it writes one link, ~/.local/bin/livecoder, and, where
# it may, the system packages that are missing. Safe to run again at any time.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv=$here/.venv
stamp=$venv/.livecoder-installed
pins=$here/.ci/requirements

usage() {
  cat <<'END'
./install.sh          install livecoder for daily use: .venv here, and the command in ~/.local/bin
./install.sh demo     install it and watch it solve a small bundled issue (recorded model, no key needed)
./install.sh test     install it with what the tests need, then lint, type-check and test
./install.sh --help   this text

Missing system packages (bubblewrap, git, Python) are installed by apt-get when this runs as root or sudo asks for no
password; otherwise they are named. Proxy variables and the configuration of pip and uv are used as they are.
Exit codes: 0 done, 2 usage, 3 something is missing here (which, and what to do, is said), else the tests' own.
END
}

say() { printf '==> %s\n' "$*"; }
warn() { printf 'install.sh: warning: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# What went wrong, then what to do.
die() {
  printf 'install.sh: %s\n  remedy: %s\n' "$1" "$2" >&2
  exit 3
}

# Run a command without its chatter. When it fails, show the end of what it said; a failed connection is one line.
quietly() {
  local output status=0
  output=$("$@" 2>&1 </dev/null) || status=$?
  ((status)) || return 0
  if grep -qiE 'connection (refused|broken|error|timed out)|failed to (fetch|establish)|could not (connect|resolve)|temporary failure (in name resolution|resolving)|network is unreachable|tunnel connection failed' <<<"$output"; then
    printf 'install.sh: %s cannot reach its packages: no network, or a proxy (HTTPS_PROXY) or index is set wrong\n' \
      "$(basename "$1")" >&2
  else
    printf '%s\n' "$output" | tail -n 20 >&2
  fi
  return "$status"
}

# ---- the system

may_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

apt() {
  local become=()
  [ "$(id -u)" = 0 ] || become=(sudo -n)
  quietly "${become[@]}" env DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} apt-get -qq -o DPkg::Lock::Timeout=120 "$@"
}

uv_works() { uv --version >/dev/null 2>&1; }

# Prints the first Python that livecoder runs on and that can make an environment (uv makes one with any). Each is
# run, since a version manager leaves commands on PATH that only say that they are not installed.
find_python() {
  local name modules=venv
  uv_works || modules=ensurepip
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    "$name" -I -c "import sys, $modules
sys.exit(not (3, 11) <= sys.version_info < (3, 15) or print(sys.executable))" 2>/dev/null && return
  done
  return 1
}

venv_runs() { "$venv/bin/python" -I -c pass 2>/dev/null; }

# The Debian names of what is not here.
missing_packages() {
  has git || echo git
  [ "$(uname -s)" != Linux ] || has bwrap || echo bubblewrap
  venv_runs || find_python >/dev/null || echo python3 python3-venv
  [ ! -e /etc/debian_version ] || [ -n "${SSL_CERT_FILE:-}${PIP_CERT:-}" ] ||
    [ -s /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

require_system() {
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  has apt-get || die "missing here: $missing" \
    "install git, bubblewrap and Python 3.11 to 3.14 with this system's package manager, then run this again"
  may_be_root || die "missing here: $missing" "as root: apt-get install $missing; then run this again"
  say "apt-get install $missing"
  apt update || warn "apt-get update failed; trying with the lists that are here"
  # shellcheck disable=SC2086 # a list of names
  apt install --no-install-recommends $missing || die "apt-get could not install: $missing" "see above"
  venv_runs || find_python >/dev/null || die "no Python from 3.11 to 3.14 here" \
    "this system's own is too old: install one with uv (uv python install 3.13) or pyenv, then run this again"
}

# ---- the environment

make_venv() {
  local python
  python=$(find_python) || die "$venv must be made anew, and no Python from 3.11 to 3.14 is on PATH" "put one on PATH"
  say "making .venv with $python"
  rm -rf "$venv"
  if uv_works; then
    quietly uv venv --no-project --python "$python" "$venv" && return
  fi
  quietly "$python" -I -m venv "$venv" || die "$python cannot make $venv" "see above"
}

with_uv() {
  uv_works || return 1
  quietly uv pip install --python "$venv/bin/python" --no-build --require-hashes "$@" &&
    quietly uv pip install --python "$venv/bin/python" --no-build-isolation --no-deps --editable "$here" && return
  say "uv could not; trying pip"
  return 1
}

with_pip() {
  local pip=("$venv/bin/python" -I -m pip)
  "${pip[@]}" --version >/dev/null 2>&1 || quietly "$venv/bin/python" -I -m ensurepip || return
  export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
  quietly "${pip[@]}" install --only-binary :all: --require-hashes "$@" &&
    quietly "${pip[@]}" install --no-build-isolation --no-deps --editable "$here"
}

# What an installation depends on; `test` installs more than the others need, so its stamp serves them too.
fingerprint() { printf '%s %s' "$here" "$(cat "$here/pyproject.toml" "$pins"*.txt "$here/install.sh" | cksum)"; }

is_installed() {
  local wanted found
  venv_runs && [ -f "$stamp" ] || return 1
  wanted=$(fingerprint) found=$(<"$stamp")
  [ "$found" = "$wanted test" ] || [ "$found" = "$wanted $1" ]
}

# An environment that is broken, was moved or was left half made is made anew; any other is brought up to date.
install_into_venv() {
  local files=(-r "$pins.txt")
  if [ "$1" = test ]; then files+=(-r "$pins-dev.txt"); fi
  if ! venv_runs || { [ -f "$stamp" ] && [[ $(<"$stamp") != "$here "* ]]; }; then
    make_venv
  fi
  echo "half made" >"$stamp"
  say "installing packages into .venv (about a minute the first time)"
  with_uv "${files[@]}" || with_pip "${files[@]}" ||
    die "the Python packages could not be installed" "mend what is said above, then run this again: it goes on"
  quietly "$venv/bin/livecoder" --version || die "livecoder does not start" "remove $venv and run this again"
  echo "$(fingerprint) $1" >"$stamp"
}

install_livecoder() {
  exec 9<"$here/install.sh" # a lock that needs no file of its own
  if has flock && ! flock -n 9; then
    say "waiting for another install.sh in this checkout"
    flock 9
  fi
  require_system
  if is_installed "$1"; then
    say "installed already and up to date"
  else
    install_into_venv "$1"
  fi
  exec 9<&-
  local problem # the kernel or a container may forbid what the sandbox is made of
  problem=$(bwrap --unshare-user --unshare-pid --unshare-net --disable-userns --ro-bind / / --dev /dev --proc /proc \
    true 2>&1) || warn "bubblewrap cannot sandbox commands here: $problem"
}

# ---- what each word does

link_command() {
  local command=$venv/bin/livecoder directory=${HOME:-}/.local/bin
  local link=$directory/livecoder
  if [ -z "${HOME:-}" ]; then
    warn "HOME is not set, so nothing was linked; run $command"
  elif [ -e "$link" ] && [ ! -L "$link" ]; then
    warn "$link is a file that this did not make, so it stays; run $command"
  elif ! { mkdir -p "$directory" && ln -sfn "$command" "$link"; } 2>/dev/null; then
    warn "$directory cannot be written; run $command"
  elif [[ ":$PATH:" != *":$directory:"* ]]; then
    say "$link is there, but its directory is not on PATH: add  export PATH=\"$directory:\$PATH\"  to your shell's start"
  else
    say "ready: livecoder"
  fi
}

# The tests come last, so that their summary does; a linter's complaint fails the run all the same.
run_tests() {
  local check failed=0
  export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 # it asks a registry for newer releases
  cd "$here"
  for check in "ruff check" "ruff format --check" "pyright"; do
    say "$check"
    # shellcheck disable=SC2086 # a command and its words
    "$venv/bin/"$check || { failed=1 && warn "$check failed, so this run will"; }
  done
  say "pytest"
  "$venv/bin/pytest" || failed=$?
  exit "$failed"
}

main() {
  PATH=:$PATH:
  PATH=${PATH//":$venv/bin:"/:} # our own environment is no base for itself
  PATH=${PATH#:} PATH=${PATH%:}
  case ${1:-} in
    -h | --help)
      usage
      ;;
    "" | demo)
      install_livecoder daily
      link_command
      [ -z "${1:-}" ] || exec "$venv/bin/livecoder" demo
      ;;
    test)
      install_livecoder test
      run_tests
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
