"""Every provider, through litellm: the only module that imports it, in the background and never before it is needed.

Chunks in, one `Reply` out. Retries, failures, calls and the wire form have their own files beside this one.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Generator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias, cast

from livecoder import config
from livecoder.errors import ProviderError, ProviderUnavailable
from livecoder.events import Call, Retried, TextArrived, Usage
from livecoder.model import Ask, Cancelled, Message, Reply, background, catalogue
from livecoder.model.calls import BASH_TOOL, read_native, read_text
from livecoder.model.draft import BYTES_PER_TOKEN, CutShort, Draft
from livecoder.model.failures import LATER, Failure, classify
from livecoder.model.retry import Patience, persist
from livecoder.model.wire import Wire

ENVIRONMENT = {
    "LITELLM_MODE": "PRODUCTION",  # else a .env of the repository is loaded and could send the key elsewhere
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",  # else prices are fetched from the network at import
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "true",
    "LITELLM_LOG": "ERROR",
    "EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER": "true",  # else OpenAI's library walks the whole conversation by type
    "LOGGING_EXECUTOR_MAX_PENDING_TASKS": "0",  # else a thread copies the whole conversation after each reply
}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EMPTY_REPLIES = 3
"""Attempts in a row that may come back with nothing in them."""
_CACHE_ON_DEMAND = ("anthropic/", "bedrock/", "vertex_ai/", "openrouter/")
_OLLAMA = ("ollama/", "ollama_chat/")
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_IMPORT_LOCK = threading.Lock()

Events: TypeAlias = Generator[TextArrived | Retried, None, Reply]


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Which model, and how patiently it is asked."""

    model: str
    """litellm's `provider/model`."""
    api_base: str | None = None
    api_key: str | None = None
    """None: litellm takes the provider's own variable from the environment."""
    retries: int = 4
    max_wait_seconds: float = 60
    """The longest single wait between two attempts; a provider that asks for more is given up on."""
    idle_timeout_seconds: float = 120
    """Silence after which a stream counts as dead."""
    request_timeout_seconds: float = 600
    """Silence allowed before the first word of models that think in silence."""
    tools: Literal["auto", "native", "text"] = "auto"
    """How the model calls bash; `auto` goes by what is known about the model."""
    context_window: int = 0
    """Tokens, where the user says it: told to ollama, which makes room for so many and cuts what is longer."""
    temperature: float | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """The first item of every stream: the library is there and the request goes out now."""


@dataclass(slots=True)
class _Bill:
    """What all attempts of one question used. A discarded half reply was paid for too."""

    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0

    def add(self, usage: Usage, cost: float | None) -> None:
        self.usage += usage
        self.cost = None if self.cost is None or cost is None else self.cost + cost


