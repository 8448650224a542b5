"""`livecoder demo`: the main job on a bundled repository, with a recorded model or the user's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.events import Event


def demo(
    live: Annotated[bool, typer.Option("--live", help="Your own model, with and without the scaffold.")] = False,
    model: Annotated[str | None, typer.Option("-m", "--model", help="litellm's provider/model, with --live.")] = None,
    api_base: Annotated[str | None, typer.Option(help="An OpenAI-compatible URL, with --live.")] = None,
) -> int:
    """Three acts on a bundled repository: a bug, a tool, a lesson, a refusal, and the way back."""
    from livecoder import config
    from livecoder.cli.running import color_wanted
    from livecoder.demo import show
    from livecoder.view.card import Card
    from livecoder.view.terminal import Terminal

    if not live and (model or api_base):
        raise UsageError("the demo plays a recorded model", "add --live for your own")
    flags = {"model.name": model, "model.api_base": api_base}
    # What is recorded was recorded with the defaults: the user's own settings would make it depart.
    settings = config.settings(flags, {}, {}, headless=True) if live else config.Settings(config.paths())
    terminal = Terminal(sys.stdout, color=color_wanted("auto", sys.stdout))
    card = Card(terminal.line)

    def see(event: Event) -> None:
        terminal.show(event)
        card.show(event)

    return (show.live if live else show.recorded)(settings, terminal.line, see)
