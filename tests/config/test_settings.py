"""The user's policy: which source wins, what each key may hold, and which line is wrong when one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from livecoder import config
from livecoder.config import CHOICES, HEADLESS_BUDGET_USD, KEYS, Paths, Settings
from livecoder.errors import ConfigError, UsageError
from livecoder.scaffold.knobs import Knobs

Write = Callable[[str], Paths]


@pytest.fixture
def write() -> Write:
    """`write("[model]\\nname = 'x'")` -> the directories, with this as the user's file."""

    def file(text: str) -> Paths:
        where = config.paths()
        where.config.mkdir(parents=True, exist_ok=True)
        where.config_file.write_text(text)
        return where

    return file


# ---- where things lie


def test_one_variable_moves_all_four_directories(tmp_path: Path) -> None:
    found = config.paths({"LIVECODER_HOME": str(tmp_path)})
    assert found == Paths(tmp_path / "config", tmp_path / "data", tmp_path / "state", tmp_path / "cache")
    assert found.config_file == tmp_path / "config" / "config.toml"


def test_a_home_may_be_given_from_the_users_home_or_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert config.paths({"LIVECODER_HOME": "here"}).data == tmp_path / "here" / "data"
    assert config.paths({"LIVECODER_HOME": "~/there"}).data == tmp_path / "me" / "there" / "data"


# ---- which source wins


def test_flag_then_set_then_environment_then_file_then_default(write: Write) -> None:
    where = write("[model]\nname = 'file'\nretries = 1\n[limits]\nmax_turns = 1\nmax_tokens = 1\n")
    environ = {"LIVECODER_MODEL": "environment", "LIVECODER_MODEL_RETRIES": "2", "LIVECODER_LIMITS_MAX_TURNS": "2"}
    merged = config.merge({"model.name": "flag", "limits.max_turns": None}, {"model.retries": "3"}, where, environ)
    assert merged == {"model.name": "flag", "model.retries": 3, "limits.max_turns": 2, "limits.max_tokens": 1}


def test_without_anything_the_defaults_hold() -> None:
    settings = config.settings({}, {}, {}, headless=False)
    assert settings == Settings(config.paths(), permission_mode="default")


def test_headless_has_a_budget_and_asks_nobody() -> None:
    settings = config.settings({}, {}, {}, headless=True)
    assert (settings.max_budget_usd, settings.permission_mode) == (HEADLESS_BUDGET_USD, "auto")
    assert config.settings({"limits.max_budget_usd": 0}, {}, {}, headless=True).max_budget_usd == 0


def test_rights_come_from_flags_alone(write: Write) -> None:
    write("[sandbox]\nbackend = 'docker'\nimage = 'python:3.12'\n")
    assert config.settings({}, {}, {}, headless=True).sandbox == "docker"
    assert config.settings({}, {}, {}, headless=True).image == "python:3.12"
    assert config.settings({"sandbox.image": "debian:12"}, {}, {}, headless=True).image == "debian:12"
    assert config.settings({}, {}, {"sandbox": "none"}, headless=True).sandbox == "none"
    for key in ("sandbox.backend", "model.name"):
        assert key in KEYS
    assert not {"permission_mode", "verify", "scaffold", "bare"} & {key.rpartition(".")[2] for key in KEYS}
    assert "none" not in CHOICES["sandbox.backend"]


def test_no_knob_of_the_agent_is_a_key_of_the_user() -> None:
    assert not {field.name for field in fields(Knobs)} & {key.rpartition(".")[2] for key in KEYS}


