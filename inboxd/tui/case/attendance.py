"""Letting others know which case is read in this terminal."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from inboxd.errors import InboxdError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.store import Store
    from inboxd.tui.session import Session


async def reads(session: Session, case: int) -> None:
    """Say that *case* is read here."""

    def here(store: Store) -> None:
        with store.transaction():
            store.presences.here(session.key, session.me, case, "reading", session.now)

    await _unless_refused(session, here)


async def left(session: Session) -> None:
    """Say that no case is read here any more."""

    def gone(store: Store) -> None:
        with store.transaction():
            store.presences.gone(session.key)

    await _unless_refused(session, gone)


async def _unless_refused(session: Session, work: Callable[[Store], None]) -> None:
    """Do what is a courtesy only: where it cannot be done, nobody needs to hear of it."""
    with suppress(InboxdError):
        await session.run(work)
