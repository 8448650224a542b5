"""A run is one row: the real command line in a prepared repository, its figures, and its grade."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import agents
import pytest
import solve
from solve import Row, read_rows, rows_table
from tasks import Places, Task, TaskError

from tests.conftest import git

MAKE_A_TOOL = """A tool first.
```bash
cat > $SCAFFOLD/tools/show-total <<'EOF'
#!/usr/bin/env bash
[ "${1:-}" = --help ] && { echo "Print the source of total."; echo "usage: show-total"; exit; }
cat src/tally.py
EOF
chmod +x $SCAFFOLD/tools/show-total
show-total
```
---8<---
```bash
sed -i 's/max(numbers, default=0)/sum(numbers)/' src/tally.py
```
---8<---
Fixed.
"""
USE_IT = "```bash\nshow-total\necho '# seen' >> src/tally.py\n```\n---8<---\nI only looked.\n"


def played(task: Task, project: Path, places: Places, home: Path, script: str) -> Row:
    path = home / "script.md"
    path.write_text(script)
    return solve.run(task, project, places, agents.Wanted(f"scripted:{path}", home), "livecoder", None)


def test_the_second_run_at_the_same_path_finds_the_tools_of_the_first(
    task: Task, project: Path, shared_places: Places, tmp_path: Path
) -> None:
    first = played(task, project, shared_places, tmp_path, MAKE_A_TOOL)
    git(project, "checkout", "-q", ".")
    second = played(task, project, shared_places, tmp_path, USE_IT)

    assert (first.solved, first.turned, first.of, first.broken) == (True, 2, 2, 0)
    assert (first.exit_code, first.outcome, first.turns, first.steps) == (0, "claimed", 3, 2)
    assert (first.born, first.offered, first.used) == (("show-total",), (), ("show-total",))
    assert (second.solved, second.turned, second.broken) == (False, 0, 0)
    assert (second.born, second.offered, second.used) == ((), ("show-total",), ("show-total",))
    for row in (first, second):
        assert row.counted == "journal"
        assert row.prompt_bytes and row.reply_bytes and row.prompt_bytes > row.reply_bytes
        assert row.engine_seconds is not None and 0 < row.engine_seconds < row.seconds


def test_rows_come_back_from_a_file_as_a_table(tmp_path: Path) -> None:
    row = Row(
        task="tally-total",
        agent="mini",
        model="openai/by-hand",
        scaffold="none",
        solved=False,
        turned=1,
        of=2,
        broken=3,
        outcome="Submitted",
        exit_code=0,
        turns=4,
        steps=5,
        prompt_bytes=12345,
        reply_bytes=678,
        counted="endpoint",
        cost_usd=None,
        born=None,
        offered=None,
        used=None,
        seconds=9.0,
        model_seconds=8.0,
        command_seconds=None,
        engine_seconds=None,
        verify_seconds=None,
    )
    (tmp_path / "rows.jsonl").write_text(json.dumps(dataclasses.asdict(row)) + "\n")

    assert read_rows([tmp_path / "rows.jsonl"]) == [row]
    assert rows_table([row]).splitlines()[2] == (
        "| tally-total | mini | none | no (1/2) | 3 | 4 | 5 | 12,345 | 678 | - | - / - / - | 9 | 8 | - | - | - |"
    )


def test_the_peer_must_be_given(task: Task, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="--peer-venv"):
        agents.mini(task.issue, tmp_path, agents.Wanted("openai/x", tmp_path))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["run", "no-such-task", "-m", "x"], "there is no task no-such-task"),
        (["run", "mistune-footnote-references"], "which model?"),
        (["grade", "mistune-footnote-references"], "not prepared"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve.main(["--cache", str(tmp_path), "--work", str(tmp_path), *words]) == 1
    assert complaint in capsys.readouterr().err
