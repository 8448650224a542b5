"""The attacks by which a sandbox is judged before it is used, and what becomes of the judgement."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import docker_here
import pytest
from attacks import appeared

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import reach
from livecoder.sandbox import Finished, Room, Sandbox, backends, canary, spawner
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.canary import Verdict, attacked, verdict
from livecoder.sandbox.checkup import Checkup, examine
from livecoder.sandbox.masked import Masked
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Refused, Toolchains

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can use it")


def make(room: Room) -> Sandbox:
    return backends.backend("bubblewrap", room, Toolchains(), Policy())


def test_the_sandbox_holds_and_every_attack_was_tried(backend: str) -> None:
    found = attacked(lambda room: backends.backend(backend, room, Toolchains(), Policy(image=docker_here.IMAGE)))
    assert (found.reason, found.broken, found.untried) == ("", (), ())
    assert found.held == len(canary.ATTACKS) + 1
    assert found.works


def without_a_network_of_its_own(options: list[str]) -> list[str]:
    return [option for option in options if option != "--unshare-net"]


def without_processes_of_its_own(options: list[str]) -> list[str]:
    return [option for option in options if option != "--unshare-pid"]


def without_covers_in_proc(options: list[str]) -> list[str]:
    mounts = zip(options, options[1:], options[2:], strict=False)
    at = [number for number, words in enumerate(mounts) if words[0] == "--ro-bind" and words[2].startswith("/proc/")]
    return [word for number, word in enumerate(options) if not {number, number - 1, number - 2} & set(at)]


@pytest.mark.parametrize(
    ("hole", "found"),
    [
        (without_a_network_of_its_own, "X04"),
        (without_processes_of_its_own, "E14 E15"),
        pytest.param(
            without_covers_in_proc, "O01", marks=pytest.mark.skipif(os.getuid() != 0, reason="root alone can use it")
        ),
    ],
)
def test_a_hole_in_the_options_is_found(
    monkeypatch: pytest.MonkeyPatch, hole: Callable[[list[str]], list[str]], found: str, bubblewrap: str
) -> None:
    """What never succeeds proves nothing."""
    options = Bubblewrap.options

    def with_a_hole(sandbox: Bubblewrap) -> list[str]:
        return hole(options(sandbox))

    monkeypatch.setattr(Bubblewrap, "options", with_a_hole)
    judged = attacked(make)
    assert not judged.works
    broken = [attack.split()[0] for attack in judged.broken]
    assert [each for each in broken if each != "X03"] == found.split()  # is there a network beyond? the machine decides


def test_what_is_killed_may_take_a_moment_to_die(monkeypatch: pytest.MonkeyPatch, bubblewrap: str) -> None:
    """On a busy machine it was taken for a survivor, and the sandbox for one that does not hold."""
    run, dying = Bubblewrap.run, list[subprocess.Popen[bytes]]()

    def slow(
        sandbox: Bubblewrap, command: str, timeout: float, cancelled: Callable[[], bool] = bool
    ) -> Generator[str, None, Finished]:
        finished = yield from run(sandbox, command, timeout, cancelled)
        mark = command.partition("exec sleep ")[2].partition("'")[0]
        dying.append(subprocess.Popen(["sleep", mark]))
        assert appeared(f"sleep\0{mark}")
        threading.Timer(0.5, dying[0].kill).start()
        return finished

    monkeypatch.setattr(Bubblewrap, "run", slow)
    assert attacked(make).broken == ()
    assert [each.wait() for each in dying] == [-signal.SIGKILL]


def test_what_is_not_hidden_is_found(monkeypatch: pytest.MonkeyPatch, bubblewrap: str) -> None:
    def none(_masked: Masked) -> tuple[()]:
        return ()

    monkeypatch.setattr(Masked, "masks", none)
    assert [attack.split()[0] for attack in attacked(make).broken] == ["O04", "O05"]


def test_what_does_not_start_is_told_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawner, "_WHERE", str(tmp_path))
    found = verdict("bubblewrap", make, tmp_path)
    assert "apt-get install bubblewrap" in found.reason
    assert not found.works
    assert list(tmp_path.iterdir()) == []


def never(_room: Room) -> Sandbox:
    raise AssertionError("nothing was to be attacked")


def test_a_good_verdict_is_kept_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bubblewrap: str
) -> None:
    first = verdict("bubblewrap", make, tmp_path)
    assert first.works
    assert verdict("bubblewrap", never, tmp_path) == first
    monkeypatch.setattr(canary.platform, "release", lambda: "another kernel")
    with pytest.raises(AssertionError):
        verdict("bubblewrap", never, tmp_path)


def test_where_groups_may_be_made_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bubblewrap: str
) -> None:
    """What is said of limits in a login session does not hold in a scope of the user's own."""
    assert verdict("bubblewrap", make, tmp_path).works
    monkeypatch.setattr(canary.cgroups, "surroundings", lambda: "0::/user.slice/user-1000.slice/user@1000.service")
    with pytest.raises(AssertionError):
        verdict("bubblewrap", never, tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', "null"])
def test_a_damaged_memory_is_none(tmp_path: Path, text: str, bubblewrap: str) -> None:
    (tmp_path / "canary-bubblewrap.json").write_text(text)
    assert verdict("bubblewrap", make, tmp_path).works


def test_a_place_that_cannot_be_written_costs_time_only(tmp_path: Path, bubblewrap: str) -> None:
    (tmp_path / "file").touch()
    assert verdict("bubblewrap", make, tmp_path / "file").works


# ---- which sandbox a session gets


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`judged(verdict)`: what every backend is said to be like."""

    def say(found: Verdict) -> None:
        def attacked(*_about: object) -> Verdict:
            return found

        monkeypatch.setattr(backends, "attacked", attacked)

    return say


def test_auto_takes_the_first_that_holds(judged: Callable[..., None], room: Room, tmp_path: Path) -> None:
    judged(Verdict(held=3))
    assert backends.chosen("auto", room, Toolchains(), Policy(), tmp_path).name == "bubblewrap"
    assert backends.chosen("none", room, Toolchains(), Policy(), tmp_path).name == "none"


def test_one_that_does_not_hold_is_refused_by_the_attack(
    judged: Callable[..., None], room: Room, tmp_path: Path
) -> None:
    judged(Verdict(held=3, broken=("E01 write the system",)))
    for choice in ("auto", "bubblewrap", "docker"):
        with pytest.raises(SandboxUnavailable) as caught:
            backends.chosen(choice, room, Toolchains(), Policy(), tmp_path)
        assert "does not hold here: E01 write the system" in caught.value.line()
        assert caught.value.exit_code == 3


def test_one_that_does_not_start_is_refused_with_its_reason(
    judged: Callable[..., None], room: Room, tmp_path: Path
) -> None:
    judged(Verdict(reason="user namespaces are forbidden"))
    with pytest.raises(SandboxUnavailable, match="bubblewrap does not work here") as caught:
        backends.chosen("bubblewrap", room, Toolchains(), Policy(), tmp_path)
    assert caught.value.remedy == "user namespaces are forbidden"


def test_where_none_starts_each_says_why_on_one_line(judged: Callable[..., None], room: Room, tmp_path: Path) -> None:
    judged(Verdict(reason="it is not there"))
    with pytest.raises(SandboxUnavailable, match="no sandbox works here") as caught:
        backends.chosen("auto", room, Toolchains(), Policy(), tmp_path)
    assert caught.value.remedy == (
        "bubblewrap does not work here: it is not there; docker does not work here: it is not there"
    )
    assert caught.value.exit_code == 3


def test_auto_takes_docker_where_bubblewrap_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, room: Room, tmp_path: Path
) -> None:
    def attacked(name: str, *_about: object) -> Verdict:
        return Verdict(held=3) if name == "docker" else Verdict(reason="it is not there")

    monkeypatch.setattr(backends, "attacked", attacked)
    assert backends.chosen("auto", room, Toolchains(), Policy(), tmp_path).name == "docker"


# ---- what doctor says


def test_doctor_names_what_works_what_is_seen_and_what_is_refused(tmp_path: Path) -> None:
    toolchains = Toolchains(mounts=(tmp_path,), refused=(Refused(Path("/home/me/.aws"), "credentials lie there"),))
    good = Verdict(held=16, untried=("X03 reach the hypervisor",), protections=("no network",))
    bad = Verdict(held=15, broken=("E01 write the system",))
    verdicts = {"bubblewrap": good, "other": bad, "third": Verdict(reason="it is not installed")}
    checkup = Checkup(verdicts, toolchains, reach(("pypi.org",)))
    told = "\n".join(f"{word}|{text}" for word, text in checkup.rows())
    for line in (
        "bubblewrap|works: 16 attacks held",
        "|not tried: X03 reach the hypervisor",
        "|no network",
        "other|DOES NOT HOLD: 1 of 16 attacks succeeded",
        "|broken: E01 write the system",
        "third|does not work: it is not installed",
        "network|pypi.org (network.hosts)",
        "mounted|/usr",
        f"|{tmp_path}",
        "refused|/home/me/.aws: credentials lie there",
    ):
        assert line in told
    assert checkup.works
    assert json.loads(json.dumps(checkup.to_json()))["backends"]["other"]["broken"] == ["E01 write the system"]


def test_where_nothing_holds_doctor_says_so(judged: Callable[..., None], tmp_path: Path) -> None:
    judged(Verdict(reason="no"))
    assert not examine(Toolchains(), Policy(), tmp_path).works
