"""What a model wrote, read as calls of the one tool, in both forms: native tool calls and fenced blocks in the text.

Whatever is wrong with a call is said in `Call.problem`, and the call is kept: the model is told, and what is replayed
to a provider later is always valid JSON, because it is written anew from the `Call`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from livecoder.events import Call

BASH_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Run a bash command.",
        "parameters": {
            "type": "object",
            "properties": {
                "command": {"type": "string"},
                "timeout": {"type": "number", "description": "seconds"},
                "needs": {"type": "string", "enum": ["network"], "description": "what the sandbox withholds"},
            },
            "required": ["command"],
        },
    },
}
"""The one tool, as offered to models that call tools natively."""

TEXT_RULES = """\
To run commands, write each in a fenced block of its own:
```bash
command
```
The first line may say more: ```bash timeout=600 needs=network"""
"""The same tool for models without native calls: added to the system prompt."""

LONGEST = 86_400.0
"""Seconds: nobody waits longer for a command, and JSON has whole numbers that are no float."""
MAX_COMMAND = 256 * 1024
"""Characters. No sensible command is longer; a file that big is written in parts."""
KEPT_OF_BROKEN = 2000
"""Characters of a call that cannot be run which stay in the conversation, so that the model sees its mistake."""

_OPEN = re.compile(r"^(?P<fence>`{3,})(?:bash|sh|shell)(?P<info>[ \t][^\n`]*)?\n", re.M)
_INFO = re.compile(r"(timeout|needs)=(\S+)")


@dataclass(frozen=True, slots=True)
class Written:
    """One native call as it came: three strings, none of them trusted."""

    id: str
    name: str
    arguments: str


def read_native(written: Iterable[Written], taken: set[str], turn: int) -> tuple[Call, ...]:
    """The calls of one reply. Ids that are empty, unprintable or in `taken` are replaced; `taken` grows."""
    calls: list[Call] = []
    for number, one in enumerate(written, 1):
        identity = _own_id(one.id, taken, f"call_{turn}_{number}")
        calls.append(_read(identity, one))
    return tuple(calls)


def read_text(text: str, taken: set[str], turn: int) -> tuple[str, tuple[Call, ...]]:
    """The calls in ```bash blocks, and the text without them. A longer fence may hold shorter ones."""
    calls: list[Call] = []
    around: list[str] = []
    at = 0
    while opening := _OPEN.search(text, at):
        around.append(text[at : opening.start()])
        closing = re.compile(rf"^{opening['fence']}`*[ \t]*$\n?", re.M).search(text, opening.end())
        at = closing.end() if closing else len(text)
        identity = _own_id("", taken, f"call_{turn}_{len(calls) + 1}")
        body = text[opening.end() : closing.start() if closing else len(text)]
        arguments = {"command": body.rstrip("\n"), **_info(opening["info"] or "")}
        call = _checked(identity, arguments)
        if not closing:
            call = _broken(identity, body, "the block was not closed, so nothing was run")
        calls.append(call)
    around.append(text[at:])
    return "\n\n".join(part.strip() for part in around if part.strip()), tuple(calls)


def write_native(call: Call) -> dict[str, Any]:
    """The call as a provider wants to see it again."""
    arguments: dict[str, Any] = {"command": call.command}
    if call.timeout is not None:
        arguments["timeout"] = call.timeout
    if call.needs:
        arguments["needs"] = call.needs
    function = {"name": "bash", "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": call.id, "type": "function", "function": function}


def write_text(call: Call) -> str:
    """The call as a fenced block, with a fence longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"^`{3,}", call.command, re.M)), default=2)
    fence = "`" * (longest + 1)
    info = f" timeout={call.timeout:g}" if call.timeout is not None else ""
    info += f" needs={call.needs}" if call.needs else ""
    return f"{fence}bash{info}\n{call.command}\n{fence}"


def _own_id(given: str, taken: set[str], fallback: str) -> str:
    """`given` as it is if it can be: some providers carry signatures in ids."""
    name = given if given and given.isascii() and given.isprintable() else fallback
    identity, number = name, 2
    while identity in taken:
        identity, number = f"{name}_{number}", number + 1
    taken.add(identity)
    return identity


def _read(identity: str, written: Written) -> Call:
    if written.name != "bash":
        shown = written.name.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:60]
        return _broken(identity, written.arguments, f"there is no tool {shown!r}: the only tool is bash")
    try:
        arguments: object = json.loads(written.arguments, strict=False)
    except (ValueError, RecursionError) as error:
        return _broken(identity, written.arguments, f"the arguments are not valid JSON ({error}): nothing was run")
    if not isinstance(arguments, dict):
        return _broken(identity, written.arguments, "the arguments must be a JSON object with a command")
    return _checked(identity, cast("dict[str, Any]", arguments))


def _checked(identity: str, arguments: dict[str, Any]) -> Call:
    command, timeout, needs = arguments.get("command"), arguments.get("timeout"), arguments.get("needs") or ""
    if not isinstance(command, str) or not command.strip():
        return _broken(identity, json.dumps(arguments), "`command` must be a string that is not empty")
    if len(command) > MAX_COMMAND:
        return _broken(identity, command, f"the command is longer than {MAX_COMMAND:,} characters: write it in parts")
    if isinstance(timeout, str):
        timeout = _number(timeout)
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0):
        return _broken(identity, command, "`timeout` must be a number of seconds above 0")
    if needs not in ("", "network"):
        return _broken(identity, command, '`needs` can only be "network"')
    return Call(identity, _sendable(command), None if timeout is None else float(min(timeout, LONGEST)), needs)


def _broken(identity: str, written: str, problem: str) -> Call:
    kept = written if len(written) <= KEPT_OF_BROKEN else written[:KEPT_OF_BROKEN] + " […]"
    return Call(identity, _sendable(kept), problem=problem)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _sendable(text: str) -> str:
    """Lone surrogates (`"\\ud800"` is legal JSON) cannot be encoded, neither for the sandbox nor for the provider."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _info(line: str) -> dict[str, str]:
    return dict(_INFO.findall(line))
