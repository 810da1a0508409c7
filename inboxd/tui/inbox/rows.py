"""How a case is told in one line: pieces of text, each with what it is, and no colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len

from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.model import Stream, Topic, Urgency
from inboxd.tui.cells import fit
from inboxd.tui.names import author_name
from inboxd.tui.when import brief_left, brief_moment, brief_open_span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from inboxd.store.inbox import InboxRow

_NETWORKS = {"vk": "VK", "facebook": "FB", "twitter": "X"}
_STREAMS = {
    Stream.DIRECT_MESSAGES: ("dm", "dm"),
    Stream.COMMENTS: ("comm", "comment"),
    Stream.MENTIONS: ("ment", "mention"),
    Stream.REVIEWS: ("rev", "review"),
    Stream.SEARCH: ("srch", "search"),
}
PUBLIC = "◉"
"""Stands before a place where everybody can read."""
_SOON = timedelta(hours=1)
_MANY = 1_000
"""From so many followers on they are worth a column."""
_LEAST_TEXT = 32
_NUMBERED = 139
"""From so many cells on, lines have the number of their case."""
_LONGEST_NOTE = 32
_LONGEST_TAKER = 12
_LEAST_LINE = 9
_LEAST_NOTE = 6
"""Cells of a mark from which on it says something."""
_ALWAYS = 30
"""The cells of the columns that are always as wide, each with a blank before it."""
NARROWEST = _ALWAYS + 10 + 14
"""A line has never fewer cells."""


class Ink(StrEnum):
    """What a piece of a line is; the list gives each a style of the theme."""

    PLAIN = "plain"
    QUIET = "quiet"
    LATE = "late"
    SOON = "soon"
    PERSON = "person"
    ALARM = "alarm"
    NOTE = "note"


Piece = tuple[str, Ink]


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What a line tells beside its case: who looks at it, when, and what is beside it.

    *age* is business time while somebody waits, and so is *to_due*, up to the target or since it.
    """

    now: datetime
    tz: tzinfo
    me: str
    age: timedelta
    to_due: timedelta
    selected: bool = False
    moved: bool = False
    """Whether the selection is here only because the case that was here has left."""
    marked: bool = False
    others: tuple[str, ...] = ()
    """What colleagues are doing with the case just now: ``Max replying``."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cells each column takes; 0 where there is no room for it."""

    where: int
    author: int
    language: int
    topics: int
    followers: int
    number: int
    text: int
    due: int = 9
    age: int = 5
    kind: int = 10
    wide: bool = True


@lru_cache(maxsize=8)
def layout(width: int) -> Layout:
    """Return the columns for lines of *width* cells: what matters least is left out first."""
    if width < 98:
        return Layout(9, 13, 0, 0, 0, 0, max(0, width - NARROWEST), wide=False)
    author = 22 if width >= 140 else 16
    where = 12
    text = width - _ALWAYS - (where + 1) - (author + 1)
    room = {"language": 2, "topics": 18 if width >= 140 else 12, "followers": 5, "number": 6}
    for column, size in room.items():
        fits = text - size - 1 >= _LEAST_TEXT and (column != "number" or width >= _NUMBERED)
        room[column] = size if fits else 0
        text -= size + 1 if fits else 0
    language, topics, followers, number = room.values()
    return Layout(where, author, language, topics, followers, number, text)


def heading(at: Layout) -> str:
    """Return the names of the columns, each where it begins."""
    followers = fit("foll.", at.followers, right=True)
    number = fit("case", at.number, right=True)
    cells = (fit("due", at.due), fit("age", at.age, right=True), fit("  where", at.where), followers,
             fit("author", at.author), fit(" kind", at.kind), fit("topics", at.topics),
             fit("in", at.language), number, fit("says", at.text))  # fmt: skip
    return "   " + " ".join(cell for cell in cells if cell)


def line(row: InboxRow, facts: Facts, at: Layout) -> list[Piece]:
    """Return the whole line of one case, exactly as wide as *at* is."""
    bar = ("»" if facts.moved else "▸") if facts.selected else " "
    pieces: list[Piece] = [(f"{bar}{'✓' if facts.marked else ' '}", Ink.ALARM)]
    for text, ink in _columns(row, facts, at):
        if text:
            pieces.append((f" {text}", ink))
    pieces.append((" ", Ink.PLAIN))
    pieces.extend(_says(row, facts, at))
    return pieces


def due(row: InboxRow, now: datetime, to_due: timedelta) -> Piece:
    """Return what is the matter with a case's target, *to_due* off, in a word or two."""
    if row.wait is None:
        return str(row.status), Ink.QUIET
    if row.snoozed_until and row.snoozed_until > now:
        return "asleep", Ink.QUIET
    if row.due_at is None:
        return "no target", Ink.QUIET
    late = row.due_at <= now
    ink = Ink.LATE if late else Ink.SOON if to_due <= _SOON else Ink.PLAIN
    return brief_left(to_due, late=late), ink


