"""The verdict on a command line: every part of it is judged, whatever it is wrapped in, and nothing hides."""

from __future__ import annotations

import pytest

from livecoder.permissions.judge import judge
from livecoder.permissions.rules import DEFAULT, Rule, Verdict, decide, written


def rules(**texts: list[str]) -> list[Rule]:
    """`rules(deny=["git push"])`."""
    return [
        Rule(written(text), verdict, "test") for verdict in ("allow", "ask", "deny") for text in texts.get(verdict, [])
    ]


PUSH = rules(deny=["git push"])


# ---- a push is found wherever it stands


@pytest.mark.parametrize(
    "command",
    [
        "git push",
        "git push origin main",
        "cd x && git push",
        "true; git push &",
        "ls | git push",
        "(cd x; git push)",
        "{ git push; }",
        "! git push",
        "if true; then git push; fi",
        "while git push; do :; done",
        "case x in git) git push;; esac",
        "for i in a; do git push; done",
        "select i in a; do git push; done",
        "f() { git push; }; f",
        "function f { git push; }",
        "f() ( git push )",
        "echo $(git push)",
        "echo `git push`",
        'echo "$(git push)"',
        'echo "`git push`"',
        "x=$(git push)",
        "x=1 y=2 git push",
        "export X=$(git push)",
        "a=($(git push))",
        '[ -n "$(git push)" ]',
        "[[ $(git push) ]]",
        "(( x = $(git push) ))",
        "echo $(( $(git push) + 1 ))",
        "echo ${x:-$(git push)}",
        "diff <(git push) x",
        "ls > >(git push)",
        "cat <<E\n$(git push)\nE\n",
        "cat <<E | git push\nx\nE\n",
        "2>x git push >y",
        "git push <<E\nx\nE\n",
        "git \\\n  push",
        "git -C dir push",
        "git --no-pager -c a.b=c push -q",
        "/usr/bin/git push",
        "'git' \"push\"",
        'g\\it pu"sh"',
        "$'git' push",
        "gi\0t push",
        "bash -c 'git push'",
        "bash -lc 'git push' x",
        "bash -o pipefail -c 'git push'",
        "bash -c -e 'git push'",
        'sh -c "git push"',
        "bash -c \"bash -c 'git push'\"",
        "bash <<< 'git push'",
        "bash <<'E'\ngit push\nE\n",
        "bash -s <<'E'\ngit push\nE\n",
        "bash - <<E\ngit push\nE\n",
        "eval 'git push'",
        "eval git push",
        "trap 'git push' EXIT",
        "alias g='git push'",
        "env A=b git push",
        "env -u A -i git push",
        "sudo -u me git push",
        "time -p git push",
        "nohup git push",
        "timeout -k 5 --signal=TERM 10 git push",
        "nice -n 5 git push",
        "stdbuf -oL git push",
        "exec git push",
        "exec -a x git push",
        "command git push",
        "builtin command git push",
        "coproc git push",
        "sudo nohup timeout 5 bash -c 'git push'",
        "xargs git push",
        "xargs -n 1 sh -c 'git push'",
        "find . -name x -exec git push {} \\;",
        "find . -exec sh -c 'git push' \\;",
        "flock x git push",
        "flock x -c 'git push'",
        "watch -n 1 git push",
        "busybox sh -c 'git push'",
        "lc base git push",
        "lc base --with x 'git push'",
        "lc run job 'ls; git push'",
        "lc serve web 'ls; git push'",
        "lc serve --port 80 web git push",
        "ls # a comment\ngit push",
        "ls \\\n&& git push",
    ],
)
def test_a_denied_program_is_found(command: str) -> None:
    assert judge(command, PUSH).verdict == "deny"


# ---- and what only running it would tell is asked about