class Provider:
    """A `Model` behind a network."""

    recorded = ""

    def __init__(self, settings: ProviderSettings, environ: MutableMapping[str, str]) -> None:
        """`environ` is the process's own environment: it is prepared for litellm, which reads keys from it."""
        self.name = settings.model
        self._settings = settings
        prepare_environment(environ)
        self._secrets = (*config.secrets(environ), *([settings.api_key] if settings.api_key else []))

    def warm(self) -> None:
        """Begin to import the library in the background."""
        threading.Thread(target=_library, name="livecoder-warm", daemon=True).start()

    def estimate_tokens(self, text: str) -> int:
        return -(-len(text) // BYTES_PER_TOKEN)

    def ask(self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled) -> Events:
        self._wire.follow(messages)
        bill = _Bill()
        patience = Patience(self._settings.retries, self._settings.max_wait_seconds)
        try:
            result = yield from persist(lambda: self._attempt(ask, cancelled, bill), patience, ask.turn, cancelled)
        except ProviderError as error:
            used = bill.usage
            error.tokens = (used.input_tokens, used.cached_tokens, used.output_tokens)
            error.cost_usd = bill.cost
            raise
        if isinstance(result, Reply):
            return result
        refused = result.verdict == "policy"
        return self._reply(bill, str(result.error) if refused else "", (), "refused" if refused else "interrupted")

    @cached_property
    def _wire(self) -> Wire:
        form = self._settings.tools
        return Wire(native=catalogue.calls_tools(self.name) if form == "auto" else form == "native")

    def _attempt(self, ask: Ask, cancelled: Cancelled, bill: _Bill) -> Generator[TextArrived, None, Reply | Failure]:
        """One request. Whatever it used is on the bill afterwards, whether it gave a reply or not."""
        draft, sent = Draft(), False
        request = self._request(ask)
        stream = background.read(lambda: _stream(request), cancelled, self._silence)
        try:
            while not draft.full:
                item = next(stream)
                if isinstance(item, _Sent):
                    sent = True
                elif piece := draft.add(item):
                    yield TextArrived(piece)
            ended = background.Ended("done")
            draft.finish = "length"
        except StopIteration as stop:
            ended = cast("background.Ended", stop.value)
        finally:
            stream.close()
        if draft.size or draft.reported or (sent and ended.why == "cancelled"):
            usage = draft.usage(self._wire.bytes)
            bill.add(usage, self._price(draft, usage))
        return self._conclude(ended, draft, ask, bill)

    def _conclude(self, ended: background.Ended, draft: Draft, ask: Ask, bill: _Bill) -> Reply | Failure:
        if ended.why == "cancelled":
            return self._reply(bill, draft.text, (), "interrupted")
        if ended.why == "stalled":
            error = ProviderUnavailable(f"{self.name} sent nothing for too long", LATER)
            return Failure("again", error)
        if ended.error is not None:
            return classify(ended.error, self.name, self._secrets)
        if draft.finish == "content_filter":
            return self._reply(bill, draft.text, (), "refused")
        text, calls = self._read(draft, ask)
        if not text.strip() and not calls:
            why = " (cut at its output limit)" if draft.finish == "length" else ""
            error = ProviderUnavailable(f"{self.name} sent an empty reply{why}", LATER)
            return Failure("again", error, attempts=EMPTY_REPLIES)
        return self._reply(bill, text, calls, "length" if draft.finish == "length" else "stop")

    def _read(self, draft: Draft, ask: Ask) -> tuple[str, tuple[Call, ...]]:
        if not ask.bash:
            return draft.text, ()
        if self._wire.native:
            return draft.text, read_native(draft.written, self._wire.ids, ask.turn)
        return read_text(draft.text, self._wire.ids, ask.turn)

    def _reply(self, bill: _Bill, text: str, calls: tuple[Call, ...], finish: str) -> Reply:
        return Reply(text, calls, bill.usage, bill.cost, self._wire.bytes, finish)

    def _silence(self, item: Any) -> float:
        """Seconds that may pass in silence: for the import, for the first word, between words."""
        settings = self._settings
        if item is None:
            return settings.request_timeout_seconds
        return self._first_word_seconds if isinstance(item, _Sent) else settings.idle_timeout_seconds

    @cached_property
    def _first_word_seconds(self) -> float:
        settings = self._settings
        silent = catalogue.thinks_in_silence(self.name)
        return settings.request_timeout_seconds if silent else settings.idle_timeout_seconds

    def _request(self, ask: Ask) -> dict[str, Any]:
        settings = self._settings
        on_demand = "claude" in self.name and self.name.startswith(_CACHE_ON_DEMAND)
        request: dict[str, Any] = {
            "model": self.name,
            "messages": self._wire.with_cache_marks() if on_demand else list(self._wire.sent),
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": self._first_word_seconds,
            "max_retries": 0,  # retries are ours alone
            "drop_params": True,
            "_skip_mcp_handler": True,  # saves an import of seconds
        }
        optional = {
            "api_base": settings.api_base,
            "api_key": settings.api_key,
            "temperature": settings.temperature,
            "num_ctx": settings.context_window or None if self.name.startswith(_OLLAMA) else None,
            "max_tokens": ask.max_output_tokens or settings.max_output_tokens,
            "tools": [BASH_TOOL] if self._wire.native and (ask.bash or self._has_calls()) else None,
            "tool_choice": "none" if self._wire.native and not ask.bash and self._has_calls() else None,
        }
        return request | {name: value for name, value in optional.items() if value is not None}

    def _has_calls(self) -> bool:
        """Providers refuse a conversation with calls in it when the tool is not offered."""
        return bool(self._wire.ids)

    def _price(self, draft: Draft, usage: Usage) -> float | None:
        """US dollars, or None for a model whose price is not known."""
        if not catalogue.is_known(self.name):
            return None
        litellm = _library()
        used = draft.reported or litellm.Usage(prompt_tokens=usage.input_tokens, completion_tokens=usage.output_tokens)
        try:
            prompt, completion = litellm.cost_per_token(model=self.name, usage_object=used)
        except (litellm.exceptions.ModelNotMappedError, litellm.exceptions.BadRequestError, ValueError):
            return None
        return float(prompt + completion)


def prepare_environment(environ: MutableMapping[str, str]) -> None:
    """Close the library's side doors before it is imported, and keep loopback away from proxies."""
    environ.update(ENVIRONMENT)
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in environ.get(name, "").split(",") if host]
        environ[name] = ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])


def _stream(request: dict[str, Any]) -> Iterator[Any]:
    """The whole request, blocking: `_Sent`, then litellm's chunks. Runs in the background thread."""
    litellm = _library()
    yield _Sent()
    stream: Any = litellm.completion(**request)
    try:
        yield from stream
        # litellm makes up a finish reason when a provider gave none: only its own notes tell the difference
        if not (stream.received_finish_reason or stream.intermittent_finish_reason):
            raise CutShort("the reply broke off before its end")
    finally:
        # Where litellm reads the lines itself its stream has no end to call, the lines have. Left to the garbage
        # collector, a reply's connection may be closed in the middle of the next request, which waits for that lock.
        for part in (stream.completion_stream, getattr(stream.completion_stream, "streaming_response", None)):
            close = getattr(part, "close", None)
            if close is not None:
                close()


def _library() -> Any:
    """litellm, imported once, by whichever thread needs it first."""
    with _IMPORT_LOCK:
        return _import_quietly()


@cache
def _import_quietly() -> Any:
    """No debug text, no log lines on stderr, no downloads."""
    collecting = gc.isenabled()
    gc.disable()  # a third of the import's time is garbage collection of modules that stay
    try:
        import litellm

        gc.freeze()  # nor is it looked through at each collection from now on: a hundred megabytes that stay
    finally:
        if collecting:
            gc.enable()
    library = cast("Any", litellm)
    library.suppress_debug_info = True
    library.disable_hf_tokenizer_download = True  # else counting tokens may try a model hub for 20 s
    library.disable_token_counter = True
    library.disable_streaming_logging = True
    # Anthropic ends a reply so that filled the window, and litellm calls every reason that it does not know "stop".
    reasons = getattr(library.litellm_core_utils.core_helpers, "_FINISH_REASON_MAP", {})
    reasons.setdefault("model_context_window_exceeded", "length")
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
    return library