def where(row: InboxRow, *, short: bool) -> str:
    """Return the network and the stream, with a sign where everybody can read it."""
    network = _NETWORKS.get(row.network) or row.network[:2].upper()
    sign = PUBLIC if row.public else " "
    return f"{sign} {network:2} {_STREAMS[row.stream][0 if short else 1]}"


def notes(row: InboxRow, facts: Facts, *, short: bool) -> Iterator[str]:
    """Yield what colleagues must know before they begin, most pressing first."""
    yield from facts.others
    yield from _whose(row, facts.me, short=short)
    if row.snoozed_until and row.snoozed_until > facts.now:
        wakes = brief_moment(row.snoozed_until, facts.now, facts.tz)
        yield wakes if short else f"until {wakes}"
    if row.wait is WaitKind.PROMISE or row.promised:
        yield "promise" if short else f"promised {_promised(row, facts)}"
    if row.wait is WaitKind.RESOLUTION:
        yield "elsewhere" if short else "sent elsewhere"
    if row.wait is None and row.close_reason and row.status is CaseStatus.CLOSED:
        yield row.close_reason
    if row.unanswered > 1 and not short:
        yield f"{row.unanswered} messages"


def many(count: int) -> str:
    """Return a number in at most five cells: ``950``, ``12.4k``, ``3.0M``."""
    for unit, name in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= unit:
            share = min(count / unit, 9_999)
            return f"{share:.1f}{name}" if share < 100 else f"{int(share)}{name}"
    return str(count)


def _columns(row: InboxRow, facts: Facts, at: Layout) -> Iterator[Piece]:
    """Yield all columns but the last, in their order."""
    word, ink = due(row, facts.now, facts.to_due)
    yield fit(word, at.due), ink
    yield fit(brief_open_span(facts.age), at.age, right=True), Ink.QUIET
    yield fit(where(row, short=not at.wide), at.where), Ink.QUIET
    # Before the name: after an Arabic one a terminal would draw the number on its other side.
    count = (row.author and row.author.followers) or 0
    yield fit(many(count) if count >= _MANY else "", at.followers, right=True), Ink.QUIET
    yield fit(author_name(row.author), at.author), Ink.PERSON
    high = row.urgency is Urgency.HIGH
    kind = f"{'!' if high else ' '}{row.kind or '…'}"
    yield fit(kind, at.kind), Ink.ALARM if high else Ink.PLAIN
    yield fit(topics(row), at.topics), Ink.QUIET
    yield fit(row.language, at.language), Ink.QUIET
    yield fit(str(row.case_id), at.number, right=True), Ink.QUIET


def topics(row: InboxRow) -> str:
    """Return what it is about; "" where it is about nothing in particular."""
    return ", ".join(each.replace("_", " ") for each in row.topics if each is not Topic.OTHER)


def _says(row: InboxRow, facts: Facts, at: Layout) -> Iterator[Piece]:
    """Yield the marks, in at most two thirds of the room, and the first line."""
    room = at.text
    for note in notes(row, facts, short=not at.wide):
        longest = min(_LONGEST_NOTE, at.text - _LEAST_LINE - 3)
        if longest < _LEAST_NOTE:
            break
        tag = f"[{fit(note, longest).rstrip()}] "
        left = room - cell_len(tag)
        if room < at.text and left < at.text // 3:
            break
        yield tag, Ink.NOTE
        room = left
    shown = fit(row.text, room)
    yield (shown, Ink.PLAIN) if shown.strip() else (fit("(no words)", room), Ink.QUIET)


def _whose(row: InboxRow, me: str, *, short: bool) -> Iterator[str]:
    """Yield who has taken a case; else, or where that is somebody else, whom it is for."""
    taken = _name(row.taken_by, me) if row.taken_by else ""
    wanted = _name(row.assigned_to, me) if row.assigned_to != row.taken_by else ""
    if taken and wanted and not short:
        yield f"taken by {fit(taken, _LONGEST_TAKER).rstrip()}, for {wanted}"
        return
    if taken:
        yield f"by {taken}" if short else f"taken by {taken}"
    if wanted:
        yield f"for {wanted}"


def _promised(row: InboxRow, facts: Facts) -> str:
    """Return by when, or in our own words where another target is due first."""
    if row.wait is WaitKind.PROMISE and row.due_at:
        return f"by {brief_moment(row.due_at, facts.now, facts.tz)}"
    return f"“{row.promised}”"


def _name(name: str, me: str) -> str:
    return "you" if name == me else name
