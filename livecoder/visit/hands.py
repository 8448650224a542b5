"""A tool of the agent's in the hands of a person: in the sandbox, with the person's streams; shims for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from livecoder.config import Settings
from livecoder.errors import SandboxUnavailable, ScaffoldError
from livecoder.sandbox.attached import Attachable, Streams
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.store import Store
from livecoder.scaffold.tools import Tool
from livecoder.visit.opened import visit


def run_tool(settings: Settings, cwd: Path, store: Store, project: str, call: Sequence[str], streams: Streams) -> int:
    """Run a tool of the project's head, `call[0]`, in `cwd`; its exit code. Raises ScaffoldError when there is none."""
    with visit(settings, cwd, store, project) as opened:
        names = [tool.name for tool in Scaffold.load(opened.checkout).tools]
        if call[0] not in names:
            shown = call[0][:60].encode("unicode_escape", "backslashreplace").decode()
            raise ScaffoldError(f"this project has no tool {shown}", f"it has {', '.join(names) or 'none yet'}")
        if not isinstance(opened.sandbox, Attachable):
            raise SandboxUnavailable("this sandbox cannot run a tool by hand", "use bubblewrap")
        return opened.sandbox.attach(f"cd {shlex.quote(str(cwd.resolve()))} && {shlex.join(call)}", streams)


@contextmanager
def checked_out(store: Store, project: str) -> Generator[Path]:
    """The project's current scaffold in a directory, to be read."""
    with TemporaryDirectory(prefix="livecoder-head-") as folder:
        place = Path(folder) / "scaffold"
        store.checkout(project, place)
        yield place


def shims(tools: Sequence[Tool], program: Sequence[str]) -> str:
    """Shell functions for bash and zsh that run the tools by `program`; no command that is there already is hidden."""
    head = '# eval "$(livecoder scaffold env)": each of these runs in the sandbox\n'
    call = shlex.join(program)
    rows = [f'command -v {tool.name} >/dev/null || {tool.name}() {{ {call} {tool.name} -- "$@"; }}\n' for tool in tools]
    return head + "".join(rows)
