"""The few lines that say what a session was: model, outcome, cost, change, tools. For the head of a page or report."""

from __future__ import annotations

from livecoder import events as e
from livecoder.view.figures import count, duration, money
from livecoder.view.story import Round, Story

TITLE = 140
"""Characters at most."""
UNFINISHED = "no ending is in the journal: it still runs, or it was killed"


def facts(story: Story) -> list[tuple[str, str]]:
    """Label and value; what is not known is left out."""
    made = [
        ("model", story.started.model if story.started else ""),
        ("outcome", outcome(story)),
        ("verify", "; ".join(verdict(round_.verified) for round_ in story.rounds if round_.verified)),
        ("change", "; ".join(change(round_.made) for round_ in story.rounds if round_.made)),
        ("turns", f"{count(len(story.turns), 'turn')}, {count(_steps(story), 'command')}"),
        ("time", _time(story)),
        ("cost", _cost(story)),
        ("tokens", _tokens(story)),
        ("sandbox", _sandbox(story.started)),
        ("network", ", ".join(story.started.network) if story.started else ""),
        ("setup", story.started.setup if story.started else ""),
        ("scaffold", _scaffold(story)),
        ("tools born", ", ".join(story.born)),
        ("tools revised", ", ".join(story.revised)),
        ("tools used", ", ".join(story.used)),
    ]
    return [(label, value) for label, value in made if value]


def title(story: Story) -> str:
    """What was asked first, on one line of bearable length."""
    if not story.rounds:
        return "looking back on earlier sessions" if story.learnt else "nothing was asked"
    return first_line(story.rounds[0].started.task)


def first_line(task: str) -> str:
    line = next((line.strip() for line in task.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE else f"{line[:TITLE].rpartition(' ')[0] or line[:TITLE]} …"


def outcome(story: Story) -> str:
    return ending(story.rounds[-1]) if story.rounds else story.state


def ending(round_: Round) -> str:
    """How it ended, and why where that is not the verify command's word."""
    return ": ".join(filter(None, (round_.state, reason(round_))))


def reason(round_: Round) -> str:
    if round_.result is None:
        return UNFINISHED
    return "" if round_.state == "verified" else round_.result.reason


def verdict(verified: e.Verified) -> str:
    word = "passed" if verified.exit_code == 0 else f"failed with exit {verified.exit_code}"
    where = "on a clean copy" if verified.where == "copy" else f"in place ({verified.why_in_place})"
    before = f" (before: exit {verified.base_exit_code})" if verified.base_exit_code is not None else ""
    return f"{word} {where} in {duration(verified.seconds)}{before}"


def change(made: e.PatchMade) -> str:
    return f"{count(made.files, 'file')} +{made.added} -{made.removed}" if made.files else "no file"


def _cost(story: Story) -> str:
    if story.recorded or not story.replies:
        return ""
    looking_back = story.cost("reflection")
    return money(story.cost("turn")) + (f" and {money(looking_back)} for looking back" if looking_back != 0 else "")


def _tokens(story: Story) -> str:
    usage = story.usage
    if story.recorded or not story.replies:
        return ""
    return f"{usage.input_tokens:,} in ({usage.cached_tokens:,} of them cached), {usage.output_tokens:,} out"


def _time(story: Story) -> str:
    if not story.began:
        return ""
    results = [round_.result for round_ in story.rounds if round_.result]
    took = sum(result.duration_ms for result in results) / 1000 if results else story.ended - story.began
    asking = "" if story.recorded else f", {duration(sum(reply.seconds for reply in story.replies))} of it the model's"
    return f"{duration(took)}{asking}"


def _sandbox(started: e.SessionStarted | None) -> str:
    if started is None:
        return ""
    return "none: commands ran with the user's rights" if started.sandbox == "none" else started.sandbox


def _scaffold(story: Story) -> str:
    if story.started is None:
        return ""
    before = "bash alone" if story.started.scaffold == "none" else story.started.scaffold
    after = next((r.result.scaffold_after for r in reversed(story.rounds) if r.result), before)
    return before if story.started.scaffold == after or before == "bash alone" else f"{before}→{after}"


def _steps(story: Story) -> int:
    return sum(step.number > 0 for turn in story.turns for step in turn.steps)
