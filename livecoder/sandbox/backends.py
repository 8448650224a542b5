"""Which sandbox a session gets: the first that holds here, found by attacking it, or the one that the user named."""

from __future__ import annotations

from pathlib import Path

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.canary import Verdict, verdict
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains

NAMES = ("bubblewrap", "docker")
"""Those that `auto` tries, best first."""


def backend(name: str, room: Room, toolchains: Toolchains, policy: Policy) -> Sandbox:
    """A sandbox that is not entered yet. `name` is one of `NAMES`, or none."""
    if name == "none":
        from livecoder.sandbox.host import Host

        return Host(room, toolchains, policy)
    if name == "bubblewrap":
        from livecoder.sandbox.bubblewrap import Bubblewrap

        return Bubblewrap(room, toolchains, policy)
    from livecoder.sandbox.docker import Docker

    return Docker(room, toolchains, policy)


def attacked(name: str, toolchains: Toolchains, policy: Policy, cache: Path) -> Verdict:
    """How this one does on this machine, as far as possible from `cache`."""
    about = ""
    if name == "docker":
        from livecoder.sandbox.docker import identity

        try:
            about = identity(policy)
        except SandboxUnavailable as error:
            return Verdict(reason=error.remedy or str(error))
    return verdict(name, lambda room: backend(name, room, toolchains, policy), cache, about)


def chosen(choice: str, room: Room, toolchains: Toolchains, policy: Policy, cache: Path) -> Sandbox:
    """`choice` is one of `NAMES`, auto or none. Raises SandboxUnavailable with the reason of each that failed."""
    if choice == "none":
        return backend(choice, room, toolchains, policy)
    failed: list[SandboxUnavailable] = []
    for name in NAMES if choice == "auto" else (choice,):
        found = attacked(name, toolchains, policy, cache)
        if found.works:
            return backend(name, room, toolchains, policy)
        if found.reason:
            failed.append(SandboxUnavailable(f"{name} does not work here", found.reason))
        else:
            failed.append(SandboxUnavailable(f"{name} does not hold here: {'; '.join(found.broken)}", _NOT_SAFE))
    if len(failed) == 1:
        raise failed[0]
    raise SandboxUnavailable("no sandbox works here", "; ".join(error.line() for error in failed))


_NOT_SAFE = "nothing is run in it; `livecoder doctor` says more"
