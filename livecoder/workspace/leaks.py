"""Secrets of the user's in what is about to be published: every new object is read, in whichever part one may stand.

A value that the commit which the session found has in one of its files is no secret any more: `postgres` for a test's
database is such a password.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from livecoder.errors import BranchRefused
from livecoder.workspace.git import Git
from livecoder.workspace.scan import shown
from livecoder.workspace.trees import Trees

_REMEDY = "the files are in the tree: take it out, or commit them yourself"


def refuse_secrets(git: Git, base: str, tip: str, secrets: Iterable[str]) -> None:
    """Look through what `tip` has and `base` has not. Raises BranchRefused for the first object that holds a secret."""
    wanted = _Wanted(git, base, secrets)
    if not wanted.forms:
        return
    listing = git.run("rev-list", "--objects", tip, f"^{base}").decode("utf-8", "surrogateescape")
    rows = (line.partition(" ") for line in listing.split("\n") if line)
    paths = {name: path for name, _, path in rows}
    for name, kind, content in Trees(git.gitdir).objects(paths):
        if wanted.stand_in(content):
            where = {
                "blob": f"the file {shown(paths[name])}",
                "tree": "the name of a file",
                "commit": f"the message or the author of commit {name[:12]}",
            }[kind]
            raise BranchRefused(f"{where} holds a secret of your environment", _REMEDY)


def refuse_secret_name(git: Git, base: str, name: str, secrets: Iterable[str]) -> None:
    """Raises BranchRefused for a branch whose name holds a secret."""
    if _Wanted(git, base, secrets).stand_in(name.encode("utf-8", "surrogateescape")):
        raise BranchRefused("the name of the branch holds a secret of your environment", "give another name")


class _Wanted:
    """The secrets in every form, without what `base` has already."""

    def __init__(self, git: Git, base: str, secrets: Iterable[str]) -> None:
        self.forms = dict.fromkeys(form for secret in secrets for form in forms(secret))
        self._git = git
        self._base = base
        self._known: dict[bytes, bool] = {}

    def stand_in(self, content: bytes) -> bool:
        return any(form in content and not self._is_known(form) for form in self.forms)

    def _is_known(self, form: bytes) -> bool:
        """Asked of git by its input: its arguments can be read by everybody on the machine."""
        if b"\n" in form:  # a pattern is a line
            return False
        if form not in self._known:
            words = ("grep", "--text", "--fixed-strings", "--name-only", "-f", "-", self._base)
            self._known[form] = bool(self._git.run(*words, stdin=form + b"\n", accepted=(0, 1)))
        return self._known[form]


def forms(secret: str) -> Iterator[bytes]:
    """How a secret may be written: as it is, inside JSON or an address, and in base64 at each place of a group."""
    raw = secret.encode("utf-8", "surrogateescape")
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield quote(raw, safe="").encode()
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + raw)
        # The characters that depend on the secret alone, whatever stands before and behind it.
        sure = whole[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))
