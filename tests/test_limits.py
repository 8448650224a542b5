"""What ends a round early: turns, cost, tokens, and going in circles, which is told before it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from looping import Rounds, bubble, of, say

from livecoder.config import Paths, Settings
from livecoder.events import CommandStarted, LimitWarned, RoundEnded, Usage, UserSaid
from livecoder.limits import Aside, MaxCost, MaxTokens, MaxTurns, NoProgress, limits
from livecoder.loop import Limit
from livecoder.model.scripted import Line

NOWHERE = Paths(Path("c"), Path("d"), Path("s"), Path("k"))


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Rounds]:
    root = tmp_path / "repo"
    with bubble(tmp_path, root) as sandbox:
        yield Rounds(sandbox, tree=lambda: str({p.name: p.read_bytes() for p in sorted(root.iterdir())}))


def ended(rounds: Rounds, *limits: Limit, replies: list[str | Line]) -> RoundEnded:
    rounds.limits = limits
    return rounds.play(replies)[1]


def test_turns_of_the_round_are_counted_not_those_of_the_session(rounds: Rounds) -> None:
    for _ in range(2):
        end = ended(rounds, MaxTurns(2), replies=[say("true"), say("true")])
        assert (end.ending, end.reason, end.turns) == ("error_max_turns", "--max-turns 2 was reached", 2)


def test_a_round_that_ends_within_its_turns_is_none_of_their_business(rounds: Rounds) -> None:
    assert ended(rounds, MaxTurns(2), replies=[say("true"), "done"]).ending == "success"


def test_the_budget_holds_for_the_session_and_is_checked_before_money_is_spent(rounds: Rounds) -> None:
    end = ended(rounds, MaxCost(0.5), replies=[Line(say("true"), cost_usd=0.3), Line(say("true"), cost_usd=0.3)])
    assert (end.ending, end.reason) == ("error_max_budget_usd", "--max-budget-usd 0.5 was reached ($0.6000)")
    again = ended(rounds, MaxCost(0.5), replies=[])
    assert (again.ending, again.turns) == ("error_max_budget_usd", 0)


def test_tokens_in_and_out_count_alike(rounds: Rounds) -> None:
    end = ended(rounds, MaxTokens(1500), replies=[Line(say("true"), Usage(1000, 900, 500))])
    assert (end.ending, end.reason) == ("error_max_tokens", "--max-tokens 1,500 was reached (1,500)")


def test_what_looking_back_used_counts_for_the_rounds_after_it(rounds: Rounds) -> None:
    aside = Aside()
    aside.book(Usage(900, 0, 100), 0.4)
    end = ended(rounds, MaxCost(0.4, aside), replies=[])
    assert (end.ending, end.reason) == ("error_max_budget_usd", "--max-budget-usd 0.4 was reached ($0.4000)")
    end = ended(rounds, MaxTokens(1000, aside), replies=[])
    assert (end.ending, end.reason) == ("error_max_tokens", "--max-tokens 1,000 was reached (1,000)")


# ---- no progress


def test_the_same_on_the_same_tree_is_told_once_and_then_ends_the_round(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    events, end = rounds.play([say("cat gone")] * 4)
    (warned,) = of(LimitWarned, events)
    assert warned.limit == "no_progress" and "`cat gone` was run 3 times with the same output" in warned.text
    assert [(said.text, said.why) for said in of(UserSaid, events)] == [(warned.text, "no_progress")]
    assert (end.ending, end.turns) == ("error_no_progress", 4)
    assert end.reason == "`cat gone` again gave the same on the same tree"


def test_the_model_can_turn_back_after_it_was_told(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    _, end = rounds.play([say("cat gone")] * 3 + [say("echo x > gone"), say("cat gone"), "done"])
    assert end.ending == "success"


@pytest.mark.parametrize(
    "commands",
    [
        ["echo x >> log; false"] * 6,
        ["cat /proc/sys/kernel/random/uuid"] * 6,
        [f"echo {n} > /dev/null" for n in range(6)],
    ],
    ids=["the tree changes", "the output changes", "the command changes"],
)
def test_what_changes_is_progress(rounds: Rounds, commands: list[str]) -> None:
    rounds.limits = [NoProgress(3)]
    events, end = rounds.play([*map(say, commands), "done"])
    assert end.ending == "success" and of(LimitWarned, events) == []


def test_a_time_in_the_output_is_no_change(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    timed = 'echo "1 failed in 0.$(date +%N | cut -c1-6)s"'
    assert rounds.play([say(timed)] * 4)[1].ending == "error_no_progress"


def test_several_in_one_reply_count_each(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    events, end = rounds.play([say("cat gone", "cat gone", "cat gone"), say("cat gone")])
    assert len(of(LimitWarned, events)) == 1 and end.ending == "error_no_progress"


def test_a_round_after_one_that_was_stopped_starts_afresh(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    assert rounds.play([say("cat gone")] * 4)[1].ending == "error_no_progress"
    events, end = rounds.play([say("ls"), "done"])
    assert end.ending == "success" and len(of(CommandStarted, events)) == 1


def test_what_was_repeated_in_one_round_may_be_repeated_in_the_next(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    for _ in range(4):
        events, end = rounds.play([say("cat gone"), say("cat gone"), "done"])
        assert end.ending == "success" and of(LimitWarned, events) == []


def test_a_long_command_is_named_in_short(rounds: Rounds) -> None:
    rounds.limits = [NoProgress(3)]
    _, end = rounds.play([say(": " + "x" * 500)] * 4)
    assert len(end.reason) < 120 and "…" in end.reason


def test_a_session_has_the_limits_that_are_set() -> None:
    assert limits(Settings(NOWHERE), 5) == [NoProgress(5)]
    every = limits(Settings(NOWHERE, max_turns=3, max_budget_usd=0.5, max_tokens=7), 3)
    assert every == [NoProgress(3), MaxTurns(3), MaxCost(0.5), MaxTokens(7)]
