"""One poll of a source while it goes on, and what is told of what it can no longer reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.twitter.payloads import as_object, snowflake, time_of
from connectors.twitter.posts import posts_in, talks_in
from connectors.twitter.walk import NOTHING, Stretch, Walk
from inboxd import errors

if TYPE_CHECKING:
    from inboxd import connector as port
    from inboxd.model import Json


_FIRST_READING = timedelta(hours=1)


class Run:
    """One poll of a source while it goes on."""

    def __init__(self, source: str, cursor: port.Cursor | None) -> None:
        self.source = source
        self.cursor: port.Cursor = cursor or {}
        """Where the poll began."""
        self._before = self.walk = Walk.of(cursor)
        self.since = datetime.max.replace(tzinfo=UTC)
        """How far back this poll reads without a gap."""
        self.restarted: set[str] = set()
        """The tokens that X no longer knew."""
        self.note = self.lost = ""
        self.begun_at: datetime | None = None
        self._older = 0
        self._told: set[str] = set()
        self._asked: set[tuple[str, str]] = set()

    def looks_for_news(self, now: datetime, every: timedelta) -> bool:
        """
        Whether to begin at the newest end: at first, and again in a walk that takes long.

        Not before something older was read since: else pages slower than *every* would be news
        for ever.
        """
        if self.begun_at is None:
            return True
        return self._older == 0 and now - self.begun_at >= every

    def begin(self, walk: Walk, now: datetime) -> None:
        """Go on with *walk*, in which stretches at the newest end stand before those of before."""
        self._older = len(self.walk.rest)
        self.walk, self.begun_at = walk, now
        bounds = (time_of(stretch.since_id + 1) for stretch in walk.rest)
        self.since = min([self.since, *bounds])

    def news_of_loss(self, *losses: str) -> str:
        """Return what of *losses* was not told yet: several queries lose the same stretch."""
        new = [loss for loss in dict.fromkeys(losses) if loss and loss not in self._told]
        self._told.update(new)
        return "; ".join(new)

    def note_progress(self) -> None:
        """Remember that a page was read, if it was one of an older stretch."""
        if len(self.walk.rest) <= self._older:
            self._older = 0

    def paid(self, stretch: Stretch, now: datetime) -> range:
        """
        Return the ids of which a stretch holds nothing but what was read today before.

        A conversation that is new was not read before, however old its posts are.
        """
        return self._before.read_on(now) if stretch.read_to else NOTHING

    def follow(self, answer: Json, us: str) -> None:
        """Remember what of the followed has gone on, and who has joined: read at the next poll."""
        followed = dict(as_object(self.walk.extra.get("followed")))
        joined = dict(as_object(self.walk.extra.get("joined")))
        for name, number in posts_in(answer):
            if name in followed:
                followed[name] = str(max(number, int(followed[name])))
        for name, number in talks_in(answer, us, to_us=False):
            if name not in followed and name.partition(":")[0] not in followed:
                joined[name] = str(max(number, int(joined.get(name, 0))))
        extra = {"followed": followed, **({"joined": joined} if joined else {})}
        self.walk = replace(self.walk, extra=extra)

    def begin_again(self, token: str) -> None:
        """Note that a stretch is read anew; its pages may come under the same tokens."""
        self.restarted.add(token)
        self._asked.clear()

    def check_circle(self, left: Stretch | None, answer: Json) -> None:
        """See that X does not lead us to a page for the second time: each is paid for."""
        if left is None:
            return
        if (place := (left.query, left.token)) in self._asked:
            raise errors.UnexpectedPayload("X's pages go in a circle", raw=answer)
        self._asked.add(place)


def gone(stretch: Stretch, oldest: datetime) -> str:
    """
    Tell what of a stretch lies between what was read before and the *oldest* that X can be asked for.

    A first reading begins where X ends, and loses minutes of that while it goes on: not told.
    """
    since, until = stretch.read_to, snowflake(oldest)
    if stretch.until_id:
        since, until = since or stretch.since_id, min(until, stretch.until_id)
    least = timedelta(0) if stretch.read_to else _FIRST_READING
    if not since or time_of(until) - time_of(since) <= least:
        return ""
    return (
        f"what was written from {minute(since)} to {minute(until)} "
        f"cannot be read any more: X goes no further back"
    )


def minute(number: int) -> str:
    """Return when the thing with this id was made, to the minute."""
    return f"{time_of(number + 1):%Y-%m-%d %H:%M}Z"
