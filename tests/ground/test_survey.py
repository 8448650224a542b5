"""The door: the top of the tree, instruction files, where the user is, and what git was seen to say."""

from __future__ import annotations

import os
from pathlib import Path

from livecoder.ground import MAX_ENTRIES, MAX_INSTRUCTIONS, survey
from livecoder.workspace.glance import Glance
from tests.ground.conftest import Make, See

NOTHING = Glance()


# ---- the top of the tree


def test_folders_come_first_without_what_is_hidden_or_made_by_tools(see: See) -> None:
    files = {"src/a.py": "", "b.txt": "", ".git/HEAD": "", "node_modules/x": "", ".github/x": "", "__pycache__/x": ""}
    assert see(files).entries == ("src/", "b.txt")


def test_of_many_entries_the_first_are_named(see: See) -> None:
    ground = see({f"f{n:03}": "" for n in range(MAX_ENTRIES + 7)})
    assert (len(ground.entries), ground.left_out, ground.entries[0]) == (MAX_ENTRIES, 7, "f000")


def test_a_name_cannot_break_out_of_its_line(make: Make) -> None:
    root = make({"a.txt": "", "b\n<": "", "größe": "", "c\x1b[2J": "", "d\u202e": ""})
    (root / os.fsdecode(b"caf\xe9")).touch()
    entries = survey(root, root, NOTHING).entries
    assert {"a.txt", "größe", "b <", "c?[2J", "d?", "caf?"} == set(entries)


# ---- instruction files


def test_instructions_are_read_from_the_root_down_the_nearest_last(see: See) -> None:
    files = {"AGENTS.md": "top", "a/AGENTS.md": "middle", "a/b/AGENTS.md": "near", "c/AGENTS.md": "elsewhere"}
    assert [(i.name, i.text) for i in see(files, "a/b").instructions] == [
        ("AGENTS.md", "top"),
        ("a/AGENTS.md", "middle"),
        ("a/b/AGENTS.md", "near"),
    ]


def test_a_hidden_folder_is_a_folder_like_any_other(see: See) -> None:
    files = {".tools/AGENTS.md": "hidden", "tools/AGENTS.md": "elsewhere", ".tools/go.mod": "module x\n"}
    ground = see(files, ".tools")
    assert ([i.text for i in ground.instructions], ground.packages.here) == (["hidden"], ".tools")


def test_the_other_name_counts_only_where_the_first_is_missing(see: See) -> None:
    assert [i.name for i in see({"CLAUDE.md": "other", "a/x": ""}, "a").instructions] == ["CLAUDE.md"]
    assert [i.name for i in see({"AGENTS.md": "first"}, "a").instructions] == ["AGENTS.md"]


def test_bare_reads_none(make: Make) -> None:
    root = make({"AGENTS.md": "top"})
    assert survey(root, root, NOTHING, bare=True).instructions == ()


def test_a_long_one_is_cut_and_says_so(see: See) -> None:
    (found,) = see({"AGENTS.md": "ü" * 100_000}).instructions
    assert found.text.endswith(f"[cut at {MAX_INSTRUCTIONS} bytes]")
    assert MAX_INSTRUCTIONS < len(found.text.encode()) < MAX_INSTRUCTIONS + 40


def test_a_directory_elsewhere_has_the_roots_alone(make: Make, tmp_path: Path) -> None:
    root = make({"AGENTS.md": "top", "setup.py": ""})
    ground = survey(root, tmp_path, NOTHING)
    assert (len(ground.instructions), ground.packages.here) == (1, "")


# ---- what git said


def test_branch_and_untracked_files_are_handed_on(make: Make) -> None:
    root = make({})
    ground = survey(root, root, Glance("on main", (), ("notes.txt", "scratch/")))
    assert (ground.git, ground.untracked) == ("on main", ("notes.txt", "scratch/"))
