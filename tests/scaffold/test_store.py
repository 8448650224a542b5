"""The scaffold's history: forks, commits that merge by file, conflicts, rollback, other people's git."""

from __future__ import annotations

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
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.store import Store

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
        from livecoder.scaffold.store import Store
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
