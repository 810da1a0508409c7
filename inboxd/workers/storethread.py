"""The one thread that touches the database, so that a slow disk never stops the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from inboxd.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.store import Store

T = TypeVar("T")


class StoreThread:
    """Runs functions on the store, one after the other, in a thread of their own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        """For those whose functions are run in here."""
        self.hear: Callable[[DatabaseError], None] = lambda _: None
        """Is told of each piece of work that the file did not let be done."""
        self._refused = False
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(self, work: Callable[[Store], T]) -> T:
        """
        Return what *work* returns; DatabaseError where the file cannot be used any more.

        Once begun it is finished, even if the caller is cancelled: a transaction is never
        left open.
        """
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._do, work)
        future.add_done_callback(self._look_at)
        return await asyncio.shield(future)

    def _look_at(self, done: asyncio.Future[T]) -> None:
        """Note how work ended, whether or not its caller still waits for that."""
        error = None if done.cancelled() else done.exception()
        self._refused = isinstance(error, DatabaseError)
        if isinstance(error, DatabaseError):
            self.hear(error)

    def _do(self, work: Callable[[Store], T]) -> T:
        with self.store.explained():
            return work(self.store)

    def close(self) -> None:
        """Finish what was asked for, or, of a file that refuses it, what has begun; close the store."""
        self._executor.shutdown(wait=True, cancel_futures=self._refused)
        self.store.close()
