"""Events to show: a session with one of everything, as plain values."""

from __future__ import annotations

from collections.abc import Sequence

from livecoder import events as e
from livecoder.view.evidence import Excerpt

STARTED = e.SessionStarted(
    session="s1",
    workspace="/repo",
    model="scripted:x",
    sandbox="bubblewrap",
    protections=("no network",),
    permission_mode="auto",
    scaffold="9f3c1a2",
    tools=("count-lines",),
    context_tokens=1234,
    system="You are…",
    loaded=("AGENTS.md (12 tokens)",),
)
REPLIED = e.ModelReplied(
    1, "I look first.", (e.Call("t1", "ls", 5.0), e.Call("t2", "pwd")), e.Usage(100, 40, 10), 0.0041, 1.5, 999
)
RAN = e.CommandStarted(1, 1, "t1", "ls", 120.0)
FINISHED = e.CommandFinished(1, 1, "t1", 2, 0.8123, "a.txt\n", 6, 1, False, False, "/repo")
OBSERVED = e.Observed(1, "t1", "a.txt\n[exit 2]")
VERIFIED = e.Verified("pytest -q", 0, 1, "copy", "", ("tests/a.py: 1 test fewer",), "ok\n", 2.0)
RAN_TESTS = e.RanTests("pytest", 12, 2, 1, 0, e.Names(3, ("t.py::b", "t.py::c", "t.py::d")), "all")
CHANGED = e.ChangedTests(
    fixed=e.Names(2, ("t.py::a", "t.py::aa")),
    broken=e.Names(1, ("t.py::b",)),
    still_failing=e.Names(60, ("t.py::c",)),
)
DENIED = e.PermissionDenied(1, "network", "no network here")
COMMITTED = e.ScaffoldCommitted(
    "9f3c1a2", "b71d0e4", "tool(count-lines): Count.", {"Evidence": "step 1", "Expects": "fewer steps"}
)
REFUSED = e.ProposalRefused("lesson", "lessons/x.toml", "it cites no step")
WAITING = e.ProposalRefused("hook", "hooks/x", "hooks wait", inbox=True)
RESULT = e.Result(
    session="s1",
    subtype="success",
    is_error=False,
    exit_code=0,
    result="Done.",
    reason="verify passes: pytest -q",
    num_turns=12,
    duration_ms=61_000,
    duration_api_ms=40_000,
    total_cost_usd=0.31,
    cost_known=True,
    usage=e.Usage(1000, 400, 100),
    outcome="verified",
    patch=e.PatchMade(2, 31, 4, ("a", "b")),
    verify=VERIFIED,
    denials=(DENIED,),
    scaffold_before="9f3c1a2",
    scaffold_after="b71d0e4",
    tools_created=("count-lines",),
    reflection="pending",
    evolve_cost_usd=0.01,
    prompt_bytes=5000,
    tools_used=("edit",),
)

ASKED = e.RoundStarted(1, "Count the lines.", "<task>\nCount the lines.\n</task>")
ENDED = e.RoundEnded(1, "success", "Done.", "the model replied without a command", 2)
ANSWERED = e.ModelReplied(2, "Done.", (), e.Usage(150, 100, 5), 0.002, 0.5, 1200)
CREATED = e.ToolCreated("count-lines", "Count lines.", 12, 1)
USED = e.ToolUsed("count-lines", 1, ("a b.txt", "-v"), "", ".", 0, "tree-0")
SESSION: tuple[e.Event, ...] = (
    STARTED,
    ASKED,
    e.CheckpointTaken(1, 0, "tree-0"),
    REPLIED,
    RAN,
    FINISHED,
    CREATED,
    USED,
    e.CheckpointTaken(1, 1, "tree-1"),
    OBSERVED,
    e.Observed(1, "t2", "not run: the round was interrupted"),
    e.UserSaid("in Python, please", "steering"),
    ANSWERED,
    ENDED,
    RESULT.patch,
    VERIFIED,
    e.Proposed("tool", "tools/count-lines", "Count.", (1,), "fewer steps", "use"),
    COMMITTED,
    REFUSED,
    e.Reflected("pending"),
    RESULT,
)
"""A session of one round, with one of nearly everything."""


def timed(*events: e.Event) -> list[tuple[float, e.Event]]:
    """One event a second."""
    return [(1_700_000_000.0 + number, event) for number, event in enumerate(events)]


class Left:
    """Evidence that gives what it was made with."""

    def __init__(self, output: str = "", diff: str = "", missing: str = "") -> None:
        self._output, self._diff, self._missing = output, diff, missing

    def output(self, finished: e.CommandFinished) -> Excerpt:
        return Excerpt(self._output or finished.output, self._missing)

    def diff(self, trees: Sequence[str]) -> Excerpt:
        return Excerpt(self._diff, self._missing)
