"""What a tool says that it needs beyond the sandbox, and whether the user gave that to this content.

A tool with `# needs: network` near its top is offered only where the user approved its bytes and the session has a
network. Nobody else approves: not the model, not the gate, not the scaffold that it came with.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from livecoder.scaffold.accepted import Accepted

NETWORK = "network"
HEAD_LINES = 10
"""Where it is looked for."""
_NEEDS = re.compile(rb"^\s*(?:#|//|--|;)\s*needs:[ \t]*(?P<words>\S[^\r\n]{0,118}?)\s*$")


def needs(data: bytes) -> str:
    """The words after `needs:` near the top of a tool; "" for none."""
    found = (_NEEDS.match(line) for line in data.split(b"\n", HEAD_LINES)[:HEAD_LINES])
    return next((match["words"].decode("utf-8", "replace") for match in found if match), "")


def approvals(data: Path) -> Accepted:
    """The contents that may have the network, in every project of the user's."""
    return Accepted(data / "network.approved")


def withheld(content: bytes, approved: frozenset[str], *, network: bool) -> str:
    """Why a tool of this content may not run; "" when it may. `network`: whether commands have one here."""
    wanted = needs(content)
    if not wanted:
        return ""
    if wanted != NETWORK:
        return "it says that it needs something else than the network, and nothing else is given"
    if hashlib.sha256(content).hexdigest() not in approved:
        return "it needs the network, and the user has not approved this content (`livecoder permissions grant NAME`)"
    return "" if network else "it needs the network, and this session has none"
