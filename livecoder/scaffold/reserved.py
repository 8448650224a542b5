"""What a tool may be called: a plain word that is no command already.

`$SCAFFOLD/tools` is last on PATH, so a tool could not shadow a command anyway; a reserved name would be a tool that
never runs, or that runs only where the command is missing. Names only, nothing is looked up on the machine.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")

_BASH = """
alias bg bind break builtin caller case cd command compgen complete compopt continue coproc declare dirs disown do done
echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help history if in jobs kill
let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source suspend
test then time times trap true type typeset ulimit umask unalias unset until wait while
"""
_COREUTILS = """
arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown chroot cksum comm cp csplit cut date dd df dir
dircolors dirname du env expand expr factor fmt fold groups head hostid hostname id install join link ln logname ls
md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv ptx readlink realpath
rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum
sync tac tail tee timeout touch tr truncate tsort tty uname unexpand uniq unlink uptime users vdir wc who whoami yes
"""
_SYSTEM = """
apt apt-get ar as at awk batch bc bwrap bzip2 cmp column cpio cron crontab curl dash dbus-run-session dc diff diff3
dmesg dnf docker dpkg ed egrep ex expect fakeroot fgrep file find flock free fuser gawk getent getfacl gpg grep gunzip
gzip halt hexdump host htop iconv info init ionice ip ipcs jq kmod ksh ld less locale locate login lsof lz4 m4 mail man
mawk mesg more mount nano nc netcat nohup nsenter nslookup openssl passwd patch pgrep ping pkill podman poweroff ps
pstree reboot rename renice reset rev rg rsync scp screen script sdiff sed service setsid sftp sh shutdown socat ss ssh
strace strings strip su sudo systemctl tar tcpdump telnet tmux top tput traceroute tree umount unshare unxz unzip vi
view vim watch wget whereis which xargs xxd xz yq zcat zip zsh zstd
"""
_DEVELOPMENT = """
ack ag ansible ant babel bandit bash bat bazel bear biome black bower brew bun bundle bundler c89 c99 cargo cc ccache
clang clang-format clang-tidy clippy cmake codespell composer conda coverage cpp cppcheck ctags ctest cython deno
django-admin dlv dotnet elixir emacs erl esbuild eslint fd fish flake8 flask fzf g gcc gdb gem gh ghc git git-lfs
gitk go gofmt golangci-lint gradle gunicorn helm hg hatch hypothesis invoke ipython isort java javac javadoc jest jshell
julia just kotlin kotlinc kubectl ld lint lldb ltrace lua luajit make mamba maturin mdbook meson micromamba mix mocha
mvn mypy mysql next ninja node nodejs nose nosetests nox npm npx nvm objdump ocaml opam parcel pdm perf perl php
phpunit pip pip3 pipenv pipx pkg-config playwright pnpm poetry pre-commit prettier protoc psql py pylint pyenv pypy
pyright pytest python python2 python3 pyupgrade rake rails rbenv redis-cli rollup rspec rubocop ruby ruff runghc rustc
rustdoc rustfmt rustup sass sbt scala scons shellcheck shfmt sphinx-build sqlite3 svn swc swift tclsh terraform tox
tsc tsx ts-node turbo twine uv uvicorn uvx vagrant valgrind virtualenv vite vitest webpack yarn zig
"""
_OWN = "lc livecoder livecoder-tool scaffold"

RESERVED = frozenset(" ".join([_BASH, _COREUTILS, _SYSTEM, _DEVELOPMENT, _OWN]).split())


def name_problem(name: str) -> str:
    """Why a tool cannot have this name, or "" when it can."""
    if not _NAME.fullmatch(name):
        return "a tool's name is 1 to 40 lower-case letters, digits and hyphens, and starts with a letter"
    if name in RESERVED or re.fullmatch(r"(?:python|pip|pypy|gcc|clang|node|ruby|perl|php|lua|java)[0-9.-]*", name):
        return f"`{name}` is the name of a command; choose another"
    return ""
