"""Commands that last a session: what `lc serve` asked for is reached by later commands on loopback, round after round.

Each service has one thread, which starts the process and follows it to its end. The model is told when it listens, and
once when it has ended by itself; it is never started again without being asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from livecoder.errors import LivecoderError
from livecoder.events import ServiceEnded, ServiceStarted, Warned
from livecoder.loop import Notice, Step, drained
from livecoder.observation import observation
from livecoder.rooms import Rooms
from livecoder.sandbox import Finished, Sandbox, ServiceRequest
from livecoder.sandbox.clean import clean
from livecoder.sandbox.ports import Serving

MAX_RUNNING = 4
PATIENCE = 60.0
"""Seconds that a port is waited for, at most the time limit of the command that asks."""
QUIET = 5.0
"""Seconds that any port is waited for where none was named."""
TICK = 0.1
_TAIL_BYTES = 2000


@dataclass(slots=True)
class _Service:
    request: ServiceRequest
    sandbox: Sandbox
    end: futures.Future[Finished]
    stop: threading.Event
    resources: ExitStack
    began: float = field(default_factory=time.monotonic)
    told: bool = False

    @property
    def ports(self) -> tuple[int, ...]:
        return (self._listens() or ()) if not self.end.done() else ()

    @property
    def hidden(self) -> bool:
        """Its ports cannot be told here."""
        return self._listens() is None

    @property
    def ready(self) -> bool:
        return self.request.port in self.ports if self.request.port else bool(self.ports)

    def _listens(self) -> tuple[int, ...] | None:
        return self.sandbox.ports() if isinstance(self.sandbox, Serving) else None


class Services:
    """Of a session. `close` ends them all."""

    def __init__(
        self, rooms: Rooms, cancelled: Callable[[], bool], keep_output: Callable[[Path], str] = lambda _: ""
    ) -> None:
        self._rooms = rooms
        self._cancelled = cancelled
        self._keep_output = keep_output
        self._services: dict[str, _Service] = {}
        self._threads = futures.ThreadPoolExecutor(MAX_RUNNING, thread_name_prefix="livecoder-service")

    def close(self) -> None:
        for service in self._services.values():
            service.stop.set()
        self._threads.shutdown(wait=True)
        for service in self._services.values():
            service.resources.close()
        self._services = {}

    def runs(self, name: str) -> bool:
        return name in self._services and not self._services[name].end.done()

    def answer(self, request: ServiceRequest, step: Step) -> Iterator[Notice]:
        """What one `lc serve` asked for."""
        if not request.name:
            yield Notice(Warned(self._listed()), self._listed())
            return
        if request.name in self._services:
            yield from self._stopped(request.name, step)
        elif not request.command:
            yield _refused(f"there is no service {request.name} ({self._listed()})")
        if not request.command:
            return
        if sum(not each.end.done() for each in self._services.values()) >= MAX_RUNNING:
            yield _refused(f"service {request.name} was not started: {MAX_RUNNING} run already")
            return
        yield self._started(request, step)

    def ended(self, step: Step) -> Iterator[Notice]:
        """Those that ended by themselves, each once."""
        for name, service in self._services.items():
            if service.end.done() and not service.told:
                yield self._told(name, service, step, "has ended by itself")

    def _started(self, request: ServiceRequest, step: Step) -> Notice:
        """Start it, and wait until it listens, ends, or takes too long."""
        resources, stop = ExitStack(), threading.Event()
        sandbox = resources.enter_context(self._rooms.beside(request.name))
        end = self._threads.submit(drained, sandbox.run(request.script, inf, stop.is_set))
        service = self._services[request.name] = _Service(request, sandbox, end, stop, resources)
        until = service.began + (min(PATIENCE, step.started.timeout) if request.port else QUIET)
        if service.hidden:
            until = min(until, service.began + QUIET)  # it may listen by then
        while not end.done() and not service.ready and time.monotonic() < until and not self._cancelled():
            futures.wait([end], TICK)
        if end.done():
            return self._told(request.name, service, step, "ended before it listened")
        ports, seconds = service.ports, time.monotonic() - service.began
        event = ServiceStarted(step.started.step, request.name, request.command, ports, seconds)
        return Notice(event, self._state(request.name, service, ports, seconds))

    def _state(self, name: str, service: _Service, ports: tuple[int, ...], seconds: float) -> str:
        listens = f"listens on port {', '.join(map(str, ports))}" if ports else "listens on no port"
        if service.hidden or not isinstance(service.sandbox, Serving):
            return f"service {name} runs; on which port cannot be told in this sandbox"
        if apart := service.sandbox.apart:
            return f"service {name} runs, and no other command reaches it: {apart}"
        if service.ready:
            return f"service {name} {listens}, until the session ends"
        wanted = f", not on {service.request.port}" if service.request.port and ports else ""
        said = self._output(name)
        return f"service {name} runs and {listens}{wanted} after {seconds:.0f} s" + (
            f"; it says:\n{said}" if said else ""
        )

    def _output(self, name: str) -> str:
        """The end of what it printed so far."""
        try:
            with (self._rooms.sandbox.room.shared / "out" / name).open("rb") as file:
                file.seek(max(file.seek(0, 2) - _TAIL_BYTES, 0))
                return clean(file.read()).strip()
        except OSError:  # it is only about to begin
            return ""

    def _stopped(self, name: str, step: Step) -> Iterator[Notice]:
        service = self._services.pop(name)
        by_itself = service.end.done()
        service.stop.set()
        futures.wait([service.end])
        if not service.told:
            yield self._told(name, service, step, "had ended by itself" if by_itself else "")
        service.resources.close()

    def _told(self, name: str, service: _Service, step: Step, how: str) -> Notice:
        """`how` it ended by itself; "" where it was stopped."""
        service.told = True
        error = service.end.exception()
        if isinstance(error, LivecoderError):
            return _refused(f"service {name} failed: {error.line()}")
        finished = service.end.result()
        blob = self._keep_output(finished.spool) if finished.spool else ""
        number, code, seconds = step.started.step, finished.exit_code, finished.seconds
        event = ServiceEnded(number, name, code, seconds, finished.output, not how, blob)
        said = f"service {name} {how}:\n{observation(finished, ())}" if how else f"service {name} was stopped"
        return Notice(event, said)

    def _listed(self) -> str:
        told = [
            f"{name} (port {', '.join(map(str, each.ports)) or 'none'}, {time.monotonic() - each.began:.0f} s)"
            if not each.end.done()
            else f"{name} (ended)"
            for name, each in self._services.items()
        ]
        return f"services: {', '.join(told) or 'none'}"


def _refused(text: str) -> Notice:
    return Notice(Warned(text), text)
