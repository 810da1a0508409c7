"""What somebody who replies asks of the database, each in the session's own thread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from inboxd.tui.reply.replying import Situation, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.desk import Desk, Done
    from inboxd.store import Mark, Store
    from inboxd.tui.session import Session

T = TypeVar("T")
_UNDO = timedelta(seconds=5)


def undo_time(clock: Clock) -> timedelta:
    """
    Return for how long, by *clock*, a reply can be taken back before it leaves.

    It is five seconds of whoever sits there, however fast the clock of a demo runs.
    """
    return _UNDO * (_UNDO / clock.real(_UNDO))


class ReplyDesk:
    """Reads and writes what concerns the reply to one *case*; raises InboxdError where it cannot."""

    def __init__(self, session: Session, case: int) -> None:
        self._session = session
        self._case = case

    async def mark(self) -> Mark:
        """Return how far the case has come."""
        case = self._case
        return await self._at_desk(lambda desk: desk.mark(case))

    async def read(self) -> Situation:
        """Return how the case stands."""
        case = self._case
        return await self._session.run(lambda store: read(store, case))

    async def draft(self) -> str:
        """Return what was written before and not sent."""
        case, me = self._case, self._session.me
        return await self._session.run(lambda store: store.drafts.of(case, me))

    async def keep(self, text: str) -> None:
        """Keep *text* as the draft."""
        case, me, now = self._case, self._session.me, self._session.now

        def work(store: Store) -> None:
            with store.transaction():
                store.drafts.save(case, me, text, now)

        await self._session.run(work)

    async def news(self, since: Mark) -> tuple[str, ...]:
        """Return what others have done since, a line each."""
        case, me, now = self._case, self._session.me, self._session.now
        return await self._at_desk(lambda desk: desk.news_since(case, since, me, now))

    async def reply(self, text: str, seen: Mark, leaves_at: datetime) -> Done | None:
        """Queue a reply; None where something has happened that was not *seen*."""
        from inboxd.desk import Meanwhile

        case, me, now = self._case, self._session.me, self._session.now
        try:
            return await self._at_desk(
                lambda desk: desk.reply(
                    case, text, me, now, leaves_at=leaves_at, anyway=True, seen=seen
                )
            )
        except Meanwhile:
            return None

    async def _at_desk(self, work: Callable[[Desk], T]) -> T:
        from inboxd.desk import Desk

        settings = self._session.settings
        accounts = {account.name for account in settings.accounts}
        return await self._session.run(lambda store: work(Desk(store, settings.rules, accounts)))
