"""`scaffold tools` and `scaffold lessons`: what was observed of each, from the journals, with nothing claimed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.lessons import Fingerprint, Lesson, dump
from livecoder.scaffold.store import Store
from livecoder.workspace.workspace import project_id
from tests.e2e.conftest import Livecoder

MAKE = """$ cat > $SCAFFOLD/tools/count-lines <<'END'
#!/usr/bin/env bash
# Count the lines of files.
if [ "$1" = --help ]; then echo "Count the lines of files."; echo "usage: count-lines FILE..."; exit; fi
wc -l "$@"
END"""


def test_a_tools_record_is_read_from_the_journals(livecoder: Livecoder) -> None:
    assert livecoder("scaffold", "tools").out == ""
    livecoder.task(MAKE, "$ count-lines calc.py", "Counted.")
    livecoder.task("$ count-lines calc.py README.md", "$ count-lines none.py", "Counted.")
    first = livecoder("scaffold", "tools").out
    lines = [line.strip() for line in first.splitlines()]
    assert lines[0].split(maxsplit=1) == ["count-lines", "Count the lines of files."]
    assert lines[1:3] == ["4 lines", "used 3 times in 2 sessions, failed 1; listed in 1"]
    assert lines[3].endswith(": too early to tell") and lines[4] == "2 claimed"
    assert any(line.startswith("made for about ") for line in lines)

    (index,) = livecoder.home.glob("state/projects/*/ledger.sqlite")
    index.write_bytes(b"damaged" * 1000)
    assert livecoder("scaffold", "tools").out == first, "the journals are the source"


def test_lessons_say_what_they_wait_for_and_why_they_went(livecoder: Livecoder, repository: Path) -> None:
    about = Fingerprint(files=("00000000,00000001 calc.py",))
    lessons = [
        Lesson("a-timely", "Run it twice.", "pytest", ("s1:1",), "1"),
        Lesson("b-waiting", "Run it thrice.", "", ("s1:1",), "2"),
        Lesson("c-stale", "It is in calc.py.", "make", ("s1:1",), "3", fingerprint=about),
        Lesson("d-gone", "It was blue.", "", ("s1:1",), "4", retired="it is red"),
    ]
    store, project = Store.open(livecoder.home / "data"), project_id(repository)
    changes = [FileChange(f"lessons/{lesson.id}.toml", dump(lesson).encode()) for lesson in lessons]
    store.commit(project, store.head(project), changes, "lessons", {}, datetime.now(UTC))
    heads = [line for line in livecoder("scaffold", "lessons").out.splitlines() if not line.startswith(" ")]
    assert heads == [
        "a-timely (at `pytest`)",
        "b-waiting: waits for a second session that cites it",
        "c-stale (at `make`): stale, not shown: calc.py is not what it was",
        "d-gone: retired: it is red",
    ]
