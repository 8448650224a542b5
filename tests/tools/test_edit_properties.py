"""Over any file: `edit` gives exactly what `str.replace` gives, or leaves every byte alone."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

ALPHABET = "ab \t.\\$é漢𝄞'\"\u2028\x0c"
LINES = st.lists(st.text(ALPHABET, max_size=6), min_size=1, max_size=8)
FEW = settings(max_examples=25, deadline=None)  # each example is a process


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text, a piece of it, and what shall stand there instead; line ends are plain."""
    text = "\n".join(draw(LINES))
    start = draw(st.integers(0, len(text)))
    old = text[start : draw(st.integers(start, len(text)))]
    return text, old, "\n".join(draw(LINES))


def occurrences(text: str, old: str) -> int:
    """Overlapping ones counted."""
    return len(re.findall(f"(?={re.escape(old)})", text))


def on_stdin(path: str, old: str, new: str) -> str:
    return f"=== {path}\n<<<<<<<\n{old}\n=======\n{new}\n>>>>>>>\n"


def run(
    environment: dict[str, str], files: dict[str, bytes], *arguments: str, stdin: str = ""
) -> tuple[int, list[bytes]]:
    """Exit code, and the files after the call, of which no other may be left."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        command = ["edit", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, input=stdin.encode(), capture_output=True, timeout=60
        )
        assert {path.name for path in Path(folder).iterdir()} == set(files), done.stderr
        return done.returncode, [Path(folder, name).read_bytes() for name in files]


@FEW
@given(edit=edits(), ending=st.sampled_from(["\n", "\r\n"]))
def test_a_unique_text_is_replaced_and_nothing_else(
    environment: dict[str, str], edit: tuple[str, str, str], ending: str
) -> None:
    text, old, new = edit
    assume(old and old != new and occurrences(text, old) == 1)
    before, expected = (part.replace("\n", ending).encode() for part in (text, text.replace(old, new)))
    if ending not in before.decode():
        expected = text.replace(old, new).encode()  # a file without line ends gets plain ones

    assert run(environment, {"f": before}, stdin=on_stdin("f", old, new)) == (0, [expected])
    assert run(environment, {"f": before}, "f", "--old", old, "--new", new) == (0, [expected])


@FEW
@given(edit=edits())
def test_all_is_what_replace_does(environment: dict[str, str], edit: tuple[str, str, str]) -> None:
    text, old, new = edit
    assume(old and old != new)
    expected = text.replace(old, new).encode()
    assert run(environment, {"f": text.encode()}, "--all", stdin=on_stdin("f", old, new)) == (0, [expected])


@FEW
@given(text=LINES.map("\n".join), old=LINES.map("\n".join), new=LINES.map("\n".join))
def test_an_absent_or_ambiguous_text_leaves_the_file_alone(
    environment: dict[str, str], text: str, old: str, new: str
) -> None:
    assume(text and occurrences(text, old) != 1)
    assert run(environment, {"f": text.encode()}, stdin=on_stdin("f", old, new)) == (1, [text.encode()])


@FEW
@given(several=st.lists(edits(), min_size=2, max_size=4))
def test_several_files_change_all_or_none(environment: dict[str, str], several: list[tuple[str, str, str]]) -> None:
    assume(all(old and old != new for _, old, new in several))
    files = {f"f{number}": text.encode() for number, (text, _, _) in enumerate(several)}
    stdin = "".join(on_stdin(f"f{number}", old, new) for number, (_, old, new) in enumerate(several))

    if all(occurrences(text, old) == 1 for text, old, _ in several):
        assert run(environment, files, stdin=stdin) == (
            0,
            [text.replace(old, new).encode() for text, old, new in several],
        )
    else:
        assert run(environment, files, stdin=stdin) == (1, list(files.values()))


@FEW
@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_bytes_around_the_text_stay_whatever_they_are(environment: dict[str, str], before: bytes, after: bytes) -> None:
    data = (before + b"<old>" + after).replace(b"\0", b"0")
    assume(data.count(b"<old>") == 1)
    expected = data.replace(b"<old>", b"[new]")
    assert run(environment, {"f": data}, "f", "--old", "<old>", "--new", "[new]") == (0, [expected])
