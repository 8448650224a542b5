"""What bash really runs, and with which words, against what was read of the text: nothing that runs is overlooked."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livecoder.permissions.reading import parts

TOKENS = (
    *(
        "a",
        "b",
        " ",
        "\n",
        ";",
        "&&",
        "|",
        "$(",
        ")",
        "`",
        "'",
        '"',
        "\\",
        "#",
        "{",
        "}",
        "(",
        "!",
        "$",
        "x=",
        "=",
        "\t",
    ),
    *("if ", "; then ", "; fi", "for x in ", "; do ", "; done", "case a in ", "a) ", ";;", "esac", "{ ", "; }", "\\\n"),
    *(
        "<<a\n",
        "<<'a'\n",
        "<<-a\n",
        "\na\n",
        "<<<",
        "[[ ",
        " ]]",
        "((",
        "))",
        "eval ",
        "f() ",
        "<(",
        "\r",
        "${x:-",
        "$'",
    ),
    *("bash -c ", "exec ", "command ", "trap ", " EXIT", "time ", "! ", "*", "~", "[", "]", "function g ", ","),
)
TELLS = """\
exec 3>&1 >/dev/null 2>&1
command_not_found_handle() { builtin printf '%s\\0' "$1" >&3; return 127; }
export -f command_not_found_handle
builtin eval "$TEXT"
"""
WORDS = """\
tell() { builtin printf '%s\\0' "$@"; }
builtin eval "tell $TEXT"
"""


def bash(script: str, text: str, cwd: Path, seconds: float) -> list[str] | None:
    """What the script prints, each ended by NUL, where no program can be found; None when it does not end."""
    env = {"PATH": "/nowhere", "TEXT": text, "LC_ALL": "C.UTF-8", "HOME": "/nowhere"}
    try:
        done = subprocess.run(
            ["/bin/bash", "-c", script],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
def test_no_command_that_bash_runs_is_overlooked(tmp_path: Path, text: str) -> None:
    ran = bash(TELLS, text, tmp_path, 5)
    found = parts(text)
    if ran is not None and not any(part.words[:1] == (None,) for part in found):
        assert set(ran) <= {part.words[0] for part in found}


@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text("ab'\"\\{},*~$= -#\u00e9\r\t\n!", max_size=10))
def test_a_word_that_is_known_is_what_bash_makes_of_it(tmp_path: Path, text: str) -> None:
    found = parts(f"tell {text}")
    if len(found) == 1 and None not in found[0].words:
        assert bash(WORDS, text, tmp_path, 60) == list(found[0].words[1:] or [""])
