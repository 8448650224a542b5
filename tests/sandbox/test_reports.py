"""Reports of tests: a room that asks for one gets what pytest wrote, read as what a stranger may have put there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from livecoder.sandbox import Finished, Room, Sandbox

Run = Callable[..., Finished]
PYTEST = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -p no:cacheprovider"
WHERE = 'eval "set -- $PYTEST_ADDOPTS"; report=${1#--junitxml=}; '


@pytest.fixture
def asking(either: Sandbox, room: Room, tmp_path: Path) -> Iterator[Sandbox]:
    """A room beside the usual one; its path has a space in it."""
    with either.sibling(replace(room, scratch=tmp_path / "other scratch", report=True)) as sandbox:
        yield sandbox


def test_pytest_writes_what_nobody_told_it_to(asking: Sandbox, room: Room, run: Run) -> None:
    (room.workspace / "test_a.py").write_text("def test_a():\n    pass\n")
    done = run(asking, PYTEST, timeout=120)
    assert done.exit_code == 0 and done.report and b'file="test_a.py"' in done.report
    assert not list(room.workspace.glob("*.xml"))


def test_a_room_that_does_not_ask_gets_none(either: Sandbox, room: Room, run: Run) -> None:
    (room.workspace / "test_a.py").write_text("def test_a():\n    pass\n")
    done = run(either, f'echo "[$PYTEST_ADDOPTS]"; {PYTEST}', timeout=120)
    assert done.output.startswith("[]\n") and done.report is None


def test_a_report_is_of_one_command(asking: Sandbox, run: Run) -> None:
    assert run(asking, f'{WHERE} echo "<one/>" >"$report"').report == b"<one/>\n"
    assert run(asking, "true").report is None


LEFT = {
    "nothing": "true",
    "a link": 'ln -s /etc/passwd "$report"',
    "a pipe": 'mkfifo "$report"',
    "a folder": 'mkdir -p "$report/x"',
    "too much": 'head -c 17M /dev/zero >"$report"',
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_only_a_regular_file_of_bounded_size_is_one(asking: Sandbox, run: Run, left: str) -> None:
    assert run(asking, f"{WHERE} {left}").report is None
    assert run(asking, f'{WHERE} echo "<one/>" >"$report"').report == b"<one/>\n"
