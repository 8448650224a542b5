"""What a session learns: what looking back may cost, whom its receipts name, and what never gets into the scaffold."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from livecoder import config
from livecoder.config import Settings
from livecoder.events import Event, ModelReplied, ProposalRefused, Reflected, ScaffoldCommitted, ToolUsed
from livecoder.evolution.pending import PENDING
from livecoder.model.scripted import Scripted
from livecoder.opening import opened
from livecoder.scaffold import cases, inbox
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.store import Store
from livecoder.solve import Solver
from livecoder.task import Task

E = TypeVar("E")
NOTHING = '{"proposals": []}'
CLAIM = {
    "evidence": [1],
    "cause": "nobody knew",
    "expects": "less",
    "improves": ["turns"],
    "risks": ["prompt_bytes"],
}
LESSON = {**CLAIM, "kind": "lesson", "text": "The sums of this project are in calc.py."}
TOOL = """cat > $SCAFFOLD/tools/count-lines <<'END'
#!/usr/bin/env bash
# Count the lines of files.
if [ "$1" = --help ]; then echo "Count the lines of files."; echo "usage: count-lines FILE..."; exit; fi
{body}
END
"""


def say(command: str) -> str:
    return f"```bash\n{command}\n```"


def answer(*proposals: dict[str, Any]) -> str:
    """As a script has it: bare JSON would be read as a reply with fields."""
    return f"Here: {json.dumps({'proposals': proposals})}"


def line(text: str, usage: tuple[int, int], cost: float | None) -> str:
    return json.dumps({"text": text, "usage": {"input_tokens": usage[0], "output_tokens": usage[1]}, "cost_usd": cost})


def of(kind: type[E], events: Sequence[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


class Paid(Scripted):
    """Its figures count: it does not say that it is a recording."""

    recorded = ""


class Project:
    """A repository and its sessions, one after the other, each with a scripted model."""

    def __init__(self, root: Path, scripts: Path) -> None:
        self.root, self._scripts = root, scripts
        self.settings = Settings(config.paths())
        self.sessions: list[Path] = []
        """In the order in which they were opened."""
        self.model = Paid([])
        """That of the last session, with all that it was asked."""

    @contextmanager
    def session(self, *replies: str, **settings: Any) -> Generator[Solver]:
        script = self._scripts / f"script-{len(list(self._scripts.iterdir()))}.md"
        script.write_text("\n---8<---\n".join(replies))
        wanted = replace(self.settings, model=f"scripted:{script}", **settings)
        with opened(wanted, self.root) as session:
            session.model = self.model = Paid.from_file(script)
            self.sessions.append(session.directory)
            with Solver(session) as solver:
                yield solver

    def work(self, *replies: str, text: str = "count them", outsider: bool = False, now: bool = False) -> list[Event]:
        with self.session(*replies) as solver:
            return list(solver.round(Task(text, outsider=outsider), reflect_now=now))

    def look_back(self, *replies: str, **settings: Any) -> list[Event]:
        with self.session(*replies, **settings) as solver:
            return list(solver.reflect(solver.learning.pending()))

    def told(self) -> str:
        """Everything that the last session's model was sent."""
        return "\n".join(message.text for messages in self.model.asked[-1:] for message in messages)

    @property
    def waiting(self) -> list[Path]:
        return [path for path in self.sessions if (path / PENDING).exists()]

    @property
    def id(self) -> str:
        return self.sessions[0].parents[1].name


@pytest.fixture
def project(make_repository: Callable[..., Path], tmp_path: Path) -> Project:
    (tmp_path / "scripts").mkdir()
    return Project(make_repository({"a.txt": "one\ntwo\n", "b.txt": "three\n"}), tmp_path / "scripts")


WORK = say("ls"), say("wc -l a.txt"), "Two."


# ---- looking back later


def test_a_late_receipt_names_the_session_that_it_is_about(project: Project) -> None:
    project.work(line(say("ls"), (90_000, 9_000), 0.25), line(WORK[1], (90_000, 9_000), 0.25), "Two.")
    events = project.look_back(line(answer(LESSON), (900, 100), 0.001))
    (commit,) = of(ScaffoldCommitted, events)
    assert commit.receipts["Cost"] == "$0.5000"
    assert commit.receipts["Session"] == project.sessions[0].name != project.sessions[-1].name
    assert commit.receipts["Task"] == "count them" and commit.receipts["Evidence"] == "step 1"
    assert of(Reflected, events)[0].state == "done" and project.waiting == []


