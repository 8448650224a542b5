"""What the catalogue has for a script that comes back: a reviewed tool, which no model needs to write once more.

By far the most frequent throw-away script asserts that an old text occurs exactly once, and replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.events import Harvested
from livecoder.evolution.contract import Contract
from livecoder.evolution.proposals import KeepTool, Trial
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import catalogue_dir

TIMES = 2
"""So many such scripts are a habit."""
_COUNTS = re.compile(r"\.count\(|\bcount *[!=]= *1\b")
_REPLACES = re.compile(r"\.replace\(")
_INSISTS = re.compile(r"^\s*(assert|raise|if)\b|sys\.exit\(|SystemExit", re.MULTILINE)
_TRIAL = Trial((), "=== a-new-file-of-a-trial\n<<<<<<<\n=======\ntried\n>>>>>>>\n")


def stocked(source: str) -> str:
    """The catalogue's tool that does what this script does; "" for none."""
    return "edit" if all(pattern.search(source) for pattern in (_COUNTS, _REPLACES, _INSISTS)) else ""


def from_stock(harvested: Sequence[Harvested], scaffold: Scaffold) -> list[KeepTool]:
    """The catalogue's tools for what was written by hand again and again, unless the scaffold has them."""
    written = [event for event in harvested if not event.exit_code]
    found: list[KeepTool] = []
    for name in sorted({stocked(event.source) for event in written} - {"", *(tool.name for tool in scaffold.tools)}):
        times = sum(stocked(event.source) == name for event in written)
        if times >= TIMES:
            contract = Contract(
                (),
                f"{times} scripts of the last sessions did by hand what the catalogue has a reviewed tool for",
                "edits take one call, and are shown",
                (f"tool:{name}",),
                ("prompt_bytes",),
            )
            content = (catalogue_dir() / name).read_bytes()
            found.append(KeepTool(name, content, contract, "from the catalogue", "ledger", _TRIAL))
    return found
