"""The demo as a newcomer sees it: three acts, the way back, and what it says when something goes differently."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from livecoder.scaffold.seed import shipped


def run(
    home: Path, *arguments: str, program: tuple[str, ...] = ("-m", "livecoder")
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LIVECODER_HOME": str(home)}
    command = [sys.executable, *program, "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, timeout=120)


def test_three_acts_and_the_way_back(own_home: Path) -> None:
    done = run(own_home)
    assert (done.returncode, done.stderr) == (0, "")
    told = [
        "recorded model (answered by hand), 20",
        "+ tool table",
        "verify passed on a clean copy",
        "+ tool(table)",
        "+ lesson(",
        "learnt earlier here",
        "table <<'END'",
        "tool tools/table: refused: a case no longer replays",
        "as it was before act 1",
        "git status: clean",
        "what to type next",
    ]
    place = 0
    for text in told:
        place = done.stdout.find(text, place)
        assert place >= 0, f"{text} is missing, or comes too early"
    assert "reflection: failed" not in done.stdout and done.stdout.count("reflection: ") == 3


def test_it_claims_no_figure(own_home: Path) -> None:
    told = run(own_home).stdout
    assert "$0" not in told and "price" not in told
    assert "tokens ·" not in told


def test_nothing_of_the_users_is_touched_nor_heeded(own_home: Path) -> None:
    own_settings = own_home / "config" / "config.toml"
    own_settings.parent.mkdir()
    own_settings.write_text("[evolve]\nmode = 'off'\n[limits]\nmax_turns = 1\n[nonsense]\nx = 1\n")
    before = {path for path in own_home.rglob("*") if path.is_file()}
    assert run(own_home).returncode == 0
    assert {path for path in own_home.rglob("*") if path.is_file()} == before


def test_it_stops_where_a_result_differs_from_the_recording(own_home: Path, tmp_path: Path) -> None:
    """The same package with another patient: what the commands print is not what was recorded."""
    for name in ("livecoder", "scaffold", "tools", "demo"):
        shutil.copytree(shipped(name) if name != "livecoder" else shipped("demo").parent / name, tmp_path / name)
    patient = tmp_path / "demo/repository/durations.py"
    patient.write_text(patient.read_text().replace("largest unit first", "smallest unit first"))
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from livecoder.__main__ import main; main()"
    done = run(own_home, program=("-c", start))
    assert done.returncode == 70
    assert "act 1 went differently" in done.stderr and "differs from its recording" in done.stderr
    assert "act 2" not in done.stdout


def test_live_shows_what_was_counted_with_and_without_the_scaffold(own_home: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.md"
    script.write_text("```bash\nsed -i 's/parts.append/if number: parts.append/' durations.py\n```\n---8<---\ndone\n")
    done = run(own_home, "--live", "-m", f"scripted:{script}")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines() if " task 1 " in line or " task 2 " in line]
    assert [(row[0], row[-4]) for row in rows] == [("scaffold", "2")] * 2 + [("bash", "2")] * 2
    assert "failed" in done.stdout, "one sed solves neither task, and the table says so"


def test_a_model_without_live_is_a_mistake(own_home: Path) -> None:
    done = run(own_home, "-m", "openai/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--live" in done.stderr
