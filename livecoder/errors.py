"""Every failure that livecoder knows, with the exit code that tells it to a script.

    LivecoderError                 70  a bug of ours, when nothing more exact is known
    ├── UsageError                  2  the command line is wrong
    ├── ConfigError                 3  a configuration file, a key or a directory is wrong
    │   └── SandboxUnavailable      3  no sandbox works here
    ├── AnswerNeeded                5  a question, and nobody there to answer it
    ├── ProviderError                  the model's provider failed
    │   ├── ProviderRefused         4  permanently: credentials, quota, unknown model
    │   ├── ContextOverflow         4  the conversation is longer than the model's window
    │   └── ProviderUnavailable    75  for now, after retries
    ├── BranchRefused               1  what a session left must not become a branch
    ├── WorkspaceError              3  the repository cannot be worked in, or would lose something
    ├── ScaffoldError               3  a scaffold cannot be read or written
    ├── JournalError               70  a journal cannot be read or written
    ├── ScriptExhausted            70  a scripted model was asked more than it has answers for
    └── RecordingDeparted          70  a replayed conversation differs from its recording

Endings that are no failures (a limit, an interrupt, "verified") are values: see `events.RoundEnded`.
"""

from __future__ import annotations


class LivecoderError(Exception):
    """A failure with its exit code and what to do next. `str()` is one line without the remedy."""

    exit_code = 70

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy

    def line(self) -> str:
        """What happened and what to do, on one line."""
        return f"{self}: {self.remedy}" if self.remedy else str(self)


class UsageError(LivecoderError):
    exit_code = 2


class ConfigError(LivecoderError):
    exit_code = 3


class SandboxUnavailable(ConfigError):
    pass


class AnswerNeeded(LivecoderError):
    exit_code = 5


class ProviderError(LivecoderError):
    """The provider failed. `status` is the HTTP status, 0 when there was none."""

    def __init__(self, what: str, remedy: str = "", status: int = 0) -> None:
        super().__init__(what, remedy)
        self.status = status
        self.tokens: tuple[int, int, int] = (0, 0, 0)
        """Sent, of them cached, and written: by attempts that gave no reply and are paid for."""
        self.cost_usd: float | None = 0.0
        """Of these; None: not known."""


class ProviderRefused(ProviderError):
    exit_code = 4


class ContextOverflow(ProviderError):
    exit_code = 4


class ProviderUnavailable(ProviderError):
    exit_code = 75


class BranchRefused(LivecoderError):
    exit_code = 1


class WorkspaceError(LivecoderError):
    exit_code = 3


class ScaffoldError(LivecoderError):
    exit_code = 3


class JournalError(LivecoderError):
    pass


class ScriptExhausted(LivecoderError):
    pass


class RecordingDeparted(LivecoderError):
    pass
