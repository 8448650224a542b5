"""The loop as a conversation: what is asked, runs, is told to the model, and ends. Sandbox and bash are real."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from looping import Rounds, bubble, observed, of, say

from livecoder.control import Cause, Control
from livecoder.errors import LivecoderError, ProviderUnavailable, SandboxUnavailable, ScriptExhausted
from livecoder.events import (
    Call,
    CommandFinished,
    CommandStarted,
    Event,
    ModelReplied,
    Nudged,
    Observed,
    PermissionDenied,
    Retried,
    RoundEnded,
    TextArrived,
    Usage,
    UserSaid,
    Warned,
    kind,
)
from livecoder.loop import ANSWERED, CUT, Notice, State, Step, Stop
from livecoder.model import Ask, Assistant, Cancelled, Message, Observation, Reply, System, User
from livecoder.model.scripted import Line, Scripted
from livecoder.sandbox.bubblewrap import Bubblewrap


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Bubblewrap]:
    with bubble(tmp_path) as opened:
        yield opened


@pytest.fixture
def rounds(sandbox: Bubblewrap) -> Rounds:
    return Rounds(sandbox)


def kinds(events: Iterable[Event]) -> list[str]:
    return [kind(event) for event in events]


def every_call_is_observed_once(messages: Sequence[Message]) -> bool:
    """Each reply's calls are followed by exactly their observations, in order, before anything else."""
    for place, message in enumerate(messages):
        if isinstance(message, Assistant):
            after = messages[place + 1 : place + 1 + len(message.calls)]
            if [m.call_id for m in after if isinstance(m, Observation)] != [call.id for call in message.calls]:
                return False
    asked = sum(len(m.calls) for m in messages if isinstance(m, Assistant))
    return asked == len(observed(messages))


# ---- a round


def test_a_round_is_ask_run_observe_repeat(rounds: Rounds) -> None:
    events, ended = rounds.play([say("echo hello > a.txt && cat a.txt"), "I wrote it."])
    assert kinds(events) == [
        "model_replied",
        "command_started",
        "command_finished",
        "observed",
        "text_arrived",
        "model_replied",
        "round_ended",
    ]
    assert ended == RoundEnded(1, "success", "I wrote it.", "the model replied without a command", 2)
    (finished,) = of(CommandFinished, events)
    assert (finished.exit_code, finished.output, finished.step, finished.turn) == (0, "hello\n", 1, 1)
    (seen,) = of(Observed, events)
    assert seen.text == "hello\n[exit 0]"
    assert rounds.state.messages[-2:] == [Observation(seen.call_id, seen.text), Assistant("I wrote it.")]


def test_a_command_is_announced_before_it_runs(rounds: Rounds, tmp_path: Path) -> None:
    for event in rounds.events([say("touch ran"), "done"]):
        if isinstance(event, CommandStarted):
            assert not (tmp_path / "repo" / "ran").exists()
    assert (tmp_path / "repo" / "ran").exists()


def test_several_commands_of_a_reply_run_in_order_and_are_observed_together(rounds: Rounds) -> None:
    events, _ = rounds.play([say("cd /tmp && X=1; export X", "pwd; echo $X", "false"), "done"])
    assert [(e.turn, e.step) for e in of(CommandStarted, events)] == [(1, 1), (1, 2), (1, 3)]
    assert observed(rounds.state.messages) == ["[exit 0]", "/tmp\n1\n[exit 0]", "[exit 1]"]
    assert every_call_is_observed_once(rounds.state.messages)


def test_steps_count_over_rounds_and_turns_of_a_round_do_not(rounds: Rounds) -> None:
    rounds.play([say("true"), "done"])
    events, ended = rounds.play([say("true"), "done"])
    assert [(e.turn, e.step) for e in of(CommandStarted, events)] == [(3, 2)]
    assert (ended.round, ended.turns) == (2, 2)


