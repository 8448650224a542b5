"""Commands that outlive a turn: what `lc run` asked for goes on in a room beside the session's until the round ends.

The model is told once that a job has ended, and all of it when it waits. Each job has one thread, which starts the
process and follows it to its end (a sandbox may tie a process to the life of the thread that started it).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import LivecoderError
from livecoder.events import JobEnded, JobStarted, Warned
from livecoder.loop import Notice, State, Step, drained
from livecoder.observation import observation
from livecoder.rooms import Rooms
from livecoder.sandbox import Finished, JobRequest
from livecoder.services import Services

MAX_RUNNING = 4
MAX_SECONDS = 3600.0
TICK = 0.05
"""Seconds between two looks whether the user wants out while a job is waited for."""


@dataclass(slots=True)
class _Job:
    request: JobRequest
    end: futures.Future[Finished]
    told: bool = False
    """That it has ended."""
    shown: bool = False
    """With all that it printed."""

    @property
    def running(self) -> bool:
        return not self.end.done()


class Jobs:
    """A watcher and a context manager for one round: leaving it stops every job that still runs."""

    def __init__(
        self,
        rooms: Rooms,
        services: Services,
        cancelled: Callable[[], bool],
        keep_output: Callable[[Path], str] = lambda _: "",
    ) -> None:
        """`services` are the session's, and share names with jobs: what is asked of them comes by here."""
        self._rooms = rooms
        self._cancelled = cancelled
        self._keep_output = keep_output
        self._services = services
        self._jobs: dict[str, _Job] = {}
        self._stopped = threading.Event()
        self._resources = ExitStack()
        self._threads = futures.ThreadPoolExecutor(MAX_RUNNING, thread_name_prefix="livecoder-job")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._threads.shutdown(wait=True)
        self._resources.close()

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        began = time.monotonic()
        for request in step.finished.job_requests:
            yield from self._start(request, step) if request.command else self._wait(request.name, began, step)
        for request in step.finished.service_requests:
            if request.name in self._jobs and self._jobs[request.name].running:
                yield _refused(f"service {request.name} was not started: a job of that name still runs")
            else:
                yield from self._services.answer(request, step)
        yield from self._services.ended(step)
        for job in self._jobs.values():
            if not job.running and not job.told:
                yield self._ended(job, step.started.step, whole=False)

    def before_end(self, state: State) -> None:
        return None

    def unfinished(self) -> Iterable[Warned]:
        """Said when the round is over: what is stopped now."""
        running = [name for name, job in self._jobs.items() if job.running]
        return [Warned(f"job {name} still ran when the round ended, and was stopped") for name in running]

    def _start(self, request: JobRequest, step: Step) -> Iterator[Notice]:
        name = request.name
        known = self._jobs.get(name)
        running = sum(job.running for job in self._jobs.values())
        if self._services.runs(name):
            yield _refused(f"job {name} was not started: a service of that name runs")
        elif known and known.running:
            yield _refused(f"job {name} was not started: one of that name still runs")
        elif running >= MAX_RUNNING:
            yield _refused(f"job {name} was not started: {running} run already")
        else:
            sandbox = self._resources.enter_context(self._rooms.beside(name))
            run = sandbox.run(request.script, MAX_SECONDS, self._stopped.is_set)
            self._jobs[name] = _Job(request, self._threads.submit(drained, run))
            yield Notice(JobStarted(step.started.step, name, request.command))

    def _wait(self, name: str, began: float, step: Step) -> Iterator[Notice]:
        """For the job of this name, or for all whose results were not shown.

        It costs nothing but time, as no command runs and the model is not asked: so it lasts as long as a job may, or
        as the command may to which the model gave a limit. Both count from `began`.
        """
        until = began + (step.limit or MAX_SECONDS)
        jobs = self._jobs
        wanted = {name: jobs.get(name)} if name else {each: job for each, job in jobs.items() if not job.shown}
        for name, job in wanted.items():
            while job and job.running and time.monotonic() < until and not self._cancelled():
                futures.wait([job.end], TICK)
            if job is None:
                yield _refused(f"there is no job {name} ({', '.join(jobs) or 'none was started in this round'})")
            elif job.running:
                waited = f"job {name} still runs after a wait of {time.monotonic() - began:.0f} s"
                yield Notice(Warned(waited), f"{waited}: `lc out {name}` shows what it printed so far")
            else:
                yield self._ended(job, step.started.step, whole=True)
        if not wanted:
            yield _refused("there is no job to wait for")

    def _ended(self, job: _Job, step: int, *, whole: bool) -> Notice:
        job.told, job.shown = True, job.shown or whole
        name, error = job.request.name, job.end.exception()
        if isinstance(error, LivecoderError):
            return _refused(f"job {name} failed: {error.line()}")
        finished = job.end.result()
        event = JobEnded(
            step=step,
            name=name,
            exit_code=finished.exit_code,
            seconds=finished.seconds,
            output=finished.output,
            output_lines=finished.output_lines,
            truncated=finished.truncated,
            blob=self._keep_output(finished.spool) if finished.spool else "",
        )
        if whole:
            return Notice(event, f"job {name}:\n{observation(finished, ())}")
        end = f"exit {finished.exit_code} after {finished.seconds:.0f} s"
        return Notice(event, f"job {name} has ended: {end}; `lc wait {name}` shows it")


def _refused(text: str) -> Notice:
    return Notice(Warned(text), text)
