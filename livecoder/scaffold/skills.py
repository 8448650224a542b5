"""Agent Skills (agentskills.io): a tool as a skill for other agents, and the skill of a stranger read without trust.

A skill is a directory with a SKILL.md (front matter, then Markdown) and optional `scripts/`, `references/`, `assets/`;
`evals/evals.json` follows its evaluation guide. Nothing is executed and nothing is written here.
"""

from __future__ import annotations

import json
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecoder.errors import ScaffoldError
from livecoder.scaffold import frontmatter
from livecoder.scaffold.cases import Case
from livecoder.scaffold.files import File, entries, read_file
from livecoder.scaffold.hidden import hidden

DOCUMENT = "SKILL.md"
SCRIPTS = "scripts"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500
MAX_SCRIPTS = 20
_SELECTORS = re.compile("(?<=[^\x00-\x7f])[\ufe0e\ufe0f]|(?<=[^\x00-\x7f])\u200d(?=[^\x00-\x7f])")
"""What chooses how an emoji is drawn. Anywhere else such a character hides something."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill that was read: what it says of itself, its Markdown and its scripts, all of it text that can be seen."""

    name: str
    description: str
    body: str
    scripts: tuple[File, ...]
    license: str = ""
    metadata: Mapping[str, str] | None = None


def skill_name(tool: str) -> str:
    """The name of the skill that a tool becomes: single hyphens, none at an end."""
    return re.sub(r"-+", "-", tool).strip("-")


def exported(
    tool: File, summary: str, metadata: Mapping[str, str], cases: Sequence[Case], license: str = ""
) -> list[File]:
    """The files of a tool's skill, relative to the directory that has its name. Raises ScaffoldError."""
    script = f"{SCRIPTS}/{tool.path.rpartition('/')[2]}"
    name = skill_name(tool.path.rpartition("/")[2])
    purpose = summary.rstrip(".") or f"Runs {name}"
    description = f"{purpose}. Use it when a task calls for that: `{script} --help` says how."[:MAX_DESCRIPTION]
    fields: dict[str, str | Mapping[str, str]] = {"name": name, "description": description}
    if license:
        fields["license"] = license
    if needs := _interpreter(tool.data):
        fields["compatibility"] = f"Requires {needs}"
    fields["metadata"] = {f"livecoder-{key}": value for key, value in metadata.items() if value}
    document = frontmatter.write(fields, _body(name, script, purpose, cases))
    check(name, description, document)
    files = [File(DOCUMENT, document.encode(), False), File(script, tool.data, True)]
    if cases:
        evals = {"skill_name": name, "evals": [_eval(at, script, case) for at, case in enumerate(cases, 1)]}
        text = json.dumps(evals, indent=2, ensure_ascii=False) + "\n"
        files.append(File("evals/evals.json", text.encode(), False))
    return files


def read(root: Path) -> Skill:
    """The skill in the directory `root`. Raises ScaffoldError, saying why, for what is none or is hostile."""
    try:
        document = _text(read_file(root, DOCUMENT))
        found = frontmatter.read(document)
        fields = found.fields
        check(fields.get("name", ""), fields.get("description", ""), document)
        if fields["name"] != root.resolve().name:
            raise ScaffoldError(f"its name {fields['name']} is not that of its directory {root.resolve().name[:64]}")
        if len(fields.get("compatibility", "")) > MAX_COMPATIBILITY:
            raise ScaffoldError(f"its compatibility has more than {MAX_COMPATIBILITY} characters")
        names = [name for name, status in entries(root, SCRIPTS) if not stat.S_ISDIR(status.st_mode)]
        if len(names) > MAX_SCRIPTS:
            raise ScaffoldError(f"it has more than {MAX_SCRIPTS} scripts")
        scripts = [read_file(root, f"{SCRIPTS}/{name}") for name in names]
        for script in scripts:
            _text(script)
    except ScaffoldError as error:
        raise ScaffoldError(f"the skill is refused: {error}", error.remedy or "nothing of it was taken") from None
    metadata = {key.removeprefix("metadata."): value for key, value in fields.items() if key.startswith("metadata.")}
    license = fields.get("license", "")
    return Skill(fields["name"], fields["description"], found.body, tuple(scripts), license, metadata)


def check(name: str, description: str, document: str) -> None:
    """What the specification asks of a skill. Raises ScaffoldError."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        shown = name[:40].encode("unicode_escape", "backslashreplace").decode()
        wanted = f"1 to {MAX_NAME} lower-case letters, digits and single hyphens between them"
        raise ScaffoldError(f"its name {shown!r} is not {wanted}" if name else f"it has no name: {wanted}")
    if not description.strip() or len(description) > MAX_DESCRIPTION:
        raise ScaffoldError(f"its description does not have 1 to {MAX_DESCRIPTION} characters")
    if place := hidden(_SELECTORS.sub("", document), allowed="\n\t\r\ufeff"):
        raise ScaffoldError(f"{DOCUMENT} holds a hidden character ({place})")


def _text(file: File) -> str:
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError:
        raise ScaffoldError(f"{file.path} is not text in UTF-8") from None
    if place := hidden(_SELECTORS.sub("", text), allowed="\n\t\r\ufeff"):
        raise ScaffoldError(f"{file.path} holds a hidden character ({place})")
    return text


def _body(name: str, script: str, purpose: str, cases: Sequence[Case]) -> str:
    lines = [
        f"# {name}",
        "",
        f"{purpose}.",
        "",
        f"Run `{script} --help` for its usage, then run it from the repository.",
    ]
    if cases:
        lines += ["", "## Calls that worked", ""]
    for case in cases:
        lines += ["```console", *_shown(script, case), "```", ""]
    return "\n".join(lines)


def _shown(script: str, case: Case) -> list[str]:
    fed = [f"<<'EOF'\n{case.stdin.rstrip(chr(10))}\nEOF"] if case.stdin else []
    call = " ".join([f"$ {shlex.join([script, *case.arguments])}", *fed])
    return [line.replace("```", "'''") for line in f"{call}\n{case.output[:2_000].rstrip()}".rstrip().splitlines()]


def _eval(id: int, script: str, case: Case) -> dict[str, Any]:
    """A case as the evaluation guide has it: a prompt, what success looks like, and what can be checked."""
    call = shlex.join([script, *case.arguments])
    fed = f" and give it on stdin:\n{case.stdin}" if case.stdin else ""
    checks = [f"`{call}` ends with exit code {case.exit_code}"]
    checks.append("It changes files in the repository" if case.effect else "It changes no file in the repository")
    if case.deterministic and case.output:
        checks.append(f"It prints exactly:\n{case.output[:2_000]}")
    return {
        "id": id,
        "prompt": f"In {case.cwd if case.cwd not in ('', '.') else 'the repository'}, run `{call}`{fed}",
        "expected_output": case.output[:2_000] if case.deterministic and case.output else "The command succeeds.",
        "files": [],
        "assertions": checks,
    }


def _interpreter(data: bytes) -> str:
    """What runs the script, by its first line, where that is more than a shell."""
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace")
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    names = (word.rpartition("/")[2] for word in words if not word.startswith("-"))
    program = next((name for name in names if name != "env"), "")
    return "" if program in ("", "sh") or hidden(program) else program[:100]
