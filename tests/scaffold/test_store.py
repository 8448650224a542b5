"""The scaffold's history: forks, commits that merge by file, conflicts, rollback, other people's git."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import Conflict, FileChange
from livecoder.scaffold.parts import Part
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.store import Commit, Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GREET = FileChange("tools/greet", b"#!/bin/bash\necho hello\n", executable=True)


def put(store: Store, *changes: FileChange, base: str = "", project: str = "p") -> str:
    """Commit on top of `base` (the head when not given); the new generation."""
    return store.commit(project, base or store.head(project), changes, "tool(greet): says hello", {}, NOON).after


def files(directory: Path) -> dict[str, tuple[bytes, bool]]:
    """Content and executable bit of every file by path, `.gitkeep` left out."""
    found = [path for path in sorted(directory.rglob("*")) if path.is_file() and path.name != ".gitkeep"]
    return {str(path.relative_to(directory)): (path.read_bytes(), os.access(path, os.X_OK)) for path in found}


def test_generation_0_is_the_seed(store: Store, tmp_path: Path) -> None:
    generation = store.checkout("p", tmp_path / "out")
    assert files(tmp_path / "out") == files(seed_dir())
    assert len(generation.id) >= 7 and generation.commit.startswith(generation.id)
    assert not list((tmp_path / "out").rglob(".git"))


def test_the_same_seed_is_the_same_generation_everywhere(store: Store, tmp_path: Path) -> None:
    assert Store.open(tmp_path / "elsewhere").head("p") == store.head("q")


def test_a_checkout_has_every_folder_to_write_into(store: Store, tmp_path: Path) -> None:
    store.checkout("p", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == {
        "prompts",
        "tools",
        "hooks",
        "lessons",
    }


def test_a_commit_keeps_content_executable_bit_and_receipts(store: Store, tmp_path: Path) -> None:
    receipts = {"Task": "fix the parser", "Evidence": "s1:4\nForged: yes", "Cost": "$0.02"}
    base = store.head("p")
    commit = store.commit("p", base, [GREET], "tool(greet): says hello", receipts, NOON)
    store.checkout("p", tmp_path / "out")
    newest = store.log("p")[0]
    assert (commit.before, commit.after) == (base, store.head("p"))
    assert files(tmp_path / "out")["tools/greet"] == (GREET.content, True)
    assert (newest.id, newest.subject, newest.when) == (commit.after, "tool(greet): says hello", NOON)
    assert newest.receipts == {"Task": "fix the parser", "Evidence": "s1:4 Forged: yes", "Cost": "$0.02"}


def test_what_one_project_learnt_is_not_seen_in_another(store: Store, tmp_path: Path) -> None:
    put(store, GREET, project="a")
    store.checkout("b", tmp_path / "b")
    assert "tools/greet" not in files(tmp_path / "b")


def test_a_commit_that_changes_nothing_makes_no_generation(store: Store) -> None:
    after = put(store, GREET)
    again = store.commit("p", after, [GREET], "again", {}, NOON)
    assert again.before == again.after == after


def test_two_sessions_with_different_files_both_land(store: Store, tmp_path: Path) -> None:
    base = store.head("p")
    put(store, GREET, base=base)
    put(store, FileChange("tools/count-lines", b"#!/bin/bash\nwc -l\n", True), base=base)
    store.checkout("p", tmp_path / "out")
    assert {"tools/greet", "tools/count-lines"} <= files(tmp_path / "out").keys()


def test_two_sessions_with_the_same_file_conflict_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    base = store.head("p")
    kept = put(store, GREET, base=base)
    other = FileChange("tools/greet", b"#!/bin/bash\necho bye\n", True)
    with pytest.raises(Conflict) as conflict:
        put(store, FileChange("tools/new-one", b"#!/bin/bash\n", True), other, base=base)
    assert conflict.value.files == ("tools/greet",)
    assert store.head("p") == kept


def test_removing_what_another_session_revised_is_a_conflict(store: Store) -> None:
    base = put(store, GREET)
    put(store, FileChange("tools/greet", b"#!/bin/bash\necho hi\n", True), base=base)
    with pytest.raises(Conflict):
        put(store, FileChange("tools/greet", None), base=base)


def test_two_processes_committing_at_once_both_land(store: Store, data: Path) -> None:
    script = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from livecoder.scaffold.changes import FileChange
        from livecoder.scaffold.store import Commit, Store
        store, who, base = Store.open(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
        for number in range(4):
            change = FileChange(f"tools/{who}-{number}", b"#!/bin/bash\\n", True)
            store.commit("p", base, [change], who, {}, datetime.now(UTC))
    """
    base = store.head("p")
    command = [sys.executable, "-c", textwrap.dedent(script), str(data)]
    running = [subprocess.Popen([*command, who, base]) for who in ("one", "two", "three")]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    subjects = Counter(info.subject for info in store.log("p", 50))
    assert subjects == {"one": 4, "two": 4, "three": 4, "seed: as shipped": 1}
    assert store.diff(base, store.head("p")).count("new file mode 100755") == 12


