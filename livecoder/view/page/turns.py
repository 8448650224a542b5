"""The turns of a page: what the model thought, ran and read, and how much each turn took."""

from __future__ import annotations

from collections.abc import Sequence

from livecoder.view.evidence import Evidence
from livecoder.view.figures import count, duration, moment, money
from livecoder.view.page.blocks import code, excerpt, fold, notes, prose
from livecoder.view.page.html import Child, Html, element, joined
from livecoder.view.story import UNKNOWN, Step, Turn

LONG_COMMAND = 14
"""Lines; a longer one is folded to its first."""
WIDTH, HEIGHT = 10, 48
"""Of a bar at most, in the units of the drawing."""


def turns(told: Sequence[Turn], evidence: Evidence, *, recorded: bool) -> Html:
    return joined([_turn(turn, evidence, recorded) for turn in told])


def bars(told: Sequence[Turn], *, recorded: bool) -> Html | None:
    """One bar a turn: what the model was sent, and what of it was not cached, in red where a command failed."""
    if len(told) < 2:
        return None
    sizes = [turn.reply.prompt_bytes if recorded else turn.reply.usage.input_tokens for turn in told]
    unit = "bytes" if recorded else "tokens, the pale part cached"
    label = f"What the model was sent in each turn: at most {max(sizes):,} {unit}; red: a command failed."
    scale = HEIGHT / max(*sizes, 1)
    picture = element(
        "svg",
        *(_bar(place, turn, sizes[place], scale, recorded) for place, turn in enumerate(told)),
        viewbox=f"0 0 {WIDTH * len(told)} {HEIGHT}",
        width=str(2 * WIDTH * len(told)),
        preserveaspectratio="none",
        role="group",
        aria_label=label,
    )
    return element("figure", picture, element("figcaption", label), class_="bars")


def _bar(place: int, turn: Turn, size: int, scale: float, recorded: bool) -> Html:
    fresh = size if recorded else size - turn.reply.usage.cached_tokens
    number = turn.reply.turn
    told = " · ".join([f"turn {number}", *_figures(turn, recorded)])
    return element(
        "a",
        element("title", told),
        _column(place, size * scale, "sent"),
        _column(place, fresh * scale, "fresh"),
        href=f"#turn-{number}",
        class_="bad" if turn.failed else False,
    )


def _column(place: int, high: float, kind: str) -> Html:
    x, y = str(WIDTH * place + 1), f"{HEIGHT - high:.2f}"
    return element("rect", x=x, y=y, width=str(WIDTH - 2), height=f"{high:.2f}", class_=kind)


def _figures(turn: Turn, recorded: bool) -> list[str]:
    reply, usage = turn.reply, turn.reply.usage
    if recorded:
        return []
    return [
        duration(reply.seconds),
        f"{usage.input_tokens:,} in ({usage.cached_tokens:,} cached), {usage.output_tokens:,} out",
        money(reply.cost_usd),
    ]


def _turn(turn: Turn, evidence: Evidence, recorded: bool) -> Html:
    name = f"turn-{turn.reply.turn}"
    at = moment(turn.at)
    clock = element("time", f"{at:%H:%M:%S}", datetime=at.isoformat(timespec="seconds")) if at else None
    figures = element("span", clock, *(f" · {part}" for part in _figures(turn, recorded)))
    return element(
        "section",
        element("h3", element("a", f"Turn {turn.reply.turn}", href=f"#{name}"), " ", figures),
        prose(turn.reply.text) if turn.reply.text.strip() else None,
        *(part for step in turn.steps for part in (_step(step, evidence), notes(step.notes))),
        notes(turn.notes),
        class_="turn",
        id=name,
    )


def _step(step: Step, evidence: Evidence) -> Html:
    kind = "step" if step.finished and step.finished.exit_code == 0 else "step bad"
    place = f"step-{step.number}" if step.number else False
    return element("div", _command(step.command), _outcome(step, evidence), class_=kind, id=place)


def _command(command: str) -> Html:
    lines = command.strip("\n").split("\n")
    if len(lines) <= LONG_COMMAND:
        return code("\n".join(lines), "command")
    first = joined([element("code", lines[0]), element("span", f" {count(len(lines) - 1, 'more line')}")])
    return fold(first, code("\n".join(lines)), kind="command")


def _outcome(step: Step, evidence: Evidence) -> Html:
    finished = step.finished
    if finished is None:
        return element("p", step.told or UNKNOWN, class_="outcome")
    shown = evidence.output(finished)
    ended = element("b", f"exit {finished.exit_code}")
    parts: list[Child] = [f"step {step.number} · ", ended, f" · {duration(finished.seconds)}"]
    parts += [f" · {count(finished.output_lines, 'line')}"] if finished.output_lines else [" · no output"]
    parts += [" · the model saw a part"] if finished.truncated else []
    parts += [f" · {finished.note}"] if finished.note else []
    if not shown.text.strip() and not shown.missing:
        return element("p", *parts, class_="outcome")
    return fold(joined(parts), excerpt(shown), kind="outcome", is_open=finished.exit_code != 0)
