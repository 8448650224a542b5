"""The system prompt of a scaffold as one session would have it: its prompt, and what of it the session shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from livecoder.config import Settings
from livecoder.evolution.fingerprint import Present
from livecoder.evolution.standing import Standing, standing
from livecoder.journal.ledger import Ledger, family, read_ledger
from livecoder.prompt import render
from livecoder.scaffold.lessons import render as render_lessons
from livecoder.scaffold.scaffold import Scaffold


@dataclass(frozen=True, slots=True)
class Briefing:
    """Ledger and workspace as the session found them: nothing moves while it lasts."""

    settings: Settings
    ledger: Ledger
    present: Present

    @classmethod
    def open(cls, settings: Settings, root: Path, sessions: Path, model: str) -> Self:
        """For a session in the repository at `root`; `sessions` holds the project's journals."""
        return cls(settings, read_ledger(sessions), Present(root, family(model)))

    def choose(self, scaffold: Scaffold) -> Standing:
        """What of this scaffold is shown."""
        shown = replace(scaffold, lessons=()) if self.settings.bare else scaffold
        return standing(shown, self.ledger, self.present.family, self.present.stale)

    def system_of(self, directory: Path) -> str:
        """The prompt of the scaffold in a directory. Raises ScaffoldError when it does not render."""
        return self.system(Scaffold.load(directory), tools_enabled=True)

    def system(self, scaffold: Scaffold, *, tools_enabled: bool) -> str:
        """Raises ScaffoldError when it does not render."""
        settings, shown = self.settings, self.choose(scaffold)
        variables = {
            "workspace": str(self.present.root),
            "network": settings.sandbox == "none" or bool(settings.reach),
            "hosts": str(settings.reach),
            "output_chars": scaffold.knobs.output_chars,
            "timeout": scaffold.knobs.command_timeout_seconds,
            "verify": settings.verify,
            "branch": settings.branch,
            "tools_enabled": tools_enabled,
            "tools": [{"name": tool.name, "summary": tool.summary} for tool in shown.tools],
            "unlisted": len(shown.unlisted),
            "lessons": render_lessons(shown.general),
        }
        return render(scaffold.prompts["system"], variables, seed="system" in scaffold.seeded)
