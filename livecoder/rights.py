"""What the user's settings and approvals grant to one session: its rules, its network, the tools that need one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from livecoder import config
from livecoder.config import Settings
from livecoder.permissions.gatekeeper import Gatekeeper
from livecoder.permissions.rules import Rule
from livecoder.scaffold.files import read_file
from livecoder.scaffold.needs import approvals, withheld
from livecoder.scaffold.scaffold import Scaffold


def network_granted(settings: Settings) -> bool:
    """Whether the session's commands have a network, for what says that it needs one. No session has one so far."""
    return False


def gatekeeper(settings: Settings) -> Gatekeeper:
    """By the user's rules; it asks nobody until somebody is there to be asked."""
    file, network = settings.paths.config_file, network_granted(settings)

    def remember(words: tuple[str, ...]) -> Rule:
        rule = Rule(words, "allow", str(file))
        config.allow(file, str(rule))
        return rule

    return Gatekeeper(settings.rules, settings.permission_mode, remember=remember, network=lambda call: network)


def withholding(settings: Settings) -> Callable[[bytes], str]:
    """Why a tool of some content may not run in a session with these settings; see `needs.withheld`."""
    approved, network = approvals(settings.paths.data).hashes(), network_granted(settings)
    return lambda content: withheld(content, approved, network=network)


def usable(root: Path, settings: Settings) -> Scaffold:
    """The scaffold at `root` without the tools that may not run here, which is said. Raises ScaffoldError."""
    scaffold, withhold = Scaffold.load(root), withholding(settings)
    why = {tool.name: withhold(read_file(root, f"tools/{tool.name}").data) for tool in scaffold.tools}
    problems = [f"tool {name} is not offered: {reason}" for name, reason in why.items() if reason]
    tools = tuple(tool for tool in scaffold.tools if not why[tool.name])
    return replace(scaffold, tools=tools, problems=(*scaffold.problems, *problems))
