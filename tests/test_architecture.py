"""The rules of the code as checks: sizes, cycles, layers, importers, and what may happen where.

Each check is a pure function from sources to complaints, and each is shown to fail on a planted violation: a check
that cannot fail is worthless.
"""

from __future__ import annotations

import ast
import graphlib
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parent.parent

Sources: TypeAlias = Mapping[str, str]
"""Text by path from the checkout's root, as in {"livecoder/loop.py": "..."}."""
Check: TypeAlias = Callable[[Sources], list[str]]

LAYERS = (
    ("errors", "events", "task", "config", "command", "permissions", "testruns", "report", "hosts"),
    ("model", "sandbox", "workspace", "journal", "scaffold"),
    (
        "prompt",
        "ground",
        "control",
        "observation",
        "loop",
        "limits",
        "compaction",
        "rooms",
        "tested",
        "verify",
        "jobs",
        "services",
        "kept",
        "reached",
        "baseline",
        "checkpoints",
        "evolution",
        "github",
    ),
    ("briefing", "endings", "rights", "opening", "learning", "publish", "introduction", "solve", "setup", "visit"),
    ("view", "tui", "demo"),
    ("cli",),
    ("__main__",),
)
"""A room imports from layers above it in this list, and from its own unless it is one of `SEPARATE`."""
SEPARATE = {"model", "sandbox", "workspace", "journal", "scaffold"}
VIEW_READS = {"errors", "events"}
KNOWS_NO_ROOM = {"testruns"}
"""Text in, values out: its neighbours may read it, and it reads none of them."""

ONLY_IMPORTER = {
    "litellm": "livecoder/model/provider.py",
    "git": "livecoder/scaffold/store.py",
    "jinja2": "livecoder/prompt.py",
    "tree_sitter": "livecoder/command.py",
    "docker": "livecoder/sandbox/daemon.py",
    "githubkit": "livecoder/github/",
    "textual": "livecoder/tui/",
    "typer": "livecoder/cli/",
}
HEAVY = ("litellm", "git", "jinja2", "tree_sitter", "pydantic", "docker", "textual", "githubkit", "mcp", "openai")
"""Libraries that cost start-up time: imported inside functions. `tui/` is itself imported lazily."""

READS_ENVIRONMENT = {"livecoder/config/settings.py", "livecoder/__main__.py"}
STARTS_PROCESSES = {
    "livecoder/sandbox/process.py": "the process of one command",
    "livecoder/sandbox/spawner.py": "one bubblewrap a command",
    "livecoder/sandbox/host.py": "commands without a sandbox, by the user's word",
    "livecoder/workspace/git.py": "the one git wrapper",
    "livecoder/workspace/copies.py": "clean copies of trees",
    "livecoder/cli/editor.py": "the user's own editor, at their word",
    "livecoder/prompt.py": "templates that a model wrote are rendered apart, with limits on memory and time",
}
BANNED_NAMES = {"utils", "util", "manager", "handler", "core", "base", "misc", "helpers", "helper", "common"}


# ---- reading sources


def modules(sources: Sources) -> dict[str, ast.Module]:
    """The syntax tree of each Python file of the package, by path."""
    return {path: ast.parse(text) for path, text in sources.items() if path.startswith("livecoder/")}


def dotted(path: str) -> str:
    """`livecoder/model/__init__.py` -> `livecoder.model`."""
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """`livecoder.model.provider` -> `model`; the package itself is ""."""
    return (*module.split("."), "")[1]


def at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: no bodies of functions, nothing for type checkers alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)


def imported(nodes: Iterator[ast.AST], path: str, known: set[str]) -> Iterator[tuple[str, int]]:
    """Each imported module with its line; `from livecoder.model import provider` names the module if there is one."""
    package = dotted(path) if path.endswith("__init__.py") else dotted(path).rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            inner = [f"{origin}.{alias.name}" for alias in node.names]
            yield from ((target, node.lineno) for target in {name if name in known else origin for name in inner})
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            for argument in node.args[:1]:
                yield ast.literal_eval(argument) if isinstance(argument, ast.Constant) else "?", node.lineno


def all_imports(sources: Sources) -> Iterator[tuple[str, str, int]]:
    """(path, imported module, line) of every import in the package, wherever it stands."""
    trees = modules(sources)
    known = {dotted(path) for path in trees}
    for path, tree in trees.items():
        for target, line in imported(ast.walk(tree), path, known):
            yield path, target, line


