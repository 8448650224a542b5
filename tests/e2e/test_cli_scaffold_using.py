"""The agent's tools in a person's hands: in the sandbox, with the person's streams; and in the person's shell."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Livecoder, until
from tests.e2e.learning import COUNT, Learnt

SHOW = "#!/usr/bin/env bash\n# Show arguments and stdin.\nprintf '<%s>' \"$@\"; cat; exit ${CODE:-4}\n"


@pytest.fixture
def learnt(livecoder: Livecoder) -> Learnt:
    made = Learnt(livecoder.home, livecoder.cwd)
    made.commit("tools/count-lines", COUNT)
    made.commit("tools/show-all", SHOW)
    return made


def run(livecoder: Livecoder, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> tuple[int, bytes, bytes]:
    """Bytes in and bytes out."""
    done = subprocess.run(
        [*PROGRAM, "scaffold", "run", *words],
        cwd=cwd or livecoder.cwd,
        env=livecoder.environment(),
        input=stdin,
        capture_output=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_arguments_streams_and_exit_code_pass_through(livecoder: Livecoder, learnt: Learnt) -> None:
    assert run(livecoder, "count-lines", "calc.py") == (0, b"2 calc.py\n", b"")
    odd = ["a b", "$HOME", "it's", "", "--help", "-n", "--", "-"]
    out = "".join(f"<{word}>" for word in odd).encode()
    assert run(livecoder, "show-all", "--", *odd, stdin=b"\0\xff\n") == (4, out + b"\0\xff\n", b"")
    assert run(livecoder, "show-all", *odd[:4])[:2] == (4, b"<a b><$HOME><it's><>")
    code, out, err = run(livecoder, "count-lines", "none.txt")
    assert (code, out) == (1, b"") and b"none.txt: No such file" in err


def test_it_starts_where_the_person_is(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/where-am-i", "#!/usr/bin/env bash\n# Says where it is.\npwd\n")
    (livecoder.cwd / "sub dir").mkdir()
    where = livecoder.cwd / "sub dir"
    assert run(livecoder, "where-am-i", cwd=where) == (0, f"{where}\n".encode(), b"")
    assert run(livecoder, "-C", str(where), "where-am-i", cwd=Path("/")) == (0, f"{where}\n".encode(), b"")


def test_it_writes_the_repository_and_nothing_else(livecoder: Livecoder, learnt: Learnt, tmp_path: Path) -> None:
    body = f"echo new >made.txt; echo x >{tmp_path}/out; git config user.name evil; echo $SECRET; ls ~ | wc -l"
    learnt.commit("tools/stray", f"#!/usr/bin/env bash\n# Strays.\n{body}\n")
    livecoder.env["SECRET"] = "s3cr3t-value"
    config = (livecoder.cwd / ".git/config").read_text()
    code, out, _ = run(livecoder, "stray")
    assert (code, out) == (0, b"\n0\n")
    assert (livecoder.cwd / "made.txt").read_text() == "new\n" and not (tmp_path / "out").exists()
    assert (livecoder.cwd / ".git/config").read_text() == config
    assert git(livecoder.cwd, "status", "--short") == "?? made.txt\n"
    assert list(learnt.state.glob("visits/*")) == []


def test_it_changes_no_scaffold(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/rewrite", '#!/usr/bin/env bash\n# Rewrites itself.\necho evil >"$SCAFFOLD/tools/rewrite"\n')
    head = learnt.store.head(learnt.project)
    assert run(livecoder, "rewrite")[0] == 0
    assert learnt.store.head(learnt.project) == head
    assert "Rewrites itself" in livecoder("scaffold", "show", "rewrite").out


def test_a_terminal_obeys_nothing_of_its_output(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/paint", "#!/usr/bin/env bash\n# Paints.\nprintf 'a\\033]52;c;x\\007b\\033[2Jc\\n'\n")
    assert run(livecoder, "paint")[1] == b"a\x1b]52;c;x\x07b\x1b[2Jc\n"
    leader, follower = pty.openpty()
    command = [*PROGRAM, "scaffold", "run", "paint"]
    subprocess.run(command, cwd=livecoder.cwd, env=livecoder.environment(), stdin=subprocess.DEVNULL, stdout=follower)
    os.close(follower)
    assert os.read(leader, 100) == b"abc\r\n"
    os.close(leader)


def test_ctrl_c_ends_it_with_all_that_it_started(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/wait-long", "#!/usr/bin/env bash\n# Waits.\ntouch begun; sleep 600; touch late\n")
    process = livecoder.start("scaffold", "run", "wait-long")
    until(lambda: (livecoder.cwd / "begun").exists())
    process.send_signal(2)
    assert livecoder.finish(process).code == 130
    assert list(learnt.state.glob("visits/*")) == []


def test_it_runs_while_a_session_goes_on(livecoder: Livecoder, learnt: Learnt) -> None:
    script = livecoder.script("$ touch begun; until [ -e enough ]; do sleep 0.1; done", "Done.")
    process = livecoder.start("-p", "wait", "-m", script)
    until(lambda: (livecoder.cwd / "begun").exists())
    assert run(livecoder, "count-lines", "calc.py")[0] == 0
    (livecoder.cwd / "enough").touch()
    assert livecoder.finish(process).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "this project has no tool nothing: it has count-lines, show-all"),
        (["../../bin/sh"], "this project has no tool ../../bin/sh: it has count-lines, show-all"),
        (["ls"], "this project has no tool ls: it has count-lines, show-all"),
    ],
)
def test_what_is_no_tool_is_one_line(livecoder: Livecoder, learnt: Learnt, words: list[str], said: str) -> None:
    assert run(livecoder, *words) == (3, b"", f"livecoder: {said}\n".encode())


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shims_are_functions_of_the_persons_shell(livecoder: Livecoder, learnt: Learnt, shell: str) -> None:
    if not any((Path(folder) / shell).exists() for folder in ("/bin", "/usr/bin")):
        pytest.skip(f"{shell} is not installed")
    learnt.commit("tools/my-command", "#!/usr/bin/env bash\n# Never seen.\necho shadowed\n")
    script = f"""
        my-command() {{ echo mine; }}
        eval "$({sys.executable} -m livecoder scaffold env)"
        printf 'x\\ny\\n' | count-lines
        show-all "a b" --help </dev/null; echo " $?"
        my-command
    """
    done = subprocess.run(
        [shell, "-c", script],
        cwd=livecoder.cwd,
        env=livecoder.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("2\n<a b><--help> 4\nmine\n", "")


def test_without_tools_there_are_no_shims(livecoder: Livecoder) -> None:
    done = livecoder("scaffold", "env")
    assert (done.code, done.err) == (0, "no tools yet\n") and done.out.startswith("# eval ")
