"""Provider errors as two tables: by the library's class name and by HTTP status. What to retry and say is data.

Errors are recognised by name and status, so that nothing is imported here; an error of neither table is a bug of ours
and is raised as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias, cast

from livecoder.errors import ContextOverflow, ProviderError, ProviderRefused, ProviderUnavailable

Verdict: TypeAlias = Literal["again", "refused", "overflow", "policy", "by status"]

LATER = "the session is saved: try again later"
SHORTEN = "begin a new session (what was changed stays in the tree), or choose a model with a larger window"
_KEY = "check the key in the environment, or choose another provider with --model"
_MODEL = "check the model's name: `livecoder models` lists what is known"

BY_CLASS: dict[str, Verdict] = {
    "APIConnectionError": "again",
    "APIError": "by status",
    "APIResponseValidationError": "again",
    "APIStatusError": "by status",
    "AuthenticationError": "refused",
    "BadGatewayError": "again",
    "BadRequestError": "by status",  # litellm reports some 401s so
    "BlockedPiiEntityError": "policy",
    "BudgetExceededError": "refused",
    "ContentPolicyViolationError": "policy",
    "ContextWindowExceededError": "overflow",
    "GuardrailRaisedException": "policy",
    "ImageFetchError": "refused",
    "InternalServerError": "again",
    "InvalidRequestError": "refused",
    "JSONSchemaValidationError": "again",
    "LiteLLMUnknownProvider": "refused",
    "MidStreamFallbackError": "again",
    "MockException": "by status",
    "ModelNotMappedError": "refused",
    "ModifyResponseException": "policy",
    "NotFoundError": "refused",
    "OpenAIError": "by status",
    "PaymentRequiredError": "refused",
    "PermissionDeniedError": "refused",
    "RateLimitError": "by status",
    "RejectedRequestError": "policy",
    "SensitiveDataRouteException": "policy",
    "ServiceUnavailableError": "again",
    "Timeout": "again",
    "UnprocessableEntityError": "refused",
    "UnsupportedParamsError": "refused",
    "VectorStoreSearchError": "refused",
}
"""Every exception class of litellm, by name. A test fails when litellm grows one that is not here."""

BY_STATUS: dict[int, tuple[Verdict, str, str]] = {
    401: ("refused", "does not accept the key", _KEY),
    402: ("refused", "wants to be paid", "add credit at the provider, or choose another one with --model"),
    403: ("refused", "denies access", _KEY),
    404: ("refused", "does not know this model or address", _MODEL),
    405: ("refused", "does not know this address", "check the address of the provider"),
    407: ("refused", "is behind a proxy that wants credentials", "check HTTPS_PROXY"),
    408: ("again", "timed out", LATER),
    409: ("again", "reports a conflict", LATER),
    413: ("overflow", "finds the conversation too large", SHORTEN),
    425: ("again", "is not ready", LATER),
    429: ("again", "limits the rate of requests", LATER),
}
"""Statuses with a meaning of their own; other 4xx are refused, 5xx are tried again."""

_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|billing|credit balance|insufficient (funds|bal)", re.I
)
_OVERFLOW = re.compile(
    r"context.{0,20}(length|window|size)|maximum.{0,10}(context|prompt|size)|prompt is too long|too many tokens"
    r"|range of input length|model token limit|tokens? count.{0,20} exceeds|max_new_tokens. must be",
    re.I,
)
"""In a refusal as a bad request."""
_SURE_OVERFLOW = re.compile(
    r"exceeds? .{0,20}context (length|window|size)|longer than the (maximum )?model|maximum (context|model|prompt) len"
    r"|request too large for|tokens must be reduced",
    re.I,
)
"""Also where the status says that it is for now: some servers say 500, and 429 is said of a request that never fits."""
_POLICY = re.compile(r"content.?(policy|filter|management)", re.I)
_NO_TOOLS = re.compile(r"(does not|doesn't|not) support.{0,20}(tool|function)", re.I)
_TRANSPORT = ("httpx", "httpcore", "ssl", "socket", "json", "h11", "aiohttp")
_SECRET = re.compile(r"\b(sk-|pk-|gsk_|xai-|key-|AIza|Bearer )[\w*.-]{8,}")


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that gave no reply. `error` is what is raised when it is not tried again."""

    verdict: Verdict
    error: ProviderError
    wait: float | None = None
    """Seconds that the provider asks to wait."""
    attempts: int | None = None
    """At most so many attempts, where that is fewer than the settings allow."""


def classify(error: BaseException, model: str, secrets: Iterable[str] = ()) -> Failure:
    """Raises `error` itself when it did not come from a provider or the way to it."""
    known: Verdict | None = next((BY_CLASS[c.__name__] for c in type(error).__mro__ if c.__name__ in BY_CLASS), None)
    status = getattr(error, "status_code", None)
    status = status if isinstance(status, int) else 0
    if known is None and not status:
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _TRANSPORT:
            raise error
        known = "again"
    said = _said(error, secrets)
    verdict, what, remedy = _judge(known or "by status", status, said)
    detail = "" if status in (401, 407) else said
    line = f"{model} {what}" + (f" ({status})" if status else "") + (f": {detail}" if detail else "")
    kinds = {"overflow": ContextOverflow, "again": ProviderUnavailable}
    return Failure(verdict, kinds.get(verdict, ProviderRefused)(line, remedy, status), _retry_after(error))


def _judge(known: Verdict, status: int, said: str) -> tuple[Verdict, str, str]:
    """What a failure means, how to say it and what to do. Words decide only where class and status do not."""
    if known == "overflow" or (status in (400, 422) and _OVERFLOW.search(said)) or _SURE_OVERFLOW.search(said):
        return "overflow", "finds the conversation longer than its window", SHORTEN
    if known == "policy" or (status == 400 and _POLICY.search(said)):
        return "policy", "refuses the content", "say it differently"
    if status in (400, 403, 429) and _QUOTA.search(said):
        return "refused", "has no quota left for this key", BY_STATUS[402][2]
    if status in (400, 404) and _NO_TOOLS.search(said):
        return "refused", "cannot call tools", "use the text form: --set model.tools=text"
    if status in BY_STATUS:
        verdict, what, remedy = BY_STATUS[status]
        return (verdict if known == "by status" else known), what, remedy
    if known == "again" or (known == "by status" and (status >= 500 or status == 0)):
        return "again", "cannot be reached or fails", LATER
    return "refused", "refuses the request", _MODEL


def _said(error: BaseException, secrets: Iterable[str]) -> str:
    """The provider's own words: one line, without the library's prefixes and without keys."""
    text = " ".join(str(error).split())
    text = re.sub(r"\b(litellm\.)?\w*(Error|Exception)( -|:)\s*", "", text).partition(" Original exception")[0]
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, "***")
    text = _SECRET.sub("***", text)
    return text if len(text) <= 300 else text[:300] + "…"


def _retry_after(error: BaseException) -> float | None:
    """Seconds from a Retry-After header. litellm keeps the real headers beside the response, not in it."""
    own: object = getattr(error, "litellm_response_headers", None)
    other: object = getattr(getattr(error, "response", None), "headers", None)
    for headers in (own, other):
        if isinstance(headers, Mapping):
            for name, value in cast("Mapping[object, object]", headers).items():
                if str(name).lower() == "retry-after":
                    return seconds_until(str(value), datetime.now(UTC))
    return None


def seconds_until(value: str, now: datetime) -> float | None:
    """`value` of a Retry-After header in seconds from `now`; None when it is neither a number nor a date."""
    if re.fullmatch(r"\s*\d{1,7}(\.\d*)?\s*", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now.timestamp())