def test_processes_that_open_the_store_for_the_first_time_at_once_share_it(data: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from livecoder.scaffold.store import Store\n"
        "store = Store.open(Path(sys.argv[1])); print(store.head(sys.argv[2]), *store.notices)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(data), f"p{who}"], stdout=subprocess.PIPE, text=True)
        for who in range(4)
    ]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert said == {f"{Store.open(data).head('p0')}\n"}


def test_rollback_to_a_generation_is_a_new_commit(store: Store, tmp_path: Path) -> None:
    base = store.head("p")
    added = put(store, GREET)
    done = store.rollback("p", base, NOON)
    store.checkout("p", tmp_path / "out")
    assert "tools/greet" not in files(tmp_path / "out")
    assert [info.id for info in store.log("p")] == [done.after, added, base]


def test_rollback_of_a_tool_undoes_its_last_change_only(store: Store, tmp_path: Path) -> None:
    lesson = FileChange("lessons/tidy.toml", b'text = "Tidy up."\n')
    put(store, GREET)
    put(store, FileChange("tools/greet", b"#!/bin/bash\necho worse\n", True))
    put(store, lesson)
    store.rollback("p", "greet")
    store.checkout("p", tmp_path / "out")
    assert files(tmp_path / "out")["tools/greet"] == (GREET.content, True)
    assert files(tmp_path / "out")["lessons/tidy.toml"] == (lesson.content, False)


def test_rollback_takes_away_what_was_added_and_brings_back_what_was_retired(store: Store, tmp_path: Path) -> None:
    put(store, FileChange("lessons/tidy.toml", b'text = "Tidy up."\n'))
    store.rollback("p", "tidy")
    store.checkout("p", tmp_path / "without")
    store.rollback("p", "tidy")
    store.checkout("p", tmp_path / "with")
    assert "lessons/tidy.toml" not in files(tmp_path / "without")
    assert "lessons/tidy.toml" in files(tmp_path / "with")


@pytest.mark.parametrize(
    "target", ["no-such-tool", "--all", "", "0000000", "main:tools", "a\nb", "HEAD@{1}", "x" * 300]
)
def test_an_unknown_generation_is_named_with_what_to_do(store: Store, target: str) -> None:
    with pytest.raises(ScaffoldError) as error:
        store.rollback("p", target)
    assert "scaffold log" in error.value.remedy


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "tools/../../x",
        "tools/a/b",
        "/etc/passwd",
        "tools/git",
        "tools/Greet",
        "tools/.hidden",
        "prompts/system.txt",
        "lessons/a.md",
        ".gitattributes",
        "README.md",
        "tools/a\n",
        "hooks/../tools/a",
        "",
    ],
)
def test_only_a_scaffolds_own_paths_enter_its_history(store: Store, path: str) -> None:
    before = store.head("p")
    with pytest.raises(ScaffoldError, match=r"cannot be part of a scaffold"):
        put(store, FileChange(path, b"x"))
    assert store.head("p") == before


def test_a_huge_file_and_a_path_named_twice_are_refused(store: Store) -> None:
    with pytest.raises(ScaffoldError, match="larger than 64 KiB"):
        put(store, FileChange("tools/greet", b"x" * 65_537))
    with pytest.raises(ScaffoldError, match="twice"):
        put(store, GREET, FileChange("tools/greet", None))


