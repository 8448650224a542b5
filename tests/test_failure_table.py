"""Which test plants which failure of agents that change themselves; what has none says why. In the order of the table
that the design was made from; the guard is what a test of the row shows to hold.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HERE = "test_failure_modes.py"

PLANTED: dict[str, tuple[str, ...]] = {
    "objective hacking: it rewrites what judges it": (
        f"{HERE}::test_a_tamperer_is_refused_and_its_outcome_is_the_engines",
        "sandbox/test_commands.py::test_the_exit_code_is_the_true_one",
    ),
    "private tests leak into what is learnt": (f"{HERE}::test_what_verify_printed_reaches_no_prompt",),
    "a weak model collapses under tool making": (
        f"{HERE}::test_after_two_broken_tools_nobody_asks_for_another",
        "test_learning_by_code.py::test_a_model_that_broke_tools_in_two_sessions_is_not_advised_to_make_more",
        "evolution/test_standing.py::test_a_family_that_breaks_tools_in_two_sessions_is_not_encouraged_for_a_while",
    ),
    "tools pile up, and twice the same": (
        "evolution/test_streams.py::test_what_harms_goes_what_helps_stays_and_the_prompt_stays_flat",
        "evolution/test_gate.py::test_a_stream_of_two_hundred_tools_ends_with_twenty_at_most",
        "evolution/test_gate.py::test_the_same_tool_under_another_name_is_refused",
    ),
    "a broken tool is used anyway": (
        f"{HERE}::test_a_tool_with_a_fault_never_reaches_the_next_session",
        "evolution/test_gate.py::test_a_broken_tool_is_refused",
        "evolution/test_gate.py::test_a_documented_form_that_nobody_called_waits_for_the_user",
    ),
    "memory is poisoned": (
        f"{HERE}::test_what_a_readme_orders_is_learnt_by_nobody",
        f"{HERE}::test_no_knob_widens_what_a_command_may",
        f"{HERE}::test_what_a_stranger_asked_for_is_kept_by_nobody_without_the_user",
        "e2e/test_cli_repository_scaffold.py::test_what_an_agent_writes_there_is_a_strangers",
        "e2e/test_cli_scaffold_sharing.py::test_what_a_strangers_text_led_to_needs_a_look",
    ),
    "an error is learnt and followed": (
        f"{HERE}::test_a_lesson_seen_in_two_bad_sessions_comes_after_one_that_was_not",
        "evolution/test_gate.py::test_a_tool_that_was_never_used_is_not_kept",
    ),
    "lessons go stale": (
        "test_learning_by_code.py::test_a_lesson_about_a_file_that_was_rewritten_is_not_shown_until_it_is_back",
        "evolution/test_fingerprint.py::test_a_dependency_of_another_version_makes_it_stale",
        "evolution/test_standing.py::test_one_that_helped_once_and_harms_now_falls_behind_within_a_stream_of_two_hundred",
    ),
    "the context collapses in one rewrite": (
        "evolution/test_gate_kinds.py::test_a_curator_that_rewrites_everything_is_stopped",
    ),
    "a rare rule is forgotten": (
        "evolution/test_gate.py::test_a_revision_under_which_a_case_no_longer_replays_is_refused",
        "evolution/test_gate_kinds.py::test_a_lesson_is_retired_and_comes_back",
    ),
    "a change of its own makes it worse": (
        "evolution/test_reckoning.py::test_each_gets_its_verdict_and_the_bad_one_alone_is_taken_back",
        "e2e/test_cli_scaffold_bisect.py::test_the_bad_one_among_thirty_is_named_and_taken_back",
        "scaffold/test_store_faults.py::test_a_kill_between_any_two_steps_leaves_the_old_or_the_new",
    ),
    "noise is taken for gain": (
        "evolution/test_verdicts.py::test_of_changes_that_do_nothing_hardly_any_is_called_anything",
        "evolution/test_streams.py::test_where_nothing_makes_a_difference_hardly_anything_is_said_to",
    ),
    "lessons are passed over": (
        "evolution/test_lessonwatch.py::test_it_is_shown_at_its_command_or_at_its_output_and_once",
        "test_learning_by_code.py::test_a_lesson_comes_with_the_first_message_of_the_task_that_it_is_about",
    ),
    "a model that is right by chance judges itself": (f"{HERE}::test_who_is_right_by_chance_alone_may_only_propose",),
    "a loop runs away": (
        "test_limits.py::test_the_same_on_the_same_tree_is_told_once_and_then_ends_the_round",
        "test_limits.py::test_the_budget_holds_for_the_session_and_is_checked_before_money_is_spent",
    ),
    "it locks itself out": (
        f"{HERE}::test_a_prompt_that_the_agent_broke_is_never_current",
        f"{HERE}::test_what_got_in_by_another_door_is_stood_in_for",
        "e2e/test_cli_repository_scaffold.py::test_a_prompt_that_does_not_render_keeps_all_of_it_out",
    ),
    "one task's text reaches another": (
        f"{HERE}::test_what_one_repository_taught_is_not_offered_in_another",
        f"{HERE}::test_a_look_back_cites_the_session_that_it_is_about",
    ),
    "an estimator changes what it estimates": (
        "journal/test_ledger.py::test_asked_twice_it_says_the_same_and_with_and_without_are_all",
        "evolution/test_streams.py::test_a_stream_is_the_same_twice",
    ),
    "a judge is gullible: what was executed decides": (
        f"{HERE}::test_a_tamperer_is_refused_and_its_outcome_is_the_engines",
        "evolution/test_gate.py::test_the_word_of_the_sandbox_is_no_proof",
    ),
}

NOT_PLANTED = {
    "the best parent is not the best child": "there is no search over generations yet",
    "overfitting to an evaluation set": "it takes paired runs on tasks that were held back",
    "lessons withheld as an experiment": "the same: nothing of the user's own work is withheld",
    "a judge that is a model": "there is none: no opinion of a model decides anything",
}


def names(path: str) -> set[str]:
    return {node.name for node in ast.parse((TESTS / path).read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("failure", PLANTED)
def test_each_failure_has_its_tests(failure: str) -> None:
    for where in PLANTED[failure]:
        path, _, name = where.partition("::")
        assert name in names(path), where


def test_every_scenario_has_its_row_or_is_about_learning_that_works() -> None:
    told = {where.partition("::")[2] for row in PLANTED.values() for where in row if where.startswith(HERE)}
    works = {
        "test_an_edit_of_its_own_with_cause_holds_from_the_next_round",
        "test_an_edit_on_a_whim_is_refused_with_its_reason",
        "test_a_revised_tool_is_there_in_the_next_round",
        "test_a_hook_that_the_user_took_speaks_before_the_first_turn",
        "test_a_hook_that_came_by_another_door_does_not_run_and_is_told",
        "test_the_session_before_stands_beside_the_one_looked_back_on",
    }
    assert {name for name in names(HERE) if name.startswith("test_")} == told | works
    assert not PLANTED.keys() & NOT_PLANTED.keys()
