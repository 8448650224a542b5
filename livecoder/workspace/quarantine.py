"""Git objects that commands made, taken out of the private gitdir into repositories of the engine's own.

Of that gitdir plain files are read, by their names: HEAD, one ref, objects. Its configuration, alternates, hooks and
indexes count for nothing, and git never runs on it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from livecoder.errors import BranchRefused, WorkspaceError
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.git import Git, read_config

MAX_BYTES = 100_000_000
"""Of objects as they lie in the private gitdir, and again of their contents."""
MAX_OBJECTS = 50_000
_YOURSELF = "the files are in the tree: commit them yourself"
_PACKED_REFS_BYTES = 16_000_000
_SYMREFS = 5
_LOOSE = re.compile(r"[0-9a-f]{38}|[0-9a-f]{62}")
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/[^\0-\x20\x7f~^:?*\[\\]+")
_CONFIG = """\
[core]
\trepositoryformatversion = 1
\tbare = true
\tlogAllRefUpdates = false
[extensions]
\tobjectFormat = {format}
"""


def head_of(gitdir: Path) -> str:
    """The commit that HEAD names, by reading files; "" for a branch without a commit.

    Raises BranchRefused where that cannot be told.
    """
    try:
        with Beneath(gitdir) as beneath:
            text = beneath.read("HEAD", 4096).decode("utf-8", "replace").strip()
            for _ in range(_SYMREFS):
                if not text.startswith("ref:"):
                    break
                ref = text.removeprefix("ref:").strip()
                if not _REF.fullmatch(ref):
                    raise BranchRefused("HEAD of the session's git directory names no ref", _YOURSELF)
                text = _ref(beneath, ref)
    except OSError as error:
        raise BranchRefused(f"HEAD of the session's git directory cannot be read: {error}", _YOURSELF) from None
    if text and not _ID.fullmatch(text):
        raise BranchRefused("HEAD of the session's git directory names no commit", _YOURSELF)
    return text


def repository(gitdir: Path, common: Path, stores: tuple[Path, ...]) -> Git:
    """A new bare repository that reads the user's objects in `stores` and has none of the user's settings.

    `common` is the user's gitdir, for the object format, the limits of a shallow clone and the attributes.
    """
    for folder in ("objects/info", "objects/pack", "refs", "info"):
        (gitdir / folder).mkdir(parents=True)
    known = read_config(common / "config").get("extensions.objectformat", "sha1")
    (gitdir / "config").write_text(_CONFIG.format(format="sha256" if known == "sha256" else "sha1"))
    (gitdir / "HEAD").write_text("ref: refs/heads/none\n")
    (gitdir / "objects/info/alternates").write_text("".join(f"{store}\n" for store in stores))
    for name in ("shallow", "info/attributes"):
        if (common / name).is_file():
            shutil.copyfile(common / name, gitdir / name)
    return Git(gitdir)


def take_objects(private: Path, into: Git) -> None:
    """Copy the loose objects and packs of a private gitdir. Raises BranchRefused for too many or odd ones.

    What an object is called is not believed: `export` has them read again.
    """
    left = MAX_BYTES
    try:
        with Beneath(private) as beneath:
            for path in _object_files(beneath):
                data = beneath.read(path, left + 1)
                left -= len(data)
                if left < 0:
                    raise BranchRefused(f"the agent left more than {MAX_BYTES / 1e6:.0f} MB of git objects", _YOURSELF)
                if path.endswith(".pack"):
                    into.run("index-pack", "--stdin", f"--max-input-size={MAX_BYTES}", stdin=data)
                else:
                    file = into.gitdir / path
                    file.parent.mkdir(exist_ok=True)
                    file.write_bytes(data)
    except OSError as error:
        raise BranchRefused(f"the agent's git objects cannot be read: {error}", _YOURSELF) from None


def export(source: Git, base: str, tip: str, into: Git) -> Path:
    """Pack what `tip` has and `base` has not, check and index it in the repository `into`; returns the pack.

    Every object is hashed and checked by git's fsck, each link must lead to an object. Raises BranchRefused.
    """
    pack = into.gitdir / "export.pack"
    wanted = f"{tip}\n^{base}\n".encode()
    try:
        objects = source.run("rev-list", "--objects", "--no-object-names", "--stdin", stdin=wanted)
        if objects.count(b"\n") > MAX_OBJECTS:
            raise BranchRefused(f"the commits have more than {MAX_OBJECTS:,} objects", _YOURSELF)
        sizes = source.run("cat-file", "--batch-check=%(objectsize)", "--buffer", stdin=objects).split()
        if sum(map(int, sizes)) > MAX_BYTES:
            raise BranchRefused(f"the commits hold more than {MAX_BYTES / 1e6:.0f} MB", _YOURSELF)
        with pack.open("wb") as file:
            source.run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted, stdout=file)
        with pack.open("rb") as file:
            into.run("index-pack", "--stdin", "--fsck-objects", "--strict=badFilemode=error", stdin=file)
        into.run("rev-parse", "--verify", "--quiet", f"{tip}^{{commit}}")
    except (WorkspaceError, ValueError) as error:
        raise BranchRefused(f"the commits do not pass git's checks ({error})", "the files are in the tree") from None
    return pack


def _ref(beneath: Beneath, ref: str) -> str:
    try:
        return beneath.read(ref, 4096).decode("utf-8", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        pass
    try:
        packed = beneath.read("packed-refs", _PACKED_REFS_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    rows = (line.split(" ") for line in packed.splitlines())
    return next((row[0] for row in rows if row[1:] == [ref]), "")


def _object_files(beneath: Beneath) -> list[str]:
    found: list[str] = []
    for folder, kind in beneath.names("objects", 300).items():
        if kind == "folder" and re.fullmatch("[0-9a-f]{2}", folder):
            inside = beneath.names(f"objects/{folder}", MAX_OBJECTS + 1)
            found += [f"objects/{folder}/{name}" for name in inside if _LOOSE.fullmatch(name)]
    packs = beneath.names("objects/pack", 1000) if "pack" in beneath.names("objects", 300) else {}
    found += [f"objects/pack/{name}" for name in packs if re.fullmatch(r"pack-[0-9a-f]+\.pack", name)]
    if len(found) > MAX_OBJECTS:
        raise BranchRefused(f"the agent left more than {MAX_OBJECTS:,} git objects", _YOURSELF)
    return found