@pytest.mark.parametrize("project", ["", "../x", "a/b", "-x", "a.lock", "a b", "ü", "x" * 81])
def test_a_project_id_is_a_plain_word(store: Store, project: str) -> None:
    with pytest.raises(ScaffoldError, match="no project id"):
        store.head(project)


def test_another_scaffold_is_checked_out_by_directory_or_generation(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "tools" / "greet").write_text("#!/bin/bash\n")
    (root / "tools" / "greet").chmod(0o755)
    (root / "README.md").write_text("passed over\n")
    old = store.head("p")
    put(store, GREET)
    by_directory = store.checkout_ref(str(root), tmp_path / "a")
    by_generation = store.checkout_ref(old, tmp_path / "b")
    assert (files(tmp_path / "a"), by_directory.commit) == ({"tools/greet": (b"#!/bin/bash\n", True)}, "")
    assert (files(tmp_path / "b"), by_generation.id) == (files(seed_dir()), old)


def test_a_symlink_in_a_given_scaffold_is_refused(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "tools" / "greet").symlink_to("/etc/passwd")
    with pytest.raises(ScaffoldError, match="tools/greet"):
        store.checkout_ref(str(root), tmp_path / "out")


def test_a_directory_with_something_in_it_is_not_written_over(store: Store, root: Path) -> None:
    with pytest.raises(ScaffoldError, match="not empty"):
        store.checkout("p", root)


