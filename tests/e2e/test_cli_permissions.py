"""`livecoder permissions`, rules in a task without a person, and the question at a terminal."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livecoder.events import PermissionDenied, PermissionGranted
from livecoder.journal.journal import read
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.store import Store
from livecoder.workspace.workspace import project_id
from tests.e2e.conftest import PROGRAM, Livecoder
from tests.e2e.terminal import Terminal

RULES = "[permissions]\ndeny = ['git push', 'terraform']\nask = ['touch']\n"
Talk = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def config(livecoder: Livecoder) -> Path:
    path = livecoder.home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(RULES)
    return path


# ---- what holds


def test_the_rules_are_listed_with_where_they_come_from(livecoder: Livecoder, config: Path) -> None:
    livecoder.env["LIVECODER_PERMISSIONS_ALLOW"] = "touch here,ls"
    for words in ("permissions",), ("permissions", "list"):
        assert livecoder(*words).out.splitlines() == [
            "allow  touch here  [LIVECODER_PERMISSIONS_ALLOW]",
            "allow  ls          [LIVECODER_PERMISSIONS_ALLOW]",
            f"ask    touch       [{config}]",
            f"deny   git push    [{config}]",
            f"deny   terraform   [{config}]",
            "allow  *           [default: the sandbox is the boundary]",
        ]
    listed = json.loads(livecoder("permissions", "--json").out)["rules"]
    assert listed[3] == {"verdict": "deny", "words": ["git", "push"], "source": str(config)}


@pytest.mark.parametrize(
    ("command", "code", "lines"),
    [
        ("ls; cat x", 0, ["allow  ls", "allow  cat x", "allow: it runs"]),
        ("ls && git -C x push", 5, ["allow  ls", "deny   git -C x push", "deny: it does not run"]),
        ("$x", 5, ["ask    $x", "ask: asked; denied where nobody can be asked"]),
        ("touch a\rb", 5, ["ask    touch a^Mb", "ask: asked; denied where nobody can be asked"]),
    ],
)
@pytest.mark.usefixtures("config")
def test_why_says_what_decided_each_part(livecoder: Livecoder, command: str, code: int, lines: list[str]) -> None:
    done = livecoder("permissions", "why", command)
    assert done.code == code
    assert [line for line in done.out.splitlines() if not line.startswith(" ")] == lines


def test_why_as_json(livecoder: Livecoder, config: Path) -> None:
    done = livecoder("permissions", "why", "--json", "git $x")
    told = json.loads(done.out)
    assert (done.code, told["verdict"]) == (5, "ask")
    assert told["parts"] == [
        {
            "text": "git $x",
            "words": ["git", None],
            "verdict": "ask",
            "rule": {"verdict": "deny", "words": ["git", "push"], "source": str(config)},
            "known": False,
            "why": "",
        }
    ]


def test_a_rule_that_is_none_is_exit_3_with_the_line(livecoder: Livecoder, config: Path) -> None:
    config.write_text("[permissions]\nask = ['ls']\ndeny = [3]\n")
    done = livecoder("permissions")
    assert (done.code, done.out) == (3, "") and f"{config}, line 3: `permissions.deny = [3]` is no list" in done.err


def test_a_repository_makes_no_rules_and_takes_none_back(livecoder: Livecoder, config: Path) -> None:
    for name in (".livecoder/config.toml", "config.toml"):
        path = livecoder.cwd / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("[permissions]\nallow = ['git push origin']\ndeny = ['ls']\n")
    assert livecoder("permissions", "why", "ls").code == 0
    assert livecoder("permissions", "why", "git push origin").code == 5


# ---- without a person


@pytest.mark.usefixtures("config")
def test_what_is_refused_is_told_and_counted(livecoder: Livecoder) -> None:
    done = livecoder.task("$ git push", "$ touch made", "$ ls", "Done without.")
    assert (done.code, done.result["outcome"]) == (0, "claimed")
    assert [denial["what"] for denial in done.result["permission_denials"]] == ["git push", "touch made"]
    told = [line["message"]["content"][0]["content"] for line in done.lines if line["type"] == "user"]
    assert told[0] == "not run: the user's rules deny `git push` (`git push`)"
    assert "nobody can be asked here" in told[1]
    assert not (livecoder.cwd / "made").exists()
    assert [line["subtype"] for line in done.lines if "permission" in line.get("subtype", "")] == [
        "permission_denied"
    ] * 2


@pytest.mark.usefixtures("config")
def test_a_round_in_which_nothing_else_could_be_done_is_exit_5(livecoder: Livecoder) -> None:
    done = livecoder.task("$ git push", "I could not.")
    assert (done.code, done.result["subtype"]) == (5, "error_blocked")
    assert "the user's rules deny `git push`" in done.result["reason"]


@pytest.mark.usefixtures("config")
def test_yolo_grants_what_is_asked_and_not_what_is_denied(livecoder: Livecoder) -> None:
    done = livecoder.task("$ touch made", "$ git push", "Done.", flags=("--yolo",))
    assert (livecoder.cwd / "made").exists()
    assert [denial["what"] for denial in done.result["permission_denials"]] == ["git push"]


def test_a_flag_can_only_add_rules(livecoder: Livecoder, config: Path) -> None:
    done = livecoder.task("$ git push", "$ ls", "$ pwd", "Done.", flags=("--set", "permissions.deny=ls"))
    assert [denial["what"] for denial in done.result["permission_denials"]] == ["git push", "ls"]


# ---- at a terminal


@pytest.fixture
def talk(livecoder: Livecoder, config: Path) -> Talk:
    def begin(*replies: str, flags: tuple[str, ...] = ()) -> Terminal:
        return Terminal([*PROGRAM, "-m", livecoder.script(*replies), *flags], livecoder.cwd, livecoder.environment())

    return begin


def end(terminal: Terminal) -> None:
    terminal.sees("> ")
    terminal.keys("/quit\n")
    terminal.ends()
    assert "Traceback" not in terminal.shown and "bug of ours" not in terminal.shown
    lines = terminal.shown.replace("\r", "\n").split("\n")
    assert max(len(line) for line in lines if not line.startswith("> ")) <= 80


def events(livecoder: Livecoder) -> list[PermissionDenied | PermissionGranted]:
    (session,) = livecoder.sessions()
    return [event for event in read(session) if isinstance(event, PermissionDenied | PermissionGranted)]


def test_yes_once_then_no_with_a_reason(talk: Talk, livecoder: Livecoder) -> None:
    with talk("$ touch one", "$ touch two", "Done.", flags=("go",)) as terminal:
        shown = terminal.sees("n no")
        assert "│ touch one" in shown and "asked by `touch`" in shown
        terminal.keys("y")
        terminal.sees("│ touch two")
        terminal.sees("n no")
        terminal.keys("n")
        terminal.sees("why?")
        terminal.keys("one is enough\n")
        terminal.sees("Done.")
        end(terminal)
    assert (livecoder.cwd / "one").exists() and not (livecoder.cwd / "two").exists()
    assert events(livecoder) == [
        PermissionGranted(1, "touch one", "once"),
        PermissionDenied(2, "touch two", "the user says no: one is enough"),
    ]


def test_always_is_kept_in_the_users_file(talk: Talk, livecoder: Livecoder, config: Path) -> None:
    with talk("$ touch one", "$ touch one; touch two", "Done.", flags=("go",)) as terminal:
        terminal.sees("p always `touch one`")
        terminal.sees("n no")
        terminal.keys("p")
        terminal.sees("asked by `touch`")
        terminal.sees("n no")
        terminal.keys("a")
        terminal.sees("Done.")
        end(terminal)
    kept = tomllib.loads(config.read_text())["permissions"]
    assert kept == {"deny": ["git push", "terraform"], "ask": ["touch"], "allow": ["touch one"]}
    assert [event.scope for event in events(livecoder) if isinstance(event, PermissionGranted)] == ["prefix", "session"]
    assert livecoder("permissions", "why", "touch one").code == 0


def test_what_was_typed_before_the_question_is_no_answer(talk: Talk, livecoder: Livecoder) -> None:
    with talk("$ sleep 2", "$ touch made", "Done.", flags=("go",)) as terminal:
        terminal.sees("sleep 2")
        terminal.keys("yyyy")
        terminal.sees("n no")
        terminal.keys("\x1b[A")  # an arrow is no Escape
        terminal.keys("\x1b")
        terminal.sees("why?")
        terminal.keys("\n")
        terminal.sees("Done.")
        end(terminal)
    assert not (livecoder.cwd / "made").exists()
    assert [type(event) for event in events(livecoder)] == [PermissionDenied]


def test_ctrl_c_at_the_question_ends_the_round(talk: Talk, livecoder: Livecoder) -> None:
    with talk("$ touch made", "Never said.", flags=("go",)) as terminal:
        terminal.sees("n no")
        terminal.keys("\x03")
        terminal.sees("interrupted")
        end(terminal)
    assert not (livecoder.cwd / "made").exists() and events(livecoder) == []


def test_nothing_hides_in_the_question(talk: Talk) -> None:
    """The whole command, wrapped; control characters, padding, and letters in disguise are in sight (I08, T05)."""
    hidden = f"touch a{' ' * 200}; touch b\x1b[2Kls\b\b # {'x' * 90} g\u0456t\u202e"
    with talk(f"$ {hidden}", "Done.", flags=("go",)) as terminal:
        shown = terminal.sees("n no").replace("\n  │ ", "")
        assert "touch a<200 spaces>; touch b^[[2Kls^H^H # " in shown
        assert "x" * 90 + " g<\u0456 U+0456>t<U+202E>" in shown
        terminal.keys("n")
        terminal.sees("why?")
        terminal.keys("\n")
        terminal.sees("Done.")
        end(terminal)


# ---- tools that need the network


WRITE = r"""$ cat > $SCAFFOLD/tools/fetch-page <<'TOOL'
#!/bin/sh
# needs: network
# Fetch a page.
if [ "$1" = --help ]; then echo "Fetch a page."; echo "usage: fetch-page URL"; exit; fi
echo fetched "$1"
TOOL
chmod +x $SCAFFOLD/tools/fetch-page"""
WITHHELD = "it needs the network, and the user has not approved this content"


def test_a_tool_that_needs_the_network_waits_for_the_user(livecoder: Livecoder, tmp_path: Path) -> None:
    done = livecoder.task(WRITE, "$ fetch-page x", "Done.")
    told = [line["message"]["content"][0]["content"] for line in done.lines if line["type"] == "user"]
    assert f"tool fetch-page is not run: {WITHHELD}" in told[0]
    assert f"livecoder: fetch-page is not run: {WITHHELD}" in told[1] and "[exit 126]" in told[1]

    scaffold = tmp_path / "given"
    (scaffold / "tools").mkdir(parents=True)
    tool = scaffold / "tools/fetch-page"
    tool.write_text(WRITE.partition("\n")[2].rpartition("TOOL")[0])
    tool.chmod(0o755)
    start = livecoder.task("Nothing.", flags=("--scaffold", str(scaffold))).lines
    warned = [line["text"] for line in start if line.get("subtype") == "warning"]
    assert [line for line in warned if line.startswith(f"tool fetch-page is not offered: {WITHHELD}")]
    assert next(line for line in start if line.get("subtype") == "init")["scaffold"]["tools"] == 0


def test_an_approval_is_of_one_content_and_can_be_taken_back(livecoder: Livecoder) -> None:
    livecoder("scaffold", "log")
    assert livecoder("permissions", "grant", "nothing", "--yes").code == 3
    store = Store.open(livecoder.home / "data")
    project = project_id(livecoder.cwd)
    text = WRITE.partition("\n")[2].rpartition("TOOL")[0].encode()
    change = FileChange("tools/fetch-page", text, executable=True)
    store.commit(project, store.head(project), [change], "tool(fetch-page): Fetch.", {}, datetime.now(UTC))

    assert livecoder("permissions", "grant", "fetch-page").code == 5, "nobody there to say yes"
    granted = livecoder("permissions", "grant", "fetch-page", "--yes")
    assert granted.code == 0 and "# needs: network" in granted.out
    digest = hashlib.sha256(text).hexdigest()
    assert f"network for the tool with SHA-256 {digest}" in livecoder("permissions").out
    start = livecoder.task("Nothing.").lines
    assert "tool fetch-page is not offered: it needs the network, and this session has none" in [
        line["text"] for line in start if line.get("subtype") == "warning"
    ]
    assert livecoder("permissions", "revoke", digest[:12]).code == 0
    assert json.loads(livecoder("permissions", "--json").out)["network"] == []
