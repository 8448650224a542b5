"""Packs: the same parts are the same bytes, and a hostile pack is refused in one line before anything is taken."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import MAX_BYTES, File
from livecoder.scaffold.packs import FORMAT, LABEL, MAX_LABEL, MAX_PACK, Packed, Provenance, digest, pack, unpack

GREET = File("tools/greet", b"#!/bin/bash\necho hello\n", True)
TIDY = File("lessons/tidy.toml", b'text = "Tidy up."\n', False)


def packed(file: File, **said: str) -> Packed:
    receipts = {"Task": "fix the parser", "Session": "s1"}
    return Packed(file, Provenance(file.path, digest(file.data), "a1b2c3d", "tool(greet)", "2026-03-01", receipts))


def tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = len(data), kind, link
    return made, data


def label(*files: File, **changed: object) -> tuple[tarfile.TarInfo, bytes]:
    entries = [{"path": file.path, "sha256": digest(file.data), **changed} for file in files]
    return member(LABEL, json.dumps({"format": FORMAT, "files": entries}).encode())


def test_what_was_packed_is_unpacked_with_where_it_comes_from() -> None:
    parts = [packed(GREET), packed(TIDY)]
    assert unpack(pack(parts)) == sorted(parts, key=lambda part: part.file.path)


def test_the_same_parts_are_the_same_bytes() -> None:
    one = pack([packed(GREET), packed(TIDY)])
    assert one == pack([packed(TIDY), packed(GREET)])
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        members = archive.getmembers()
    assert [each.name for each in members] == [LABEL, "lessons/tidy.toml", "tools/greet"]
    assert {(each.mtime, each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, 0, "", "")}
    assert [oct(each.mode) for each in members] == ["0o644", "0o644", "0o755"]


BIDI = File("tools/greet", "#!/bin/bash\n# \u202e\n".encode(), True)
BIG = File("tools/greet", b"#" * (MAX_BYTES + 1), True)
LATIN = File("tools/greet", b"#!/bin/bash\n\xff\n", True)
HOSTILE = {
    "nothing": (b"", "it is no tar file"),
    "no tar": (b"PK\x03\x04 a zip", "it is no tar file"),
    "no label": (tar([member("tools/greet", GREET.data)]), "it has no pack.json"),
    "a label that is none": (tar([member(LABEL, b"{}")]), "its pack.json is none of livecoder-pack/1"),
    "deep nesting": (tar([member(LABEL, b"[" * 200_000)]), "its pack.json is none of livecoder-pack/1"),
    "a huge label": (tar([member(LABEL, b" " * (MAX_LABEL + 1))]), "pack.json is larger than 1024 KiB"),
    "a path upwards": (tar([label(), member("../x", b"x")]), "../x cannot be part of a scaffold"),
    "an absolute path": (tar([label(), member("/etc/passwd", b"x")]), "/etc/passwd cannot be part"),
    "a command's name": (tar([label(), member("tools/git", b"x")]), "tools/git cannot be part"),
    "a name that moves the cursor": (tar([label(), member("tools/\x1b[2J", b"x")]), r"tools/\x1b[2J cannot be part"),
    "a symlink": (tar([label(), member("tools/greet", kind=tarfile.SYMTYPE, link="/etc/passwd")]), "no regular file"),
    "a hard link": (tar([label(), member("tools/greet", kind=tarfile.LNKTYPE, link="/etc/passwd")]), "no regular file"),
    "a device": (tar([label(), member("tools/greet", kind=tarfile.CHRTYPE)]), "tools/greet is no regular file"),
    "a folder": (tar([label(), member("tools", kind=tarfile.DIRTYPE)]), "tools is no regular file"),
    "a sparse file": (tar([label(), member("tools/greet", kind=tarfile.GNUTYPE_SPARSE)]), "the pack is refused"),
    "a file twice": (tar([label(GREET), *[member("tools/greet", GREET.data)] * 2]), "it holds tools/greet twice"),
    "a huge file": (tar([label(BIG), member("tools/greet", BIG.data)]), "tools/greet is larger than 64 KiB"),
    "a hidden character": (tar([label(BIDI), member("tools/greet", BIDI.data)]), "a hidden character (U+202E at 14)"),
    "no text": (tar([label(LATIN), member("tools/greet", LATIN.data)]), "tools/greet is not text in UTF-8"),
    "another content": (tar([label(GREET), member("tools/greet", b"evil")]), "tools/greet is not what its pack.json"),
    "a file too many": (tar([label(), member("tools/greet", GREET.data)]), "does not name exactly its files"),
    "a file too few": (tar([label(GREET)]), "its pack.json does not name exactly its files"),
    "a subject that lies": (
        tar([label(GREET, subject="ok\u202e"), member("tools/greet", GREET.data)]),
        "its pack.json holds a hidden character",
    ),
    "receipts that lie": (
        tar([label(GREET, receipts={"Task": "\x1b[2J"}), member("tools/greet", GREET.data)]),
        "its pack.json holds a hidden character",
    ),
    "more than a pack may have": (b"\0" * (MAX_PACK + 1), "it is larger than 8 MiB"),
    "a thousand files": (tar([label(), *(member(f"lessons/l{i}.toml", b"x") for i in range(1_000))]), "more than 400"),
    "cut off": (pack([packed(GREET)])[:1_700], "the pack is refused"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_pack_is_refused_in_one_line(what: str) -> None:
    data, why = HOSTILE[what]
    with pytest.raises(ScaffoldError) as refused:
        unpack(data)
    assert str(refused.value).startswith("the pack is refused: ") and why in str(refused.value)
    assert str(refused.value).isprintable() and len(refused.value.line()) < 200


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_pack_or_are_refused(data: bytes) -> None:
    try:
        unpack(data)
    except ScaffoldError:
        pass


@given(st.integers(0, 4_000), st.binary(min_size=1, max_size=40))
def test_a_pack_that_was_damaged_is_refused_or_says_what_it_said(place: int, damage: bytes) -> None:
    whole = pack([packed(GREET), packed(TIDY)])
    place %= len(whole)
    try:
        found = unpack(whole[:place] + damage + whole[place + len(damage) :])
    except ScaffoldError:
        return
    assert all(digest(part.file.data) == part.provenance.sha256 for part in found)


@given(st.lists(st.sampled_from([GREET, TIDY, replace(GREET, path="hooks/round_start")]), unique=True))
def test_packing_loses_nothing(files: list[File]) -> None:
    assert {part.file for part in unpack(pack(map(packed, files)))} == set(files)