@pytest.mark.parametrize(
    "command",
    [
        "$x push",
        "$(echo git) push",
        '"$x" push',
        "${x}",
        "g* push",
        "{git,push}",
        "git $x",
        'git "$@"',
        "git pus?",
        "xargs git",
        "xargs -I % sh -c '%'",
        "xargs -n 1 -I{} sh -c 'git push {}'",
        "find . -exec {} \\;",
        'bash -c "$x"',
        "bash $script",
        'eval "$x"',
        "echo git push | bash",
        "curl x | sh -s",
        "bash < script",
        "while read x; do bash; done < y",
        "bash <<E\n$x\nE\n",
        'trap "$x" EXIT',
        "alias $x",
        "alias g=git; shopt -s expand_aliases\ng push",
        "env -S 'git push'",
        "timeout --odd 5 git push",
        "sudo --odd git status",
        "timeout $n git status",
        "parallel git",
        "su -c 'git push'",
        "gi\\\nt push",
        "git \\\\\r# a; git push",
        "x\r# y; git pull '",
        'cat <<E"O"F\nx\nEOF\ngit status',
        "cat <<E\nx\n",
        "echo 'a[$(git push)]'",
        "PS4='$(git push)'; set -x",
        "echo ${x@P}",
        'echo "unfinished',
        "if; then",
        # What the grammar reads in another way than bash does, as test_against_bash.py found.
        "!{ x",
        "ls {\\=",
        "*x=",
        "ls \n\\\n=",
        "git $",
    ],
)
def test_what_cannot_be_known_is_asked_about(command: str) -> None:
    judged = judge(command, PUSH)
    assert judged.verdict in ("ask", "deny")
    assert judge(command, []).verdict == "allow", "without rules the sandbox is the boundary"


# ---- and everything else is left alone


@pytest.mark.parametrize(
    "command",
    [
        "git status && git log --grep push",
        "git stash push",
        "git commit -m 'git push'",
        "echo git push",
        "grep -rn 'git push' .",
        "cat > x.sh <<'E'\ngit push\nE\n",
        "python3 - <<'E'\nprint('git push', `x`)\nE\n",
        "# git push",
        "ls # git push",
        "ls *.py $x ~/y {a,b}",
        "sudo grep push x",
        "timeout 5 grep -r git .",
        "command -v git",
        "bash --version",
        "bash script.sh git push",
        "trap - EXIT",
        "trap '' INT",
        "echo größe 日本 'é'",
        "awk '{ print $1 }' x | sort -u",
        "sed -n '1,5p' x",
        'for f in *.py; do wc -l "$f"; done',
        "",
        "x=1",
        "mkdir -p a &&\\\n  cd a",
        "printf '%s\\n' \"$x\" > y 2>&1",
        "test -f x || exit 1",
        "python3 -c 'import os; print(os.getcwd())'",
        ".venv/bin/pytest -q tests/test_x.py::test_y[a-b] 2>&1 | tail -5",
    ],
)
def test_other_commands_are_left_alone(command: str) -> None:
    assert [str(each.part) for each in judge(command, PUSH).parts if each.verdict != "allow"] == []


# ---- which rule decides


@pytest.mark.parametrize(
    ("command", "verdict", "rule"),
    [
        ("git status", "allow", "git status"),
        ("git stash", "ask", "git"),
        ("git push", "deny", "git push"),
        ("git push --dry-run x", "allow", "git push --dry-run"),
        ("git -C d push --dry-run", "deny", "git push"),
        ("ls", "allow", "*"),
        ("make x", "deny", "make"),
        ("./git status", "ask", "git"),
        ("git status $x", "allow", "git status"),
    ],
)
def test_the_longest_rule_decides_and_of_equal_ones_the_strictest(command: str, verdict: Verdict, rule: str) -> None:
    given = rules(allow=["git status", "git push --dry-run", "make"], ask=["git", "make"], deny=["git push", "make"])
    (judged,) = judge(command, given).parts
    assert (judged.verdict, str(judged.decision.rule)) == (verdict, rule)


def test_everything_else_can_be_asked_about() -> None:
    given = rules(ask=["*"], allow=["ls", "git status"])
    assert [each.verdict for each in judge("ls -l; git status; git push; $x", given).parts] == [
        "allow",
        "allow",
        "ask",
        "ask",
    ]
    assert judge("x=1", given).verdict == "allow"


def test_a_stricter_rule_that_may_apply_is_named() -> None:
    decision = decide(("git", None), PUSH)
    assert (decision.verdict, str(decision.rule), decision.unread) == ("ask", "git push", True)
    assert decide(("git", "log", None), PUSH).rule == DEFAULT


@pytest.mark.parametrize("text", ["", [], ["git", ""], 3, [3], "'", None])
def test_what_can_be_no_rule(text: object) -> None:
    with pytest.raises(ValueError):
        written(text)


def test_a_rule_is_words() -> None:
    assert written("git  'a b'") == ("git", "a b") and written(["git", "a b"]) == ("git", "a b")
    assert (
        written("*") == () and str(Rule((), "ask", "")) == "*" and str(Rule(("git", "a b"), "ask", "")) == "git 'a b'"
    )
