"""Saved replies: texts with variables in them, and what is put in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLES = ("customer", "name", "order", "case", "link", "account", "me")
"""The customer's first name and full name, an order's number, ours, and who answers."""

_PARTS = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}|]*)(?P<bar>\|(?P<else>[^{}]*))?\}|(?P<lone>[{}])"
)
_HOLE = re.compile(r"\{(?:" + "|".join(VARIABLES) + r")\}")
_ADDRESSED = frozenset({"customer", "name"})
_LEAD = re.compile(r"[\s,]+\Z")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*\.?")
_TITLES = frozenset({"herr", "frau", "dr", "mr", "mrs", "ms", "пан", "пані", "the", "team"})
_ORDER = re.compile(
    r"(?:\b(?:order|заказ\w{0,3}|замовлення\w?|bestell(?:ung|nummer|nr)|auftrag\w{0,2}|ticket)\b"
    r"[^\w\n]{0,3}(?:(?:number|no|nr|номер|number is|id)\b[^\w\n]{0,3})?)(?:[№#]\s?)?"
    r"((?:[A-Z]{1,4}-?)?\d(?:-?\d){1,18})(?![\w:]|[.,]\d)",
    re.IGNORECASE,
)
_LOOKED_AT = 4_000


@dataclass(frozen=True, slots=True)
class Variable:
    """What stands in a text for something of the case: ``{customer|there}``."""

    name: str
    otherwise: str | None
    """What is said where it is not known."""

    def __str__(self) -> str:
        """Return it as it is written."""
        return "{" + self.name + ("" if self.otherwise is None else f"|{self.otherwise}") + "}"


def parsed(text: str) -> Iterator[str | Variable]:
    """Yield what *text* is made of; raises ValueError for a brace that stands for nothing."""
    at = 0
    for part in _PARTS.finditer(text):
        if part["lone"]:
            raise ValueError(f"has a single {part['lone']}; write {part['lone'] * 2} for a brace")
        if part.start() > at:
            yield text[at : part.start()]
        yield part["brace"][0] if part["brace"] else Variable(part["name"].strip(), part["else"])
        at = part.end()
    if at < len(text):
        yield text[at:]


def filled(text: str, values: Mapping[str, str]) -> str:
    """
    Return a saved reply with its variables filled; what *values* lack, or have as "", is not known.

    Where it is not known, what is written behind the ``|`` stands. Without that, a customer of
    unknown name is not addressed ("Hello, {customer}!" is "Hello!"), and anything else stays as
    it is written, for a person to fill in.
    """
    said = ""
    for part in parsed(text):
        if isinstance(part, str):
            said += part
        elif known := values.get(part.name) or part.otherwise:
            said += known
        elif part.name in _ADDRESSED:
            said = _LEAD.sub("", said)
        else:
            said += str(part)
    return said


def first_hole(text: str) -> tuple[int, int] | None:
    """Return where in a filled text the first variable stands that nothing was known for."""
    found = _HOLE.search(text)
    return found.span() if found else None


def first_name(name: str) -> str:
    """Return how somebody of that *name* is called, "" where it does not look like a person's."""
    words = name[:200].split()
    plain = [word for word in words if word.rstrip(".").casefold() not in _TITLES]
    if not plain or len(plain) > 4 or plain != words:
        return ""
    found = _LETTERS.fullmatch(plain[0])
    return plain[0] if found and 2 <= len(plain[0]) <= 30 and plain[0][-1] != "." else ""


def order_in(texts: list[str]) -> str:
    """Return the number of the order that *texts* name, "" if there is none, or more than one."""
    found = {match[1] for text in texts for match in _ORDER.finditer(text[:_LOOKED_AT])}
    return found.pop() if len(found) == 1 else ""
