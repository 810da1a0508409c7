"""How a reply of the brand behaves: greeting, thanks, apology, punctuation, capitals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inboxd.core.text import is_shouted
from inboxd.model import Kind, Manners

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOKED_AT = 4_000
_ADDRESS = re.compile(r"https?://\S{1,500}|www\.\S{1,500}|\S{1,64}@\S{1,100}|@\w{1,64}|<\w{1,12}>")
# Initials at the end ("^AG", "/Ann") and what is no letter there say nothing about the sentence.
_SIGNATURE = re.compile(r"\s[\^/*-]\s?\w{1,12}\s*$")
_LAST = re.compile(r"([^\w\s])?[\s\ufe0f\u200d]{0,20}$")
_ENDS = frozenset('.!?…)»"”“:;*')
_ROWS = re.compile(r"[!?]{2,}|,{2,}|\.{4,}")
_SENTENCE = re.compile(r"(?:^|[.!?…]\s)[\s\"'«„“(–—-]{0,5}([^\W\d_])")
_LETTER = re.compile(r"[^\W\d_]")
_DUE = {Kind.COMPLAINT: "apology", Kind.PRAISE: "thanks"}


def judge_manners(text: str, found: Iterable[str], asked: Kind | None) -> Manners:
    """
    Return how *text* behaves; *found* are the labels that the word lists found in it.

    *asked* is what the customer's message was, if it is known.
    """
    labels = set(found)
    plain = _ADDRESS.sub(" ", text[:_LOOKED_AT])
    return Manners(
        greeting="manners:greeting" in labels,
        thanks="manners:thanks" in labels,
        apology="manners:apology" in labels,
        punctuation=has_punctuation(plain),
        capitals=has_capitals(plain),
        due="" if asked is None else _DUE.get(asked, ""),
    )


def has_punctuation(text: str) -> bool:
    """
    Return whether *text* ends like a sentence and has no rows of marks.

    A name, a number or an emoji after the last full stop is a signature, and no fault; nor
    is a text without letters.
    """
    if not _LETTER.search(text):
        return True
    body = _SIGNATURE.sub("", text).rstrip()
    return not _ROWS.search(body) and _is_ended(body)


def _is_ended(body: str) -> bool:
    last = body[-1:]
    if last in _ENDS:
        return True
    stop = max(body.rfind(mark) for mark in ".!?…")
    rest = body[stop + 1 :]
    if stop >= 0 and len(rest.split()) <= 3 and (rest[:1].isspace() or not _LETTER.search(rest)):
        return True
    return bool(last) and not last.isalnum() and last not in ",-–—"


def has_capitals(text: str) -> bool:
    """Return whether every sentence begins with a capital and the whole is not shouted."""
    begins = [match.group(1) for match in _SENTENCE.finditer(text)]
    if is_shouted(text):
        return False
    # Letters without case (or none at all) are no fault.
    first = begins[:1]
    low = sum(letter.islower() for letter in begins)
    return not (first and first[0].islower()) and low * 3 <= len(begins)
