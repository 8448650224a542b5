"""Which forms of a tool its --help documents, and which of them some calls are of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.scaffold.usage import forms, spread, uncalled

EDIT = (Path(__file__).parents[2] / "tools" / "edit").read_text().split('"""')[1].replace("'''", "")
SUBST = """Replace text that occurs once.
usage: subst FILE OLD NEW
       subst FILE --from OLDFILE --to NEWFILE
       subst - < EDITS          many at once

example: subst a.py x y
"""


@dataclass(frozen=True)
class Call:
    arguments: tuple[str, ...]
    stdin: str = ""


def test_each_line_of_the_usage_that_begins_with_its_name_is_a_form() -> None:
    assert [form.text for form in forms(SUBST, "subst")] == [
        "subst FILE OLD NEW",
        "subst FILE --from OLDFILE --to NEWFILE",
        "subst - < EDITS",
    ]


@pytest.mark.parametrize(
    ("help", "calls", "missing"),
    [
        (SUBST, [Call(("a.py", "x", "y"))], ["subst FILE --from OLDFILE --to NEWFILE", "subst - < EDITS"]),
        (SUBST, [Call(("a.py", "x", "y")), Call(("a.py", "--from=o", "--to=n"))], ["subst - < EDITS"]),
        (SUBST, [Call(("a.py", "--to", "n", "--from", "o")), Call(("-",), "x")], ["subst FILE OLD NEW"]),
        ("Count.\nusage: x [-h] [--all] FILE...\n", [Call(("a",))], []),
        ("Count.\nusage: x FILE\nusage is simple\n", [Call(("a",))], []),
        ("Count.\n\nUsage:\n  x FILE\n  x --all\n", [Call(("--all",))], ["x FILE"]),
        ("Count.\nusage: x FILE\n   or: x --all\n", [Call(("a",))], ["x --all"]),
        ("Do.\nusage: x add ITEM\n       x list\n", [Call(("add", "i"))], ["x list"]),
        ("Do.\nusage: x file\n       x file old new\n", [Call(("a",))], ["x file old new"]),
        ("Do.\nusage: x (--text T | --file F) PATH\n", [Call(("--text", "t", "p"))], ["x --file F PATH"]),
        ("Do.\nusage: x <path> [n]\n       x --stdin <<EOF\n", [Call(("p", "3"))], ["x --stdin <<EOF"]),
        ("Do.\nusage: /opt/tools/x FILE\n       /opt/tools/x - <<'END'\n", [Call(("-",), "i")], ["x FILE"]),
        ("Do.\nusage: x A B\n       x --c\n", [Call(("only one",))], []),
        ("Do.\n", [Call(("a",))], []),
    ],
)
def test_a_form_that_no_call_is_of_is_named(help: str, calls: list[Call], missing: list[str]) -> None:
    name = "subst" if help is SUBST else "x"
    assert uncalled(help, name, calls) == missing


def test_the_catalogues_own_editor_has_three() -> None:
    (many, some, one) = forms(EDIT, "edit")
    assert (many.stdin, some.stdin, one.stdin) == (True, True, False) and one.flags == {"--old", "--new"}
    assert uncalled(EDIT, "edit", [Call((), "=== a\n"), Call(("a", "--old", "x", "--new", "y"))]) == [some.text]


def test_one_call_of_each_form_comes_first() -> None:
    calls = [Call(("a.py", "x", "y")), Call(("b.py", "x", "y")), Call(("-",), "z"), Call(("a", "--from=o", "--to=n"))]
    assert spread(SUBST, "subst", calls) == [0, 2, 3, 1]
    assert spread("Nothing of use.", "subst", calls) == [0, 1, 2, 3]


@given(st.text("usage: x[]()|<>-.\nAB'\"", max_size=120), st.lists(st.text("ab-=", max_size=4), max_size=3))
def test_any_help_is_read(help: str, arguments: list[str]) -> None:
    calls = [Call(tuple(arguments))]
    assert set(uncalled(help, "x", calls)) <= {form.text for form in forms(help, "x")}
    assert sorted(spread(help, "x", calls)) == [0]