def test_what_it_cost_is_the_sessions_own(project: Project) -> None:
    """Ten thousand tokens a cent: two requests may be paid for; a cent for a hundred tokens: they may not."""
    project.work(line(say("ls"), (9_000, 1_000), 0.01), WORK[1], "Two.")
    assert of(Reflected, project.look_back(NOTHING.replace("{", "Here: {", 1)))[0].state == "done"
    project.work(line(say("ls"), (50, 50), 0.01), line(WORK[1], (50, 50), 0.01), line("Two.", (50, 50), 0.01))
    (skipped,) = of(Reflected, project.look_back())
    assert skipped.state == "skipped" and "over the cap of $0.050" in skipped.why
    assert project.waiting == []


def test_what_looking_back_has_cost_leaves_less_of_the_budget(project: Project) -> None:
    for _ in range(2):
        project.work(line(say("ls"), (9_000, 1_000), 0.01), WORK[1], "Two.")
    dear = line(answer(), (1_000, 100), 0.999)
    states = [event.state for event in of(Reflected, project.look_back(dear, max_budget_usd=1.0))]
    assert states == ["done", "skipped"]
    assert project.waiting == project.sessions[:1], "a later run may have more left"


def test_what_looking_back_has_used_leaves_fewer_tokens(project: Project) -> None:
    """Free of charge, so that the budget in dollars says nothing."""
    for _ in range(2):
        project.work(*WORK)
    long = line(answer(), (58_000, 100), 0.0)
    found = of(Reflected, project.look_back(long, max_tokens=60_000))
    assert [event.state for event in found] == ["done", "skipped"]
    assert "--max-tokens leaves 1,900" in found[1].why


def test_a_round_that_its_limit_of_tokens_ended_is_not_looked_back_on(project: Project) -> None:
    with project.session(*WORK[:2], max_tokens=1) as solver:
        events = list(solver.round(Task("count them"), reflect_now=True))
    assert len(project.model.asked) == 1
    assert of(Reflected, events)[-1].state == "skipped"


def test_an_answer_that_cannot_be_read_is_paid_for_in_two_runs_and_no_more(project: Project) -> None:
    project.work(*WORK)
    for left in (1, 0):
        (failed,) = of(Reflected, project.look_back("no", "still no"))
        assert failed.state == "failed" and len(project.waiting) == left
    assert of(ModelReplied, project.look_back()) == []


def test_a_journal_that_cannot_be_read_does_not_hold_up_the_others(project: Project) -> None:
    project.work(*WORK)
    project.work(*WORK)
    bad = max(project.sessions)
    db = sqlite3.connect(bad / "journal.sqlite", isolation_level=None)
    db.execute("UPDATE event SET body = '{}' WHERE seq = 2")
    db.close()
    failed, done = of(Reflected, project.look_back(answer()))
    assert (failed.state, done.state) == ("failed", "done") and bad.name in failed.why
    assert project.waiting == [bad]
    project.look_back()
    assert project.waiting == []


def test_a_tool_is_judged_by_the_calls_of_the_session_looked_back_on(project: Project) -> None:
    tool = TOOL.format(body='wc -l "$@"')
    events = project.work(say(tool), say("count-lines a.txt"), say("count-lines b.txt"), "Counted.")
    assert len(of(ScaffoldCommitted, events)) == 1 and len(of(ToolUsed, events)) >= 2
    text = tool.partition("\n")[2].removesuffix("END\n").replace("lines of files", "lines of many files")
    revised = {**CLAIM, "kind": "tool", "action": "revise", "name": "count-lines", "text": text, "evidence": [2]}
    (commit,) = of(ScaffoldCommitted, project.look_back(answer(revised)))
    assert commit.receipts["Session"] == project.sessions[0].name


