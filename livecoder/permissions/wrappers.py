"""Programs that run another one which their own words name: where it begins among them.

An option that is not in the table could have the next word for its value: then what is run is not known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from livecoder.permissions.rules import Words

UNKNOWN: Words = (None,)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.A)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a program, as getopt takes them: letters and long names, those with a value and those without."""

    letters: str = ""
    with_value: str = ""
    names: tuple[str, ...] = ()
    names_with_value: tuple[str, ...] = ()

    def beyond(self, words: Words) -> Words | None:
        """`words` without the options that they begin with; None where that cannot be told."""
        rest = list(words)
        while rest and (rest[0] is None or (rest[0].startswith("-") and rest[0] != "-")):
            word = rest.pop(0)
            if word == "--":
                break
            takes = None if word is None else self._takes(word)
            if takes is None or (takes and not rest):
                return None
            del rest[:takes]
        return tuple(rest)

    def _takes(self, word: str) -> int | None:
        """How many of the next words belong to this option."""
        if word.startswith("--"):
            name, equals, _ = word[2:].partition("=")
            if name in self.names_with_value:
                return 0 if equals else 1
            return 0 if name in self.names else None
        for place, letter in enumerate(word[1:], 2):
            if letter in self.with_value:
                return 0 if word[place:] else 1
            if letter not in self.letters:
                return None
        return 0


@dataclass(frozen=True, slots=True)
class Wrapper:
    """`skipped` words stand before the program that is run, and assignments may."""

    options: Options = Options()
    skipped: int = 0

    def inner(self, words: Words) -> Words:
        """The command that these words run, the wrapper's own name first; () for none, UNKNOWN if it is not known."""
        rest = self.options.beyond(words[1:])
        if rest is None or None in rest[: self.skipped]:
            return UNKNOWN
        rest = rest[self.skipped :]
        while rest and rest[0] is not None and _ASSIGNMENT.match(rest[0]):
            rest = rest[1:]
        return rest


_TIMEOUT = Options("vfp", "ks", ("preserve-status", "foreground", "verbose"), ("kill-after", "signal"))
_SUDO = Options(
    "AbEHknPSB",
    "CDghpRrTtUu",
    ("askpass", "background", "preserve-env", "set-home", "reset-timestamp", "non-interactive", "stdin"),
    ("user", "group", "chdir", "chroot", "host", "prompt", "command-timeout"),
)
_ENV = Options(
    "i0v", "uC", ("ignore-environment", "null", "debug", "ignore-signal", "default-signal"), ("unset", "chdir")
)
_XARGS = Options(
    "0rtpxo",
    "IiLlnPsEead",
    ("null", "no-run-if-empty", "verbose", "interactive", "exit", "open-tty"),
    ("replace", "max-lines", "max-args", "max-procs", "max-chars", "eof", "arg-file", "delimiter", "process-slot-var"),
)
_TIME = Options("pavqV", "fo", ("portability", "append", "verbose", "quiet"), ("format", "output"))
_STDBUF = Options("", "ioe", (), ("input", "output", "error"))
_FLOCK = Options(
    "sxenuoFv", "wE", ("shared", "exclusive", "nonblock", "unlock", "close", "no-fork"), ("timeout", "wait")
)
_STRACE = Options("cCdfFhiknqrtTvVwxyYzZ", "abeEIoOpPsSuUX", ("follow-forks",), ("trace", "output"))
WRAPPERS = {
    "builtin": Wrapper(),
    "command": Wrapper(Options("p")),
    "coproc": Wrapper(),
    "exec": Wrapper(Options("cl", "a")),
    "time": Wrapper(_TIME),
    "nohup": Wrapper(),
    "setsid": Wrapper(Options("cfw", "", ("ctty", "fork", "wait"))),
    "env": Wrapper(_ENV),
    "sudo": Wrapper(_SUDO),
    "doas": Wrapper(Options("Lns", "aCu")),
    "timeout": Wrapper(_TIMEOUT, skipped=1),
    "nice": Wrapper(Options("", "n", (), ("adjustment",))),
    "ionice": Wrapper(Options("t", "cn", ("ignore",), ("class", "classdata"))),
    "stdbuf": Wrapper(_STDBUF),
    "xargs": Wrapper(_XARGS),
    "flock": Wrapper(_FLOCK, skipped=1),
    "chroot": Wrapper(Options(), skipped=1),
    "strace": Wrapper(_STRACE),
    "busybox": Wrapper(),
}
OPAQUE = frozenset({"parallel", "script", "ssh", "su", "unshare", "nsenter", "ltrace", "gdb", "setpriv", "runuser"})
"""They run what they are told to, in ways of their own."""
LOOKS = {"command": ("-v", "-V"), "sudo": ("-l", "-v", "-V", "-K")}
"""First words with which a wrapper only tells something."""


def inner(words: Words) -> Words:
    """The command that a wrapper runs; () where it is none, or runs nothing."""
    name = program(words)
    if name in OPAQUE:
        return UNKNOWN
    wrapper = WRAPPERS.get(name)
    if wrapper is None or (words[1:2] and words[1] in LOOKS.get(name, ())):
        return ()
    told = wrapper.inner(words)
    return _filled(words, told) if name == "xargs" and told else told


def _filled(words: Words, told: Words) -> Words:
    """What xargs runs: more words at the end, or in place of `{}` or what its option -I has instead."""
    marks = {"{}"}
    for option, value in zip(words, (*words[1:], None), strict=True):
        if option and (found := re.fullmatch(r"-\w*I(.*)", option)) and (mark := found[1] or value):
            marks.add(mark)
    return (*(None if word and any(mark in word for mark in marks) else word for word in told), None)


def found_by(words: Words) -> list[Words]:
    """What `find -exec COMMAND ;` runs, each with names in it that only a run knows."""
    if program(words) != "find":
        return []
    commands: list[Words] = []
    for place, word in enumerate(words):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = words[place + 1 :]
            end = next((i for i, each in enumerate(rest) if each in (";", "+")), len(rest))
            commands.append(tuple(None if each and "{}" in each else each for each in rest[:end]))
    return commands


def program(words: Sequence[str | None]) -> str:
    """The name of what is run, without its path; "" where only running it tells."""
    return (words[0] or "").rpartition("/")[2] if words else ""
