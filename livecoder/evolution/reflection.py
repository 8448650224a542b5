"""Stage 5, after the task: one request that looks back, and its answer as proposals.

The answer is JSON by schema, with one repair of what has not its form; what still has not is dropped and said. What a
proposal claims is for the gate to judge.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf

from livecoder.control import Control
from livecoder.events import Event, ModelReplied, Usage
from livecoder.evolution.answers import Origin, fault, read
from livecoder.evolution.proposals import Proposal
from livecoder.model import Ask, Assistant, Message, Model, Reply, User

SHARE = 0.10
FLOOR_USD = 0.05
FLOOR_TOKENS = 16_000
MAX_OUTPUT_TOKENS = 1_500
REQUESTS = 2
"""The question, and one repair of its answer."""
REPAIR = "That is not the JSON object that was asked for ({error}). Answer with it and nothing else."
REPAIR_SOME = "{error}. Give anew what is wrong, in such an object and nothing else; the others are taken."


@dataclass(frozen=True, slots=True)
class Reflection:
    """How it went: the proposals, or why there are none; what it cost (None: price unknown)."""

    proposals: tuple[Proposal, ...]
    failed: str
    cost_usd: float | None
    usage: Usage
    dropped: str = ""
    """What was wrong with proposals that are not among these."""


def too_dear(
    prompt_tokens: int,
    spent_usd: float,
    spent_tokens: int,
    cost_known: bool,
    budget_left: float,
    tokens_left: float = inf,
) -> str:
    """Why reflection is skipped: its estimate, at the task's own price a token, exceeds the cap; empty when not.

    The estimate is for two requests, since the answer may need its repair. The cap is the larger of 10 % of the task's
    cost and $0.05, and never more than the user's budget has left (infinity: no budget). Where the price is unknown it
    is 10 % of the task's tokens, at least FLOOR_TOKENS. `tokens_left` is what the user's limit of tokens has left.
    """
    tokens = REQUESTS * (prompt_tokens + MAX_OUTPUT_TOKENS)
    if tokens > tokens_left:
        return f"about {tokens:,} tokens, and --max-tokens leaves {max(tokens_left, 0):,.0f}"
    if not cost_known or not spent_tokens:
        cap = max(SHARE * spent_tokens, FLOOR_TOKENS)
        return f"about {tokens:,} tokens, over the cap of {cap:,.0f}" if tokens > cap else ""
    estimate = tokens * spent_usd / spent_tokens
    cap_usd = min(max(SHARE * spent_usd, FLOOR_USD), budget_left)
    return f"about ${estimate:.3f}, over the cap of ${cap_usd:.3f}" if estimate > cap_usd else ""


def reflect(
    model: Model, prompt: str, origin: Origin, turn: int, control: Control
) -> Generator[Event, None, Reflection]:
    """One request, and one more if its answer cannot be read. Yields `ModelReplied` for each, booked apart."""
    from pydantic import ValidationError

    messages: list[Message] = [User(prompt)]
    cost: float | None = 0.0
    usage = Usage()
    found: list[Proposal] = []
    failed = ""
    for _ in range(REQUESTS):
        reply: Reply = yield from model.ask(
            messages, Ask(turn, bash=False, max_output_tokens=MAX_OUTPUT_TOKENS), control.cancelled
        )
        cost = None if cost is None or reply.cost_usd is None else cost + reply.cost_usd
        usage = usage + reply.usage
        yield ModelReplied(turn, reply.text, (), reply.usage, reply.cost_usd, 0.0, reply.prompt_bytes, "reflection")
        if control.cancelled():
            return Reflection((), "interrupted", cost, usage)
        try:
            answer = read(reply.text, origin)
        except ValidationError as error:
            failed, repair = fault(error), REPAIR
        else:
            found += [proposal for proposal in answer.proposals if proposal not in found]
            if not answer.faults:
                return Reflection(tuple(found), "", cost, usage)
            failed, repair = "; ".join(answer.faults), REPAIR_SOME
        messages += [Assistant(reply.text or "(nothing)"), User(repair.format(error=failed))]
    if found:
        return Reflection(tuple(found), "", cost, usage, failed)
    return Reflection((), f"the answer was no valid proposal: {failed}", cost, usage)
