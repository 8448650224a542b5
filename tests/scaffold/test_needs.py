"""A tool that says it needs the network gets it only by the user's word on its exact bytes, where there is one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from livecoder.scaffold.needs import approvals, needs, withheld

FETCH = b"#!/usr/bin/env python3\n# needs: network\n# Fetch a page.\n"
DIGEST = hashlib.sha256(FETCH).hexdigest()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (FETCH, "network"),
        (b"#!/bin/sh\n# needs:network\n", "network"),
        (b"#!/usr/bin/env node\n// needs: network\n", "network"),
        (b"#!/bin/sh\n# Fetch.\n", ""),
        (b"#!/bin/sh\necho needs: network\n", ""),
        (b"#!/bin/sh\n" + b"#\n" * 20 + b"# needs: network\n", ""),
        (b"# needs: root and more\n", "root and more"),
        (b"\xff\n# needs: network\r\n", "network"),
        (b"", ""),
    ],
)
def test_what_a_tool_says_near_its_top(content: bytes, words: str) -> None:
    assert needs(content) == words


def test_it_runs_where_its_bytes_are_approved_and_there_is_a_network() -> None:
    approved = frozenset({DIGEST})
    assert withheld(FETCH, approved, network=True) == ""
    assert "this session has none" in withheld(FETCH, approved, network=False)
    assert "has not approved this content" in withheld(FETCH, frozenset(), network=True)


def test_a_changed_byte_is_another_content() -> None:
    assert "has not approved" in withheld(FETCH + b"\n", frozenset({DIGEST}), network=True)


def test_nothing_else_than_the_network_can_be_given() -> None:
    content = FETCH.replace(b"network", b"root")
    assert "nothing else is given" in withheld(content, frozenset({hashlib.sha256(content).hexdigest()}), network=True)
    assert withheld(b"#!/bin/sh\n", frozenset(), network=False) == ""


def test_approvals_are_added_taken_back_and_lost_as_a_whole_when_damaged(tmp_path: Path) -> None:
    kept = approvals(tmp_path)
    kept.add(DIGEST)
    kept.add("a" * 64)
    kept.remove("a" * 64)
    assert approvals(tmp_path).hashes() == {DIGEST}
    kept.path.write_bytes(b"\xff")
    assert kept.hashes() == frozenset()
