"""The report: readable as text, and rendered; what others wrote stays in its quote or fence, whatever it is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from showing import ASKED, FINISHED, RAN, REPLIED, RESULT, SESSION, STARTED, VERIFIED, Left, timed

from livecoder import events as e
from livecoder.view.evidence import Evidence
from livecoder.view.figures import when
from livecoder.view.markdown import report
from livecoder.view.story import tell


def read(*events: e.Event, evidence: Evidence | None = None) -> str:
    return report(tell(timed(*events)), evidence or Left())


def saying(text: str) -> list[e.Event]:
    """The session with `text` as task, thought, command, output, tool and reason."""
    call = e.Call("t1", text)
    return [
        dataclasses.replace(STARTED, model=text),
        e.RoundStarted(1, text, text),
        e.CheckpointTaken(1, 0, "0"),
        dataclasses.replace(REPLIED, text=text, calls=(call, e.Call("t2", text))),
        dataclasses.replace(RAN, command=text),
        dataclasses.replace(FINISHED, output=text, note=text),
        e.ToolCreated(text, text, 1, 1),
        e.Observed(1, "t1", text),
        e.Observed(1, "t2", text),
        e.CheckpointTaken(1, 1, "1"),
        RESULT.patch,
        dataclasses.replace(VERIFIED, command=text, output=text, weakened=(text,)),
        e.Reflected("skipped", text),
        dataclasses.replace(RESULT, reason=text, outcome="failed"),
    ]


def outside_of_fences(text: str) -> Iterator[str]:
    """The lines that a renderer reads as Markdown (CommonMark 4.5: a fence ends at one as long, or longer)."""
    fence = ""
    for line in text.split("\n"):
        if fence:
            fence = "" if re.fullmatch(f"{fence}`* *", line) else fence
        elif opening := re.match("(`{3,})[^`]*$", line):
            fence = opening[1]
        else:
            yield line
    assert not fence, "a fence is left open"


MARKS = st.text(st.sampled_from("<>`~#*_[]()!&;|\\ \n\t-+=1.a/"))


@given(st.text() | MARKS)
@example("![x](http://example.org/x.png)")
@example("<img src=x>")
def test_nothing_that_is_said_becomes_a_tag_a_picture_or_a_heading(text: str) -> None:
    rest = list(outside_of_fences(read(*saying(text), evidence=Left(diff=text, missing=text))))

    for line in rest:
        assert not re.search(r"(?<!\\)(?:\\\\)*<", line), line
        assert not re.search(r"(?<!\\)(?:\\\\)*!\[", line), line
    headings = [line for line in rest if line.startswith("#")]
    assert [line.split(" ")[:2] for line in headings[1:]] == [
        ["###", word] for word in ("Turn", "Change:", "Verify", "Learnt")
    ]


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1) | st.sampled_from(["```", "````\n```", "~~~"]))
def test_an_output_is_there_to_the_letter(text: str) -> None:
    printed = dataclasses.replace(FINISHED, output=f"{text}\nend")
    whole = read(*(printed if event == FINISHED else event for event in SESSION))
    assert f"\n{text}\nend\n" in whole
    assert text not in list(outside_of_fences(whole))


def test_a_session_as_it_is_read() -> None:
    assert (
        read(*SESSION, evidence=Left(diff="+x\n"))
        == f"""\
# Count the lines.

livecoder session s1, {when(1_700_000_000)}

- model: scripted:x
- outcome: verified
- verify: passed on a clean copy in 2.0 s (before: exit 1)
- change: 2 files +31 -4
- turns: 2 turns, 1 command
- time: 61 s, 2.0 s of it the model's
- cost: $0.0061
- tokens: 250 in (140 of them cached), 15 out
- sandbox: bubblewrap
- scaffold: 9f3c1a2→b71d0e4
- tools born: count-lines
- tools used: count-lines

### Turn 1 (100 tokens in, 10 out, $0.0041)

> I look first.

```console
$ ls
a.txt
```

→ step 1: exit 2, 0.8 s

- tool born: count-lines: Count lines. (12 lines)
- tool used: count-lines 'a b.txt' -v → exit 0

```console
$ pwd
```

→ not run: the round was interrupted

- the user said meanwhile: in Python, please

### Turn 2 (150 tokens in, 5 out, $0.0020)

> Done.

### Change: 2 files +31 -4

```diff
+x
```

### Verify passed on a clean copy in 2.0 s (before: exit 1)

```console
$ pytest -q
ok
```

- tests/a.py: 1 test fewer

### Learnt

- proposed: tools/count-lines: Count.
- kept: tool(count-lines): Count. (9f3c1a2→b71d0e4)
- refused: lessons/x.toml: it cites no step
- looking back: pending
"""
    )


def test_markdown_of_the_model_stays_markdown() -> None:
    said = dataclasses.replace(REPLIED, text="**Look** at `a.py`:\n\n- one")
    assert "> **Look** at `a.py`:\n>\n> - one\n" in read(ASKED, said)


def test_a_name_with_an_underscore_is_no_emphasis_and_has_no_backslash() -> None:
    assert read(dataclasses.replace(ASKED, task="format_duration gives _nothing_")).startswith(
        "# format_duration gives \\_nothing\\_\n"
    )


def test_what_was_cut_is_counted() -> None:
    cut = [dataclasses.replace(x, truncated=True, output_lines=5000) if x == FINISHED else x for x in SESSION]
    assert "→ step 1: exit 2, 0.8 s, 5,000 lines in all" in read(*cut)


def test_each_round_of_a_conversation_says_how_it_ended() -> None:
    again = dataclasses.replace(ASKED, round=2, task="And the words.")
    text = read(*SESSION, again)
    assert "## Round 1: verified\n\n> Count the lines.\n" in text
    assert "## Round 2: unfinished: no ending is in the journal: it still runs, or it was killed\n\n> And" in text


@pytest.mark.parametrize("length", range(len(SESSION)))
def test_a_session_killed_anywhere_has_a_report(length: int) -> None:
    assert "- outcome: unfinished" in read(*SESSION[:length])
