"""Several sessions at once: what they commit from one base all lands, or is a conflict that loses nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from livecoder.scaffold.parts import Part
from livecoder.scaffold.store import Store
from tests.scaffold.conftest import NOON

PROCESSES, EACH = 4, 3
SESSION = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from livecoder.scaffold.changes import Conflict, FileChange
    from livecoder.scaffold.store import Store

    data, base, number, each, project = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5]), sys.argv[5]
    store = Store.open(data)
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(each):
        for name in (f"own-{number}-{turn}", f"same-{turn}"):
            text = f"#!/bin/bash\\necho {number}\\n".encode()
            change = FileChange(f"tools/{name}", text, True)
            try:
                store.commit(project, base, [change], f"tool({name}): by {number}", {}, datetime.now(UTC))
                print("landed", name)
            except Conflict as error:
                print("conflict", *error.files)
"""


def at_once(data: Path, base: str, projects: list[str]) -> list[list[str]]:
    """What each process said after all of them were let go."""
    program = textwrap.dedent(SESSION)
    words = [[sys.executable, "-c", program, str(data), base, str(n), str(EACH), p] for n, p in enumerate(projects)]
    running = [
        subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in words
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    said: list[list[str]] = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        said.append(out.splitlines())
    return said


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_differs_all_lands_and_of_the_same_name_one_does(data: Path) -> None:
    store = Store.open(data)
    said = at_once(data, store.head("p"), ["p"] * PROCESSES)
    tools = {file.path: file.data for file in store.history("p").files() if file.path.startswith("tools/")}
    assert {f"tools/own-{n}-{turn}" for n in range(PROCESSES) for turn in range(EACH)} <= tools.keys()
    for turn in range(EACH):
        winners = [n for n, lines in enumerate(said) if f"landed same-{turn}" in lines]
        losers = [n for n, lines in enumerate(said) if f"conflict tools/same-{turn}" in lines]
        assert len(winners) == 1 and sorted(winners + losers) == list(range(PROCESSES))
        assert tools[f"tools/same-{turn}"].endswith(f"echo {winners[0]}\n".encode())
    assert store.notices == ()
    assert len(store.log("p", 100)) == 1 + PROCESSES * EACH + EACH


def test_projects_are_in_nobodys_way_and_follow_what_is_promoted_meanwhile(data: Path) -> None:
    store = Store.open(data)
    base = store.head("giver")
    at_once(data, base, ["giver", "p", "q"])
    store.promote("giver", [Part("tools/own-0-0")], NOON)
    for number, project in enumerate(("giver", "p", "q")):
        paths = {file.path for file in store.history(project).files()}
        assert {"tools/own-0-0", f"tools/own-{number}-0", "tools/same-0"} <= paths
        assert not any(f"own-{other}-1" in path for path in paths for other in range(3) if other != number)
    assert store.notices == ()
