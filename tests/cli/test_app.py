"""One command line from its words to its exit code, whatever comes in between."""

from __future__ import annotations

from typing import Any

import pytest

from livecoder.cli import app
from livecoder.cli.signals import Signalled


class Interrupted:
    """A field of a class that a signal ends while it is made."""

    def __set_name__(self, owner: type, name: str) -> None:
        raise Signalled("terminate")


def test_a_signal_in_the_middle_of_an_import_ends_as_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def importing(*_: Any, **__: Any) -> None:
        type("Made", (), {"field": Interrupted()})

    monkeypatch.setattr(app, "_app", {"doctor": importing}.get)
    assert app.run(["doctor"]) == 143
    assert capsys.readouterr().err == "livecoder: ended by a signal\n"


def test_any_other_failure_there_is_a_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(app, "_app", {"doctor": broken}.get)
    with pytest.raises(RuntimeError, match="broken"):
        app.run(["doctor"])
