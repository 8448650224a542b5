"""What a command left in /run/lc/in, read as what it is: data that the command may have forged.

Only regular files of bounded size are read, never through a link; what is malformed is as good as absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from livecoder.sandbox import BaseRequest, JobRequest, ServiceRequest, ToolCall
from livecoder.sandbox.regular import read_regular
from livecoder.sandbox.removal import remove

STATE = "state"
NAMES = "names"
"""Of variables, on the way to `STATE`; not read."""
LOST = "cwd-lost"
BASE = "base"
JOBS = "jobs"
SERVICES = "services"
FIELD_END = "\x1f"
"""Ends each field of a request but its last."""
REPORT = "junit.xml"
CALLS = "calls"
MARK = "lc-call/1"
"""The first field of a recorded call: after a damaged record reading goes on at the next mark."""

JOB_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_PORT = re.compile(r"[0-9]{1,5}")
STATE_BYTES = 64 * 1024
_REQUESTS_BYTES = 256 * 1024
_REQUESTS = 8
_CALLS_BYTES = 1024 * 1024
_CALLS = 500
_ARGUMENTS = 1000
_REPORT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Dropped:
    """`state` is None where there is none, and too long a state is cut one byte after its limit."""

    state: bytes | None
    cwd_lost: bool
    base_requests: tuple[BaseRequest, ...]
    job_requests: tuple[JobRequest, ...]
    service_requests: tuple[ServiceRequest, ...]
    tool_calls: tuple[ToolCall, ...]


def clear(directory: Path) -> None:
    for name in (STATE, NAMES, LOST, BASE, JOBS, SERVICES, CALLS, REPORT):
        path = directory / name
        try:
            path.unlink(missing_ok=True)
        except OSError:
            remove(path)


def collect(directory: Path) -> Dropped:
    """Read and remove what the last command left."""
    state = read_regular(directory / STATE, STATE_BYTES + 1)
    lost = read_regular(directory / LOST, 1) is not None
    base = read_regular(directory / BASE, _REQUESTS_BYTES) or b""
    jobs = read_regular(directory / JOBS, _REQUESTS_BYTES) or b""
    services = read_regular(directory / SERVICES, _REQUESTS_BYTES) or b""
    calls = read_regular(directory / CALLS, _CALLS_BYTES) or b""
    clear(directory)
    asked = (_base_requests(base), _job_requests(jobs), _service_requests(services))
    return Dropped(state, lost, *asked, _tool_calls(calls))


def report(directory: Path) -> bytes | None:
    """The JUnit report that the last command left; None where there is none, or more than will be read."""
    data = read_regular(directory / REPORT, _REPORT_BYTES + 1)
    return None if data is None or len(data) > _REPORT_BYTES else data


def _base_requests(data: bytes) -> tuple[BaseRequest, ...]:
    requests = (BaseRequest(parts[-1].strip(), tuple(parts[:-1])) for parts in _requests(data))
    return tuple(request for request in requests if request.command)[:_REQUESTS]


def _job_requests(data: bytes) -> tuple[JobRequest, ...]:
    requests = (JobRequest(parts[0], parts[1].strip(), parts[2]) for parts in _requests(data) if len(parts) == 3)
    return tuple(each for each in requests if _names_a_job(each))[:_REQUESTS]


def _names_a_job(request: JobRequest) -> bool:
    """Who only waits may name none."""
    return bool(JOB_NAME.fullmatch(request.name)) or not (request.name or request.command)


def _service_requests(data: bytes) -> tuple[ServiceRequest, ...]:
    fields = (parts for parts in _requests(data) if len(parts) == 4 and _PORT.fullmatch(parts[0]))
    requests = (ServiceRequest(parts[1], parts[2].strip(), parts[3], int(parts[0])) for parts in fields)
    return tuple(each for each in requests if not each.name or JOB_NAME.fullmatch(each.name))[:_REQUESTS]


def _requests(data: bytes) -> list[list[str]]:
    """The fields of each complete request."""
    return [part.decode("utf-8", "replace").split(FIELD_END) for part in data.split(b"\0")[:-1]]


def _tool_calls(data: bytes) -> tuple[ToolCall, ...]:
    fields = [part.decode("utf-8", "replace") for part in data.split(b"\0")[:-1]]
    calls: list[ToolCall] = []
    position = 0
    while position < len(fields) and len(calls) < _CALLS:
        call, position = _tool_call(fields, position)
        if call:
            calls.append(call)
    return tuple(calls)


def _tool_call(fields: list[str], position: int) -> tuple[ToolCall | None, int]:
    """The call recorded at `position` and where the next may start: MARK, name, exit, piped, cwd, count, arguments."""
    record = fields[position : position + 6]
    if len(record) < 6 or record[0] != MARK:
        return None, position + 1
    _, name, code, piped, cwd, count = record
    end = position + 6 + int(count) if count.isdecimal() and len(count) < 5 else 0
    well_formed = (
        code.isdecimal() and len(code) < 4 and piped in "01" and int(count or 0) <= _ARGUMENTS if end else False
    )
    if not well_formed or end > len(fields):
        return None, position + 1
    arguments = tuple(fields[position + 6 : end])
    return ToolCall(name, arguments, cwd, int(code), piped == "1"), end
