"""The page: all of a session in one file that reaches for nothing, whatever the session says."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder import events as e
from livecoder.view.evidence import Evidence
from livecoder.view.page.document import page
from livecoder.view.story import tell
from tests.view.showing import (
    ASKED,
    FINISHED,
    OBSERVED,
    REFUSED,
    REPLIED,
    RESULT,
    SESSION,
    STARTED,
    VERIFIED,
    Left,
    timed,
)

TAGS = frozenset(
    {"html", "head", "meta", "title", "style", "body", "main", "header", "footer", "article", "section", "nav"}
    | {"h1", "h2", "h3", "p", "b", "a", "dl", "div", "dt", "dd", "ol", "ul", "li", "span", "time", "code", "strong"}
    | {"details", "summary", "pre", "figure", "figcaption", "svg", "rect"}
)
ATTRIBUTES = frozenset(
    {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "open", "datetime"}
    | {"viewbox", "preserveaspectratio", "width", "height", "x", "y", "role", "aria-label"}
)
EMPTY = {"meta"}
DIFF = """\
diff --git a/a.py b/a.py
index 7d4290a..af49a7e 100644
--- a/a.py
+++ b/a.py
@@ -1 +1,2 @@
 x = 1
+y = '<b>'
diff --git a/old b/old
deleted file mode 100644
index 1..0
--- a/old
+++ /dev/null
@@ -1 +0,0 @@
-gone
"""


class Page(HTMLParser):
    """Reads a page as strictly as it is meant: only these tags, all closed, nothing but the page itself reached for."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        """All text by the innermost tag around it."""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        given = dict(attrs)
        assert given.keys() <= ATTRIBUTES, given
        assert (given.get("href") or "#").startswith("#")
        self.tags.append((tag, given))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        within = self.open[-1] if self.open else ""
        self.text[within] = self.text.get(within, "") + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def all(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        """The attributes of each such element; `kind` is one of its classes."""
        return [given for name, given in self.tags if name == tag and kind in ["", *(given.get("class") or "").split()]]


def read(*events: e.Event, evidence: Evidence | None = None) -> Page:
    return Page(source(*events, evidence=evidence))


def source(*events: e.Event, evidence: Evidence | None = None) -> str:
    return page(tell(timed(*events)), evidence or Left())


def saying(text: str) -> list[e.Event]:
    """The session with `text` wherever somebody else than livecoder has a word."""
    return [
        dataclasses.replace(STARTED, model=text, system=text, session=text),
        e.RoundStarted(1, text, text),
        e.CheckpointTaken(1, 0, "0"),
        dataclasses.replace(REPLIED, text=text, calls=(e.Call("t1", text), e.Call("t2", text))),
        e.CommandStarted(1, 1, "t1", text, 1.0),
        dataclasses.replace(FINISHED, output=text, note=text),
        e.BaseRan(1, text, 1, text, 1.0),
        e.ToolCreated(text, text, 1, 1),
        e.ToolUsed(text, 1, (text,), text, text, 1, "t"),
        e.Nudged("x", (1,), text),
        dataclasses.replace(OBSERVED, text=text),
        e.Observed(1, "t2", text),
        e.UserSaid(text, "steering"),
        e.CheckpointTaken(1, 1, "1"),
        e.RoundEnded(1, "success", text, text, 1),
        RESULT.patch,
        dataclasses.replace(VERIFIED, command=text, output=text, weakened=(text,), exit_code=1, why_in_place=text),
        e.Proposed("tool", text, text, (1,), text, "use"),
        dataclasses.replace(REFUSED, target=text, reason=text),
        e.ScaffoldCommitted(text, text, text, {text: text}),
        dataclasses.replace(RESULT, reason=text, outcome="failed"),
    ]


ATTACKS = [
    "<script>alert(1)</script>",
    "</pre></code></details></style></title><img src=x onerror=alert(1)>",
    "<!-- comment", "]]>", "<![CDATA[x", "<?php x ?>", "<!doctype html>",
    '"><svg onload=alert(1)>', "' onmouseover='alert(1)", "&lt;b&gt;&#60;b&#62;",
    "`<b>` and **<i>** and ```\n<u>\n```", "```\n</pre><b>\n```\n<b>", "**`</strong>`**",
    "javascript:alert(1)", "[x](javascript:alert(1)) ![x](http://x/x.png)", "http://example.org",
    "\x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b[31mred", "\u202egnp.exe", "\x00\x0c\ud800",
    "diff --git a/<b> b/<b>\n+<b>",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_session_says_is_only_ever_text(text: str) -> None:
    read(*saying(text), evidence=Left(text, text, text))


@given(st.text() | st.sampled_from(ATTACKS) | st.text(st.sampled_from("<>/!?&;`*\"'-=[]\n a#x")))
def test_any_text_anywhere_gives_a_page_with_no_tag_of_its_own(text: str) -> None:
    read(*saying(text), evidence=Left(text, text, text))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1))
def test_what_was_printed_can_be_read_to_the_letter(text: str) -> None:
    shown = read(*saying("x"), evidence=Left(f"«{text}»"))
    assert f"«{text}»" in shown.text["pre"]


# ---- alone


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    shown = read(*SESSION)
    (policy,) = (given["content"] for given in shown.all("meta") if given.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(shown.text["style"].encode()).digest()).decode()

    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|@font-face|http", shown.text["style"])


def test_each_link_leads_to_a_place_on_the_page() -> None:
    shown = read(*SESSION, evidence=Left(diff=DIFF))
    places = [given["id"] for _, given in shown.tags if "id" in given]

    assert len(places) == len(set(places))
    assert {given["href"] for given in shown.all("a")} <= {f"#{place}" for place in places}
    assert {"turn-1", "turn-2", "step-1", "turns-1", "change-1", "verify-1", "learnt-1"} <= set(places)


def test_it_fits_a_phone_and_both_themes() -> None:
    shown = read(*SESSION)
    metas = {given["name"]: given["content"] for given in shown.all("meta") if "name" in given}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark" and "prefers-color-scheme: dark" in shown.text["style"]


# ---- what it shows


def test_the_head_says_what_was_asked_and_what_came_of_it() -> None:
    shown = read(*SESSION)
    facts = shown.text["dd"]

    assert shown.text["h1"] == "Count the lines."
    assert shown.all("b", "verified")
    for said in (
        "scripted:x",
        "2 files +31 -4",
        "2 turns, 1 command",
        "$0.0061",
        "250 in (140 of them cached)",
        "61 s",
    ):
        assert said in facts
    assert "count-lines" in facts and "9f3c1a2→b71d0e4" in facts and "before: exit 1" in facts


def test_a_long_task_is_a_short_title_and_read_in_full_below() -> None:
    task = "Count " + "all the lines " * 30 + "\n\nand `words`, **please**"
    shown = read(SESSION[0], dataclasses.replace(ASKED, task=task), *SESSION[2:])

    assert len(shown.text["h1"]) < 150 and shown.text["h1"].endswith("…")
    assert "all the lines " * 30 in shown.text["p"]
    assert "words" in shown.text["code"] and "please" in shown.text["strong"]


def test_outputs_are_folded_unless_the_command_failed() -> None:
    def folds(code: int) -> list[bool]:
        events = [dataclasses.replace(x, exit_code=code) if x == FINISHED else x for x in SESSION]
        outcomes = read(*events, evidence=Left("printed")).all("details", "outcome")
        return ["open" in given for given in outcomes]

    assert folds(0)[0] is False and folds(1)[0] is True


def test_a_command_without_output_has_nothing_to_unfold() -> None:
    quiet = [dataclasses.replace(x, output="", output_lines=0) if x == FINISHED else x for x in SESSION]
    shown = read(*quiet)
    assert len(shown.all("p", "outcome")) == 2 and "no output" in shown.text["p"]  # the other was not run


def test_a_long_command_is_folded_to_its_first_line() -> None:
    long = "cat > x <<'EOF'\n" + "line\n" * 30 + "EOF"
    shown = read(*(dataclasses.replace(x, command=long) if isinstance(x, e.CommandStarted) else x for x in SESSION))
    assert len(shown.all("details", "command")) == 1
    assert "31 more lines" in shown.text["span"] and long in shown.text["pre"]


def test_what_is_missing_is_said() -> None:
    shown = read(*SESSION, evidence=Left("a\nb", DIFF, "9 lines left out"))
    assert shown.text["p"].count("9 lines left out") == 2
    assert "the checkpoints are gone" in read(*SESSION, evidence=Left(missing="the checkpoints are gone")).text["p"]


def test_a_diff_has_a_fold_for_each_file_and_a_colour_for_each_kind_of_line() -> None:
    shown = read(*SESSION, evidence=Left(diff=DIFF))
    assert len(shown.all("details", "diff")) == 2
    assert "a.py" in shown.text["code"] and "old" in shown.text["code"]
    for kind, line in (
        ("added", "+y = '<b>'\n"),
        ("removed", "-gone\n"),
        ("hunk", "@@ -1 +1,2 @@\n"),
        ("same", " x = 1\n"),
    ):
        assert shown.all("span", kind) and line in shown.text["span"]
    assert "index 7d4290a" not in shown.text["span"]


def test_what_was_learnt_and_what_was_refused() -> None:
    shown = read(*SESSION)
    for said in ("proposed", "kept", "refused", "tool born", "tool used", "the user said meanwhile"):
        assert said in shown.text["b"]


def test_a_recorded_models_tokens_and_cost_are_not_shown() -> None:
    shown = read(dataclasses.replace(STARTED, recorded=True), *SESSION[1:])
    assert "cost" not in shown.text["dt"] and "tokens" not in shown.text["dt"]
    assert "span" not in shown.text and "in (" in read(*SESSION).text["span"]


def test_each_turn_has_a_bar_that_leads_to_it() -> None:
    shown = read(*SESSION)
    assert len(shown.all("svg")) == 1 and len(shown.all("rect")) == 4
    assert [given["href"] for given in shown.all("a")][:2] == ["#turn-1", "#turn-2"]


def test_a_conversation_has_its_rounds_listed() -> None:
    again = dataclasses.replace(ASKED, round=2, task="And the words.")
    shown = read(*SESSION, again, dataclasses.replace(REPLIED, turn=3))
    assert "And the words." in shown.text["a"]
    assert shown.all("b", "verified") and shown.all("b", "unfinished")


@pytest.mark.parametrize("length", range(len(SESSION)))
def test_a_session_killed_anywhere_has_a_page(length: int) -> None:
    assert read(*SESSION[:length]).all("b", "unfinished")
