"""
What a foreign text may do to the place where it is shown: nothing.

Names and messages come from customers as hostile as they like. Everything in here turns them
into characters that take up their place and no other: no control characters, no direction
overrides, no floods of invisible or stacked marks. Escaping for a notation (HTML, mrkdwn) is
the business of whoever writes that notation, and comes after truncation.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
_LINE_BREAKS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
# C0 but \t and \n, DEL, C1, lone surrogates, non-characters: nothing can show them. A mark of
# their presence stays, because a text that was tampered with should look like it.
_UNSHOWABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Embeddings, overrides and isolates (UAX #9), and characters that only hide: soft hyphen,
# Mongolian separator, zero-width space, word joiner and kin, byte order mark, fillers, tags.
_INVISIBLE = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u206a-\u206f\u00ad\u180e\u200b\u2060-\u2065\ufeff"
    "\u115f\u1160\u3164\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# Joiners, direction marks and variation selectors mean something between letters, one at a time.
_MARK_FLOOD = re.compile("([\u200c-\u200f\u061c\ufe00-\ufe0f])[\u200c-\u200f\u061c\ufe00-\ufe0f]+")
_BLANK_FLOOD = re.compile(r"\n[^\S\n]*\n(?:[^\S\n]*\n)+")
_SPACE_FLOOD = re.compile(r"[^\S\n]{9,}")
_MOST_COMBINING_MARKS = 4
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_LONGEST_URL = 2_000
# Code points back from a cut in search of the start of a letter; a family emoji has 11.
_LONGEST_LETTER = 32


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text and how many characters of it are not shown."""

    text: str
    left_out: int

    def __str__(self) -> str:
        """Return the text with a line that says how much was cut, if anything was."""
        if not self.left_out:
            return self.text
        return f"{self.text}{_ELLIPSIS}\n[{self.left_out:,} more characters not shown]"


def legible(text: str) -> str:
    """Return *text* with its lines, as characters that stay in their place."""
    text = _LINE_BREAKS.sub("\n", text)
    text = _UNSHOWABLE.sub(REPLACEMENT, text)
    text = _INVISIBLE.sub("", text)
    text = _MARK_FLOOD.sub(r"\1", text)
    text = _without_stacks(text).replace("\t", "    ")
    text = _SPACE_FLOOD.sub(" " * 8, text)
    return _BLANK_FLOOD.sub("\n\n", text).strip()


def one_line(text: str, limit: int) -> str:
    """Return *text* as one line of at most *limit* UTF-16 units, cut with an ellipsis."""
    line = " ".join(legible(text).split())
    if width(line) <= limit:
        return line
    return _cut(line, limit - 1) + _ELLIPSIS


def excerpt(text: str, limit: int) -> Excerpt:
    """Return the first *limit* UTF-16 units of *text*, or a little less: never half a letter."""
    whole = legible(text)
    if width(whole) <= limit:
        return Excerpt(whole, 0)
    start = _cut(whole, limit)
    return Excerpt(start, len(whole) - len(start))


def isolated(line: str) -> str:
    """
    Return *line* such that letters written from right to left do not reorder what stands beside.

    FSI … PDI as UAX #9 advises for inserted text; a line without such letters stays as it is.
    """
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line):
        return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}"
    return line


def web_link(url: str) -> str:
    """Return *url* with everything dangerous percent-encoded, or "" if it is no web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > _LONGEST_URL:
        return ""
    return quote(url, safe="/:?#[]@!$&()*+,;=%~", errors="replace")


def width(text: str) -> int:
    """Return the length in UTF-16 units, the strictest way in which receivers count."""
    return len(text) + sum(char > "\uffff" for char in text)


def _cut(text: str, limit: int) -> str:
    """Return the longest beginning within *limit* UTF-16 units that ends between two letters."""
    end = min(limit, len(text))
    while end and width(text[:end]) > limit:
        end -= max(1, (width(text[:end]) - limit) // 2)
    between = end
    while between > end - _LONGEST_LETTER and between and _is_within_letter(text, between):
        between -= 1
    return text[: end if _is_within_letter(text, between) else between].rstrip()


def _is_within_letter(text: str, index: int) -> bool:
    """Whether a cut before ``text[index]`` would go through what people see as one letter."""
    return 0 < index < len(text) and (_clings(text[index]) or text[index - 1] == "\u200d")


def _clings(char: str) -> bool:
    """Whether *char* belongs to the letter before it."""
    return (
        unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or char == "\u200d"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _without_stacks(text: str) -> str:
    """Return *text* with no more than a few combining marks on each letter."""
    if text.isascii():
        return text
    kept = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_COMBINING_MARKS:
            kept.append(char)
    return "".join(kept)
