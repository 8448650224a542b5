"""Before a generation becomes current it must boot: render its prompt, run a command, edit a file, end a round.

The model is the scripted one; the loop, the sandbox and the files are the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from livecoder.control import Control
from livecoder.errors import LivecoderError
from livecoder.events import CommandFinished, Event, RoundEnded
from livecoder.loop import Session, State, run
from livecoder.model import System, User
from livecoder.model.scripted import Scripted
from livecoder.rooms import Rooms, never

SCRIPT = ["```bash\necho before > boot.txt && sed -i s/before/after/ boot.txt && cat boot.txt\n```", "done"]


def boots(candidate: Path, rooms: Rooms, system: Callable[[Path], str], cancelled: Callable[[], bool] = never) -> str:
    """Why the scaffold at `candidate` does not boot; empty when it does. `system` renders its prompt."""
    try:
        prompt = system(candidate)
        with rooms.empty(candidate) as sandbox:
            session = Session(Scripted(SCRIPT), sandbox, State([System(prompt), User("boot")]), (), (), 20.0)
            control, events = Control(60.0), list[Event]()
            for event in run(session, control):
                events.append(event)
                if cancelled():
                    control.cancel("interrupt")
    except LivecoderError as error:
        return f"it does not boot: {error}"
    edited = any(isinstance(e, CommandFinished) and e.exit_code == 0 and e.output.strip() == "after" for e in events)
    ended = isinstance(events[-1], RoundEnded) and events[-1].ending == "success"
    return "" if edited and ended else "it does not boot: a command that edits a file did not work"
