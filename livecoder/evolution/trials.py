"""The part of the gate that runs something: a tool's proof, a hook's trial, a prompt's rendering.

All of it happens in the sandbox, on the candidate to which the change was applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from livecoder.errors import ScaffoldError, WorkspaceError
from livecoder.events import ToolUsed
from livecoder.evolution import proposals as p
from livecoder.evolution.gate import ACCEPTED, Bench, Verdict
from livecoder.evolution.replay import departs, make_cases
from livecoder.evolution.toolwatch import proves
from livecoder.prompt import try_samples
from livecoder.scaffold import hooks
from livecoder.scaffold.cases import MAX_CASES, Case
from livecoder.scaffold.files import read_file
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.tools import check_tool
from livecoder.scaffold.usage import spread, uncalled

SAMPLES: dict[hooks.HookEvent, dict[str, Any]] = {
    "round_start": {"round": 1, "task": "Fix the failing test."},
    "after_command": {"step": 3, "command": "pytest -q", "exit_code": 1, "output": "1 failed", "tree_changed": False},
    "before_finish": {
        "answer": "Fixed.",
        "commands": [{"command": "sed -i s/a/b/ a.py", "exit_code": 0, "tree_changed": True}],
    },
}
"""What each hook is tried with, in the form in which it is called."""


def judge_deeds(proposal: p.Proposal, bench: Bench) -> Verdict:
    """Whether what was proposed works."""
    match proposal:
        case p.KeepTool():
            found = check_tool(bench.check, proposal.name, bench.candidate)
            if not found.ok:
                return Verdict(f"it is broken: {found.reason}", lasting=True)
            return ACCEPTED if proposal.origin == "import" else _proven(proposal, bench, found.help)
        case p.KeepHook():
            return Verdict(_hook_works(proposal, bench), lasting=True)
        case p.EditSection():
            return Verdict(_renders(proposal, bench), lasting=True)
        case _:
            return ACCEPTED


def _proven(proposal: p.KeepTool, bench: Bench, help: str) -> Verdict:
    """Old cases replay; from use, at least one call of this very text worked and works again."""
    uses = [use for use in _uses(proposal, bench) if use.name == proposal.name and proves(use)]
    uses = [uses[place] for place in spread(help, proposal.name, uses)]
    try:
        proof = make_cases(uses, proposal.name, bench.workspace, bench.candidate, bench.replay)
        fresh = list(proof.cases)
        old: list[Case] = []
        for case in bench.cases(proposal.name):
            # A revision that was itself used well may print something better; it must still do the same.
            now = bench.replay(bench.candidate, proposal.name, case)
            reason = departs(proposal.name, case, now, same_output=not fresh)
            if reason:
                return Verdict(f"a case no longer replays: {reason}", lasting=True)
            old.append(replace(case, output=now.output if case.deterministic else ""))
    except (ScaffoldError, WorkspaceError) as error:
        return Verdict(f"its cases cannot be replayed: {error}")
    if not fresh and not old:
        return Verdict(proof.why_none)
    worked = [*old, *fresh]
    untried = _untried(proposal, bench, help, worked)
    kept = tuple(worked[place] for place in spread(help, proposal.name, worked))[:MAX_CASES]
    return Verdict(untried, kept, waits=bool(untried))


def _untried(proposal: p.KeepTool, bench: Bench, help: str, worked: Sequence[Case]) -> str:
    """A form that a model's tool documents, and that no call has shown to work: it would mislead the next task."""
    if bench.by_user or proposal.origin in p.UNCITED:
        return ""
    missing = uncalled(help, proposal.name, worked)
    told = f"its --help documents `{missing[0][:80]}`" if missing else ""
    return f"{told}, and no call of that form was seen to work: make one, or take it out of --help" if told else ""


def _uses(proposal: p.KeepTool, bench: Bench) -> list[ToolUsed]:
    """The calls of the session, and the one that the proposal names, on the tree that the session left."""
    trial, tree = proposal.trial, bench.tree
    if trial is None or not tree:
        return list(bench.uses)
    step = min(proposal.contract.evidence, default=0)
    call = ToolUsed(proposal.name, step, trial.arguments, trial.stdin, str(bench.workspace), 0, tree)
    return [*bench.uses, call]


def _hook_works(proposal: p.KeepHook, bench: Bench) -> str:
    try:
        hook = hooks.read_hook(bench.candidate, proposal.event)
        given = {"event": hook.event, **SAMPLES[hook.event]}
        code, output = bench.check(hooks.call(read_file(bench.candidate, hook.path).data, given), hooks.SECONDS)
        if code:
            return f"it does not work: exit {code} (it has {hooks.SECONDS:g} s)"
        hooks.said(output)
    except ScaffoldError as error:
        return f"it does not work: {error.line()}"
    return ""


def _renders(proposal: p.EditSection, bench: Bench) -> str:
    """With every variable given, and with none of those that may be missing."""
    try:
        prompt = Scaffold.load(bench.candidate).prompts[proposal.prompt]
        if proposal.text.strip() not in prompt:
            return "it cannot be read back: it is empty, or holds a hidden character"
        try_samples(proposal.prompt, prompt)
    except ScaffoldError as error:
        return str(error)
    return ""
