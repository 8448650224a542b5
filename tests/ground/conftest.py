"""Small repositories by their files, and what is learnt of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from livecoder.ground import Ground, survey
from livecoder.workspace.glance import Glance

Make = Callable[[Mapping[str, str]], Path]
See = Callable[..., Ground]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make({"a/b.py": "x"})` -> a directory with these files; a name that ends in "/" is a folder."""

    def write(files: Mapping[str, str]) -> Path:
        root = tmp_path / "repo"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                (root / name).mkdir(exist_ok=True)
            else:
                (root / name).write_text(text)
        return root

    return write


@pytest.fixture
def see(make: Make) -> See:
    """`see({"go.mod": ""}, cwd="a")` -> the ground there; `programs` are what PATH has, beside nothing else."""

    def look(files: Mapping[str, str], cwd: str = "", programs: tuple[str, ...] = ()) -> Ground:
        root = make(files)
        folder = root.parent / "programs" / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        for name in programs:
            (folder / name).touch(0o755)
        return survey(root, root / cwd, Glance(), path=(str(folder),) if programs else ())

    return look
