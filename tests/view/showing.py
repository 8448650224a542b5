"""Events to show: a session with one of everything, as plain values."""

from __future__ import annotations

from livecoder import events as e

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