def test_the_newest_waits_first_and_the_marker_has_no_secret(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2-hunter2")
    project.work(*WORK, text="use hunter2-hunter2\nnow")
    project.work(*WORK)
    assert (project.sessions[0] / PENDING).read_text() == "use [secret] now\n"
    with project.session("Hello.") as solver:
        assert solver.learning.pending() == sorted(project.sessions[:2], reverse=True)


# ---- where nothing may be learnt


def test_a_scaffold_given_by_directory_is_not_changed_and_nothing_is_paid_for_it(project: Project) -> None:
    project.work(*WORK)
    with project.session(*WORK, answer(LESSON), scaffold=str(seed_dir())) as solver:
        events = list(solver.round(Task("count them"), reflect_now=True))
        assert solver.learning.pending() == []
    assert of(Reflected, events) == [Reflected("off", "a scaffold given by directory is not changed")]
    assert len(of(ModelReplied, events)) == 3 and len(project.waiting) == 1


def test_off_is_off_for_sessions_that_wait_as_well(project: Project) -> None:
    project.work(*WORK)
    with project.session(answer(LESSON), evolve="off") as solver:
        assert solver.learning.pending() == []
        assert list(solver.reflect(project.sessions[:1])) == [Reflected("off")]


# ---- outsiders


@pytest.mark.parametrize("later", [False, True])
def test_what_an_outsiders_task_teaches_waits_for_the_user(project: Project, later: bool) -> None:
    if later:
        project.work(*WORK, outsider=True)
        events = project.look_back(answer(LESSON))
    else:
        events = project.work(*WORK, answer(LESSON), outsider=True, now=True)
    assert of(ScaffoldCommitted, events) == []
    assert [refused.inbox for refused in of(ProposalRefused, events)] == [True]
    assert len(inbox.entries(project.settings.paths.data, project.id)) == 1


def test_an_outsiders_task_does_not_raise_what_is_off_and_binds_no_other_session(project: Project) -> None:
    project.settings = replace(project.settings, evolve="off")
    assert of(Reflected, project.work(*WORK, outsider=True, now=True)) == [Reflected("off")]
    project.settings = replace(project.settings, evolve="auto")
    assert len(of(ScaffoldCommitted, project.work(*WORK, answer(LESSON), now=True))) == 1


# ---- a tool's forms

TWO_FORMS = """cat > $SCAFFOLD/tools/subst <<'END'
#!/usr/bin/env python3
\"\"\"Replace a text that occurs once.\"\"\"
import sys
if sys.argv[1:] == ["--help"]:
    print(__doc__ + "\\nusage: subst FILE OLD NEW\\n       subst FILE < PAIR")
    sys.exit()
file, *pair = sys.argv[1:]
old, new = pair or {pair}
text = open(file).read()
assert text.count(old) == 1
open(file, "w").write(text.replace(old, new))
END
"""
FIRST, SECOND = say("subst a.txt one 1"), say("subst a.txt <<'E'\ntwo\n2\nE")


def test_a_tool_with_a_broken_form_that_nobody_called_waits_and_one_whose_forms_all_work_is_kept(
    project: Project,
) -> None:
    sound, broken = (TWO_FORMS.format(pair=f"sys.stdin{end}") for end in (".read().split()", ".splitlines()"))
    events = project.work(say(broken), FIRST, "Done.")
    (refused,) = of(ProposalRefused, events)
    why = "its --help documents `subst FILE < PAIR`, and no call of that form was seen to work"
    assert refused.inbox and refused.reason.startswith(why) and of(ScaffoldCommitted, events) == []
    (entry,) = inbox.entries(project.settings.paths.data, project.id)
    assert entry.reason == refused.reason

    events = project.work(say(sound), say("subst b.txt three 3"), SECOND, "Done.")
    assert len(of(ScaffoldCommitted, events)) == 1 and of(ProposalRefused, events) == []
    assert len(cases.load(project.settings.paths.data, project.id, "subst")) == 2


# ---- a tool's past


def test_a_tool_that_was_rolled_back_leaves_its_name_free(project: Project) -> None:
    data = project.settings.paths.data
    project.work(say(TOOL.format(body='wc -l "$@"')), say("count-lines a.txt"), "Counted.")
    (old,) = cases.load(data, project.id, "count-lines")
    Store.open(data).rollback(project.id, "count-lines")

    other = TOOL.format(body='for file in "$@"; do echo "$file has $(grep -c "" "$file") lines"; done; exit 0')
    rewritten = other.replace("echo", "printf '%s\\n'", 1)
    events = project.work(say(rewritten), say("count-lines b.txt"), "Counted.")
    assert of(ProposalRefused, events) == [] and len(of(ScaffoldCommitted, events)) == 1
    (new,) = cases.load(data, project.id, "count-lines")
    assert (old.arguments, new.arguments) == (("a.txt",), ("b.txt",))


def test_the_cases_of_a_tool_that_is_there_stay(project: Project, tmp_path: Path) -> None:
    data = project.settings.paths.data
    project.work(say(TOOL.format(body='wc -l "$@"')), say("count-lines a.txt"), "Counted.")
    other = TOOL.format(body='grep -c o "$@"').replace("count-lines", "count-o").replace("lines of", "o in")
    project.work(say(other), say("count-o a.txt"), "Counted.")
    Store.open(data).checkout(project.id, tmp_path / "head")
    assert {tool.name for tool in Scaffold.load(tmp_path / "head").tools} >= {"count-lines", "count-o"}
    assert len(cases.load(data, project.id, "count-lines")) == 1