def test_every_reply_is_booked(rounds: Rounds) -> None:
    used = Usage(100, 40, 10)
    rounds.play([Line(say("true"), used, 0.25), Line("done", used, None)])
    state = rounds.state
    assert (state.usage, state.cost_usd, state.cost_known) == (Usage(200, 80, 20), 0.25, False)
    assert state.prompt_bytes > 0 and state.turn == 2


def test_a_command_may_take_as_long_as_it_asks_for_and_no_longer(rounds: Rounds) -> None:
    events, _ = rounds.play(["```bash timeout=0.3\nsleep 600\n```", "```bash timeout=999999\ntrue\n```", "done"])
    first, second = of(CommandStarted, events)
    assert (first.timeout, second.timeout) == (0.3, 3600.0)
    finished = of(CommandFinished, events)[0]
    assert finished.timed_out and finished.seconds < 60
    assert finished.note and finished.note in observed(rounds.state.messages)[0]


def test_a_call_that_cannot_be_run_is_answered_with_its_problem(rounds: Rounds) -> None:
    reply = Reply("", (Call("a", "x", problem="`timeout` must be a number"), Call("b", "echo ok")), Usage(), 0.0, 1)
    events, ended = rounds.play([reply, "done"])
    assert observed(rounds.state.messages) == ["`timeout` must be a number", "ok\n[exit 0]"]
    assert [event.call_id for event in of(CommandStarted, events)] == ["b"]
    assert ended.ending == "success"


def test_what_the_sandbox_withholds_is_denied_and_the_command_still_runs(rounds: Rounds) -> None:
    events, _ = rounds.play(["```bash needs=network\necho offline\n```", "done"])
    (denied,) = of(PermissionDenied, events)
    assert (denied.what, denied.step) == ("network", 1)
    assert observed(rounds.state.messages) == [f"offline\n[exit 0]\n[{denied.reason}]"]


# ---- replies that are cut, refused, or fail


def test_a_cut_reply_is_continued_twice_and_then_taken_as_it_is(rounds: Rounds) -> None:
    events, ended = rounds.play([Line(text, finish="length") for text in ("one", "two", "three")])
    assert [(e.text, e.why) for e in of(UserSaid, events)] == [(CUT, "reply cut")] * 2
    assert (ended.ending, ended.answer, ended.turns) == ("success", "three", 3)


def test_a_cut_reply_with_a_command_runs_it(rounds: Rounds) -> None:
    events, ended = rounds.play([Line(say("echo ran"), finish="length"), "done"])
    assert observed(rounds.state.messages) == ["ran\n[exit 0]"]
    assert of(UserSaid, events) == [] and ended.answer == "done"


def test_a_block_that_was_cut_open_is_not_run(rounds: Rounds, tmp_path: Path) -> None:
    rounds.play([Line("```bash\ntouch half", finish="length"), "done"])
    assert "not closed, so nothing was run" in observed(rounds.state.messages)[0]
    assert not (tmp_path / "repo" / "half").exists()


def test_a_refusal_ends_the_round(rounds: Rounds) -> None:
    _, ended = rounds.play([Line("I cannot help with that.", finish="refused")])
    assert (ended.ending, ended.reason) == ("error_unsolved", "the provider refused to answer (content policy)")


@pytest.mark.parametrize("error", [ProviderUnavailable("down", status=503), ScriptExhausted("empty")])
def test_a_model_that_fails_is_an_exception_not_an_ending(rounds: Rounds, error: Exception) -> None:
    with pytest.raises(type(error)):
        rounds.play([say("true"), error])
    assert every_call_is_observed_once(rounds.state.messages)


# ---- interruption


class Interrupting:
    """A model or a reader's finger on the key: cancels at the n-th moment of the round."""

    def __init__(self, control: Control, moment: int) -> None:
        self.control, self.moment, self.count = control, moment, 0

    def read(self, events: Iterable[Event]) -> list[Event]:
        seen: list[Event] = []
        for event in events:
            seen.append(event)
            self.count += 1
            if self.count == self.moment:
                self.control.cancel("interrupt")
        return seen


