"""The one place where the engine runs git, hardened so that no repository's configuration, hook or filter is executed.

Every call names its gitdir; nothing of the caller's environment or configuration is inherited.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path
from typing import IO

from livecoder.errors import WorkspaceError

TIMEOUT = 300.0
"""Seconds. Only a first checkpoint of a very large tree or a dead disk takes longer."""

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/run/current-system/sw/bin",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    # An older git does not know the line above, and a repository may allow itself a protocol by name: none is allowed.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_AUTHOR_NAME": "livecoder",
    "GIT_AUTHOR_EMAIL": "livecoder@localhost",
    "GIT_COMMITTER_NAME": "livecoder",
    "GIT_COMMITTER_EMAIL": "livecoder@localhost",
}
_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.autocrlf=false",
    "core.sshCommand=false",
    "core.compression=1",
    # Names that only other file systems confuse with `.git` are legal here; a tree that has them must still be kept.
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "credential.helper=",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "protocol.ext.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)


class Git:
    """git on one explicit gitdir, with or without a worktree."""

    def __init__(self, gitdir: Path, worktree: Path | None = None) -> None:
        self.gitdir = gitdir
        self.worktree = worktree

    def run(
        self,
        *arguments: str,
        stdin: bytes | IO[bytes] = b"",
        stdout: IO[bytes] | None = None,
        accepted: tuple[int, ...] = (0,),
    ) -> bytes:
        """The output of one git command; it goes to `stdout` instead when that is given.

        Raises WorkspaceError with git's last line for an exit code that is not `accepted`, and when git hangs or
        does not exist.
        """
        return _run([*self._where(), *arguments], self.worktree or self.gitdir, stdin, stdout, accepted)

    def glimpse(self, *arguments: str, stdin: bytes = b"", limit: int, seconds: float) -> bytes:
        """The first `limit` bytes of what one git command says within `seconds`; then it is ended.

        For facts that may as well stay unknown: a command that fails has said what came before. `stdin` must fit
        into a pipe (64 KB).
        """
        return _glimpse([*self._where(), *arguments], self.worktree or self.gitdir, stdin, limit, seconds)

    def _where(self) -> list[str]:
        worktree = [] if self.worktree is None else [f"--work-tree={self.worktree}"]
        return [f"--git-dir={self.gitdir}", *worktree]


def read_config(path: Path) -> dict[str, str]:
    """The keys (lower case, as git prints them) and last values of one configuration file; includes are not followed.

    A file that does not exist or cannot be parsed has no keys.
    """
    if not path.is_file():
        return {}
    arguments = ["--git-dir=/dev/null", "config", "--file", str(path), "--no-includes", "--list", "-z"]
    # 1, 3 and 128 are git's words for a file that cannot be read or parsed: the user's git says so, not this.
    listing = _run(arguments, Path("/"), b"", None, (0, 1, 3, 128))
    pairs = (item.partition("\n") for item in listing.decode("utf-8", "replace").split("\0") if item)
    return {key: value for key, _, value in pairs}


def _run(
    arguments: list[str], cwd: Path, stdin: bytes | IO[bytes], stdout: IO[bytes] | None, accepted: tuple[int, ...]
) -> bytes:
    try:
        done = subprocess.run(
            _command(arguments),
            cwd=cwd,
            env=_ENVIRONMENT,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
            check=False,
            process_group=0,  # a terminal's Ctrl-C is for the round, not for its checkpoint
        )
    except FileNotFoundError:
        raise _gone() from None
    except subprocess.TimeoutExpired:
        raise WorkspaceError(f"git did not end within {TIMEOUT:.0f} s", "is the disk alive?") from None
    if done.returncode not in accepted:
        verb = next((word for word in arguments if not word.startswith("-") and "=" not in word), "git")
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WorkspaceError(f"git {verb} failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout or b""


def _glimpse(arguments: list[str], cwd: Path, stdin: bytes, limit: int, seconds: float) -> bytes:
    ends = time.monotonic() + seconds
    found = b""
    with _start(arguments, cwd) as process:
        assert process.stdin and process.stdout
        output = process.stdout.fileno()
        try:
            try:
                process.stdin.write(stdin)
                process.stdin.close()
            except BrokenPipeError:  # it has failed already
                pass
            ready = select.poll()
            ready.register(output)
            while len(found) < limit and ready.poll(max(0, ends - time.monotonic()) * 1000):
                part = os.read(output, limit - len(found))
                if not part:
                    break
                found += part
        finally:
            process.kill()
    return found


def _start(arguments: list[str], cwd: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            _command(arguments),
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,
        )
    except FileNotFoundError:
        raise _gone() from None


def _command(arguments: list[str]) -> list[str]:
    return ["git", "--no-pager", *(part for setting in _SETTINGS for part in ("-c", setting)), *arguments]


def _gone() -> WorkspaceError:
    return WorkspaceError("git, or the directory it works in, is gone", "install git 2.35 or later")
