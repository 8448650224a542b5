"""What `livecoder doctor` says of the sandboxes: which hold here, what they show of the machine, what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from livecoder.hosts import Reach
from livecoder.sandbox import backends
from livecoder.sandbox.canary import Verdict
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import SYSTEM, Toolchains


@dataclass(frozen=True, slots=True)
class Checkup:
    verdicts: dict[str, Verdict]
    """By name of the backend, best first."""
    toolchains: Toolchains
    reach: Reach

    @property
    def works(self) -> bool:
        return any(verdict.works for verdict in self.verdicts.values())

    def rows(self) -> Iterator[tuple[str, str]]:
        """A word in front, at the first of its lines, and what is said."""
        for name, verdict in self.verdicts.items():
            yield name, _said(verdict)
            yield from (("", f"broken: {attack}") for attack in verdict.broken)
            yield from (("", f"not tried: {attack}") for attack in verdict.untried)
            yield from (("", protection) for protection in verdict.protections)
        yield from _listed("network", [*_hosts(self.reach)])
        yield from _listed("mounted", [str(path) for path in (*SYSTEM, *self.toolchains.mounts) if path.exists()])
        yield from _listed("refused", [f"{each.path}: {each.reason}" for each in self.toolchains.refused])
        yield from _listed("PATH", [":".join(self.toolchains.path)])

    def to_json(self) -> dict[str, object]:
        return {
            "works": self.works,
            "backends": {
                name: {
                    "works": verdict.works,
                    "reason": verdict.reason,
                    "held": verdict.held,
                    "broken": list(verdict.broken),
                    "untried": list(verdict.untried),
                    "protections": list(verdict.protections),
                }
                for name, verdict in self.verdicts.items()
            },
            "network": {
                "hosts": list(self.reach.told),
                "private": list(map(str, self.reach.private)),
                "upstream": _upstream(self.reach),
            },
            "mounted": [str(path) for path in self.toolchains.mounts],
            "refused": [{"path": str(each.path), "reason": each.reason} for each in self.toolchains.refused],
        }


def examine(toolchains: Toolchains, policy: Policy, cache: Path) -> Checkup:
    """Attack each backend, or remember how it did since this boot."""
    return Checkup(
        {name: backends.attacked(name, toolchains, policy, cache) for name in backends.NAMES}, toolchains, policy.reach
    )


def _said(verdict: Verdict) -> str:
    if verdict.reason:
        return f"does not work: {verdict.reason}"
    if verdict.broken:
        return f"DOES NOT HOLD: {len(verdict.broken)} of {len(verdict.broken) + verdict.held} attacks succeeded"
    return f"works: {verdict.held} attacks held"


def _hosts(reach: Reach) -> Iterator[str]:
    if reach:
        yield f"{reach} (network.hosts), by commands, verify and `lc base`"
    if reach.private:
        yield f"addresses in {', '.join(map(str, reach.private))} (network.private), besides public ones"
    if reach.upstream:
        yield f"through {_upstream(reach)} (HTTPS_PROXY): addresses cannot be checked"


def _upstream(reach: Reach) -> str:
    return f"{reach.upstream.host}:{reach.upstream.port}" if reach.upstream else ""


def _listed(word: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip([word, *[""] * (len(lines) - 1)], lines or ["nothing"], strict=False)
