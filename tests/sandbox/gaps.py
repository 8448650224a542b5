"""What the sandboxes do not hold, as one table: `test_gaps.py` shows each gap, docs/security.md prints them.

A gap that is closed fails its test: then it leaves the table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    id: str
    case: str
    """The case of docs/security.md that it belongs to."""
    backend: str
    """Its name, or `BOTH`."""
    what: str
    unshown: str = ""
    """Why no test shows it; "" where one does."""


BOTH = "both"
GAPS = (
    Gap("G01", "O03", BOTH, "A command can leave a set-group-id program; set-user-id it cannot."),
    Gap(
        "G02",
        "O05",
        BOTH,
        "`.env` files more than four folders down, or in folders like `node_modules` and `build`, can be read.",
    ),
    Gap(
        "G03",
        "R05",
        "bubblewrap",
        "Where no control group can be made, files in /dev/shm (1 GiB at most) do not count as memory.",
    ),
    Gap(
        "G04",
        "P17",
        BOTH,
        "A program can trace the shell of its own command, and so end it with any exit code. Its own process, in "
        "pytest and everywhere, it can end so in any case.",
    ),
    Gap(
        "G05",
        "O04",
        BOTH,
        "A socket of a server in *another container*, or a pipe (FIFO) of any program, can be reached where it lies "
        "more than four folders down in the workspace, or in a toolchain.",
    ),
    Gap(
        "G06",
        "R05",
        BOTH,
        "What lies in /tmp or HOME deeper than any path (4,096 characters) does not count towards their limit.",
    ),
    Gap(
        "G07",
        "E10",
        BOTH,
        "A repository that a command makes in a folder, with commands in its configuration, stays there: git runs them "
        "when the *user* goes there. The engine never does.",
    ),
    Gap("G08", "O07", BOTH, "Programs for 32 bits do not run."),
    Gap(
        "G09",
        "E16",
        "bubblewrap",
        "If the engine is killed with SIGKILL within the millisecond in which bubblewrap starts, the command lives on, "
        "still in its sandbox; with control groups the next session ends it.",
        "a race of microseconds",
    ),
    Gap(
        "G10",
        "O05",
        BOTH,
        "A job that swaps a folder with a `.env` file at the very moment a command starts may win: the command can "
        "read the file.",
        "a race of microseconds",
    ),
    Gap(
        "G11",
        "R03",
        "bubblewrap",
        "As root where no control group can be made: the kernel limits no number of processes of root, and a fork bomb "
        "outgrows the looks from outside; it took 69 s until one was gone.",
        "it takes the machine along",
    ),
    Gap(
        "G12",
        "R03",
        BOTH,
        "A command can use up what the kernel grants the *user*, such as inotify watches, until it ends.",
        "it disturbs the machine that it runs on",
    ),
    Gap(
        "G13",
        "E11",
        "bubblewrap",
        "As root a command reads what only root may read below /usr and /opt.",
        "it would need a secret there",
    ),
    Gap(
        "G14",
        "E18",
        "bubblewrap",
        "In a container that allows no user namespaces bubblewrap does not work: there is no Landlock in its place.",
        "`test_e18_where_user_namespaces_are_forbidden_that_is_said` shows the refusal",
    ),
    Gap(
        "G15",
        "X05",
        BOTH,
        "An allowed host is trusted whole: whatever a command reads it can send there, and names below a `*.` pattern "
        "carry data to who answers for them.",
        "it is what the user allowed",
    ),
    Gap(
        "G16",
        "R04",
        "docker",
        "The limits of memory and processes hold for each container: the session's, and that of every job.",
    ),
    Gap("G17", "R09", "docker", "A workspace with a path that is not UTF-8 cannot be shown, and is refused."),
    Gap(
        "G18",
        "X14",
        "docker",
        "What a command leaves in System V message queues, semaphores and shared memory is there for the next one.",
    ),
    Gap(
        "G19",
        "E12",
        "docker",
        "A device in the workspace, which only root can make, is one if it is one of those that every container has: "
        "null, zero, full, random, urandom, tty.",
    ),
    Gap(
        "G20",
        "E16",
        "docker",
        "A command that kills the supervisor's guard, and whose engine is then killed with SIGKILL, lives on in its "
        "container until livecoder uses docker the next time.",
    ),
    Gap(
        "G21",
        "R05",
        "docker",
        "What an image declares as VOLUME can be written, without a limit, until the container ends.",
        "it would need a disk to fill",
    ),
    Gap(
        "G22",
        "E13",
        "docker",
        "A system call that the daemon's libseccomp does not know by name passes the filter: of those that were added "
        "to Linux since the library was made.",
        "the library here knows all that are refused",
    ),
    Gap(
        "G23",
        "E11",
        "docker",
        "Where the daemon is not rootless, whoever may use docker is root on the machine: so is the engine. No command "
        "reaches the daemon (E03).",
        "it is how docker works",
    ),
    Gap(
        "G24",
        "R04",
        "docker",
        "Where a rootless daemon may make no control groups, memory has no limit: `livecoder doctor` says so.",
        "the daemon of the tests makes them",
    ),
    Gap(
        "G25",
        "X05",
        BOTH,
        "Inside TLS nothing is seen: a server of an allowed host may answer for others by the Host field (domain "
        "fronting).",
        "it needs such a server",
    ),
    Gap(
        "G26",
        "X05",
        BOTH,
        "Where the machine itself has an HTTPS_PROXY, that one looks names up: private addresses are not recognised.",
        "the other proxy decides",
    ),
)

ELSEWHERE = {
    "E07": "tests/workspace/test_undo.py::test_restoring_never_follows_a_link_out_of_the_tree",
    "E08": "tests/test_races.py::test_what_is_restored_stays_beneath_the_root",
    "E09": "tests/workspace/test_git.py::test_a_rewritten_git_pointer_is_not_followed_by_an_open_workspace",
    "E10": "tests/workspace/test_git.py::test_a_nested_repository_is_left_out_named_and_never_run",
    "E19": "tests/test_architecture.py::test_checkout_keeps_the_rule",
    "X07": "tests/journal/test_journal.py::test_a_secret_never_reaches_the_rows",
    "X08": "tests/workspace/test_leaks.py::test_a_secret_in_what_would_be_pushed_is_refused_and_nothing_is_lost",
    "X10": "tests/e2e/test_cli_credentials.py::test_what_checkout_left_is_in_no_command_prompt_copy_journal_or_export",
    "X13": "tests/e2e/test_cli_settings.py::test_nothing_in_a_repository_sets_policy",
    "P01": "tests/test_failure_modes.py::test_what_one_repository_taught_is_not_offered_in_another",
    "P02": "tests/scaffold/test_lessons.py::test_a_hostile_lesson_is_refused_when_written_and_when_read",
    "P03": "tests/e2e/test_cli_scaffold_sharing.py::test_what_a_strangers_text_led_to_needs_a_look",
    "P04": "tests/e2e/test_cli_scaffold_sharing.py::test_two_projects_that_give_the_same_name_meet_in_a_question",
    "P05": "tests/evolution/test_hookwatch.py::test_what_it_may_not_say_is_ignored",
    "P06": "tests/evolution/test_hookwatch.py::test_one_that_fails_three_times_is_off_and_the_task_goes_on",
    "P07": "tests/evolution/test_hookwatch.py::test_what_was_changed_on_disk_from_outside_does_not_run_and_is_told",
    "P08": "tests/scaffold/test_tools.py::test_the_name_of_a_command_is_refused",
    "P09": "tests/scaffold/test_knobs.py::test_no_number_beyond_its_bounds_gets_in",
    "P10": "tests/e2e/test_cli_settings.py::test_nothing_in_a_repository_sets_policy",
    "P11": "tests/scaffold/test_knobs.py::test_no_knob_is_a_key_of_the_users",
    "P12": "tests/test_prompt.py::test_there_is_no_way_out_of_a_template",
    "P13": "tests/test_prompt.py::test_a_bomb_goes_off_apart_and_soon",
    "P14": "tests/test_main.py::test_a_repositorys_modules_are_not_the_libraries",
    "P15": "tests/scaffold/test_knobs.py::test_any_document_is_knobs_or_a_scaffold_error",
    "P17": "tests/sandbox/test_commands.py::test_the_exit_code_is_the_true_one",
    "P29": "tests/evolution/test_reckoning.py::test_each_gets_its_verdict_and_the_bad_one_alone_is_taken_back",
    "P30": "tests/evolution/test_streams.py::test_what_harms_goes_what_helps_stays_and_the_prompt_stays_flat",
    "P31": "tests/scaffold/test_store_tampering.py::test_what_was_recorded_is_current_again",
    "I04": "tests/permissions/test_gatekeeper.py::test_no_word_of_a_command_or_of_the_model_is_an_approval",
    "I06": "tests/workspace/test_shadow.py::test_odd_names_survive",
    "I07": "tests/scaffold/test_lessons.py::test_a_hostile_lesson_is_refused_when_written_and_when_read",
    "I08": "tests/e2e/test_cli_permissions.py::test_nothing_hides_in_the_question",
    "I09": "tests/e2e/test_cli_undo.py::test_a_name_in_disguise_is_marked_before_anything_is_done",
    "T01": "tests/view/test_terminal.py::test_nothing_that_a_terminal_obeys_comes_through",
    "T02": "tests/view/test_terminal.py::test_markup_is_text",
    "T03": "tests/view/test_terminal.py::test_no_text_at_all_gets_through_with_a_control_character",
    "T04": "tests/sandbox/test_clean.py::test_clean",
    "T05": "tests/e2e/test_cli_permissions.py::test_nothing_hides_in_the_question",
}
"""Cases that do not concern a backend, or that other tests hold."""

NOT_BUILT = {
    "X09": "publishing from CI",
    "X12": "publishing",
}
