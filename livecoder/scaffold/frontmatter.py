"""The front matter of a SKILL.md: the small part of YAML that it is written in, read strictly and written plainly.

Plain, quoted and block scalars, and one level of nesting. Anchors, tags and flow collections are not read, so nothing
in it can grow, refer or construct; keys that nobody asked for are passed over, whatever they hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from livecoder.errors import ScaffoldError

FENCE = "---"
MAX_LINES = 200
_KEY = re.compile(r"(?P<key>[A-Za-z0-9_][\w.-]{0,63})[ \t]*:(?:[ \t]+(?P<rest>.*))?")
_BLOCK = re.compile(r"(?P<style>[|>])(?P<chomp>[+-]?)(?:[ \t]+#.*)?")
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML takes for the end of a line, or does not take at all, where it is not escaped."""
_SINGLE = re.compile(r"'(?P<text>(?:[^']|'')*)'(?:[ \t]+#.*)?")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
"""What YAML would read as something else than text."""
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


@dataclass(frozen=True, slots=True)
class Document:
    """`fields` are the scalars by key, those of a nested map as `key.key`; `body` is the Markdown after them."""

    fields: Mapping[str, str]
    body: str


def read(text: str) -> Document:
    """Raises ScaffoldError for a text without front matter, and for what in it is asked for and cannot be read."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if not lines or lines[0].rstrip() != FENCE:
        raise ScaffoldError("it has no front matter", f"begin with a line {FENCE}, name and description")
    end = next((at for at, line in enumerate(lines[1 : MAX_LINES + 2], 1) if line.rstrip() == FENCE), 0)
    if not end:
        raise ScaffoldError(f"its front matter does not end within {MAX_LINES} lines", f"end it with a line {FENCE}")
    fields: dict[str, str] = {}
    for key, rest, inner in _entries(lines[1:end]):
        if key in fields:
            raise ScaffoldError(f"its front matter has {key} twice", "give each key once")
        if not rest and any(_KEY.fullmatch(line.strip()) for line in inner):
            nested = _entries(_dedented(inner))
            fields |= {f"{key}.{name}": found for name, value, more in nested if (found := _scalar(value, more)) != ""}
        else:
            fields[key] = _scalar(rest, inner)
    return Document(fields, "\n".join(lines[end + 1 :]).strip("\n") + "\n")


def write(fields: Mapping[str, str | Mapping[str, str]], body: str) -> str:
    """The inverse of `read`. A JSON string is a double-quoted scalar of YAML."""
    rows = [FENCE]
    for key, value in fields.items():
        if isinstance(value, str):
            rows.append(f"{key}: {_quoted(value)}")
        elif value:
            rows += [f"{key}:", *(f"  {name}: {_quoted(inner)}" for name, inner in value.items())]
    return "\n".join([*rows, FENCE, "", body.strip("\n"), ""])


def _quoted(value: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9-]*", value) and value not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _entries(lines: list[str]) -> list[tuple[str, str, list[str]]]:
    """Each key at the left margin with the rest of its line and the lines that belong to it."""
    found: list[tuple[str, str, list[str]]] = []
    for line in lines:
        match = None if line[:1] in (" ", "\t", "#", "-") else _KEY.fullmatch(line.rstrip())
        if match:
            found.append((match["key"], (match["rest"] or "").strip(), []))
        elif not line.strip() or line.startswith("#"):
            if found:
                found[-1][2].append("")
        elif found and line[:1] in (" ", "\t", "-"):
            found[-1][2].append(line)
        else:
            raise ScaffoldError(f"its front matter has a line that is no `key: value`: {line[:40]!r}", "correct it")
    return found


def _scalar(rest: str, inner: list[str]) -> str:
    """A scalar's text; of a list or a flow collection the source, since nobody asks for its parts."""
    if block := _BLOCK.fullmatch(rest):
        text = "\n".join(_dedented(inner))
        return (_folded(text) if block["style"] == ">" else text).strip("\n")
    joined = " ".join([rest, *(line.strip() for line in inner)]).strip()
    if rest[:1] == '"':
        try:
            value, end = json.JSONDecoder().raw_decode(joined)
        except ValueError:
            raise _unread(joined) from None
        return str(value) if not _COMMENT.sub("", joined[end:]).strip() else _never(joined)
    if rest[:1] == "'":
        quoted = _SINGLE.fullmatch(joined)
        return quoted["text"].replace("''", "'") if quoted else _never(joined)
    if rest[:1] in ("&", "*", "!", "%", "@", "`"):
        raise _unread(joined)
    return _COMMENT.sub("", joined).strip()


def _unread(source: str) -> ScaffoldError:
    shown = source[:40].encode("unicode_escape", "backslashreplace").decode()
    return ScaffoldError(f"its front matter has a value that is not read here: {shown}", "write it as plain text")


def _never(source: str) -> NoReturn:
    raise _unread(source)


def _dedented(lines: list[str]) -> list[str]:
    widths = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    cut = min(widths, default=0)
    return [line[cut:] for line in lines]


def _folded(text: str) -> str:
    return re.sub(r"\n+", lambda breaks: "\n" * (len(breaks[0]) - 1) or " ", text)
