"""`livecoder scaffold …`: what the agent learnt here, its history, and the way back. One file a group of verbs."""

from __future__ import annotations

from livecoder.cli import inbox
from livecoder.cli.scaffold import history, listing, sharing, using
from livecoder.cli.scaffold.group import app

__all__ = ["app", "history", "listing", "sharing", "using"]

app.add_typer(inbox.app, name="inbox")
