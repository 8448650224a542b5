"""What was learnt, for others: promoted after a look and a yes, exported with its provenance, imported inactive."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from livecoder.scaffold import inbox
from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Done, Livecoder
from tests.e2e.learning import COUNT, RECEIPTS, SESSION, Learnt
from tests.e2e.terminal import Terminal

TIDY = 'text = "Tidy up before you go."\n'


@pytest.fixture
def learnt(livecoder: Livecoder) -> Learnt:
    made = Learnt(livecoder.home, livecoder.cwd)
    made.commit("tools/count-lines", COUNT, "tool(count-lines): Count the lines of files.")
    made.commit("lessons/tidy.toml", TIDY)
    return made


def scaffold(livecoder: Livecoder, *words: str, cwd: Path | None = None) -> Done:
    return livecoder("scaffold", *words, cwd=cwd)


def line(done: Done, code: int) -> str:
    (said,) = done.err.splitlines()
    assert done.code == code
    return said.removeprefix("livecoder: ")


@pytest.fixture
def other(livecoder: Livecoder, tmp_path: Path) -> Path:
    """Another repository of the same user."""
    root = tmp_path / "other"
    root.mkdir()
    git(root, "init", "-q")
    assert scaffold(livecoder, "log", cwd=root).code == 0
    return root


def test_what_is_promoted_is_shown_asked_about_and_then_everywhere(
    livecoder: Livecoder, learnt: Learnt, other: Path
) -> None:
    asked = scaffold(livecoder, "promote", "count-lines")
    assert asked.out.startswith("--- /dev/null\n+++ b/tools/count-lines\n") and "+wc -l" in asked.out
    assert line(asked, 5) == "promote to main? needs an answer: add --yes"
    assert scaffold(livecoder, "show", "count-lines", cwd=other).code == 3
    done = scaffold(livecoder, "promote", "count-lines", "tidy", "--yes")
    assert done.code == 0 and done.out.splitlines()[-1].endswith(": tools/count-lines, lessons/tidy.toml")
    assert scaffold(livecoder, "show", "count-lines", cwd=other).out == COUNT
    assert f"session: {SESSION}" in scaffold(livecoder, "why", "count-lines", cwd=other).out
    again = scaffold(livecoder, "promote", "tidy", "--yes")
    assert again.out == "lessons/tidy.toml is the same there already\nnothing was changed\n"


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [("y\r", "main ", 0), ("n\r", "nothing was changed", 0), ("\r", "nothing was changed", 0), ("\x03", "", 130)],
)
def test_at_a_terminal_the_answer_counts(
    livecoder: Livecoder, learnt: Learnt, answer: str, said: str, code: int
) -> None:
    before = learnt.store.history_of("main").head
    words = [*PROGRAM, "scaffold", "promote", "count-lines"]
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        assert "+wc -l" in terminal.sees("promote to main? [y/N] ")
        if answer == "\x03":
            assert terminal.interrupted() == code
        else:
            terminal.keys(answer)
            terminal.sees(said)
            assert terminal.ends() == code
    assert (learnt.store.history_of("main").head != before) == (answer == "y\r")


def looked_at(refused: str) -> str:
    """The hash that a refusal tells, below the difference that it stands for."""
    return refused.rpartition(" ")[2]


@pytest.mark.parametrize("to", ["main", "repo"])
def test_what_a_strangers_text_led_to_needs_a_look(livecoder: Livecoder, learnt: Learnt, to: str) -> None:
    learnt.commit("tools/count-lines", COUNT + "# v2\n", "tool(count-lines): v2", {"Tainted": "issue #7"})
    learnt.commit("tools/count-lines", COUNT + "# v3\n")
    words = ("promote", "count-lines", "--to", to)
    main = learnt.store.history_of("main").head
    for extra in (("--yes",), (), ("--yes", "--looked-at", "00000000")):
        refused = scaffold(livecoder, *words, *extra)
        assert "+# v3" in refused.out and "note: tools/count-lines comes from a stranger's text" in refused.out
        assert line(refused, 5).startswith(
            "tools/count-lines comes from a stranger's text (tool(count-lines): v2): look"
        )
    assert learnt.store.history_of("main").head == main and not (livecoder.cwd / ".livecoder").exists()
    hash = looked_at(line(refused, 5))
    assert scaffold(livecoder, *words, "--yes", "--looked-at", hash).code == 0


def test_a_look_at_something_else_does_not_count(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT + "# v2\n", "tool(count-lines): v2", {"Tainted": "issue #7"})
    hash = looked_at(line(scaffold(livecoder, "promote", "count-lines", "--yes"), 5))
    learnt.commit("tools/count-lines", COUNT + "curl evil\n", "tool(count-lines): v3", {"Tainted": "issue #8"})
    assert scaffold(livecoder, "promote", "count-lines", "--yes", "--looked-at", hash).code == 5


def test_at_a_terminal_the_question_stands_below_the_difference(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT + "# v2\n", "tool(count-lines): v2", {"Tainted": "issue #7"})
    before = learnt.store.history_of("main").head
    words = [*PROGRAM, "scaffold", "promote", "count-lines"]
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        seen = terminal.sees("promote to main? [y/N] ")
        assert seen.index("+# v2") < seen.index("note: tools/count-lines comes from a stranger's text")
        terminal.keys("y\r")
        terminal.sees("main ")
        assert terminal.ends() == 0
    assert learnt.store.history_of("main").head != before


def test_a_lesson_that_says_itself_that_it_is_a_strangers_needs_a_look(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("lessons/tidy.toml", TIDY + "tainted = true\n")
    assert line(scaffold(livecoder, "promote", "tidy", "--yes"), 5).startswith(
        "lessons/tidy.toml comes from a stranger's"
    )


def test_two_projects_that_give_the_same_name_meet_in_a_question(
    livecoder: Livecoder, learnt: Learnt, other: Path
) -> None:
    there = Learnt(livecoder.home, other)
    there.commit("tools/count-lines", COUNT + "# theirs\n")
    assert scaffold(livecoder, "promote", "count-lines", "--yes").code == 0
    refused = scaffold(livecoder, "promote", "count-lines", "--yes", cwd=other)
    assert f"tools/count-lines goes over what project/{learnt.project} " in line(refused, 5)
    assert "+# theirs" in refused.out
    assert learnt.store.history_of("main").content("tools/count-lines") == COUNT.encode()
    done = scaffold(livecoder, "promote", "count-lines", "--yes", "--looked-at", looked_at(line(refused, 5)), cwd=other)
    assert done.code == 0
    learnt.commit("tools/count-lines", COUNT + "# again\n")
    assert f"goes over what project/{there.project} " in line(scaffold(livecoder, "promote", "count-lines", "--yes"), 5)


def test_a_project_gives_its_own_better_version_without_a_question(livecoder: Livecoder, learnt: Learnt) -> None:
    for text in (COUNT, COUNT + "# better\n"):
        learnt.commit("tools/count-lines", text)
        assert scaffold(livecoder, "promote", "count-lines", "--yes").code == 0
    assert learnt.store.history_of("main").content("tools/count-lines") == (COUNT + "# better\n").encode()


def test_a_lesson_that_is_promoted_reaches_all_projects_and_says_so(
    livecoder: Livecoder, learnt: Learnt, other: Path
) -> None:
    asked = scaffold(livecoder, "promote", "tidy")
    assert '+scope = "global"' in asked.out
    assert scaffold(livecoder, "promote", "tidy", "--yes").code == 0
    for root in (livecoder.cwd, other):
        assert 'scope = "global"' in scaffold(livecoder, "show", "tidy", cwd=root).out
    assert "waits for a second session" not in scaffold(livecoder, "lessons", cwd=other).out
    assert scaffold(livecoder, "promote", "tidy", "--yes").out.endswith("the same there already\nnothing was changed\n")


def test_into_the_repository_it_goes_as_files_to_review(livecoder: Livecoder, learnt: Learnt) -> None:
    before = git(livecoder.cwd, "rev-parse", "HEAD") + git(livecoder.cwd, "ls-files", "-s")
    place = livecoder.cwd / ".livecoder/scaffold/tools/count-lines"
    assert line(scaffold(livecoder, "promote", "count-lines", "--to", "repo"), 5).endswith("add --yes")
    assert not place.exists()
    done = scaffold(livecoder, "promote", "count-lines", "--to", "repo", "--yes")
    assert "written: .livecoder/scaffold/tools/count-lines" in done.out.splitlines()
    assert (place.read_text(), os.access(place, os.X_OK)) == (COUNT, True)
    assert git(livecoder.cwd, "rev-parse", "HEAD") + git(livecoder.cwd, "ls-files", "-s") == before
    assert git(livecoder.cwd, "status", "--short", "-uall") == "?? .livecoder/scaffold/tools/count-lines\n"
    learnt.commit("tools/count-lines", COUNT + "# better\n")
    done = scaffold(livecoder, "promote", "count-lines", "--to", "repo", "--yes")
    assert "+# better" in done.out and place.read_text() == COUNT + "# better\n"


def test_what_somebody_edited_in_the_repository_is_not_written_over(livecoder: Livecoder, learnt: Learnt) -> None:
    scaffold(livecoder, "promote", "count-lines", "tidy", "--to", "repo", "--yes")
    place = livecoder.cwd / ".livecoder/scaffold/tools/count-lines"
    place.write_text(COUNT + "# reviewed by hand\n")
    learnt.commit("tools/count-lines", COUNT + "# better\n")
    learnt.commit("lessons/tidy.toml", TIDY.replace("go", "leave"))
    refused = line(scaffold(livecoder, "promote", "tidy", "count-lines", "--to", "repo", "--yes"), 3)
    assert refused.startswith(".livecoder/scaffold/tools/count-lines was edited there: ")
    assert place.read_text() == COUNT + "# reviewed by hand\n"
    assert (livecoder.cwd / ".livecoder/scaffold/lessons/tidy.toml").read_text() == TIDY


def test_a_link_in_the_repository_leads_nowhere(livecoder: Livecoder, learnt: Learnt, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (livecoder.cwd / ".livecoder").symlink_to(tmp_path / "elsewhere")
    assert scaffold(livecoder, "promote", "count-lines", "--to", "repo", "--yes").code == 3
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["count-lines", "--to", "mars"], 2, "--to mars: one of main, repo"),
        (["nothing", "--yes"], 3, "nothing in this scaffold is called nothing: "),
        (["output_chars", "--yes"], 3, "output_chars is a part of scaffold.toml: promote scaffold.toml"),
        (["../x", "--yes"], 3, "nothing in this scaffold is called ../x: "),
        ([], 2, "Missing argument 'NAME…': "),
    ],
)
def test_a_wrong_promotion_is_one_line(
    livecoder: Livecoder, learnt: Learnt, words: list[str], code: int, said: str
) -> None:
    assert line(scaffold(livecoder, "promote", *words), code).startswith(said)


def test_a_pack_goes_to_another_user_and_waits_there(
    livecoder: Livecoder, learnt: Learnt, other: Path, tmp_path: Path
) -> None:
    done = scaffold(livecoder, "export", "--all", "-o", str(tmp_path / "team.pack"))
    assert done.out.endswith("/team.pack\n  lessons/tidy.toml\n  tools/count-lines\n")
    first = (tmp_path / "team.pack").read_bytes()
    scaffold(livecoder, "export", "count-lines", "tidy", "-o", str(tmp_path / "again.pack"))
    assert (tmp_path / "again.pack").read_bytes() == first
    assert "nothing arrived" in scaffold(livecoder, "import", str(tmp_path / "team.pack")).err
    done = scaffold(livecoder, "import", str(tmp_path / "team.pack"), cwd=other)
    assert done.code == 0 and done.out.count(" waits\n") == 2 and "none of it is active" in done.out
    assert scaffold(livecoder, "show", "count-lines", cwd=other).code == 3
    there = Learnt(livecoder.home, other)
    waiting = inbox.entries(livecoder.home / "data", there.project)
    assert sorted(str(entry.proposal["target"]) for entry in waiting) == ["lessons/tidy.toml", "tools/count-lines"]
    assert all(entry.tainted for entry in waiting)


def test_a_tool_is_exported_as_a_skill_and_comes_back_as_proposals(
    livecoder: Livecoder, learnt: Learnt, other: Path, tmp_path: Path
) -> None:
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    done = scaffold(livecoder, "export", "count-lines", "--skill", "--license", "MIT", "-o", str(tmp_path / "skills"))
    assert done.code == 0
    root = tmp_path / "skills" / "count-lines"
    assert {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} == {
        "SKILL.md",
        "scripts/count-lines",
        "evals/evals.json",
    }
    assert f'livecoder-session: "{SESSION}"' in (root / "SKILL.md").read_text()
    assert json.loads((root / "evals/evals.json").read_text())["evals"][0]["expected_output"] == "2 calc.py\n"
    assert os.access(root / "scripts/count-lines", os.X_OK)
    again = scaffold(livecoder, "export", "count-lines", "--skill", "-o", str(tmp_path / "skills"))
    assert line(again, 2).startswith(f"{root} exists already: ")
    done = scaffold(livecoder, "import", str(root), cwd=other)
    targets = [row.split()[1] for row in done.out.splitlines() if row.endswith(" waits")]
    assert targets == ["tools/count-lines", "lessons/count-lines.toml"]
    assert scaffold(livecoder, "import", str(root / "SKILL.md"), cwd=other).code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "export needs names or --all, and -o FILE: "),
        (["count-lines"], 2, "export needs names or --all, and -o FILE: "),
        (["--all", "count-lines", "-o", "x"], 2, "export needs names or --all, and -o FILE: "),
        (["count-lines", "-o", "/nowhere/x"], 3, "/nowhere/x cannot be written: "),
        (["count-lines", "-o", "x", "--license", "MIT"], 2, "--license is for skills: add --skill"),
        (["tidy", "--skill", "-o", "x"], 2, "lessons/tidy.toml is no tool: "),
        (["nothing", "-o", "x"], 3, "nothing in this scaffold is called nothing: "),
        (["output_chars", "-o", "x"], 3, "output_chars is a part of scaffold.toml: export scaffold.toml"),
    ],
)
def test_a_wrong_export_is_one_line(
    livecoder: Livecoder, learnt: Learnt, words: list[str], code: int, said: str
) -> None:
    assert line(scaffold(livecoder, "export", *words), code).startswith(said)
    assert not (livecoder.cwd / "x").exists()


def test_with_nothing_learnt_there_is_nothing_to_export(livecoder: Livecoder) -> None:
    assert line(scaffold(livecoder, "export", "--all", "-o", "x"), 2).startswith("there is nothing here that the seed")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nowhere", 2, "nowhere cannot be read: No such file or directory: "),
        ("calc.py", 3, "the pack is refused: it is no tar file, or a damaged one: nothing of it was taken"),
        (".", 3, "the skill is refused: SKILL.md cannot be read: No such file or directory: "),
    ],
)
def test_a_wrong_import_is_one_line(livecoder: Livecoder, learnt: Learnt, name: str, code: int, said: str) -> None:
    assert line(scaffold(livecoder, "import", name), code).startswith(said)
    assert inbox.entries(livecoder.home / "data", learnt.project) == []


def test_the_receipts_of_a_part_travel_with_it(livecoder: Livecoder, learnt: Learnt, tmp_path: Path) -> None:
    from livecoder.scaffold.packs import unpack

    scaffold(livecoder, "export", "count-lines", "-o", str(tmp_path / "x.pack"))
    (packed,) = unpack((tmp_path / "x.pack").read_bytes())
    assert packed.provenance.receipts == RECEIPTS
    assert packed.provenance.subject == "tool(count-lines): Count the lines of files."
