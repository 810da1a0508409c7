"""What people do about cases, in words: to who does it, and to who hears of it later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from inboxd.core.reproach import CALLED, Fault
from inboxd.core.text import one_line
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NAME = 40
_LONGEST_SAYING = 100
_DEEDS = {
    "ack": "the acknowledgement",
    "assign": "the assignment",
    "snooze": "the snooze",
    "close": "the closing",
    "reopen": "the reopening",
    "note": "the note",
    "correct": "the correction",
    "correct_reply": "the word on an answer of ours",
}

_NEWS = {
    "ack": "{who} acknowledged it{ago}",
    "assign": "assigned to {to} by {who}{ago}",
    "snooze": "snoozed by {who}{ago}",
    "close": "closed by {who}{ago}{more}",
    "reopen": "reopened by {who}{ago}",
    "note": "{who} noted{ago}: “{said}”",
    "correct": "{who} corrected the verdict{ago}{more}",
    "correct_reply": "{who} said of an answer of ours{ago}{more}",
    "undone": "{who} took back {deed} by {whose}{ago}",
    "reply": "a reply of {who}'s is on its way: “{said}”",
    "answered": "answered on the network{ago}: “{said}”",
    "answered_by_staff": "answered on the network by {whose}{ago}: “{said}”",
    "answered_by_us": "{who} answered{ago}: “{said}”",
    "wrote": "the customer wrote again{ago}: “{said}”",
    "changed": "the customer changed a message{ago}: “{said}”",
    "deleted": "the customer took a message back{ago}: “{said}”",
}


def done_words(case: int, action: str, detail: str, at: datetime | None = None) -> str:
    """Return that *action* was done about *case*, as whoever did it at *at* is told."""
    said = one_line(detail, _LONGEST_SAYING)
    match action:
        case "ack":
            return f"case {case} acknowledged"
        case "assign":
            return f"case {case} assigned to {said or 'nobody'}"
        case "snooze":
            span = f" for {format_duration(datetime.fromisoformat(detail) - at)}" if at else ""
            return f"case {case} snoozed{span}"
        case "close":
            return f"case {case} closed: {said}"
        case "reopen":
            return f"case {case} reopened"
        case _:
            return f"case {case} noted: “{said}”"


def verdict_words(message: int, said: Mapping[Fault, bool]) -> str:
    """Return what was *said* of an answer of ours, as whoever said it is told."""
    parts = [f"{'' if holds else 'not '}{CALLED[fault]}" for fault, holds in said.items()]
    return f"our message {message}: {', '.join(parts)}"


def news_line(what: str, who: str, text: str, whose: str, ago: str = "") -> str:
    """
    Return one thing that happened to a case, as whoever looked at it before is told.

    The words are those of :class:`inboxd.store.meanwhile.News`; *ago* says how long ago.
    """
    said = one_line(text, _LONGEST_SAYING)
    if what == "answered":
        what = "answered_by_us" if who else "answered_by_staff" if whose else what
    return _NEWS[what].format(
        who=_name(who),
        whose=_name(whose),
        to=_name(text) if text else "nobody",
        deed=_DEEDS.get(text, text),
        said=said,
        more=f": {said}" if said else "",
        ago=f" {ago} ago" if ago else "",
    )


def _name(name: str) -> str:
    return one_line(name, _LONGEST_NAME) or "somebody"
