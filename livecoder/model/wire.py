"""The conversation as it goes over the wire, grown with the conversation instead of being built anew each turn.

Only what every chat protocol understands is written here; one provider's wishes are added to a copy, at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livecoder.model import Assistant, Message, Observation, System, User
from livecoder.model.calls import TEXT_RULES, write_native, write_text

_CACHE = {"type": "ephemeral"}


class Wire:
    """Messages in the chat form that providers share; `native` says whether calls go as tool calls or as text."""

    def __init__(self, native: bool = True) -> None:
        self.native = native
        self.clear()

    def clear(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.bytes = 0
        """UTF-8 bytes of all texts and calls in `sent`."""
        self.ids: set[str] = set()
        """Ids of all calls so far."""
        self._taken: list[Message] = []
        self._open = 0
        """Calls of the last reply that were observed so far, in the text form."""

    def follow(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Append what is new in `messages` and return it; begin again when they are not a continuation."""
        known = len(self._taken)
        if known > len(messages) or any(
            old is not new and old != new for old, new in zip(self._taken, messages, strict=False)
        ):
            self.clear()
            known = 0
        fresh = messages[known:]
        for message in fresh:
            self._append(message)
        self._taken.extend(fresh)
        return fresh

    def with_cache_marks(self) -> list[dict[str, Any]]:
        """`sent`, marked for providers that cache on demand: the system prompt, and the ends of this turn and the last.

        The last turn's end is marked again so that its cache entry is met exactly, however many blocks followed it.
        """
        marked = list(self.sent)
        ends = [i for i, message in enumerate(marked) if message["role"] == "assistant" and i > 0]
        for i in {0, len(marked) - 1, *(end - 1 for end in ends[-1:])}:
            marked[i] = _marked(marked[i])
        return marked

    def _append(self, message: Message) -> None:
        match message:
            case System(text):
                self._put("system", text if self.native else f"{text}\n\n{TEXT_RULES}")
            case User(text):
                self._put("user", text)
            case Assistant(text, calls):
                self.ids.update(call.id for call in calls)
                self._append_reply(message)
            case Observation(call_id, text) if self.native:
                self._put("tool", text, tool_call_id=call_id)
            case Observation(_, text):
                self._open += 1
                self._put("user", f"Output of command {self._open}:\n{text}")

    def _append_reply(self, reply: Assistant) -> None:
        self._open = 0
        if not reply.calls or not self.native:
            text = "\n\n".join([*([reply.text] if reply.text else []), *map(write_text, reply.calls)])
            if text:  # strict providers refuse an empty message, and an interrupted reply may be one
                self._put("assistant", text)
            return
        calls = [write_native(call) for call in reply.calls]
        self.bytes += sum(len(call["function"]["arguments"].encode()) for call in calls)
        self._put("assistant", reply.text or None, tool_calls=calls)

    def _put(self, role: str, text: str | None, **more: Any) -> None:
        clean = None if text is None else text.encode("utf-8", "replace").decode("utf-8")
        self.bytes += len((clean or "").encode())
        last = self.sent[-1] if self.sent else None
        if not self.native and last and role == "user" == last["role"]:
            # chat templates of small models want strict alternation; a new dict, for the old one may be in use
            self.sent[-1] = {**last, "content": f"{last['content']}\n\n{clean}"}
            self.bytes += 2
            return
        self.sent.append({"role": role, "content": clean, **more})


def _marked(message: dict[str, Any]) -> dict[str, Any]:
    """A copy with a cache mark: on the message for tool results, on its text for the others."""
    if message["role"] == "tool":
        return {**message, "cache_control": _CACHE}
    if not message["content"]:
        return message
    return {**message, "content": [{"type": "text", "text": message["content"], "cache_control": _CACHE}]}
