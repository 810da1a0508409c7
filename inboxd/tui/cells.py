"""
The only place that decides how many terminal cells a stranger's text takes.

Terminals, multiplexers and Rich disagree about sequences: a family of four is drawn in two cells or
in eight, a heart with a variation selector in one or two, a flag in two or four. One cell that is
counted differently shifts all that follows in the row. So no sequence gets through: what is left
are single characters about whose width they all agree. Known to remain: characters that a terminal
set up for Chinese or Japanese draws wide although they are ambiguous, Cyrillic among them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size, set_cell_size

_LOOK_AT = 8
"""How many characters are looked at for a cell: the rest of 100 KB cannot be seen anyway."""
_MARKS = 2
"""How many marks a letter keeps: Thai and Hebrew need two, who stacks more wants to break out."""
_PLAIN = re.compile("[ -~\u00a1-\u00ac\u00ae-\u02af\u0370-\u0377\u037a-\u037f\u0384-\u03ff"
                    "\u0400-\u0482\u048a-\u052f\u2010-\u2026\u20ac\u20b4\u20bd\u2116]*")  # fmt: skip
_JOINED = re.compile("(?:\ufe0f?[\U0001f3fb-\U0001f3ff]?\u200d[\u2190-\u2bff\U0001f000-\U0001faff])+")  # fmt: skip
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols without ink: names are made of them to look empty."""
_DROPPED = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")  # fmt: skip
_FLAG = 0x1F1E6
_VIRAMA = 9
_COMMON = 0xFFFF
_OVERSIZED = {"\u2e3a": "—", "\u2e3b": "—", "\ufdfd": "\N{REPLACEMENT CHARACTER}"}
"""What counts as one cell and is drawn across its neighbours."""
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """
    Return the beginning of *text* as one harmless line that takes exactly *width* cells.

    What does not fit ends in an ellipsis; what is short is padded, on the left if *right*. The
    cost grows with *width*, not with the text.
    """
    if width <= 0:
        return ""
    look = width * _LOOK_AT + 32
    line = even(text[:look])
    if (size := cell_len(line)) > width or len(text) > look:
        line = set_cell_size(line, min(size, width - 1)).rstrip() + "…"
    blanks = " " * (width - cell_len(line))
    return blanks + line if right else line + blanks


def even(text: str) -> str:
    """
    Return *text* as one harmless line of characters whose width nobody disputes.

    Of a sequence of emoji its first is left, of a flag its two letters, of stacked marks two.
    """
    line = " ".join(text.split())
    if _PLAIN.fullmatch(line):
        return line
    joined = _JOINED.sub("", unicodedata.normalize("NFC", line))
    return " ".join(_few_marks("".join(map(_even, joined))).split())


def _few_marks(line: str) -> str:
    """Return *line* without marks that stand on nothing, or upon too many others."""
    kept: list[str] = []
    free = 0
    for each in line:
        if unicodedata.category(each) != "Mn":
            free = 0 if each == " " else _MARKS
        elif free == 0:
            continue
        else:
            free -= 1
        kept.append(each)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _even(char: str) -> str:
    """Return what is shown for one character: itself, something like it, or nothing."""
    category = unicodedata.category(char)
    if char in _INVISIBLE or category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    if category in {"Cs", "Co", "Cn"}:
        return _UNKNOWN
    if _DROPPED.match(char) or _is_disputed(char, category):
        return ""
    if 0 <= ord(char) - _FLAG < 26:
        return chr(ord(char) - _FLAG + ord("A"))
    return _OVERSIZED.get(char) or _common(char, category)


def _is_disputed(char: str, category: str) -> bool:
    """Tell whether some count a cell for *char* and some do not."""
    if category == "Mn":
        # A virama makes one cluster of two consonants: some terminals then count one, some two.
        return get_character_cell_size(char) > 0 or unicodedata.combining(char) == _VIRAMA
    # Marks that take room (Mc: Hindi, Tamil) have a cell of their own here and none there.
    return category in {"Cf", "Mc", "Me"} or get_character_cell_size(char) == 0


def _common(char: str, category: str) -> str:
    """Return a letter of the higher planes as a common one: 𝓗 as H, and what is none as unknown."""
    if ord(char) <= _COMMON or category == "So" or get_character_cell_size(char) > 1:
        return char
    common = unicodedata.normalize("NFKC", char)
    return common if len(common) == 1 and ord(common) <= _COMMON else _UNKNOWN
