"""`outline` shows the shape of code, or one whole piece of it, so that nobody has to read files in slices."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]

PYTHON = '''"""Doc."""

@app.get("/x", tags=[1])
@cached
async def fetch(
    url: str,
    retries: int = 3,
) -> bytes:
    def once() -> bytes:
        return b""
    return once()


class Session(Base, metaclass=Meta):
    class State:
        pass

    @property
    def name(self) -> str:
        return "x"


if True:
    def conditional(): ...
'''

TYPESCRIPT = """import x from "y";
export default class View<T> extends Base {
  @input()
  size = (a: number) => a;
  private async render(x: T): Promise<void> {
    const local = () => 1;
  }
}
export const load = async (id: string) => {
  return id;
};
export default function () {}
interface Shape { area(): number }
type Name = { first: string };
namespace Inner { export function deep() {} }
module.exports.old = function (a, b) {};
"""

GO = """package main

type (
\tServer struct {
\t\tport int
\t}
\tRunner[T any] interface{ Run(x T) error }
)

func (s *Server) Start(port int) (int, error) {
\treturn port, nil
}

func main() {}
"""

RUST = """#[derive(Debug)]
pub struct Pair<T> { a: T }

impl<T: Clone> fmt::Display for Pair<T> {
    fn fmt(&self) -> Result {
        Ok(())
    }
}

pub(crate) trait Walk { fn step(&mut self); }

