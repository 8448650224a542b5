"""The loop's knobs: the settings in `scaffold.toml` that the agent may turn, with hard bounds.

No right is a knob: sandbox, network, approvals, models, keys and budgets are the user's and have no name here.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args, get_type_hints

from annotated_types import Interval

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import MAX_BYTES

Value: TypeAlias = int | str

MAX_LINE = 1_000
_REMEDY = "correct scaffold.toml, or take the line out for the default"


@dataclass(frozen=True, slots=True)
class Knobs:
    """Every knob with its bounds and its default."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    output_chars: Annotated[int, Interval(ge=2_000, le=30_000)] = 10_000
    """How many characters of a command's output the model is shown."""
    command_timeout_seconds: Annotated[int, Interval(ge=10, le=600)] = 120
    """How long a command may run when the model names no time-out."""
    nudges: Literal["evidence", "every_step", "never"] = "evidence"
    """When the model is reminded that it can write tools: on evidence, after every step, or never."""
    repeat_threshold: Annotated[int, Interval(ge=2, le=10)] = 3
    """How often a command of one shape is seen before a nudge names it."""
    harvest: Literal["both", "recurrence", "end", "never"] = "both"
    """When the model is asked to keep a throw-away script as a tool: when one recurs, at the end, both, or never."""
    lessons_token_budget: Annotated[int, Interval(ge=0, le=2_000)] = 600
    """How many tokens of the system prompt lessons may take."""
    tools_token_budget: Annotated[int, Interval(ge=0, le=4_000)] = 800
    """How many tokens of the system prompt the list of tools may take."""
    no_progress_repeats: Annotated[int, Interval(ge=3, le=10)] = 3
    """How often a command may give the same output on the same tree before a warning; once more ends the round."""


def load_knobs(text: str | bytes) -> Knobs:
    """The knobs that a scaffold.toml sets, defaults for the rest. Raises ScaffoldError, naming field and line."""
    from pydantic import TypeAdapter, ValidationError

    source = _decoded(text)
    try:
        values = tomllib.loads(source + "\n")  # so that a fault in the last line has a number too
    except (ValueError, RecursionError) as error:  # ValueError: not TOML, or a number of thousands of digits
        raise ScaffoldError(f"scaffold.toml is not valid TOML: {_short(error)}", _REMEDY) from None
    if unknown := values.keys() - {field.name for field in fields(Knobs)}:
        told = "; ".join(_told((name,), "no such knob", source) for name in sorted(unknown)[:5])
        raise ScaffoldError(f"scaffold.toml: {told}", _REMEDY)
    try:
        # As JSON, because only there a strict dataclass is made from plain values.
        return TypeAdapter(Knobs).validate_json(json.dumps(values, default=str))
    except RecursionError:
        raise ScaffoldError("scaffold.toml is nested too deeply", _REMEDY) from None
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(_told(problem["loc"], problem["msg"], source) for problem in problems[:5])
        raise ScaffoldError(f"scaffold.toml: {told}", _REMEDY) from None


def with_knob(text: str, name: str, value: Value) -> str:
    """A scaffold.toml with one knob set, its comments kept. Raises ScaffoldError for an unknown name or a bad value."""
    before = load_knobs(text)
    if name not in asdict(before):
        raise ScaffoldError(f"there is no knob {name[:40]!r}", f"they are {', '.join(asdict(before))}")
    line = f"{name} = {json.dumps(value)}"
    pattern = re.compile(rf"^[ \t]*{name}[ \t]*=.*$", re.MULTILINE)
    written, count = pattern.subn(lambda _: line, text)
    if not count:
        written = f"{text.rstrip()}\n\n{line}\n"
    if load_knobs(written) != replace(before, **{name: value}):
        raise ScaffoldError(f"{name} cannot be set to {str(value)[:40]!r} alone", _REMEDY)
    return written


def turned(before: Knobs, after: Knobs) -> dict[str, Value]:
    """The knobs that differ, with their new values."""
    old = asdict(before)
    return {name: value for name, value in asdict(after).items() if value != old[name]}


def described(knobs: Knobs) -> list[str]:
    """Each knob with its value and its bounds, for who may turn one."""
    hints = get_type_hints(Knobs, include_extras=True)
    return [f"{name} = {json.dumps(value)} ({_bounds(hints[name])})" for name, value in asdict(knobs).items()]


def _bounds(hint: Any) -> str:
    arguments: tuple[Any, ...] = get_args(hint)
    interval = next((part for part in arguments if isinstance(part, Interval)), None)
    return f"{interval.ge} to {interval.le}" if interval else ", ".join(map(str, arguments))


def _decoded(text: str | bytes) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise ScaffoldError(f"scaffold.toml is larger than {MAX_BYTES // 1024} KiB", "make it smaller")
    for number, line in enumerate(data.splitlines(), 1):
        if len(line) > MAX_LINE:  # a key of thousands of dots takes the parser a quarter of a minute
            raise ScaffoldError(f"scaffold.toml: line {number} is longer than {MAX_LINE} bytes", _REMEDY)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScaffoldError(f"scaffold.toml is not UTF-8 (line {line})", "save it as UTF-8") from None


def _told(location: tuple[Any, ...], message: str, source: str) -> str:
    if not location:
        return message[:100]
    name = str(location[0])[:60]
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(name)}\b", source, re.MULTILINE)
    line = f" (line {source.count(chr(10), 0, found.start()) + 1})" if found else ""
    return f"{name}{line}: {message}"


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