@pytest.mark.parametrize("moment", range(1, 14))
def test_an_interrupt_at_any_moment_ends_the_round_with_every_call_observed(rounds: Rounds, moment: int) -> None:
    control = Control()
    replies = [say("echo one", "echo two"), say("echo three"), "done"]
    events = Interrupting(control, moment).read(rounds.events(replies, control))
    ended = events[-1]
    assert isinstance(ended, RoundEnded)
    # The last two moments lie within the last reply: it is whole, and so is the round.
    assert ended.ending == ("interrupted" if moment < 12 else "success")
    assert every_call_is_observed_once(rounds.state.messages)
    assert len(of(Observed, events)) == len(observed(rounds.state.messages))
    assert rounds.play(["still here"])[1].answer == "still here"


def once_it_runs(events: Iterable[Event], control: Control, cause: Cause) -> list[Event]:
    """All events; half a second after a command is announced the round is cancelled."""
    seen: list[Event] = []
    for event in events:
        seen.append(event)
        if isinstance(event, CommandStarted):
            threading.Timer(0.5, control.cancel, [cause]).start()
    return seen


def test_a_command_that_runs_is_killed_and_the_rest_of_the_reply_is_not_run(rounds: Rounds) -> None:
    control = Control()
    rounds.timeout = 600
    events = once_it_runs(rounds.events([say("sleep 600", "echo never"), "done"], control), control, "interrupt")
    ended = events[-1]
    assert isinstance(ended, RoundEnded)
    assert ended.ending == "interrupted" and len(of(CommandStarted, events)) == 1
    first, second = observed(rounds.state.messages)
    assert "[exit 137" in first and second == "not run: the round was interrupted"


@pytest.mark.parametrize(
    ("cause", "ending", "reason"),
    [
        ("interrupt", "interrupted", "interrupted by the user"),
        ("terminate", "interrupted", "terminated by a signal"),
        ("hangup", "interrupted", "the terminal went away"),
    ],
)
def test_the_cause_of_an_end_is_its_reason(rounds: Rounds, cause: Cause, ending: str, reason: str) -> None:
    control = Control()
    control.cancel(cause)
    _, ended = rounds.play(["done"], control)
    assert (ended.ending, ended.reason, ended.turns) == (ending, reason, 0)


def test_the_time_limit_ends_a_round_in_the_middle_of_a_command(rounds: Rounds) -> None:
    _, ended = rounds.play([say("sleep 600"), "done"], Control(0.3))
    assert (ended.ending, ended.reason) == ("error_timeout", "the time limit was reached")


class Slow(Scripted):
    """Streams a part, is interrupted, and says so: as a provider does."""

    def __init__(self, control: Control) -> None:
        super().__init__([])
        self.control = control

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried, None, Reply]:
        yield TextArrived("I am about to")
        self.control.cancel("interrupt")
        assert cancelled()
        return Reply("I am about to", (), Usage(10, 0, 3), 0.5, 100, "interrupted")


def test_an_interrupted_reply_is_kept_and_paid_for(rounds: Rounds) -> None:
    control = Control()
    _, ended = rounds.play(Slow(control), control)
    assert ended.ending == "interrupted"
    assert rounds.state.messages[-1] == Assistant("I am about to")
    assert rounds.state.cost_usd == 0.5


# ---- failures in the middle of a step


class Failing:
    """A watcher that cannot do its work."""

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        raise SandboxUnavailable("the disk is full")

    def before_end(self, state: State) -> None:
        return None


def test_a_failure_in_a_step_leaves_a_conversation_that_can_go_on(rounds: Rounds) -> None:
    rounds.watchers = [Failing()]
    with pytest.raises(LivecoderError):
        rounds.play([say("echo one", "echo two"), "done"])
    assert every_call_is_observed_once(rounds.state.messages)
    assert observed(rounds.state.messages) == ["not known: the disk is full", "not known: the disk is full"]
    rounds.watchers = []
    assert rounds.play(["done"])[1].ending == "success"


