"""E08: a folder that another process swaps for a link all the while, a thousand times and more: nothing gets out.

The other process exchanges the two names without a pause (renameat2, RENAME_EXCHANGE), so that there is always a folder
or a link under the name, and the swap falls between any two steps of ours.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import put, read_file
from livecoder.workspace.beneath import Beneath

RACES = 1000
SWAPPER = """
import ctypes, os
rename = ctypes.CDLL(None, use_errno=True).renameat2
parent = os.getppid()
while os.getppid() == parent:
    if rename(-100, b"folder", -100, b"link", 2):
        raise OSError(ctypes.get_errno(), "renameat2")
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root whose `folder` is its own at one moment and a link to `outside` at the next."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "folder").mkdir(parents=True)
    outside.mkdir()
    (root / "folder/file").write_text("ours")
    (root / "folder/kept").touch()  # a folder that is left empty goes too, and there would be nothing to swap
    (outside / "file").write_text("not ours")
    (root / "link").symlink_to(outside)
    swapper = subprocess.Popen([sys.executable, "-c", SWAPPER], cwd=root)
    try:
        naive = (root / "folder/file", set[str]())
        while naive[1] != {"ours", "not ours"}:  # both are seen by whoever follows: the swapper is at work
            assert swapper.poll() is None
            naive[1].add(naive[0].read_text())
        yield root
        assert swapper.poll() is None, "it swapped to the end"
    finally:
        swapper.kill()
        swapper.wait()
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "not ours"


def outcomes(attempt: Callable[[int], bytes]) -> Counter[str]:
    """How `RACES` attempts and more ended: until the folder was met, and the link."""
    found: Counter[str] = Counter()
    while found.total() < RACES or len(found) < 2:
        try:
            data = attempt(found.total())
        except (OSError, ScaffoldError):
            found["refused"] += 1
        else:
            assert b"not ours" not in data
            found["done"] += 1
    return found


def test_what_is_read_beneath_a_root_is_its_own(root: Path) -> None:
    with Beneath(root) as beneath:
        found = outcomes(lambda _: beneath.read("folder/file", 100))
    assert found["done"] and found["refused"]


def test_what_is_restored_stays_beneath_the_root(root: Path) -> None:
    with Beneath(root) as beneath:

        def restore(number: int) -> bytes:
            beneath.write(f"folder/new-{number % 7}", b"restored", executable=False)
            beneath.symlink("folder/made", b"nowhere")
            beneath.remove(f"folder/new-{(number + 3) % 7}")
            return b""

        found = outcomes(restore)
    assert found["done"] and found["refused"]


def test_what_is_removed_is_the_roots_own(root: Path) -> None:
    with Beneath(root) as beneath:
        for _ in range(RACES):
            beneath.remove("folder/file")


def test_a_scaffolds_files_are_its_own(root: Path) -> None:
    def change(number: int) -> bytes:
        put(root, f"folder/new-{number % 7}", b"kept")
        return read_file(root, "folder/file").data

    found = outcomes(change)
    assert found["done"] and found["refused"]