mod tests {
    #[test]
    fn works() {}
}
"""


def rows(text: str) -> list[str]:
    """The rows of an outline; the range and what follows it parted by one space, the depth kept."""
    return [f"{line[:13].strip()} {line[13:].rstrip()}" for line in text.splitlines()[1:]]


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "a.py",
            PYTHON,
            [
                "3-11 @app.get @cached async def fetch( url: str, retries: int = 3, ) -> bytes",
                "14-20 class Session(Base, metaclass=Meta)",
                "15-16   class State",
                "18-20   @property def name(self) -> str",
                "24-24 def conditional()",
            ],
        ),
        (
            "a.ts",
            TYPESCRIPT,
            [
                "2-8 export default class View<T> extends Base",
                "3-4   @input() size = (a: number)",
                "5-7   private async render(x: T): Promise<void>",
                "9-11 export const load = async (id: string)",
                "12-12 export default function ()",
                "13-13 interface Shape",
                "13-13   area(): number",
                "14-14 type Name",
                "15-15 namespace Inner",
                "15-15   export function deep()",
                "16-16 module.exports.old = function (a, b)",
            ],
        ),
        (
            "a.go",
            GO,
            [
                "4-6 Server struct",
                "7-7 Runner[T any] interface",
                "7-7   Run(x T) error",
                "10-12 func (s *Server) Start(port int) (int, error)",
                "14-14 func main()",
            ],
        ),
        (
            "a.rs",
            RUST,
            [
                "1-2 pub struct Pair<T>",
                "4-8 impl<T: Clone> fmt::Display for Pair<T>",
                "5-7   fn fmt(&self) -> Result",
                "10-10 pub(crate) trait Walk",
                "10-10   fn step(&mut self)",
                "12-15 mod tests",
                "13-14   fn works()",
            ],
        ),
        ("a.tsx", "const App = () => <div onClick={() => 1} />;\n", ["1-1 const App = ()"]),
        (
            "a.mjs",
            "class A { static *gen() {} #hidden() {} }\n",
            ["1-1 class A", "1-1   static *gen()", "1-1   #hidden()"],
        ),
    ],
)
def test_the_outline_of_a_file(call: Call, tmp_path: Path, name: str, source: str, expected: list[str]) -> None:
    (tmp_path / name).write_text(source)
    done = call("outline", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(done.stdout) == expected


def test_syntax_errors_are_said_and_survived(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def good():\n    pass\n\nx = = (\n\ndef other():\n    pass\n")
    done = call("outline", "a.py")
    assert done.stdout.splitlines()[0] == "a.py (7 lines, python, with syntax errors)"
    assert {"1-2 def good()", "6-7 def other()"} <= set(rows(done.stdout))


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        (["a.py", "fetch"], "a.py:3-11 fetch", "    11      return once()"),
        (["a.py:Session.name"], "a.py:18-20 Session.name", '    20          return "x"'),
        (["a.py", "once"], "a.py:9-10 fetch.once", '    10          return b""'),
        (["a.py:16"], "a.py:15-16 Session.State", "    16          pass"),
        (["a.rs", "Pair::fmt"], "a.rs:5-7 Pair.fmt", "     7      }"),
        (["a.rs:works"], "a.rs:13-14 tests.works", "    14      fn works() {}"),
        (["a.go", "Server.Start"], "a.go:10-12 Server.Start", "    12  }"),
        (["a.ts", "load"], "a.ts:9-11 load", "    11  };"),
        ([".", "Session.name"], "a.py:18-20 Session.name", '    20          return "x"'),
    ],
)
def test_the_whole_text_of_one_thing(call: Call, tmp_path: Path, arguments: list[str], first: str, last: str) -> None:
    for name, source in {"a.py": PYTHON, "a.rs": RUST, "a.go": GO, "a.ts": TYPESCRIPT}.items():
        (tmp_path / name).write_text(source)
    done = call("outline", *arguments)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert (lines[0], lines[-1]) == (first, last)


def test_a_name_that_is_not_there_is_answered_with_the_like(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PYTHON)
    done = call("outline", "a.py", "fetsh")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "outline: no function or class fetsh; there is fetch, fetch.once\n"


def test_a_name_that_many_have_is_answered_with_where(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("".join(f"class C{number}:\n    def run(self): ...\n" for number in range(5)))
    done = call("outline", "a.py", "run")
    assert done.stdout.splitlines()[1] == "a.py:4-4 def run(self)"
    assert "5 are called run: choose with FILE:LINE" in done.stderr
    assert call("outline", "a.py:4").stdout.splitlines() == ["a.py:4-4 C1.run", "     4      def run(self): ..."]


def test_a_folder_shows_the_top_level_of_each_file_and_no_dependencies(call: Call, tmp_path: Path) -> None:
    for name in ("src/b.py", "src/a.py", "node_modules/x.js", ".venv/lib/y.py", "src/notes.txt", "src/tool"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("#!/usr/bin/env python3\nclass A:\n    def inner(self): ...\n")
    (tmp_path / "src/dangling.py").symlink_to("nowhere.py")
    (tmp_path / "src/huge.py").write_text("x = 1\n" * 200_000)
    done = call("outline", ".")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(" ")[0] for line in done.stdout.splitlines()[::2]] == ["src/a.py", "src/b.py", "src/tool"]
    assert "inner" not in done.stdout


def test_the_limit_says_what_is_left_out(call: Call, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("def one(): ...\ndef two(): ...\n")
    done = call("outline", ".", "--limit", "4")
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == "outline: 2 more lines (--limit 6 shows them). 2 more files: name a folder or a file\n"


def test_deep_nesting_does_not_break_it(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("x = " + "[" * 3000 + "]" * 3000 + "\nfunction after() {}\n")
    assert "function after()" in call("outline", "a.js").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["a.txt"], 1, "no parser for a.txt; there is one for python javascript typescript tsx go rust"),
        (["missing.py"], 1, "no such file or folder: missing.py"),
        (["empty"], 1, "no code"),
        (["--limit", "many"], 2, "many"),
        (["--unknown"], 2, "--unknown"),
    ],
)
def test_what_cannot_be_shown_is_said(call: Call, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    (tmp_path / "a.txt").write_text("text\n")
    (tmp_path / "empty").mkdir()
    done = call("outline", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_without_the_parsers_it_says_so_in_one_line(call: Call, catalogue: Path, tmp_path: Path) -> None:
    """An interpreter that sees no installed packages (`-S`) stands for one that does not have them."""
    (tmp_path / "a.py").write_text(PYTHON)
    done = call("python3", "-I", "-S", str(catalogue / "outline"), "a.py")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "outline: No module named 'tree_sitter' (run it with `lc python`, which has the parsers)"
    ]