# ---- steering, watchers, the last question


def test_what_the_user_says_meanwhile_comes_before_the_next_turn(rounds: Rounds) -> None:
    control = Control()
    control.steer("only the parser")
    control.steer("and be quick")
    events, _ = rounds.play([say("true"), "done"], control)
    assert [(e.text, e.why) for e in of(UserSaid, events)] == [("only the parser\n\nand be quick", "steering")]
    assert rounds.state.messages[2] == User("only the parser\n\nand be quick")


class Watching:
    """Sees every step, remarks on it, and has one last question."""

    def __init__(self, question: str = "") -> None:
        self.steps: list[tuple[str, int, bool]] = []
        self.question = question
        self.asked = 0

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        self.steps.append((step.started.command, step.finished.exit_code, step.tree_changed))
        yield Notice(Warned("quiet"))
        yield Notice(Warned("loud"), f"seen {len(self.steps)}")

    def before_end(self, state: State) -> Notice | None:
        self.asked += 1
        return Notice(Nudged("question", (), self.question), self.question) if self.question else None


def test_a_watcher_sees_each_step_and_speaks_in_its_observation(rounds: Rounds, tmp_path: Path) -> None:
    watcher = Watching()
    rounds.watchers = [watcher]
    rounds.tree = lambda: str(sorted(path.name for path in (tmp_path / "repo").iterdir()))
    rounds.state.tree = "[]"
    events, _ = rounds.play([say("touch a", "false"), "done"])
    assert watcher.steps == [("touch a", 0, True), ("false", 1, False)]
    assert [event.tree_changed for event in of(CommandFinished, events)] == [True, False]
    assert observed(rounds.state.messages) == ["[exit 0]\n[seen 1]", "[exit 1]\n[seen 2]"]
    assert [event.text for event in of(Warned, events)] == ["quiet", "loud"] * 2


def test_each_watchers_last_question_is_asked_once_and_the_first_answer_stands(rounds: Rounds) -> None:
    first, silent, second = Watching("keep it?"), Watching(), Watching("sure?")
    rounds.watchers = [first, silent, second]
    events, ended = rounds.play(["the answer", say("true"), "kept", "yes"])
    assert [event.text for event in of(UserSaid, events)] == ["keep it?", "sure?"]
    assert (first.asked, silent.asked, second.asked) == (1, 1, 1)
    assert (ended.answer, ended.turns) == ("the answer", 4)


class Turns:
    """A limit of so many turns."""

    def __init__(self, turns: int) -> None:
        self.turns = turns

    def before_turn(self, state: State) -> Stop | None:
        return Stop("error_max_turns", "enough") if state.turns_this_round >= self.turns else None


@pytest.mark.parametrize(
    "replies",
    [
        [say("true")],
        [Line("I may not say.", finish="refused")],
        [ProviderUnavailable("down", status=503)],
        [""],
    ],
    ids=["a limit", "a refusal", "a provider that fails", "no word"],
)
def test_the_answer_stands_whatever_comes_of_the_last_question(
    rounds: Rounds, replies: list[str | Line | Exception]
) -> None:
    rounds.watchers, rounds.limits = [Watching("keep it?")], [Turns(3)]
    events, ended = rounds.play([say("true"), "the answer", *replies])
    assert [event.text for event in of(UserSaid, events)] == ["keep it?"]
    assert (ended.ending, ended.answer, ended.reason) == ("success", "the answer", ANSWERED.reason)


class Reopening(Watching):
    """Its question takes the round up again."""

    def before_end(self, state: State) -> Notice | None:
        question = super().before_end(state)
        return replace(question, reopens=True) if question else None