# ---- what a key may hold


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("model.name", "a/b", "a/b"),
        ("model.retries", "0", 0),
        ("limits.timeout", "1.5", 1.5),
        ("sandbox.show_dotenv", "true", True),
        ("sandbox.mounts", "/a,/b", ("/a", "/b")),
        ("sandbox.memory", "512M", 512 * 1024**2),
        ("sandbox.memory", "1.5 GiB", 3 * 512 * 1024**2),
        ("sandbox.scratch", "4g", 4 * 1024**3),
        ("sandbox.scratch", "2000000", 2000000),
        ("evolve.mode", "propose", "propose"),
    ],
)
def test_text_is_read_as_the_keys_type(name: str, text: str, value: object) -> None:
    assert config.checked(name, text, "--set") == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.name", 3),
        ("model.retries", "many"),
        ("model.retries", -1),
        ("model.retries", 3.7),
        ("model.retries", True),
        ("limits.max_turns", float("inf")),
        ("limits.max_budget_usd", float("nan")),
        ("limits.max_budget_usd", "-1"),
        ("sandbox.show_dotenv", "yes"),
        ("sandbox.show_dotenv", 1),
        ("sandbox.mounts", 5),
        ("sandbox.memory", "much"),
        ("sandbox.memory", "-1G"),
        ("sandbox.memory", "4"),
        ("sandbox.memory", True),
        ("sandbox.memory", [1]),
        ("evolve.mode", "always"),
        ("sandbox.backend", "none"),
        ("no.such_key", "x"),
    ],
)
def test_a_bad_value_is_named_as_the_fault_of_its_source(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name) as flag:
        config.checked(name, value, "--set")
    with pytest.raises(ConfigError, match=name) as file:
        config.checked(name, value, "/home/me/config.toml")
    assert (flag.value.exit_code, file.value.exit_code) == (2, 3)
    assert flag.value.remedy and file.value.remedy


def test_a_misspelt_key_is_told_its_neighbour() -> None:
    with pytest.raises(UsageError, match=r"did you mean `model.retries`\?"):
        config.checked("model.retry", "1", "--set")


# ---- the file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[model]\nname = 'x'\nretry = 3\n", "line 3: unknown key `model.retry` (did you mean `model.retries`?)"),
        ("[model]\nname = \n", "line 2"),
        ("\nname = 'x'\n", "line 2: `name` stands in no section"),
        ("[model]\n\nretries = 'x'\n", "line 3: `model.retries = 'x'` is no whole number"),
        ("[sandbox]\nbackend = 'none'\n", "one of auto, bubblewrap, docker"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line(write: Write, text: str, told: str) -> None:
    where = write(text)
    with pytest.raises(ConfigError) as caught:
        config.read_file(where.config_file)
    assert told in caught.value.line() and str(where.config_file) in str(caught.value)


def test_a_file_that_is_missing_is_empty_and_one_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    assert config.read_file(tmp_path / "missing.toml") == {}
    with pytest.raises(ConfigError, match="Is a directory"):
        config.read_file(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError):
        config.read_file(tmp_path / "binary.toml")


def test_what_is_remembered_of_a_project_keeps_the_rest_of_the_file(write: Write) -> None:
    where = write("# mine\n[model]\nname = 'x' # the good one\n")
    config.remember(where.config_file, "repo-1", {"verify": "pytest -q", "verify_offered": True})
    config.remember(where.config_file, "repo-1", {"verify": "make test"})
    config.remember(where.config_file, "repo-2", {"verify": "true"})
    text = where.config_file.read_text()
    assert text.startswith("# mine\n[model]\nname = 'x' # the good one\n")
    document = config.read_file(where.config_file)
    assert config.project(document, "repo-1") == {"verify": "make test", "verify_offered": True}
    assert config.project(document, "repo-2") == {"verify": "true"}
    assert config.project(document, "repo-3") == {}


def test_a_file_that_is_a_link_stays_one_and_keeps_its_mode(write: Write, tmp_path: Path) -> None:
    where = write("")
    dotfile = tmp_path / "dotfiles.toml"
    dotfile.write_text("# mine\n")
    dotfile.chmod(0o640)
    where.config_file.unlink()
    where.config_file.symlink_to(dotfile)
    config.remember(where.config_file, "repo-1", {"verify": "true"})
    assert where.config_file.is_symlink() and dotfile.read_text().startswith("# mine\n")
    assert config.project(config.read_file(dotfile), "repo-1") == {"verify": "true"}
    assert dotfile.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.glob("dotfiles*")] == ["dotfiles.toml"]


def test_remembering_makes_the_file_where_there_is_none() -> None:
    where = config.paths()
    config.remember(where.config_file, "repo-1", {"verify": "true"})
    assert config.project(config.read_file(where.config_file), "repo-1") == {"verify": "true"}


# ---- secrets


def test_values_of_variables_named_like_secrets_are_secrets() -> None:
    environ = {
        "OPENAI_API_KEY": "sk-0123456789",
        "GITHUB_TOKEN": "ghp-0123456789",
        "db_password": "correct horse",
        "PATH": "/usr/bin:/bin:/x",
        "SHORT_KEY": "abc",
        "KEYBOARD": "de-latin1-nodead",
    }
    assert sorted(config.secrets(environ)) == ["correct horse", "ghp-0123456789", "sk-0123456789"]
