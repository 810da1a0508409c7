"""Text as it comes from strangers, made fit to be stored and shown."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """
    Return *text* without what a database or a UTF-8 stream cannot carry.

    NUL and lone surrogates become U+FFFD; the raw payload keeps them, escaped.
    """
    return _UNSTORABLE.sub(_REPLACEMENT, text)


_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What turns a text round, or takes no room and means nothing; joiners of emoji and letters stay."""
_BLANKS = re.compile(r"\s+")


def one_line(text: str, width: int) -> str:
    """
    Return *text* as one harmless line of at most *width* characters.

    Escape sequences, bidirectional overrides and line breaks cannot leave their place.
    """
    seen = _UNSEEN.sub("", text[: width * 8])
    flat = _BLANKS.sub(" ", _CONTROL.sub(" ", seen)).strip()
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"


def inert(text: str) -> str:
    """
    Return *text* with its lines kept and everything a terminal would obey taken out.

    Whatever breaks a line somewhere (a vertical tab, U+2028) is a line feed in the end.
    """
    return _UNSEEN.sub("", _CONTROL.sub("", _LINE_BREAK.sub("\n", text)))


_WHOM_IN_FRONT = re.compile(
    r"^(?:@\w+\s+|\[(?:id|club)[0-9]+:bp-?[0-9]+_[0-9]+\|[^\[\]|]*\],?\s+)+"
)
_SCHEME = re.compile(r"\bhttps?://", re.IGNORECASE)
_LAST_SLASH = re.compile(r"(?<=\w)/(?=[^\w/]*$)")


def comparable(text: str) -> str:
    """
    Return *text* without what a network may add to it or take from it: two that agree are one.

    Those are whom a reply names in front (by a handle, or by the post that is answered in a
    discussion), the scheme and the last slash of a link, and how words are parted. All else counts.
    """
    return " ".join(map(_bare, _WHOM_IN_FRONT.sub("", text.strip()).split()))


def _bare(word: str) -> str:
    is_link = "." in word or _SCHEME.search(word)
    return _LAST_SLASH.sub("", _SCHEME.sub("", word)) if is_link else word


def is_shouted(text: str) -> bool:
    """Return whether most of the letters at the beginning of *text* are capitals."""
    head = text[:400]
    capitals = sum(map(str.isupper, head))
    return capitals >= 10 and capitals > sum(map(str.islower, head))


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula, and run."""


def as_cell(text: str) -> str:
    """Return *text* such that a spreadsheet shows it: a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text


LANGUAGE_NAMES = {
    "ru": "Russian", "uk": "Ukrainian", "de": "German", "en": "English", "pl": "Polish",
    "fr": "French", "es": "Spanish", "it": "Italian", "tr": "Turkish", "ar": "Arabic",
    "be": "Belarusian", "kk": "Kazakh", "zh": "Chinese", "ja": "Japanese", "ko": "Korean",
}  # fmt: skip
"""How a language is called; another has its code for a name."""


def is_language(code: str) -> bool:
    """Tell whether *code* can be that of a language: two or three small letters."""
    return code.isascii() and code.isalpha() and code.islower() and 2 <= len(code) <= 3


def format_size(size: float) -> str:
    """Return a number of bytes as people read it: ``512 bytes``, ``870.2 MiB``, ``3.4 GiB``."""
    if size < 1_000:
        return f"{size:.0f} bytes"
    for unit in ("KiB", "MiB"):
        size /= 1_024
        if size < 1_000:
            return f"{size:.1f} {unit}"
    return f"{size / 1_024:,.1f} GiB"
