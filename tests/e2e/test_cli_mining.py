"""A procedure that came back from task to task is named in the one question at the end, and in no other case."""

from __future__ import annotations

from tests.e2e.conftest import Livecoder

RUN = "$ sort {} | uniq -c > /tmp/counted"
SHAPE = "a command line of the shape `sort <path> ; uniq -c > <path>`, which ran 6 times in earlier tasks"


def asked(livecoder: Livecoder, *replies: str, flags: tuple[str, ...] = ()) -> list[str]:
    """The questions that a task ended with."""
    done = livecoder.task(*replies, flags=flags)
    assert done.code == 0, done.err
    nudges = [line for line in done.lines if line.get("subtype") == "nudge"]
    return [line["text"] for line in nudges if line["pattern"] == "harvest"]


def test_a_procedure_is_named_once_it_has_recurred(livecoder: Livecoder) -> None:
    for name in ("calc.py", "README.md"):
        assert asked(livecoder, *[RUN.format(name)] * 3, "Done.", flags=("--set", "ground.measure=false")) == []
    assert asked(livecoder, "$ ls", "Done.") == []
    (question,) = asked(livecoder, RUN.format("calc.py"), "Done.", "none")
    assert f"- step 1: {SHAPE}" in question and len(question) < 700
    assert asked(livecoder, RUN.format("calc.py"), "Done.", flags=("--scaffold", "none")) == []
    (index,) = livecoder.home.glob("state/projects/*/shapes.json")
    index.unlink()
    livecoder.task("$ ls", "Done.")
    assert index.exists()
