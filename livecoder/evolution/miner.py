"""Which procedures come back across sessions: shapes of command lines, how often each ran, with how many arguments.

After the tool miner with a reuse ratio: a shape that nearly always has other arguments is a way of looking, not a
procedure, however often it runs. Pure functions over calls; who reads journals and who tells the model is elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from livecoder.command import programs
from livecoder.evolution.shape import shaped

FEWEST_USES = 3
FEWEST_SETS = 2
"""Different arguments; with always the same ones it is an alias, not a tool."""
FEWEST_SUCCESSES = 1
LEAST_REUSE = 3.0
"""Uses for each set of arguments."""
MAX_SETS = 200
"""More different arguments than these are not counted apart: such a shape has no reuse worth a tool."""
MAX_SHAPE = 200
MAX_SHAPES = 3_000
FEWEST_PROGRAMS = 2
"""That do something by themselves: `sed` is not a tool, and neither is `sed … | head`."""
_QUIET = "cd pwd export set unset source . : true false test [ exit sleep wait echo printf cat less head tail tee"
PASSIVE = frozenset(_QUIET.split())
"""Programs that only lead to another, or only show what it printed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One command line as the miner sees it. `arguments` is a digest of the words in its holes."""

    shape: str
    arguments: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Mined:
    """What is known of one shape. `sets` are the digests of its arguments, MAX_SETS of them at most."""

    uses: int = 0
    successes: int = 0
    sets: frozenset[str] = frozenset()

    @property
    def reuse(self) -> float:
        return self.uses / len(self.sets) if 0 < len(self.sets) < MAX_SETS else 0.0

    @property
    def worth_a_tool(self) -> bool:
        enough = self.uses >= FEWEST_USES and self.successes >= FEWEST_SUCCESSES and len(self.sets) >= FEWEST_SETS
        return enough and self.reuse >= LEAST_REUSE

    def counted(self, call: Call) -> Mined:
        sets = self.sets if len(self.sets) >= MAX_SETS else self.sets | {call.arguments}
        return Mined(self.uses + 1, self.successes + call.ok, sets)


def called(command: str, exit_code: int) -> Call | None:
    """The call, where the command line is a procedure: of two programs or more."""
    found = shaped(programs(command))
    working = [name for name in found.names if name not in PASSIVE]
    if len(working) < FEWEST_PROGRAMS or len(found.text) > MAX_SHAPE:
        return None
    digest = hashlib.blake2b("\0".join(found.arguments).encode("utf-8", "replace"), digest_size=6)
    return Call(found.text, digest.hexdigest(), exit_code == 0)


def counted(known: Mapping[str, Mined], calls: Iterable[Call]) -> dict[str, Mined]:
    """`known` and these calls; of too many shapes those that ran most, in the order in which they were first seen."""
    now = dict(known)
    for call in calls:
        now[call.shape] = now.get(call.shape, Mined()).counted(call)
    if len(now) > MAX_SHAPES:
        kept = set(sorted(now, key=lambda shape: -now[shape].uses)[: MAX_SHAPES // 2])
        now = {shape: mined for shape, mined in now.items() if shape in kept}
    return now


def worthwhile(known: Mapping[str, Mined], tools: Collection[str] = ()) -> dict[str, Mined]:
    """The shapes that recur, the most used first; none that calls one of these tools already."""
    found = [
        (shape, mined)
        for shape, mined in known.items()
        if mined.worth_a_tool and not any(part.partition(" ")[0] in tools for part in shape.split(" ; "))
    ]
    return dict(sorted(found, key=lambda each: (-each[1].uses, each[0])))
