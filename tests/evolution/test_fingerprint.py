"""What a lesson is about: taken from its own words, stale when that is no longer so, in force again when it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livecoder.evolution.fingerprint import Present
from livecoder.scaffold.lessons import Fingerprint, Lesson, dump, parse

CONFIG = "".join(f"option_{n} = {n}\n" for n in range(40))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "test.toml").write_text(CONFIG)
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "Some_Lib"\nversion = "8.1.1"\n\n[[package]]\nname = "b"\n')
    return tmp_path


def learnt(root: Path, text: str, family: str = "model-1", trigger: str = "") -> Lesson:
    lesson = Lesson("x", text, trigger=trigger)
    found = Present(root, family).fingerprint(lesson)
    return parse("x", dump(Lesson("x", text, trigger=trigger, fingerprint=found)))


def stale(root: Path, lesson: Lesson, family: str = "model-1") -> str:
    return Present(root, family).stale(lesson)


def test_a_file_that_is_rewritten_makes_it_stale_and_one_that_comes_back_renews_it(root: Path) -> None:
    lesson = learnt(root, "The suite needs ./conf/test.toml, see conf/none.toml.".replace("./", ""))
    assert len(lesson.fingerprint.files) == 1 and stale(root, lesson) == ""
    file = root / "conf" / "test.toml"
    file.write_text(CONFIG.replace("option_7 = 7", "option_7 = 8"))
    assert stale(root, lesson) == "", "edited in one place it is what it was"
    file.write_text("another = true\n" * 40)
    assert stale(root, lesson) == "conf/test.toml is not what it was"
    file.unlink()
    assert stale(root, lesson) == "conf/test.toml is gone"
    file.write_text(CONFIG)
    assert stale(root, lesson) == ""


def test_a_dependency_of_another_version_makes_it_stale(root: Path) -> None:
    lesson = learnt(root, "some-lib needs its plugins named by hand.")
    assert lesson.fingerprint == Fingerprint(dependencies=("some-lib 8.1.1",))
    lock = (root / "uv.lock").read_text()
    (root / "uv.lock").write_text(lock.replace("8.1.1", "9.0.0"))
    assert stale(root, lesson) == "some-lib was 8.1.1 and is 9.0.0"
    (root / "uv.lock").unlink()
    assert stale(root, lesson) == "some-lib was 8.1.1 and is gone"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", '[[package]]\nname = "left-pad"\nversion = "1.2.3"\n'),
        ("Cargo.lock", '[[package]]\nname = "left-pad"\nversion = "1.2.3"\n'),
        ("package-lock.json", '{"packages": {"node_modules/left-pad": {\n      "version": "1.2.3",\n'),
        ("requirements.txt", "other>=2\nleft-pad[extra]==1.2.3 # why\n"),
        ("go.mod", "module x\n\nrequire example.org/left-pad v1.2.3\n"),
        ("pyproject.toml", 'dependencies = ["left-pad>=1.2.3"]\n'),
        ("package.json", '{"dependencies": {"left-pad": "^1.2.3"}}'),
    ],
)
def test_versions_are_read_where_each_language_has_them(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (version,) = learnt(tmp_path, "Call left-pad or example.org/left-pad with care.").fingerprint.dependencies
    assert version.rpartition(" ")[2].lstrip("v>=^") == "1.2.3"


def test_what_is_locked_comes_before_what_is_allowed(root: Path) -> None:
    (root / "pyproject.toml").write_text('dependencies = ["some-lib>=7"]\n')
    assert Present(root, "m").versions()["some-lib"] == "8.1.1"


def test_a_rule_about_nothing_in_particular_holds_for_the_model_that_learnt_it(root: Path) -> None:
    lesson = learnt(root, "Run one test before all of them.")
    assert lesson.fingerprint == Fingerprint(models=("model-1",))
    assert stale(root, lesson) == stale(root, lesson, "") == ""
    assert stale(root, lesson, "model-2") == "it was learnt with model-1"
    about_a_file = learnt(root, "Look at conf/test.toml before you run the tests.")
    assert stale(root, about_a_file, "model-2") == ""


def test_the_users_own_word_is_about_nothing_that_goes_stale(root: Path) -> None:
    assert not Present(root, "m").fingerprint(Lesson("x", "Leave conf/test.toml alone.", origin="user"))


def test_a_lesson_without_a_fingerprint_is_never_stale(root: Path) -> None:
    assert stale(root, Lesson("x", "Old ones have none.")) == ""


@pytest.mark.parametrize(
    "path", ["../secret.txt", "conf/../../secret.txt", "link.txt", "folder/inside.txt", ".env.local"]
)
def test_nothing_outside_and_no_secret_is_looked_at(root: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path.parent / "secret.txt"
    outside.write_text("a key\n")
    (root / "link.txt").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path.parent)
    (tmp_path.parent / "inside.txt").write_text("a key\n")
    (root / ".env.local").write_text("KEY=1\n")
    assert Present(root, "m").marks(path) == ()


def test_odd_files_hold_nobody_up(root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    (root / "large.txt").write_bytes(b"x\n" * (2 << 20))
    (root / "empty.txt").write_text("")
    present = Present(root, "m")
    assert [present.marks(name) for name in ("pipe.txt", "large.txt", "empty.txt", "conf")] == [()] * 4
    (root / "uv.lock").write_text('name = "evil"\nversion = "1.0 \u202e"\n' + 'name = "' * 100_000)
    assert Present(root, "m").versions() == {}
