"""The whole page: head, rounds, and a policy that lets a browser load nothing but the style that stands in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from livecoder import events as e
from livecoder.view import facts
from livecoder.view.evidence import Evidence
from livecoder.view.figures import count, when
from livecoder.view.page.blocks import code, fold, notes, prose
from livecoder.view.page.changes import changes
from livecoder.view.page.html import Child, Html, element, joined, styled
from livecoder.view.page.turns import bars, turns
from livecoder.view.story import Round, Story


def page(story: Story, evidence: Evidence) -> str:
    """A session as an HTML document."""
    css = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    head = element("head", *_metas(css), element("title", f"{facts.title(story)} · livecoder"), styled(css))
    body = element("body", element("main", *_parts(story, evidence)))
    return f"<!doctype html>\n{element('html', head, body, lang='en').source}\n"


def _metas(css: str) -> list[Html]:
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    named = {"viewport": "width=device-width, initial-scale=1", "color-scheme": "light dark", "referrer": "no-referrer"}
    return [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        *(element("meta", name=name, content=content) for name, content in named.items()),
    ]


def _parts(story: Story, evidence: Evidence) -> list[Child]:
    return [
        _header(story),
        notes(story.notes),
        *(_round(round_, story, evidence) for round_ in story.rounds),
        _section("learnt", "Learnt", notes(story.learnt)) if story.learnt else None,
        element("footer", "Exported by livecoder: what happened, as the session's journal has it."),
    ]


def _header(story: Story) -> Html:
    identity = story.started.session if story.started else ""
    known = [(label, value) for label, value in facts.facts(story) if label != "outcome"]
    rows = [element("div", element("dt", label), element("dd", value)) for label, value in known]
    return element(
        "header",
        element("p", " · ".join(filter(None, ("livecoder", identity, when(story.began)))), class_="eyebrow"),
        element("h1", facts.title(story)),
        _ending(story.rounds[-1]) if story.rounds else _state(story.state),
        element("dl", *rows),
        bars(story.turns, recorded=story.recorded),
        _rounds(story.rounds) if len(story.rounds) > 1 else None,
    )


def _rounds(rounds: Sequence[Round]) -> Html:
    def item(round_: Round) -> Html:
        link = element("a", facts.first_line(round_.started.task), href=f"#round-{round_.started.round}")
        return element("li", link, " ", _state(round_.state))

    return element("ol", *map(item, rounds), class_="rounds")


def _ending(round_: Round) -> Html:
    return element("p", _state(round_.state), " ", facts.reason(round_), class_="ending")


def _state(state: str) -> Html:
    return element("b", state, class_=f"state {state.replace(' ', '-')}")


def _round(round_: Round, story: Story, evidence: Evidence) -> Html:
    number, task, several = round_.started.round, round_.started.task, len(story.rounds) > 1
    sections = [
        ("turns", count(len(round_.turns), "turn"), _turns(round_, story, evidence)),
        ("change", "Change", _change(round_, evidence)),
        ("verify", "Verify", _verify(round_.verified)),
        ("learnt", "Learnt", notes(round_.learnt)),
    ]
    present = [(f"{kind}-{number}", title, body) for kind, title, body in sections if body]
    return element(
        "article",
        *([element("h2", f"Round {number}"), _ending(round_)] if several else []),
        prose(task) if several or task.strip() != facts.title(story) else None,
        element("nav", *(element("a", title, href=f"#{place}") for place, title, _ in present)),
        *(_section(place, title, body) for place, title, body in present),
        id=f"round-{number}",
    )


def _turns(round_: Round, story: Story, evidence: Evidence) -> Html:
    started = story.started if round_ is story.rounds[0] else None
    return joined(
        [
            fold("What the model was told before", code(started.system)) if started else None,
            fold("The message that the task came in", code(round_.started.message)),
            notes(round_.notes),
            turns(round_.turns, evidence, recorded=story.recorded),
        ]
    )


def _section(place: str, title: str, *parts: Child) -> Html:
    return element("section", element("h2", title), *parts, id=place)


def _change(round_: Round, evidence: Evidence) -> Html | None:
    made = element("p", facts.change(round_.made)) if round_.made else None
    differs = len(set(round_.trees)) > 1
    return joined([made, changes(evidence.diff(round_.trees)) if differs else None]) if made or differs else None


def _verify(verified: e.Verified | None) -> Html | None:
    if verified is None:
        return None
    failed = verified.exit_code != 0
    weakened = [element("li", line, class_="bad") for line in verified.weakened]
    output = code(verified.output) if verified.output.strip() else None
    outcome = fold(facts.verdict(verified), output, kind="outcome", is_open=failed)
    step = element("div", code(verified.command, "command"), outcome, class_="step bad" if failed else "step")
    return joined([step, element("ul", *weakened, class_="notes") if weakened else None])
