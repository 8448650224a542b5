"""What a command costs in each sandbox beside a bare `bash -c`, how fast a kill is, and what opening one costs.

    python bench/sandbox.py [--runs 200] [--image NAME]

With an image, of docker too.

The ways are interleaved, so that a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from livecoder.sandbox import Finished, Guest, Room, Sandbox, backends, canary
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.docker import Docker
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import find

BARE = ("bash", "--norc", "--noprofile", "-c", "echo ok")
MARK = "7338.25"
DAEMONS = f"setsid sleep {MARK} & (setsid sh -c 'trap \"\" TERM HUP; sleep {MARK}' &) ; echo begun; sleep {MARK}"
LIMIT, KILL_LIMIT_MS, OPEN_LIMIT_MS = 8, 300, 150
Open: TypeAlias = Callable[[Path], AbstractContextManager[Sandbox]]


@contextmanager
def bubblewrap(place: Path) -> Generator[Bubblewrap]:
    """A room of its own, with what the engine itself needs and no other toolchain."""
    workspace = place / "workspace"
    workspace.mkdir(parents=True)
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    toolchains = find({"PATH": "/usr/bin:/bin"}, workspace, engine)
    with Bubblewrap(Room(workspace, workspace, place / "scratch"), toolchains, Policy()) as sandbox:
        yield sandbox


@contextmanager
def docker(place: Path, image: str) -> Generator[Docker]:
    workspace = place / "workspace"
    workspace.mkdir(parents=True)
    toolchains = find({}, workspace)
    with Docker(Room(workspace, workspace, place / "scratch"), toolchains, Policy(image=image)) as sandbox:
        yield sandbox


@contextmanager
def executed(image: str) -> Generator[Callable[[], None]]:
    """The way not taken: `docker exec` for each command, by docker's own library, with its exit code."""
    import docker as library

    client: Any = library.from_env()
    container = client.containers.run(image, ["sleep", "3600"], detach=True, network_mode="none", auto_remove=True)
    try:

        def way() -> None:
            done = container.exec_run(list(BARE))
            assert (done.exit_code, done.output) == (0, b"ok\n"), done

        yield way
    finally:
        container.remove(force=True)
        client.close()


def echo(sandbox: Sandbox) -> None:
    ended = finished(sandbox.run("echo ok", 60))
    assert ended.output == "ok\n", ended


def finished(chunks: Generator[str, None, Finished]) -> Finished:
    while True:
        try:
            next(chunks)
        except StopIteration as stop:
            return stop.value


def plain(argv: Sequence[str]) -> None:
    done = subprocess.run(
        argv, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert done.stdout == b"ok\n", done


def latency(place: Path, runs: int, image: str) -> None:
    with ExitStack() as stack:
        own, joined = (stack.enter_context(bubblewrap(place / name)) for name in ("own", "joined"))
        room = replace(joined.room, scratch=place / "job", guest=Guest(joined.room.scratch, "job"))
        with joined.sibling(room):
            ways: dict[str, Callable[[], None]] = {
                "bare `bash -c`": lambda: plain(BARE),
                "bubblewrap alone, the same options": lambda: plain(["bwrap", *own.options(), *BARE]),
                "bubblewrap": lambda: echo(own),
                "bubblewrap, in the session's network": lambda: echo(joined),
            }
            if image:
                contained = stack.enter_context(docker(place / "contained", image))
                ways["docker, its container running"] = lambda: echo(contained)
                ways["docker: `exec` for each command"] = stack.enter_context(executed(image))
            took = {name: list[float]() for name in ways}
            for _ in range(runs):
                for name, way in ways.items():
                    took[name].append(timed(way))
    bare = statistics.median(next(iter(took.values())))
    print("| way | median ms | p95 ms | median / bare |\n|---|---|---|---|")
    for name, times in took.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.1f} | {high(times):.1f} | {median / bare:.1f} |")
    print(f"limit: {LIMIT} times bare")


def kills(sandbox: Sandbox, runs: int) -> None:
    """From the moment that a command is not wanted any more until its daemons are gone."""
    took: list[float] = []
    for _ in range(runs):
        unwanted = threading.Event()
        chunks = sandbox.run(DAEMONS, 60, unwanted.is_set)
        next(chunks)
        while len(marked()) < 3:
            time.sleep(0.01)
        unwanted.set()
        took.append(timed(lambda chunks=chunks: gone(chunks)))
    median = statistics.median(took)
    print(f"{sandbox.name} killed with daemons: median {median:.0f} ms, most {max(took):.0f} (limit {KILL_LIMIT_MS})")


def gone(chunks: Generator[str, None, Finished]) -> None:
    assert finished(chunks).interrupted
    while marked():
        time.sleep(0.001)


def marked() -> list[str]:
    """Processes that sleep for MARK seconds."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"sleep\0{MARK}" in path.read_text(errors="replace"):
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def openings(opened: Open, place: Path, runs: int) -> None:
    first: list[float] = []
    beside: list[float] = []
    for number in range(runs):
        began = time.perf_counter()
        with opened(place / f"open-{number}") as sandbox:
            first.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            with sandbox.sibling(replace(sandbox.room, scratch=place / f"beside-{number}")) as sibling:
                echo(sibling)
                beside.append((time.perf_counter() - began) * 1000)
    medians = statistics.median(first), statistics.median(beside)
    limit = f" (limit {OPEN_LIMIT_MS} for bubblewrap)"
    print(f"opened: median {medians[0]:.0f} ms{limit}; one beside it, with a first command, {medians[1]:.0f} ms")


def judged(name: str, image: str) -> None:
    took = [timed(lambda: judge(name, image)) for _ in range(5)]
    print(f"judged by attacks, once a boot: median {statistics.median(took):.0f} ms")


def judge(name: str, image: str) -> None:
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    toolchains = find({"PATH": "/usr/bin:/bin"}, Path("/nowhere"), engine)
    assert canary.attacked(lambda room: backends.backend(name, room, toolchains, Policy(image=image))).works


def timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def high(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--image", default="")
    given = parser.parse_args()
    runs, image = given.runs, given.image
    print(f"{runs} runs; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    with tempfile.TemporaryDirectory() as directory:
        place, few = Path(directory), max(runs // 10, 1)
        latency(place, runs, image)
        opened: dict[str, Open] = {"bubblewrap": bubblewrap}
        if image:
            opened["docker"] = lambda place: docker(place, image)
        for name, way in opened.items():
            print()
            with way(place / f"kills-{name}") as sandbox:
                kills(sandbox, few)
            openings(way, place / f"openings-{name}", few)
            judged(name, image)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
