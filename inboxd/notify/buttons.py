"""What can be done about a case at the press of a button, and what a press says. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.model import Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inboxd.model import CaseCard

_VALUE = re.compile(r"([a-z_]+):(\d{1,15}):(\d{1,15}):(\d{1,15}):(.+)", re.DOTALL)


class Wish(StrEnum):
    """What somebody wants to be done about a case."""

    ACKNOWLEDGE = "ack"
    SNOOZE = "snooze"
    NO_COMPLAINT = "no_complaint"


@dataclass(frozen=True, slots=True)
class Offer:
    """
    The buttons that belong to a case: its number, that of its wait and of the message shown.

    *wishes* are in the order in which they are shown; *link* leads to the message, or is "".
    """

    case: int
    wait: int
    message: int
    wishes: tuple[Wish, ...]
    link: str

    def value(self, wish: Wish, sink: str) -> str:
        """Return what a button carries, and brings back when it is pressed."""
        return f"{wish}:{self.case}:{self.wait}:{self.message}:{sink}"


@dataclass(frozen=True, slots=True)
class Press:
    """
    A button below a message about a case that somebody has pressed.

    *key* is the same however often the press is delivered; *ts* names the message at *sink*.
    """

    key: str
    wish: Wish
    case: int
    wait: int
    message: int
    sink: str
    ts: str


if TYPE_CHECKING:
    Hear = Callable[[Press, str], Awaitable[str]]
    """Carries out a press by somebody of that name; returns what to tell them, "" if it is done."""


def offer_of(card: CaseCard, link: str, *, over: bool) -> Offer | None:
    """Return what can be done about the case of *card*, None if it is *over*."""
    if over or not card.wait:
        return None
    wishes = [Wish.SNOOZE] if card.acknowledged_by else [Wish.ACKNOWLEDGE, Wish.SNOOZE]
    if card.kind is Kind.COMPLAINT:
        wishes.append(Wish.NO_COMPLAINT)
    return Offer(card.id, card.wait, card.message, tuple(wishes), link)


def wish_in(value: str) -> tuple[Wish, int, int, int, str] | None:
    """Return what `Offer.value` was made of, None if *value* is nothing of ours."""
    found = _VALUE.fullmatch(value)
    if not found or found[1] not in set(Wish):
        return None
    return Wish(found[1]), int(found[2]), int(found[3]), int(found[4]), found[5]
