"""Starts an agent on a prepared repository and waits for its end: livecoder, or mini-swe-agent to stand beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import Session, session
from tasks import TaskError

from livecoder.workspace.workspace import project_id

PATIENCE_SECONDS = 24 * 3600
"""How long an agent waits for a reply that a person writes."""
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
PEER = {"MSWEA_CONFIGURED": "1", "MSWEA_COST_TRACKING": "ignore_errors", "MSWEA_SILENT_STARTUP": "1"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to run: the flags of `solve.py run`."""

    model: str
    home: Path
    """LIVECODER_HOME: a second run with the same one finds what the first one learnt."""
    api_base: str = ""
    """The hand-answered endpoint's; "" for the model's own."""
    settings: tuple[str, ...] = ()
    """For livecoder's --set."""
    scaffold: str = ""
    without: str = ""
    """Parts of what the model reads that livecoder leaves out: see without.py."""
    verify: str = ""
    peer: Path | None = None
    """The environment that mini-swe-agent is installed in."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an agent ended, and what it says of itself; what it does not say is None."""

    exit_code: int
    outcome: str
    seconds: float
    turns: int
    steps: int
    cost_usd: float | None
    session: Session | None = None


def livecoder(issue: str, project: Path, wanted: Wanted) -> Ended:
    """`livecoder fix` with the issue on stdin."""
    program = [str(Path(__file__).with_name("without.py")), wanted.without] if wanted.without else ["-m", "livecoder"]
    command = [sys.executable, *program, "fix", "-", "--output-format", "json", *_flags(wanted)]
    for flag, value in (("--scaffold", wanted.scaffold), ("--verify", wanted.verify)):
        command += [flag, value] if value else []
    code, out, seconds = _run(command, project, _variables(wanted), issue)
    if not out.strip():
        raise TaskError(f"livecoder ended with {code} and no result")
    result: dict[str, Any] = json.loads(out)
    sessions = wanted.home / "state/projects" / project_id(project) / "sessions"
    found = session(sessions / result["session_id"])
    return Ended(code, result["outcome"], seconds, result["num_turns"], found.steps, found.cost_usd, found)


def reflect(project: Path, wanted: Wanted) -> None:
    """`livecoder reflect`: the look back that a run without a terminal leaves pending. Raises TaskError."""
    command = [sys.executable, "-m", "livecoder", "reflect", "--pending", *_flags(wanted)]
    code, _, _ = _run(command, project, _variables(wanted))
    if code:
        raise TaskError(f"livecoder reflect ended with {code}")


def _flags(wanted: Wanted) -> list[str]:
    settings = [*wanted.settings]
    if wanted.api_base:
        settings = [f"model.api_base={wanted.api_base}", f"model.idle_timeout_seconds={PATIENCE_SECONDS}", *settings]
    return ["-m", wanted.model, *(word for setting in settings for word in ("--set", setting))]


def _variables(wanted: Wanted) -> dict[str, str]:
    checkout = str(Path(__file__).resolve().parents[1])
    return {"LIVECODER_HOME": str(wanted.home), "PYTHONPATH": checkout, **_key(wanted)}


def mini(issue: str, project: Path, wanted: Wanted) -> Ended:
    """mini-swe-agent, headless. It runs its commands as the user who starts this, with a network: mind that."""
    if wanted.peer is None:
        raise TaskError("--agent mini needs --peer-venv, an environment with mini-swe-agent and mcp in it")
    home = wanted.home / "mini"
    home.mkdir(parents=True, exist_ok=True)
    trajectory = home / f"{project.name}-{time.time_ns()}.json"
    command = [str(wanted.peer / "bin/mini"), "--yolo", "--exit-immediately", "-l", "0", "-m", wanted.model]
    command += ["-t", issue, "-o", str(trajectory), "-c", "mini.yaml"]
    command += ["-c", f"model.model_kwargs.timeout={PATIENCE_SECONDS}"] if wanted.api_base else []
    command += ["-c", f"model.model_kwargs.api_base={wanted.api_base}"] if wanted.api_base else []
    code, _, seconds = _run(command, project, {"HOME": str(home), **PEER, **_key(wanted)})
    if not trajectory.exists():
        raise TaskError(f"mini-swe-agent ended with {code} and no trajectory")
    said: dict[str, Any] = json.loads(trajectory.read_text())
    results: list[dict[str, Any]] = [message.get("extra", {}) for message in said["messages"]]
    steps = sum(extra.get("returncode", -1) >= 0 for extra in results)
    stats = said["info"]["model_stats"]
    outcome = str(said["info"].get("exit_status") or "")
    return Ended(code, outcome, seconds, stats["api_calls"], steps, stats["instance_cost"] or None)


AGENTS = {"livecoder": livecoder, "mini": mini}


def _key(wanted: Wanted) -> dict[str, str]:
    return {**QUIET, "OPENAI_API_KEY": "by-hand"} if wanted.api_base else QUIET


def _run(command: Sequence[str], cwd: Path, variables: dict[str, str], text: str = "") -> tuple[int, str, float]:
    """Exit code, stdout and seconds. Says the process's id, which whoever answers by hand may want to watch."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    print(f"process {process.pid} works in {cwd}", file=sys.stderr, flush=True)
    out, _ = process.communicate(text)
    return process.returncode, out, time.monotonic() - began
