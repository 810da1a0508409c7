"""A conversation as blocks of rows: one for each message, read when it comes near the screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.model import Direction
from inboxd.tui.case.message import LONGEST, is_openable, message_rows, outgoing_rows, room, title
from inboxd.tui.when import day
from inboxd.tui.wrapping import Piece, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import date, datetime

    from inboxd.store.threads import Outgoing, Outline
    from inboxd.store.views import ThreadMessage
    from inboxd.tui.case.facts import Known
    from inboxd.tui.case.message import Look

_A_DAY = timedelta(days=1)


class Thread:
    """The blocks of a conversation, and behind them the replies that are on their way."""

    def __init__(
        self,
        outline: Sequence[Outline],
        outgoing: Sequence[Outgoing],
        read: Callable[[Sequence[int]], Sequence[ThreadMessage]],
        look: Look,
    ) -> None:
        self._outline = outline
        self._outgoing = outgoing
        self._read = read
        self.look = look

    def __len__(self) -> int:
        return len(self._outline) + len(self._outgoing)

    def key(self, place: int) -> Hashable:
        """Return what names the message, or the reply, for good."""
        if place < len(self._outline):
            return self._outline[place].id
        return "outgoing", self._outgoing[place - len(self._outline)].id

    def guess(self, place: int, width: int) -> int:
        """Return about how many rows a message takes."""
        if place >= len(self._outline):
            return 3
        message = self._outline[place]
        length = message.length if self.look.whole else min(message.length, LONGEST)
        begins = 2 if self._begins_a_day(place) else 0
        return begins + 3 + length // room(width) + message.has_more

    def rows(self, places: range, width: int) -> list[list[Row]]:
        """Return the rows of messages that follow one another."""
        wanted = [each.id for each in self._outline[places.start : places.stop]]
        found = {each.id: each for each in self._read(wanted)} if wanted else {}
        return [self._block(place, found, width) for place in places]

    def newest_waiting(self) -> int | None:
        """Return the place of the newest message that nobody has answered, None if there is none."""
        waiting = self.look.waiting
        places = reversed(range(len(self._outline)))
        return next((place for place in places if self._outline[place].id in waiting), None)

    def links(self, places: range) -> list[tuple[str, str]]:
        """Return the title and the address of what can be opened in some messages."""
        wanted = [each.id for each in self._outline[places.start : places.stop]]
        return [
            (title(item), item["url"])
            for message in (self._read(wanted) if wanted else ())
            for item in message.attachments
            if is_openable(item["url"])
        ]

    def _block(self, place: int, found: Mapping[int, ThreadMessage], width: int) -> list[Row]:
        if place >= len(self._outline):
            return outgoing_rows(self._outgoing[place - len(self._outline)], width, self.look)
        outline = self._outline[place]
        message = found.get(outline.id)
        # Forgotten since the outline was read: the next look at the database drops it.
        rows: list[Row] = message_rows(message, width, self.look) if message else []
        if self._begins_a_day(place):
            return [_day_row(self._day(outline.sent_at), self.look, width), (), *rows]
        return rows

    def _begins_a_day(self, place: int) -> bool:
        if place == 0:
            return True
        before, this = self._outline[place - 1].sent_at, self._outline[place].sent_at
        return this - before >= _A_DAY or self._day(before) != self._day(this)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.look.tz).date()


def unanswered(known: Known, outline: Sequence[Outline]) -> frozenset[int]:
    """
    Return which messages wait for an answer.

    Where customers of one thread were answered one by one, only the oldest and the one that tells
    most are known for sure.
    """
    wait = known.wait
    if wait is None or wait.kind.is_owed:
        return frozenset()
    since = [
        each.id
        for each in outline
        if each.direction is Direction.INBOUND and not each.deleted and each.sent_at >= wait.since
    ]
    if len(since) == known.state.unanswered:
        return frozenset(since)
    return frozenset({wait.message, wait.telling})


def _day_row(date: date, look: Look, width: int) -> Row:
    """Return a line across the screen with a day's name in it."""
    today = look.now.astimezone(look.tz).date()
    name = f" {day(date, today)} "
    if date == today:
        name = f" Today,{name}"
    left = max(0, (width - len(name)) // 2)
    return (
        Piece("─" * left, "muted"),
        Piece(name, "title"),
        Piece("─" * max(0, width - left - len(name)), "muted"),
    )