def test_a_question_that_reopens_the_round_has_the_last_word(rounds: Rounds) -> None:
    rounds.watchers = [Reopening("tested?"), Watching("keep it?")]
    events, ended = rounds.play(["the answer", say("true"), "tested now", "none"])
    assert [event.text for event in of(UserSaid, events)] == ["tested?", "keep it?"]
    assert (ended.ending, ended.answer) == ("success", "tested now")


def test_where_nothing_comes_of_it_the_first_answer_stands(rounds: Rounds) -> None:
    rounds.watchers, rounds.limits = [Reopening("tested?")], [Turns(2)]
    _, ended = rounds.play(["the answer", say("true")])
    assert (ended.ending, ended.answer) == ("success", "the answer")


def test_what_has_nothing_to_ask_is_an_event_and_no_more(rounds: Rounds) -> None:
    class Remarking(Watching):
        def before_end(self, state: State) -> Notice | None:
            return Notice(Warned("by the way"))

    rounds.watchers = [Remarking("")]
    events, ended = rounds.play(["the answer"])
    assert of(Warned, events) == [Warned("by the way")] and of(UserSaid, events) == []
    assert (ended.answer, ended.turns) == ("the answer", 1)


def test_no_question_is_asked_for_which_no_turn_is_left(rounds: Rounds) -> None:
    watcher = Watching("keep it?")
    rounds.watchers, rounds.limits = [watcher], [Turns(2)]
    events, ended = rounds.play([say("true"), "the answer"])
    assert (ended.ending, ended.turns, watcher.asked, of(UserSaid, events)) == ("success", 2, 0, [])


@pytest.mark.parametrize(
    ("cause", "ending"), [("interrupt", "success"), ("terminate", "interrupted"), ("hangup", "interrupted")]
)
def test_ctrl_c_declines_the_last_question_and_other_signals_end_the_round(
    rounds: Rounds, cause: Cause, ending: str
) -> None:
    control = Control()
    rounds.watchers = [Watching("keep it?"), Watching("sure?")]
    events = once_it_runs(rounds.events(["the answer", say("sleep 600")], control), control, cause)
    ended = events[-1]
    assert isinstance(ended, RoundEnded)
    assert (ended.ending, ended.answer) == (ending, "the answer")
    assert len(of(UserSaid, events)) == 1
    assert every_call_is_observed_once(rounds.state.messages)


def test_the_time_limit_holds_for_the_last_question_too(rounds: Rounds) -> None:
    rounds.watchers = [Watching("keep it?")]
    _, ended = rounds.play(["the answer", say("sleep 600")], Control(3))
    assert (ended.ending, ended.answer) == ("error_timeout", "the answer")


# ---- what a reader of the events may rely on


def test_a_reader_that_stops_reading_stops_the_round(rounds: Rounds, tmp_path: Path) -> None:
    events = rounds.events([say("touch a"), say("touch b"), "done"])
    for event in events:
        if isinstance(event, Observed):
            break
    events.close()
    assert (tmp_path / "repo" / "a").exists() and not (tmp_path / "repo" / "b").exists()


def test_a_killed_command_reports_the_kernels_word(rounds: Rounds) -> None:
    events, _ = rounds.play([say("kill -SEGV $$"), "done"])
    assert of(CommandFinished, events)[0].exit_code == 128 + signal.SIGSEGV


def test_replies_are_events_with_what_they_cost(rounds: Rounds) -> None:
    events, _ = rounds.play([Line("done", Usage(7, 1, 2), 0.5)])
    (replied,) = of(ModelReplied, events)
    assert (replied.usage, replied.cost_usd, replied.purpose, replied.turn) == (Usage(7, 1, 2), 0.5, "turn", 1)
    assert replied.prompt_bytes == len("You are a test.Do it.")


def test_the_system_prompt_never_changes(rounds: Rounds) -> None:
    rounds.play([say("true"), "done"])
    rounds.play(["done"])
    assert [m for m in rounds.state.messages if isinstance(m, System)] == [System("You are a test.")]