def test_git_settings_of_the_user_do_not_matter(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-commit", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n[init]\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    store = Store.open(data)
    put(store, FileChange("prompts/notes.md", b"one\r\ntwo\n"))
    store.checkout("p", tmp_path / "out")
    assert files(tmp_path / "out")["prompts/notes.md"] == (b"one\r\ntwo\n", False)
    assert not ran.exists() and not (tmp_path / "elsewhere").exists()


def test_show_says_what_a_generation_changed_and_why(store: Store) -> None:
    done = store.commit("p", store.head("p"), [GREET], "tool(greet): says hello", {"Task": "t"}, NOON)
    shown = store.show(done.after)
    assert "tool(greet): says hello" in shown and "Task: t" in shown and "+echo hello" in shown
    assert "+echo hello" in store.diff(done.before, done.after)
    assert store.diff(done.after, done.after) == ""


def test_what_is_promoted_reaches_every_project_with_its_receipts(store: Store, tmp_path: Path) -> None:
    store.head("other")
    receipts = {"Task": "fix the parser", "Session": "s1"}
    made = store.commit("p", store.head("p"), [GREET], "tool(greet): says hello", receipts, NOON).after
    put(store, FileChange("lessons/tidy.toml", b'text = "Tidy up."\n'))
    done = store.promote("p", [Part("tools/greet")], NOON)
    assert done.before != done.after == store.head("fresh")
    for project in ("other", "fresh"):
        store.checkout(project, tmp_path / project)
        assert files(tmp_path / project).keys() - files(seed_dir()).keys() == {"tools/greet"}
    newest = store.log("fresh")[0]
    assert (newest.subject, newest.receipts) == ("tool(greet): says hello", {**receipts, "From": f"project/p {made}"})
    assert store.promote("p", [Part("tools/greet")], NOON) == Commit(done.after, done.after)


@pytest.mark.parametrize("who", ["p", "q"])
def test_what_is_another_by_now_than_the_user_saw_is_not_promoted(store: Store, who: str) -> None:
    put(store, GREET)
    seen = store.history("p").head, store.history_of("main").head
    changed = FileChange("tools/greet", b"#!/bin/sh\necho other\n", True)
    store.commit(who, store.head(who), [changed], "tool(greet): other", {}, NOON)
    if who == "q":
        store.promote("q", [Part("tools/greet")], NOON)
    main = store.history_of("main").head
    with pytest.raises(Conflict, match="changed meanwhile: tools/greet"):
        store.promote("p", [Part("tools/greet")], NOON, seen)
    assert store.history_of("main").head == main


@pytest.mark.parametrize("part", [Part("tools/none"), Part("scaffold.toml", "output_chars")])
def test_what_is_no_file_of_the_project_is_not_promoted(store: Store, part: Part) -> None:
    before = store.head("main-follower")
    put(store, GREET)
    with pytest.raises(ScaffoldError, match="is no file of this project's scaffold"):
        store.promote("p", [Part("tools/greet"), part], NOON)
    assert store.head("fresh") == before


def test_the_history_of_a_part_is_told_through_promotion_and_rollback(store: Store) -> None:
    made = put(store, GREET)
    put(store, FileChange("lessons/tidy.toml", b'text = "Tidy up."\n'))
    store.promote("p", [Part("tools/greet")], NOON)
    gone = store.rollback("q", store.log("q")[-1].id).after
    tool = store.history("p").part("greet")
    assert tool == Part("tools/greet")
    assert [info.id for info in store.history("p").touching(tool)] == [made]
    gone, promoted = store.history("q").touching(tool)
    assert (gone.subject.partition(":")[0], promoted.receipts["From"]) == ("rollback", f"project/p {made}")


def test_the_history_of_a_knob_has_only_what_changed_it(store: Store) -> None:
    put(store, FileChange("scaffold.toml", b"output_chars = 5000\n"))
    put(store, FileChange("scaffold.toml", b"output_chars = 5000\nrepeat_threshold = 4\n"))
    put(store, FileChange("scaffold.toml", b"output_chars = 6000\nrepeat_threshold = 4\n"))
    history = store.history("p")
    knob = history.part("output_chars")
    values = [history.values(info, knob) for info in history.touching(knob)]
    assert values == [(5000, 6000), (10_000, 5000), (None, 10_000)]


def test_every_version_that_a_file_had_is_known(store: Store) -> None:
    put(store, GREET)
    put(store, FileChange("tools/greet", b"two", True))
    put(store, FileChange("tools/greet", None))
    known = store.history("p").versions("tools/greet")
    ids = {hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest() for data in (GREET.content or b"", b"two")}
    assert ids < known and known - ids == {"0" * 40}


def test_the_generation_of_a_day_is_found(store: Store) -> None:
    days = [NOON.replace(day=day) for day in (1, 3, 5)]
    made = [
        store.commit("p", store.head("p"), [FileChange("tools/greet", str(day).encode(), True)], "x", {}, day).after
        for day in days
    ]
    history = store.history("p")
    assert [history.until(day).id for day in days] == made
    assert history.until(NOON.replace(day=4)).id == made[1]
    with pytest.raises(ScaffoldError, match="no generation from before 2020-01-01") as error:
        history.until(NOON.replace(year=2020, month=1, day=1, hour=0))
    assert error.value.remedy.startswith("the first is ")


def test_sessions_that_change_the_same_files_at_once_lose_nothing(store: Store, data: Path) -> None:
    """Each change is a commit or a conflict that its session is told of."""
    script = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from livecoder.scaffold.changes import Conflict, FileChange
        from livecoder.scaffold.store import Commit, Store
        store, who, base = Store.open(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
        for number in range(5):
            change = FileChange(f"tools/tool-{number}", who.encode(), True)
            try:
                store.commit("p", base, [change], f"{who} {number}", {}, datetime.now(UTC))
                print("committed", who, number)
            except Conflict as conflict:
                assert conflict.files == (f"tools/tool-{number}",)
                print("conflict", who, number)
    """
    base = store.head("p")
    command = [sys.executable, "-c", textwrap.dedent(script), str(data)]
    running = [
        subprocess.Popen([*command, who, base], stdout=subprocess.PIPE, text=True) for who in ("one", "two", "three")
    ]
    said = [line.split() for process in running for line in process.communicate(timeout=60)[0].splitlines()]
    committed = {f"{who} {number}" for word, who, number in said if word == "committed"}
    assert len(said) == 15 and len(committed) == 5
    assert {info.subject for info in store.log("p", 50)} == committed | {"seed: as shipped"}
    assert store.notices == Store.open(data).notices == ()
