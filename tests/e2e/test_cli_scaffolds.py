"""A scaffold that is broken or hostile, by `--scaffold DIR`: the run goes on with the seed's part, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Livecoder

SLOW = "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"
FIX = "$ sed -i 's/a - b/a + b/' calc.py"


def scaffold(livecoder: Livecoder, files: dict[str, str]) -> tuple[str, str]:
    root = livecoder.folder / "scaffold"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.startswith("tools/") else 0o644)
    return "--scaffold", str(root)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"scaffold.toml": "schema = 1\n[["}, "scaffold.toml"),
        ({"scaffold.toml": "unheard_of = 1\n"}, "unheard_of"),
        ({"scaffold.toml": "command_timeout_seconds = 1e99\n"}, "command_timeout_seconds"),
        ({"prompts/system.md": "{{ nothing_of_this_name }}"}, "prompts/system.md"),
        ({"prompts/system.md": "{% for"}, "prompts/system.md"),
        ({"prompts/system.md": "{{ ''.__class__.__mro__ }}"}, "prompts/system.md"),
        ({"prompts/system.md": SLOW}, "prompts/system.md"),
        ({"prompts/harvest.md": "{{ undefined_here }}"}, "prompts/harvest.md"),
        ({"prompts/reflection.md": "{{ 'x' * 99999999999 }}"}, "prompts/reflection.md"),
        ({"prompts/system.md": "be good\u202e"}, "hidden"),
        ({"lessons/bad.toml": "]]"}, "bad"),
    ],
)  # fmt: skip
def test_a_broken_part_is_replaced_and_told(livecoder: Livecoder, files: dict[str, str], said: str) -> None:
    done = livecoder.task(FIX, "Done.", flags=scaffold(livecoder, files))
    warnings = [line["text"] for line in done.lines if line.get("subtype") == "warning"]

    assert (done.code, done.result["patch"]["files"]) == (0, 1)
    assert any(said in text for text in warnings), warnings


def test_the_seeds_prompt_stands_in(livecoder: Livecoder) -> None:
    def tokens(*flags: str) -> int:
        return int(livecoder.task("Done.", flags=flags).lines[0]["context_tokens"])

    assert tokens(*scaffold(livecoder, {"prompts/system.md": "{{ undefined_here }}"})) == tokens()


def test_a_tool_that_hangs_on_help_costs_nothing_until_it_is_changed(livecoder: Livecoder) -> None:
    flags = scaffold(livecoder, {"tools/stuck": "#!/usr/bin/env bash\n# waits for ever\nsleep 600\n"})
    done = livecoder.task(FIX, "Done.", flags=flags)

    assert done.code == 0
    assert [line for line in done.lines if line.get("subtype") == "tool_broken"] == [], "it was not asked for its help"


def test_a_tool_that_the_model_makes_and_that_hangs_is_refused(livecoder: Livecoder) -> None:
    make = "$ printf '#!/usr/bin/env bash\\n# waits\\nsleep 600\\n' > $SCAFFOLD/tools/stuck"
    done = livecoder.task(make, FIX, "Done.")

    assert done.code == 0
    assert [line["name"] for line in done.lines if line.get("subtype") == "tool_broken"] == ["stuck"]
    assert done.result["scaffold"]["created"] == []


@pytest.mark.parametrize("which", ["/nowhere", "0000000", "-x", "HEAD; rm -rf /"])
def test_a_scaffold_that_is_not_there_is_exit_3(livecoder: Livecoder, which: str) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), f"--scaffold={which}")

    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1
    assert livecoder.sessions() == []


def test_a_history_that_was_tampered_with_is_put_back_and_told(livecoder: Livecoder) -> None:
    assert livecoder.task("Done.").code == 0
    branch = next((livecoder.home / "data/scaffold.git/refs/heads/project").iterdir())
    branch.write_text("f" * 40 + "\n")
    done = livecoder.task("Done.")
    warnings = [line["text"] for line in done.lines if line.get("subtype") == "warning"]

    assert done.code == 0
    assert any("was moved by something else than livecoder" in text for text in warnings), warnings


def test_an_empty_directory_is_no_scaffold(livecoder: Livecoder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert livecoder("-p", "x", "-m", livecoder.script("x"), "--scaffold", str(tmp_path / "empty")).code == 3


def test_none_is_bash_alone(livecoder: Livecoder) -> None:
    done = livecoder.task('$ echo "[$SCAFFOLD]"', "Done.", flags=("--scaffold", "none"))

    assert done.result["scaffold"]["before"] == "none"
    assert any("[]" in str(line) for line in done.lines)
