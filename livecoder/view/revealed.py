"""Text that somebody is asked about, with everything in sight that a terminal would hide or a reader take for another.

Control characters in caret notation, hidden ones and look-alikes with their number, long runs of spaces and of empty
lines counted. What a model writes is shown so, never obeyed (Unicode TR 36, section 2; TS 39 for mixed scripts).
"""

from __future__ import annotations

import re
import unicodedata

SPACES = 12
"""As many in a row are counted instead of shown: they push what follows them out of sight."""
EMPTY_LINES = 4
_RUNS = re.compile(f" {{{SPACES},}}|\n{{{EMPTY_LINES + 1},}}")
_WORD = re.compile(r"[^\W_]+")
_CATEGORIES = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
"""Scripts with letters that look like Latin ones."""
_LETTERS = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0410\u0412"
    "\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u050c\u03bf\u03b1\u03bd"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u057d\u0578"
    "\u0585"
)
"""Letters of these that no eye tells from Latin ones: a word of them alone is in disguise."""
_LATIN = "\u0131\u0251\u0261\u0269\ua781\u029f\u01c0\u01c3"
_SIGNS = (
    "\u037e\u055a\u05f3\u2010\u2011\u2012\u2013\u2015\u2018\u2019\u201c\u201d"
    "\u2024\u2044\u2052\u2212\u2215\u2216\u2223\u2236\u29f5\u29f8"
)
"""Signs that look like those which a shell obeys."""


def revealed(text: str) -> str:
    """`text` with nothing in it that could be overlooked; its lines stay lines."""
    counted = _RUNS.sub(_counted, _WORD.sub(_marked, text))
    return "".join(map(_shown, counted))


def in_line(text: str) -> str:
    """The same in one line: a name."""
    return revealed(text).replace("\n", "^J")


def rows(text: str, columns: int) -> list[str]:
    """`text` revealed, in lines of at most `columns` cells: wrapped wherever it must be, whole to its end."""
    found: list[str] = []
    for line in revealed(text).split("\n"):
        row, used = "", 0
        for character in line:
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if used + width > columns:
                found.append(row)
                row, used = "", 0
            row, used = row + character, used + width
        found.append(row)
    return found


def _counted(run: re.Match[str]) -> str:
    many = len(run[0])
    return f"<{many} spaces>" if run[0][0] == " " else f"\n<{many - 1} empty lines>\n"


def _marked(word: re.Match[str]) -> str:
    """A word with what is foreign in it marked: other scripts among Latin letters, or look-alikes alone."""
    if word[0].isascii():
        return word[0]
    foreign = [c for c in word[0] if _script(c) in _SCRIPTS]
    mixed = any(_script(c) == "LATIN" for c in word[0])
    if not mixed and not all(c in _LETTERS for c in foreign):
        return word[0]
    return "".join(_named(c) if c in foreign else c for c in word[0])


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def _shown(character: str) -> str:
    if character == "\n" or " " <= character <= "~":
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"^{chr(code ^ 0x40)}"
    hidden = unicodedata.category(character) in _CATEGORIES or character in _BLANKS or _selects(code)
    if hidden or unicodedata.category(character) == "Zs":
        return f"<U+{code:04X}>"
    disguised = character in _LATIN or character in _SIGNS or _compatible(character)
    return _named(character) if disguised else character


def _selects(code: int) -> bool:
    """Variation selectors are marks, but a run of them carries any bytes one likes."""
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def _compatible(character: str) -> bool:
    """Another form of an ASCII character, such as its full-width or bold one."""
    plain = unicodedata.normalize("NFKC", character)
    return plain != character and plain.isascii()


def _named(character: str) -> str:
    return f"<{character} U+{ord(character):04X}>"
