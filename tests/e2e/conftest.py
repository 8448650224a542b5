"""Fixtures of the whole process: `livecoder` as a script starts it, in a real repository, with its own home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.model.faulty_provider import Endpoint

PROGRAM = [sys.executable, "-m", "livecoder"]
LIMIT_SECONDS = 180
"""No run takes that long, but on a very busy machine; whatever is not ended in time sleeps for 600 s."""


@dataclass(frozen=True)
class Done:
    """How a run ended. `signal` numbers come out negative, as subprocess has them."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        """The one result line, which agrees with the exit code and has a reason."""
        found = [line for line in self.lines if line["type"] == "result"]
        assert len(found) == 1, f"{len(found)} results\n{self.out}\n{self.err}"
        assert found[0] == self.lines[-1]
        assert found[0]["exit_code"] == self.code, self.err
        assert found[0]["is_error"] == (self.code != 0)
        assert found[0]["reason"]
        return found[0]


@dataclass
class Livecoder:
    """Starts livecoder in `cwd`. Keys of the developer never get into a test."""

    cwd: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict[str, str])
    started: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    def script(self, *replies: str) -> str:
        """A scripted model's name; a reply that begins with `$ ` is one command."""
        path = self.folder / f"script-{len(list(self.folder.iterdir()))}.md"
        path.write_text("\n---8<---\n".join(map(reply, replies)))
        return f"scripted:{path}"

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.endswith(("_API_KEY", "_TOKEN"))}
        return {**kept, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", **self.env}

    def start(self, *arguments: str, cwd: Path | None = None, stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=cwd or self.cwd,
            env=self.environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> Done:
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        assert "Traceback" not in err + out, err + out
        return Done(process.returncode, out, err)

    def __call__(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> Done:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=cwd or self.cwd,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            timeout=LIMIT_SECONDS,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err + out, err + out
        return Done(done.returncode, out, err)

    def task(self, *replies: str, flags: tuple[str, ...] = (), stdin: bytes = b"") -> Done:
        """One headless task with a scripted model, as JSON lines."""
        return self("-p", "do it", "-m", self.script(*replies), "--json", *flags, stdin=stdin)

    @property
    def home(self) -> Path:
        return Path(self.environment()["LIVECODER_HOME"])

    def sessions(self) -> list[Path]:
        return sorted(self.home.glob("state/projects/*/sessions/*"))


def reply(text: str) -> str:
    return f"```bash\n{text.removeprefix('$ ')}\n```" if text.startswith("$ ") else text


def until(met: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + LIMIT_SECONDS
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def repository(make_repository: Callable[..., Path]) -> Path:
    return make_repository({"calc.py": "def add(a, b):\n    return a - b\n", "README.md": "# calc\n"})


@pytest.fixture
def livecoder(repository: Path, tmp_path: Path) -> Iterator[Livecoder]:
    folder = tmp_path / "scripts"
    folder.mkdir()
    made = Livecoder(repository, folder)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def provider(livecoder: Livecoder) -> Iterator[Endpoint]:
    """A provider on loopback that litellm talks to, with few and short retries; `answers` says what it gives."""
    endpoint = Endpoint()
    livecoder.env |= {
        "LIVECODER_API_BASE": endpoint.url,
        "LIVECODER_MODEL": "openai/unheard-of",
        "OPENAI_API_KEY": "sk-loopback-0123456789",
        "LIVECODER_MODEL_RETRIES": "1",
        "LIVECODER_MODEL_MAX_WAIT_SECONDS": "0.05",
    }
    yield endpoint
    endpoint.close()
