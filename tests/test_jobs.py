"""Commands that outlive a turn: started by one command, waited for by another, stopped when the round ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from looping import Rounds, Until, bubble, observed, of, say, toolchains

from livecoder.events import Event, JobEnded, JobStarted, Warned
from livecoder.jobs import MAX_RUNNING, Jobs
from livecoder.rooms import Cancelled, Rooms, gitdirs
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.services import Services


def never() -> bool:
    return False


def no_copy(tree: str, dest: Path, cancelled: Cancelled) -> str:
    raise AssertionError("a job runs on the live workspace")


@pytest.fixture(params=["bubblewrap", "host"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Sandbox]:
    root = make_repository({"answer": "41\n"})
    if request.param == "bubblewrap":
        with bubble(tmp_path, root) as inner:
            yield inner
    else:
        with Host(Room(root, root, tmp_path / "scratch"), toolchains(tmp_path), Policy(output_chars=2000)) as inner:
            yield inner


def play(
    sandbox: Sandbox, *turns: str, cancelled: Callable[[], bool] = never, timeout: float = 120.0, until: str = ""
) -> tuple[list[Event], list[str]]:
    """One round of these turns; its events (what is said at its end too), and what the model observed.

    The second turn comes again and again `until` the model was told that.
    """
    rooms = Rooms(sandbox, no_copy, gitdirs(sandbox.room.workspace), sandbox.room.scratch.parent / "places")
    with closing(Services(rooms, cancelled)) as services, Jobs(rooms, services, cancelled) as jobs:
        rounds = Rounds(sandbox, watchers=[jobs], timeout=timeout)
        events, _ = rounds.play(Until(until, 1, *turns, "done") if until else [*turns, "done"])
        events += jobs.unfinished()
    return events, observed(rounds.state.messages)


GO = "until [ -e /tmp/go ] || [ -e $TMPDIR/go ]; do sleep 0.02; done"
"""A job that waits for a later command: /tmp is shared between them."""
TMP = '"${TMPDIR:-/tmp}"'


def test_a_job_goes_on_while_other_commands_run_and_gives_its_end_to_who_waits(sandbox: Sandbox) -> None:
    events, texts = play(
        sandbox,
        say(f"lc run suite '{GO}; echo all is well; exit 3'"),
        say(f"touch {TMP}/go; echo meanwhile"),
        say("lc wait suite"),
    )
    assert [(event.step, event.name) for event in of(JobStarted, events)] == [(1, "suite")]
    assert "suite starts when this command has ended" in texts[0]
    assert texts[1].startswith("meanwhile\n")
    assert "job suite:\nall is well\n[exit 3]" in texts[2]
    assert of(JobEnded, events)[-1].exit_code == 3


def test_it_starts_with_the_directory_and_the_variables_of_who_asked(sandbox: Sandbox) -> None:
    command = (
        """mkdir -p "a b" && cd "a b"; export GREETING="good 'day'"; lc run env 'echo "$GREETING"; pwd'; lc wait env"""
    )
    _, (text,) = play(sandbox, say(command))
    assert f"good 'day'\n{sandbox.room.workspace}/a b\n" in text


def test_what_it_writes_is_written_in_the_workspace(sandbox: Sandbox) -> None:
    play(sandbox, say("lc run write 'echo 42 > answer'; lc wait write"))
    assert (sandbox.room.workspace / "answer").read_text() == "42\n"


def test_words_are_one_command_with_its_arguments(sandbox: Sandbox) -> None:
    _, (text,) = play(sandbox, say("lc run words printf '%s|' 'a  b' c; lc wait words"))
    assert "a  b|c|" in text


def test_an_end_that_nobody_waits_for_is_told_once(sandbox: Sandbox) -> None:
    end = "[job quick has ended: exit 4 after "
    _, texts = play(
        sandbox, say("lc run quick 'exit 4'"), say("sleep 0.2"), say("echo x"), say("lc wait quick"), until=end
    )
    (told,) = [text for text in texts if end in text]
    assert told in texts[:-2] and "s; `lc wait quick` shows it]" in told
    assert "job quick:\n[exit 4]" in texts[-1]


def test_its_output_so_far_can_be_read_while_it_runs(sandbox: Sandbox) -> None:
    until = f"until [ -s {'$LC_ROOT' if sandbox.name == 'none' else '/run/lc'}/out/talk ]; do sleep 0.02; done"
    _, texts = play(sandbox, say(f"lc run talk 'echo first; {GO}'"), say(f"{until}; lc out talk; touch {TMP}/go"))
    assert texts[1].startswith("first\n")


def test_a_long_output_is_cut_and_names_the_command_that_shows_the_rest(sandbox: Sandbox) -> None:
    events, (text, rest) = play(sandbox, say("lc run long 'seq 1 30000'; lc wait long"), say("lc out long 20000:20001"))
    assert "not shown: lc out long " in text
    assert rest.startswith("20000\n20001\n")
    assert of(JobEnded, events)[0].truncated


def test_waiting_lasts_as_long_as_the_job_whatever_the_usual_limit_of_a_command(sandbox: Sandbox) -> None:
    _, (text,) = play(sandbox, say("lc run slow 'sleep 6; echo over'; lc wait slow"), timeout=5.0)
    assert "job slow:\nover\n[exit 0" in text


def test_waiting_ends_with_the_time_limit_that_the_model_gave(sandbox: Sandbox) -> None:
    wait = f"```bash timeout=5\nlc run one '{GO}'; lc run two '{GO}'; lc wait one two\n```"
    _, (text,) = play(sandbox, wait)
    for name in ("one", "two"):
        assert re.search(
            f"job {name} still runs after a wait of \\d+ s: `lc out {name}` shows what it printed so far", text
        )


def test_several_are_waited_for_by_name_and_all_without_one(sandbox: Sandbox) -> None:
    start = "; ".join(f"lc run {name} 'echo it is {name}'" for name in ("one", "two", "three"))
    _, texts = play(sandbox, say(f"{start}; lc wait three one"), say("lc wait"), say("lc wait"))
    assert texts[0].index("job three:\nit is three") < texts[0].index("job one:\nit is one")
    assert [f"job {name}:\nit is {name}" in texts[1] for name in ("one", "two", "three")] == [False, True, False]
    assert "[there is no job to wait for]" in texts[2]


def test_waiting_ends_when_the_user_wants_out(sandbox: Sandbox) -> None:
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 2

    _, (text,) = play(sandbox, say(f"lc run slow '{GO}'; lc wait slow"), cancelled=later)
    assert "job slow still runs" in text


def test_what_still_runs_is_stopped_with_the_round_and_said(sandbox: Sandbox) -> None:
    events, _ = play(sandbox, say(f"lc run slow '{GO}; touch {TMP}/survived'"))
    assert "job slow still ran when the round ended, and was stopped" in [warned.text for warned in of(Warned, events)]
    assert not list(sandbox.room.scratch.rglob("survived"))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("lc wait nobody", "there is no job nobody (none was started in this round)"),
        ("lc wait", "there is no job to wait for"),
        (f"lc run one '{GO}'; lc run one true", "job one was not started: one of that name still runs"),
        (
            "; ".join(f"lc run job-{number} '{GO}'" for number in range(MAX_RUNNING + 1)),
            f"job job-{MAX_RUNNING} was not started: {MAX_RUNNING} run already",
        ),
    ],
)
def test_what_cannot_be_is_said(sandbox: Sandbox, command: str, answer: str) -> None:
    _, (text,) = play(sandbox, say(command))
    assert f"[{answer}]" in text


@pytest.mark.parametrize("misuse", ["run", "run x", "run X true", "run 1 true", "run ../x true", "wait A", "wait a B"])
def test_misuse_shows_the_usage(sandbox: Sandbox, misuse: str) -> None:
    events, (text,) = play(sandbox, say(f"lc {misuse}"))
    assert "usage: lc VERB" in text and "[exit 2]" in text
    assert not of(JobStarted, events)