def is_part_of(target: str, library: str) -> bool:
    """`tree_sitter_bash` and `tree_sitter.x` are part of `tree_sitter`; `gitdb` is not part of `git`."""
    return target.partition(".")[0] == library or (library == "tree_sitter" and target.startswith("tree_sitter_"))


# ---- the checks


def sizes(sources: Sources) -> list[str]:
    """Files, functions and classes are short enough to be read at once."""
    complaints: list[str] = []
    for path, text in sources.items():
        in_tests = path.startswith("tests/")
        lines = len(text.splitlines())
        if lines > (500 if in_tests else 300):
            complaints.append(f"{path}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                most = 80 if in_tests else 50
            elif isinstance(node, ast.ClassDef):
                most = 200
            else:
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > most:
                complaints.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    return complaints


def cycles(sources: Sources) -> list[str]:
    """No module imports itself by way of others; imports in functions and for types count."""
    known = {dotted(path) for path in modules(sources)}
    graph: dict[str, set[str]] = {name: set() for name in known}
    for path, target, _ in all_imports(sources):
        if target in known and target != dotted(path):
            graph[dotted(path)].add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def layers(sources: Sources) -> list[str]:
    """Rooms import only what `LAYERS` allows."""
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    complaints = [f"{path}: has no layer" for path in modules(sources) if room(dotted(path)) not in {*rank, ""}]
    for path, target, line in all_imports(sources):
        here, there = room(dotted(path)), room(target)
        if not target.startswith("livecoder.") or here == there or here not in rank:
            continue
        if there not in rank or rank[there] > rank[here]:
            complaints.append(f"{path}:{line}: {here or 'livecoder'} may not import {target}")
        elif here in SEPARATE and there in SEPARATE:
            complaints.append(f"{path}:{line}: {here} and {there} do not know each other")
        elif here in KNOWS_NO_ROOM:
            complaints.append(f"{path}:{line}: {here} knows no other room")
        elif here == "view" and there not in VIEW_READS:
            complaints.append(f"{path}:{line}: view reads events, not {target}")
    return complaints


def single_importers(sources: Sources) -> list[str]:
    """Each large library is imported from one place, so that it can be replaced there."""
    return [
        f"{path}:{line}: only {place} imports {library}"
        for path, target, line in all_imports(sources)
        for library, place in ONLY_IMPORTER.items()
        if is_part_of(target, library) and not path.startswith(place)
    ]


def heavy_at_import(sources: Sources) -> list[str]:
    """Heavy libraries are imported where they are used."""
    return [
        f"{path}:{line}: {target} is imported with the module"
        for path, tree in modules(sources).items()
        for target, line in imported(at_import(tree), path, set())
        for library in HEAVY
        if is_part_of(target, library) and not (library == "textual" and path.startswith("livecoder/tui/"))
    ]


def environment_reads(sources: Sources) -> list[str]:
    """The environment is read in one file."""
    words = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    complaints: list[str] = []
    for path, tree in modules(sources).items():
        for node in ast.walk(tree):
            used = {node.attr} if isinstance(node, ast.Attribute) else set[str]()
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                used = {alias.name for alias in node.names}
            if used & words and path not in READS_ENVIRONMENT:
                complaints.append(f"{path}: {ast.unparse(node)}")
    return complaints


def process_starts(sources: Sources) -> list[str]:
    """Processes are started in few, named places."""
    starts = re.compile(
        r"os\.(system|popen|fork\w*|exec[lv]\w*|spawn\w+|posix_spawn\w*)|asyncio\.create_subprocess_\w+"
    )
    allowed = tuple(STARTS_PROCESSES)
    complaints: list[str] = []
    for path, target, line in all_imports(sources):
        if target.partition(".")[0] in ("subprocess", "pty", "multiprocessing") and not path.startswith(allowed):
            complaints.append(f"{path}:{line}: imports {target}")
    for path, tree in modules(sources).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and starts.fullmatch(ast.unparse(node.func)) and not path.startswith(allowed):
                complaints.append(f"{path}:{node.lineno}: calls {ast.unparse(node.func)}")
    return complaints


def broad_excepts(sources: Sources) -> list[str]:
    """One place may catch every Exception; nobody catches everything, except to clean up and raise it again."""
    complaints: list[str] = []
    exceptions: list[str] = []
    for path, tree in modules(sources).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
                caught, goes_on = {name for each in node.args for name in names(each)}, True
            elif isinstance(node, ast.ExceptHandler):
                caught = names(node.type) if node.type else {"BaseException"}
                last = node.body[-1]
                goes_on = not (isinstance(last, ast.Raise) and last.exc is None)
            else:
                continue
            if "BaseException" in caught and goes_on:
                complaints.append(f"{path}:{node.lineno}: catches everything")
            if "Exception" in caught:
                exceptions.append(f"{path}:{node.lineno}: catches Exception")
    return complaints + (exceptions if len(exceptions) > 1 else [])


def names(node: ast.AST) -> set[str]:
    """The bare names in an expression such as `(ValueError, Exception)`."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def file_names(sources: Sources) -> list[str]:
    """A name says the stage: no drawer for whatever is left."""
    return [
        f"{path}: {part} says nothing"
        for path in sources
        for part in PurePosixPath(path).with_suffix("").parts
        if part in BANNED_NAMES or part.rpartition("_")[2] in BANNED_NAMES
    ]


def docstrings(sources: Sources) -> list[str]:
    """Every module says what room it is."""
    return [
        f"{path}: no docstring"
        for path, text in sources.items()
        if text.strip() and not ast.get_docstring(ast.parse(text))
    ]


def unexplained_silencers(sources: Sources) -> list[str]:
    """A silenced checker has its reason beside it, as in `# noqa: BLE001 (why)`."""
    silencer = re.compile(r"(noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?|(type|pyright):\s*ignore(\[[\w,\s-]+\])?)(.*)")
    complaints: list[str] = []
    for path, text in sources.items():
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            found = silencer.search(token.string) if token.type == tokenize.COMMENT else None
            if found and not re.search(r"\w{2}", found[6]):
                complaints.append(f"{path}:{token.start[0]}: {token.string} without a reason")
    return complaints


CHECKS: tuple[Check, ...] = (
    sizes,
    cycles,
    layers,
    single_importers,
    heavy_at_import,
    environment_reads,
    process_starts,
    broad_excepts,
    file_names,
    docstrings,
    unexplained_silencers,
)


# ---- the checks hold here


def sources_of_checkout() -> dict[str, str]:
    files = [path for folder in ("livecoder", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("check", CHECKS)
def test_checkout_keeps_the_rule(check: Check) -> None:
    complaints = check(sources_of_checkout())

    assert not complaints, "\n".join([str(check.__doc__), *complaints])


def test_every_allowed_place_exists() -> None:
    places = {*ONLY_IMPORTER.values(), *STARTS_PROCESSES, *READS_ENVIRONMENT}
    not_yet = {"livecoder/github/", "livecoder/tui/"}

    assert {place for place in places if not (ROOT / place).exists()} <= not_yet


# ---- the checks can fail


@dataclass(frozen=True)
class Planted:
    check: Check
    sources: Sources
    complaint: str

    def __str__(self) -> str:
        return f"{self.check.__name__}: {self.complaint}"


def _long(head: str, lines: int) -> str:
    return '"""Long."""\n' + head + "\n    x = 1" * lines + "\n"


VIOLATIONS = [
    Planted(sizes, {"livecoder/loop.py": "x = 1\n" * 301}, "loop.py: 301 lines"),
    Planted(sizes, {"tests/test_loop.py": "x = 1\n" * 501}, "test_loop.py: 501 lines"),
    Planted(sizes, {"livecoder/loop.py": _long("def run():", 50)}, "run has 51 lines"),
    Planted(sizes, {"tests/test_loop.py": _long("async def run():", 80)}, "run has 81 lines"),
    Planted(sizes, {"livecoder/loop.py": _long("class Loop:", 200)}, "Loop has 201 lines"),
    Planted(
        cycles,
        {"livecoder/a.py": "import livecoder.b", "livecoder/b.py": "def f():\n    from livecoder import a"},
        "livecoder.a",
    ),
    Planted(
        cycles,
        {"livecoder/model/__init__.py": "from .scripted import S", "livecoder/model/scripted.py": "from . import M"},
        "livecoder.model.scripted",
    ),
    Planted(layers, {"livecoder/loop.py": "from livecoder.cli import app"}, "loop may not import livecoder.cli"),
    Planted(layers, {"livecoder/model/x.py": "from ..sandbox import S"}, "model and sandbox do not know"),
    Planted(layers, {"livecoder/view/text.py": "import livecoder.journal"}, "view reads events"),
    Planted(layers, {"livecoder/testruns/x.py": "from livecoder.events import Warned"}, "knows no other room"),
    Planted(layers, {"livecoder/other.py": ""}, "livecoder/other.py: has no layer"),
    Planted(layers, {"livecoder/solve.py": "def f():\n    import livecoder.other"}, "may not import livecoder.other"),
    Planted(
        single_importers, {"livecoder/loop.py": "def f():\n    import litellm.utils"}, "provider.py imports litellm"
    ),
    Planted(single_importers, {"livecoder/ground/go.py": "from tree_sitter_go import language"}, "imports tree_sitter"),
    Planted(single_importers, {"livecoder/loop.py": "x = importlib.import_module('git')"}, "imports git"),
    Planted(heavy_at_import, {"livecoder/task.py": "try:\n    import pydantic\nfinally:\n    pass"}, "pydantic"),
    Planted(heavy_at_import, {"livecoder/task.py": "class A:\n    from git import Repo"}, "git is imported"),
    Planted(environment_reads, {"livecoder/loop.py": "import os\nx = os.environ['A']"}, "os.environ"),
    Planted(environment_reads, {"livecoder/loop.py": "from os import getenv"}, "from os import getenv"),
    Planted(process_starts, {"livecoder/loop.py": "from subprocess import run"}, "imports subprocess"),
    Planted(process_starts, {"livecoder/loop.py": "import os\nos.execvp('sh', [])"}, "calls os.execvp"),
    Planted(broad_excepts, {"livecoder/loop.py": "try:\n    f()\nexcept:\n    pass"}, "catches everything"),
    Planted(
        broad_excepts, {"livecoder/loop.py": "try:\n    f()\nexcept BaseException as e:\n    raise A from e"}, "loop"
    ),
    Planted(broad_excepts, {"livecoder/loop.py": "with suppress(BaseException):\n    f()"}, "catches everything"),
    Planted(
        broad_excepts,
        dict.fromkeys(("livecoder/a.py", "livecoder/b.py"), "try:\n    f()\nexcept (ValueError, Exception):\n    g()"),
        "b.py:3: catches Exception",
    ),
    Planted(file_names, {"livecoder/git_utils.py": ""}, "git_utils says nothing"),
    Planted(file_names, {"livecoder/core/loop.py": ""}, "core says nothing"),
    Planted(docstrings, {"livecoder/loop.py": "x = 1"}, "loop.py: no docstring"),
    Planted(unexplained_silencers, {"tests/test_a.py": "x = 1  # noqa: E501"}, "without a reason"),
    Planted(unexplained_silencers, {"livecoder/a.py": "x = 1  # type: ignore[attr-defined]"}, "without a reason"),
]

ALLOWED = [
    Planted(layers, {"livecoder/loop.py": "from livecoder.model import Ask\nfrom livecoder.events import Call"}, ""),
    Planted(layers, {"livecoder/sandbox/x.py": "from livecoder.testruns.fold import folded"}, ""),
    Planted(single_importers, {"livecoder/loop.py": "import gitdb\nimport gitignore"}, ""),
    Planted(heavy_at_import, {"livecoder/task.py": "if TYPE_CHECKING:\n    import git\ndef f():\n    import git"}, ""),
    Planted(broad_excepts, {"livecoder/a.py": "try:\n    f()\nexcept BaseException:\n    clean()\n    raise"}, ""),
    Planted(file_names, {"livecoder/sandbox/base_copy.py": "", "livecoder/scoreboard.py": ""}, ""),
    Planted(unexplained_silencers, {"tests/test_a.py": "x = 1  # noqa: E501 (a table reads better wide)"}, ""),
]


@pytest.mark.parametrize("planted", VIOLATIONS, ids=str)
def test_a_violation_is_found(planted: Planted) -> None:
    assert planted.complaint in "\n".join(planted.check(planted.sources))


@pytest.mark.parametrize("planted", ALLOWED, ids=str)
def test_what_is_allowed_is_left_alone(planted: Planted) -> None:
    assert planted.check(planted.sources) == []


# ---- a fresh interpreter


def loaded_by(statements: str) -> set[str]:
    """The libraries of `HEAVY` that a new interpreter has loaded after these statements."""
    report = "\nimport sys; print('\\n' + '\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", statements + report], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name for name in done.stdout.split() for library in HEAVY if is_part_of(name, library)}


def test_importing_every_room_loads_nothing_heavy() -> None:
    paths = [path for path in modules(sources_of_checkout()) if not path.startswith("livecoder/tui/")]

    assert loaded_by("\n".join(f"import {dotted(path)}" for path in paths)) == set()


def test_version_loads_nothing_heavy() -> None:
    run = """
import runpy, sys
sys.argv = ["livecoder", "--version"]
try:
    runpy.run_module("livecoder", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
"""
    assert loaded_by(run) == set()


def test_a_heavy_library_would_be_seen() -> None:
    assert loaded_by("import jinja2, tree_sitter_bash") >= {"jinja2", "tree_sitter_bash"}
