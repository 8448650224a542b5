"""A tool of the catalogue says what it is, and its self-test is one: it runs the tool and notices when it breaks."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]

PARSING = threading.Lock()
TOOLS = ["edit", "outline"]
MUTANTS = 24  # of each tool, spread evenly over its body
CAUGHT = 0.7  # at least; over all places it was 0.75 for `edit` and 0.81 for `outline`
PAIRS: list[tuple[type[ast.AST], type[ast.AST]]] = [
    *((ast.Eq, ast.NotEq), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)),
    *((ast.Add, ast.Sub), (ast.And, ast.Or)),
]
OPPOSITES = dict(PAIRS) | {second: first for first, second in PAIRS}
TRACED = """
import dis, runpy, sys
seen, path = set(), sys.argv[1]
def trace(frame, event, argument):
    if frame.f_code.co_filename != path:
        return None
    seen.add(frame.f_lineno)
    return trace
def lines(code):
    yield from (line for _, line in dis.findlinestarts(code) if line)
    for constant in code.co_consts:
        if hasattr(constant, "co_consts"):
            yield from lines(constant)
sys.argv = [path, "--self-test"]
sys.settrace(trace)
try:
    runpy.run_path(path, run_name="__main__")
except SystemExit as end:
    assert not end.code
sys.settrace(None)
every = set(lines(compile(open(path).read(), path, "exec")))
print(len(seen & every) / len(every))
"""


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_one_short_executable_file(catalogue: Path, tool: str) -> None:
    assert os.access(catalogue / tool, os.X_OK)
    assert len((catalogue / tool).read_text().splitlines()) <= 300


def test_every_tool_of_the_catalogue_is_tested_here(catalogue: Path) -> None:
    assert sorted(path.name for path in catalogue.iterdir() if path.name != "README.md") == TOOLS


@pytest.mark.parametrize("tool", TOOLS)
def test_help_says_the_purpose_in_its_first_line_then_the_usage(call: Call, tool: str) -> None:
    done = call(tool, "--help")
    purpose, blank, usage, *_ = done.stdout.splitlines()
    assert (done.returncode, done.stderr, blank, usage) == (0, "", "", "Usage:")
    assert purpose.endswith(".") and not purpose.lower().startswith("usage")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_self_test_passes_and_leaves_nothing_behind(call: Call, tmp_path: Path, tool: str) -> None:
    done = call(tool, "--self-test")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_the_self_test_runs_more_than_half_of_the_lines(catalogue: Path, tmp_path: Path, tool: str) -> None:
    command = [sys.executable, "-c", TRACED, str(catalogue / tool)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout.splitlines()[-1]) > 0.5


def places(tree: ast.Module) -> Iterator[ast.AST]:
    """What can be broken in the body of a tool: not its self-test, its texts or its annotations."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name == "self_test":
            continue
        for statement in function.body:
            for node in ast.walk(statement):
                match node:
                    case ast.Compare(ops=[operator]) if type(operator) in OPPOSITES:
                        yield node
                    case ast.BinOp() | ast.BoolOp() if type(node.op) in OPPOSITES:
                        yield node
                    case ast.Constant(value=int()) | ast.Return(value=ast.expr()) | ast.If() | ast.IfExp():
                        yield node
                    case _:
                        pass


def break_at(node: ast.AST) -> None:
    match node:
        case ast.Compare():
            node.ops = [OPPOSITES[type(node.ops[0])]()]  # pyright: ignore[reportAttributeAccessIssue] - the table keeps kinds
        case ast.BinOp() | ast.BoolOp():
            node.op = OPPOSITES[type(node.op)]()  # pyright: ignore[reportAttributeAccessIssue] - the same
        case ast.Constant(value=int(value)):
            node.value = not value if isinstance(value, bool) else value + 1
        case ast.Return():
            node.value = None if node.value is None else ast.Constant("broken")
        case ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case _:
            raise AssertionError(f"no way to break {node}")


def parsed(source: str) -> ast.Module:
    """`ast.parse`, one thread at a time: CPython before 3.11.5 counts its depth for all of them (gh-106905)."""
    with PARSING:
        return ast.parse(source)


def notices(source: str, folder: Path, number: int) -> bool:
    """Whether the self-test fails when the tool is broken at place `number`."""
    tree = parsed(source)
    break_at(list(places(tree))[number])
    mutant = folder / f"mutant-{number}"
    mutant.write_text(ast.unparse(ast.fix_missing_locations(tree)))
    command = [sys.executable, str(mutant), "--self-test"]
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


@pytest.mark.parametrize("tool", TOOLS)
def test_the_self_test_fails_when_the_tool_is_broken(catalogue: Path, tmp_path: Path, tool: str) -> None:
    source = (catalogue / tool).read_text()
    total = len(list(places(parsed(source))))
    numbers = range(0, total, total // MUTANTS)
    with ThreadPoolExecutor(2) as threads:
        caught = list(threads.map(partial(notices, source, tmp_path), numbers))
    assert len(caught) >= 15
    assert sum(caught) / len(caught) >= CAUGHT, [
        number for number, seen in zip(numbers, caught, strict=True) if not seen
    ]


def test_edit_needs_nothing_but_the_standard_library_of_an_old_python(catalogue: Path) -> None:
    tree = ast.parse((catalogue / "edit").read_text(), feature_version=(3, 8))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
