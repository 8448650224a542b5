"""A whole session in containers: the same tools, jobs, base and verify as elsewhere, and the same files at the end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import docker_here
import pytest

from livecoder.opening import known
from livecoder.sandbox.toolchains import Toolchains
from tests.conftest import git
from tests.e2e.conftest import Livecoder
from tests.e2e.learning import Learnt
from tests.e2e.test_cli_network import ON_LOOPBACK, asked, texts
from tests.e2e.test_cli_settings import write_config
from tests.sandbox.loopback import Server, server

IN_DOCKER = ("--sandbox", "docker", "--image", docker_here.IMAGE)


@pytest.fixture
def contained(livecoder: Livecoder) -> Livecoder:
    docker_here.required("docker", docker_here.missing())
    livecoder.env["LIVECODER_LIMITS_TIMEOUT"] = "50"
    return livecoder


@pytest.fixture
def learnt(livecoder: Livecoder) -> Learnt:
    return Learnt(livecoder.home, livecoder.cwd)


def observations(livecoder: Livecoder, *replies: str, flags: tuple[str, ...] = ()) -> tuple[int, str]:
    done = livecoder.task(*replies, flags=(*IN_DOCKER, *flags))
    told = [
        part["content"]
        for line in done.lines
        if line["type"] == "user"
        for part in line["message"]["content"]
        if part["type"] == "tool_result"
    ]
    return done.code, "\n".join(told)


def test_a_session_works_verifies_and_is_undone(contained: Livecoder) -> None:
    before = (contained.cwd / "calc.py").read_bytes()
    code, told = observations(
        contained,
        "$ lc run later 'sleep 0.2; echo said-by-the-job; head -1 /etc/os-release'; echo kept >/tmp/kept; id -u",
        "$ sed -i 's/a - b/a + b/' calc.py; lc wait later; lc base 'cat calc.py; echo at $PWD'",
        "$ cat /tmp/kept; git status --short; python3 -c 'import calc; print(calc.add(1, 2))'",
        "Done.",
        flags=("--verify", "python3 -c 'import calc; assert calc.add(1, 2) == 3'"),
    )
    assert code == 0, told
    for expected in ("said-by-the-job", f"at {contained.cwd}", "return a - b", "kept", " M calc.py", "3\n"):
        assert expected in told, told
    assert b"a + b" in (contained.cwd / "calc.py").read_bytes()
    assert contained("undo", "--yes").code == 0
    assert (contained.cwd / "calc.py").read_bytes() == before


def test_a_service_is_reached_by_later_commands_and_known_by_its_port(contained: Livecoder) -> None:
    page = 'u.urlopen("http://127.0.0.1:8123/calc.py").read().decode()'
    ask = f"python3 -c 'import urllib.request as u; print({page})' 2>/dev/null"
    code, told = observations(
        contained,
        "$ lc serve --port 8123 web 'python3 -m http.server 8123 --bind 127.0.0.1'",
        f"$ {ask}",
        f"$ lc serve --stop web; {ask} || echo gone",
        f"$ {ask} || echo gone",
        "Done.",
    )
    assert code == 0, told
    assert "service web listens on port 8123, until the session ends" in told, told
    assert "return a - b" in told and "gone" in told, told


def test_a_verify_that_fails_is_no_success(contained: Livecoder) -> None:
    code, _ = observations(contained, "$ true", "Done.", flags=("--verify", "python3 -c 'import sys; sys.exit(3)'"))
    assert code == 6


def test_a_tool_works_in_a_session_and_by_hand(contained: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/greet", "#!/usr/bin/env bash\n# Greets somebody.\nread -r word; echo $word, $1 in $PWD\n")
    code, told = observations(contained, "$ greet you <<<hello", "Done.")
    assert code == 0
    assert f"hello, you in {contained.cwd}" in told, told
    contained.env |= {"LIVECODER_SANDBOX_BACKEND": "docker", "LIVECODER_SANDBOX_IMAGE": docker_here.IMAGE}
    by_hand = contained("scaffold", "run", "greet", "me", stdin=b"good evening\n")
    assert (by_hand.code, by_hand.out) == (0, f"good evening, me in {contained.cwd}\n"), by_hand.err


def test_a_linked_worktree_with_a_space_in_its_name(contained: Livecoder, tmp_path: Path) -> None:
    linked = tmp_path / "linked here"
    git(contained.cwd, "worktree", "add", "-q", "-b", "linked", str(linked))
    contained.cwd = linked
    code, told = observations(
        contained, "$ git log --oneline | wc -l; echo 'x = 1' >>calc.py; git diff --stat", "Done."
    )
    assert code == 0
    assert "1 file changed" in told, told


def test_the_model_is_told_nothing_of_the_hosts_programs() -> None:
    """It would look for them in vain; what the image has, nobody looked at."""
    toolchains = Toolchains(path=("/usr/bin",))
    assert known("docker", toolchains).path == ()
    assert known("bubblewrap", toolchains) is toolchains


def asking(place: str) -> str:
    """For an image without curl."""
    request = f"GET http://{place}/ HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n"
    return f"exec 5<>/dev/tcp/127.0.0.1/3128 && printf '{request}' >&5 && cat <&5"


@pytest.fixture
def web() -> Iterator[Server]:
    with server() as made:
        yield made


def test_commands_jobs_and_verify_reach_the_hosts_of_the_flag_alone(contained: Livecoder, web: Server) -> None:
    place = f"localhost:{web.port}"
    done = contained.task(
        f"$ {asking(place)}",
        f"$ {asking('evil.example')}",
        f"$ lc run fetching {shlex.quote(asking(place))}; lc wait fetching",
        f"$ lc wait fetching; (: >/dev/tcp/127.0.0.1/{web.port}) 2>&1; (: >/dev/tcp/192.0.2.1/80) 2>&1; echo x >new",
        "Done.",
        flags=(*IN_DOCKER, f"--network={place}", *ON_LOOPBACK, "--verify", f"{asking(place)} | grep -q served"),
    )
    assert done.result["outcome"] == "verified", done.err
    assert asked(done).count((place, True)) == 3 and asked(done).count(("evil.example:80", False)) == 1
    told = texts(done)
    assert told.count("served\n") >= 2, told
    assert "Connection refused" in told and "Network is unreachable" in told
    assert 'the user can: network.hosts = ["evil.example"]' in told


def test_setup_reaches_its_hosts_and_commands_do_not(contained: Livecoder, web: Server) -> None:
    place = f"localhost:{web.port}"
    write_config(contained, f'[setup]\nhosts = ["{place}"]\n[network]\nprivate = ["127.0.0.0/8"]\n')
    (contained.cwd / ".git/info/exclude").write_text("node_modules/\n")
    fetching = f"mkdir -p node_modules && ({asking(place)}) >node_modules/package"
    done = contained.task(
        "$ tail -1 node_modules/package", f"$ {asking(place)}", "Done.", flags=(*IN_DOCKER, "--setup", fetching)
    )
    assert "served\n" in texts(done) and "Connection refused" in texts(done), done.err
    assert len(web.received) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--sandbox", "docker"), "--image NAME"),
        (("--sandbox", "docker", "--image", "no-such-image:1"), "`docker pull no-such-image:1`"),
    ],
)
def test_what_is_missing_is_one_line_and_exit_3(contained: Livecoder, flags: tuple[str, ...], said: str) -> None:
    done = contained("-p", "do it", "-m", contained.script("Done."), *flags)
    assert done.code == 3
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_doctor_attacks_the_container(contained: Livecoder) -> None:
    done = contained("doctor", "--image", docker_here.IMAGE)
    assert done.code == 0
    assert any(line.split()[:2] == ["docker", "works:"] for line in done.out.splitlines()), done.out


def test_without_a_daemon_auto_names_both(livecoder: Livecoder) -> None:
    livecoder.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    done = livecoder("-p", "do it", "-m", livecoder.script("Done."), *IN_DOCKER)
    assert done.code == 3
    assert "no docker daemon answers at /nowhere/docker.sock" in done.err
    assert len(done.err.splitlines()) == 1
