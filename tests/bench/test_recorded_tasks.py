"""Tasks of `bench/tasks`, solved by hand once, replayed end to end.

The package, its environment, the sandbox, the commands and the grading by the fixed release's tests are real; the
model's replies are recorded.
"""

from __future__ import annotations

from pathlib import Path

import agents
import pytest
import solve
from tasks import Places, TaskError, load, prepare

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.mark.parametrize(("name", "turns"), [("boltons-barrel-slices", 3), ("soupsieve-large-nth", 3)])
def test_a_recorded_run_solves_its_task_again(tmp_path: Path, name: str, turns: int) -> None:
    task, places = load(name), Places(tmp_path / "cache", tmp_path / "work")
    try:
        project = prepare(task, places)
    except TaskError as error:
        pytest.skip(f"the package's source cannot be had: {str(error)[-200:]}")
    wanted = agents.Wanted(f"replay:{RECORDINGS / name}.jsonl", tmp_path / "home")

    row = solve.run(task, project, places, wanted, "livecoder", None)

    assert (row.solved, row.turned, row.broken) == (True, row.of, 0)
    assert (row.exit_code, row.outcome, row.turns) == (0, "claimed", turns)
