"""The flags that every command with a model shares, declared once, and what they amount to."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from livecoder.errors import UsageError, WorkspaceError

if TYPE_CHECKING:
    from livecoder.config import Settings

FORMATS = ("text", "json", "stream-json")
MODES = ("plan", "default", "auto", "yolo")
SANDBOXES = ("auto", "bubblewrap", "docker", "none")


def _flag(*words: str) -> Any:
    """An option with a value: its names, what the value is called, one short line of help."""
    *names, metavar, text = words
    return typer.Option(*names, metavar=metavar, help=text, show_default=False)


def _switch(*words: str) -> Any:
    *names, text = words
    return typer.Option(*names, help=text, show_default=False)


@dataclass(frozen=True, slots=True)
class Options:
    """One field a flag; the metadata is what `--help` says."""

    model: Annotated[str | None, _flag("-m", "--model", "MODEL", "provider/model, as in openai/gpt-5.6.")] = None
    verify: Annotated[str | None, _flag("--verify", "CMD", "Run by the engine at the end; decides 0 or 6.")] = None
    setup: Annotated[str | None, _flag("--setup", "CMD", "Run first, once for each state of the lockfiles.")] = None
    output_format: Annotated[str, _flag("--output-format", "FORMAT", "text, json or stream-json.")] = "text"
    json: Annotated[bool, _switch("--json", "Short for --output-format stream-json.")] = False
    max_turns: Annotated[int | None, _flag("--max-turns", "N", "Requests to the model.")] = None
    max_budget_usd: Annotated[float | None, _flag("--max-budget-usd", "USD", "Dollars; $3 unless in conversation.")] = (
        None
    )
    max_tokens: Annotated[int | None, _flag("--max-tokens", "N", "Tokens, in and out.")] = None
    timeout: Annotated[float | None, _flag("--timeout", "SEC", "Seconds for a whole round.")] = None
    permission_mode: Annotated[str | None, _flag("--permission-mode", "MODE", "plan, default, auto or yolo.")] = None
    yolo: Annotated[bool, _switch("--yolo", "Short for --permission-mode yolo; sandboxed.")] = False
    sandbox: Annotated[str | None, _flag("--sandbox", "KIND", "auto, bubblewrap, docker or none.")] = None
    image: Annotated[str | None, _flag("--image", "NAME", "What docker runs commands in, as in python:3.12.")] = None
    yes_no_sandbox: Annotated[bool, _switch("--yes-no-sandbox", "Confirms --sandbox none.")] = False
    network: Annotated[str | None, _flag("--network", "[=HOSTS]", "Hosts that commands reach; all public ones.")] = None
    add_dir: Annotated[list[Path] | None, _flag("--add-dir", "DIR", "May be written too; repeatable.")] = None
    scaffold: Annotated[str | None, _flag("--scaffold", "WHICH", "A directory, a generation, or none.")] = None
    evolve: Annotated[str | None, _flag("--evolve", "MODE", "off, propose or auto.")] = None
    bare: Annotated[bool, _switch("--bare", "No AGENTS.md, lessons or hooks.")] = False
    cd: Annotated[Path | None, _flag("-C", "--cd", "DIR", "Work in this directory.")] = None
    set: Annotated[list[str] | None, _flag("--set", "KEY=VALUE", "A setting, as in model.retries=1.")] = None
    patch_out: Annotated[Path | None, _flag("--patch-out", "FILE", "Write the change as a patch.")] = None
    branch: Annotated[str | None, _flag("--branch", "NAME", "Make what was done commits on a new branch.")] = None
    output_last_message: Annotated[
        Path | None, _flag("--output-last-message", "FILE", "Write the answer to a file.")
    ] = None
    quiet: Annotated[bool, _switch("-q", "--quiet", "Warnings and the ending only.")] = False
    verbose: Annotated[bool, _switch("-v", "--verbose", "Every event.")] = False
    color: Annotated[str, _flag("--color", "WHEN", "auto, always or never.")] = "auto"
    plain: Annotated[bool, _switch("--plain", "Append-only lines.")] = False

    @property
    def format(self) -> str:
        return "stream-json" if self.json else self.output_format

    @property
    def cwd(self) -> Path:
        try:
            return self.cd or Path.cwd()
        except OSError:
            raise WorkspaceError("the current directory is gone", "change to one that exists") from None

    def check(self) -> None:
        """What is to be shown, and how. Raises UsageError."""
        _one_of("--output-format", self.format, FORMATS)
        _one_of("--color", self.color, ("auto", "always", "never"))

    def settings(self, *, headless: bool) -> Settings:
        """All sources merged. Raises UsageError for a bad flag, ConfigError for a bad file."""
        from livecoder import config

        mode = "yolo" if self.yolo else self.permission_mode
        if mode is not None:
            _one_of("--permission-mode", mode, MODES)
        if self.yolo and self.permission_mode not in (None, "yolo"):
            raise UsageError(f"--yolo contradicts --permission-mode {self.permission_mode}", "give one of them")
        if self.sandbox is not None:
            _one_of("--sandbox", self.sandbox, SANDBOXES)
        if self.sandbox == "none" and headless and not self.yes_no_sandbox:
            raise UsageError("--sandbox none without a person at hand", "add --yes-no-sandbox if you mean it")
        if self.sandbox == "none" and mode == "plan":
            raise UsageError("--permission-mode plan needs a sandbox", "nothing else keeps the tree as it is")
        if self.sandbox == "none" and self.network is not None:
            raise UsageError("--network needs a sandbox", "without one commands reach whatever you do")
        if self.sandbox == "none" and self.branch is not None:
            raise UsageError("--branch needs a sandbox", "without one commands commit in your own repository")
        for directory in self.add_dir or ():
            if not directory.is_dir():
                raise UsageError(f"--add-dir {directory} is no directory", "give one that exists")
        flags = {
            "model.name": self.model,
            "limits.max_turns": self.max_turns,
            "limits.max_budget_usd": self.max_budget_usd,
            "limits.max_tokens": self.max_tokens,
            "limits.timeout": self.timeout,
            "network.hosts": self.network,
            "evolve.mode": self.evolve,
            "sandbox.image": self.image,
        }
        rights = {
            "sandbox": self.sandbox,
            "permission_mode": mode,
            "verify": self.verify,
            "setup": self.setup,
            "branch": self.branch,
            "scaffold": self.scaffold,
            "bare": self.bare,
            "add_dirs": [directory.resolve() for directory in self.add_dir or ()],
        }
        return config.settings(flags, _pairs(self.set or []), rights, headless=headless)


def _one_of(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{flag} {value}", f"one of {', '.join(choices)}")


def _pairs(items: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"--set {item}", "write it as key=value, as in --set model.retries=1")
        found[key] = value
    return found


def with_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command all flags of `Options`; it gets them as its parameter `options`."""
    hints = get_type_hints(Options, include_extras=True)
    own = get_type_hints(function, include_extras=True)
    given = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in dataclasses.fields(Options)
    ]
    mine = [
        parameter.replace(annotation=own[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "options"
    ]
    names = [parameter.name for parameter in given]

    @wraps(function)
    def command(**values: Any) -> int:
        options = Options(**{name: values.pop(name) for name in names})
        return function(**values, options=options)

    command.__dict__["__signature__"] = inspect.Signature([*mine, *given])
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*mine, *given]}
    return command
