"""Sessions as their journals have them, in few words, for tests of what many of them say together."""

from __future__ import annotations

from collections.abc import Sequence

from livecoder.events import (
    Call,
    CommandStarted,
    Event,
    ModelReplied,
    Nudged,
    Outcome,
    PatchMade,
    Result,
    RoundEnded,
    SessionStarted,
    ToolUsed,
    Usage,
)

NOTHING = PatchMade(0, 0, 0, ())


def started(
    tools: Sequence[str] = (),
    lessons: Sequence[str] = (),
    unlisted: Sequence[str] = (),
    model: str = "acme/model-1",
    *,
    recorded: bool = False,
) -> SessionStarted:
    return SessionStarted(
        session="s",
        workspace="/repo",
        model=model,
        sandbox="bubblewrap",
        protections=(),
        permission_mode="auto",
        scaffold="abc1234",
        tools=tuple(tools),
        context_tokens=100,
        system="",
        recorded=recorded,
        unlisted=tuple(unlisted),
        lessons=tuple(lessons),
    )


def replied(*commands: str, turn: int = 1, tokens: tuple[int, int] = (100, 10), cost: float | None = 0.01) -> Event:
    calls = tuple(Call(f"c{turn}.{number}", command) for number, command in enumerate(commands))
    return ModelReplied(turn, "", calls, Usage(tokens[0], 0, tokens[1]), cost, 1.0, 10)


def looked_back(tokens: int) -> Event:
    return ModelReplied(9, "", (), Usage(tokens, 0, 0), 0.01, 1.0, 10, "reflection")


def ran(step: int, call: str, turn: int = 1) -> Event:
    return CommandStarted(turn, step, call, "x", 30.0)


def used(name: str, code: int = 0, *arguments: str) -> Event:
    return ToolUsed(name, 1, arguments, "", "/repo", code, "tree")


def shown(lesson: str) -> Event:
    return Nudged("lesson", (1,), f"learnt earlier here ({lesson}): x", lesson)


def ended(outcome: Outcome = "verified", *, interrupted: bool = False) -> list[Event]:
    ending = "interrupted" if interrupted else "success"
    result = Result(
        session="s",
        subtype=ending,
        is_error=False,
        exit_code=0,
        result="",
        reason="r",
        num_turns=1,
        duration_ms=1,
        duration_api_ms=1,
        total_cost_usd=0.01,
        cost_known=True,
        usage=Usage(),
        outcome=outcome,
        patch=NOTHING,
        verify=None,
        denials=(),
        scaffold_before="a",
        scaffold_after="b",
        tools_created=(),
        reflection="off",
        evolve_cost_usd=0.0,
    )
    return [RoundEnded(1, ending, "", "", 1), result]
