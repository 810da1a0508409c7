"""Serving every receiver beside everything else: one task for each that has something to take."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from inboxd.jobs import log_failure
from inboxd.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from inboxd.watchdog import Vigil
    from inboxd.workers.refresher import Refresher
    from inboxd.workers.sender import Sender

_PATIENCE_AT_STOP = 3.0
"""Real seconds that deliveries under way get to finish when the daemon is stopped."""
_PATIENCE_IN_PEACE = 10.0
"""Real seconds that they get where the process goes on: as long as Slack may take to answer."""


class Deliveries:
    """The deliveries under way, under the eyes of a *vigil*, which has its *patience* with each."""

    def __init__(
        self,
        sender: Sender,
        refresher: Refresher,
        vigil: Vigil,
        patience: Mapping[str, timedelta],
        observer: Observer | None = None,
    ) -> None:
        self._sender = sender
        self._refresher = refresher
        self._vigil = vigil
        self._patience = patience
        self._observer = observer or Observer()
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def recover(self) -> int:
        """Take over what a dead daemon was sending; returns how many rows that were."""
        return await self._sender.recover()

    def begin(self, receiver: str) -> None:
        """Serve *receiver* beside everything else, unless that is going on already."""
        if receiver in self._under_way:
            return
        task = asyncio.create_task(self._serve(receiver), name=_to(receiver))
        self._under_way[receiver] = task
        task.add_done_callback(lambda done: self._over(receiver, done))

    async def settled(self) -> bool:
        """Wait until nothing is under way; returns whether anything was."""
        if not self._under_way:
            return False
        await asyncio.wait(self._under_way.values())
        return True

    async def finish(self, hurry: asyncio.Event) -> None:
        """Let what is under way come to its end, for a while, or a moment if there is a *hurry*."""
        tasks = list(self._under_way.values())
        if not tasks:
            return
        if not hurry.is_set():
            await _first_of(hurry, tasks)
        _, late = await asyncio.wait(tasks, timeout=_PATIENCE_AT_STOP)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _serve(self, receiver: str) -> None:
        """Deliver, and then show anew: never both at once, or an older state might come last."""
        get_on = partial(self._get_on, receiver)
        get_on()
        await self._sender.drain(receiver, get_on)
        get_on()
        await self._refresher.refresh(receiver)

    def _get_on(self, receiver: str) -> None:
        patience = self._patience.get(receiver, self._vigil.patience)
        self._vigil.sign(_to(receiver), patience)

    def _over(self, receiver: str, task: asyncio.Task[None]) -> None:
        del self._under_way[receiver]
        self._vigil.over(_to(receiver))
        if not task.cancelled() and (error := task.exception()):
            self._observer.work_failed(_to(receiver), error)
            log_failure(_to(receiver), error)


async def _first_of(hurry: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for a *hurry*, for the last of *tasks*, or until patience ends."""
    hurried, done = asyncio.create_task(hurry.wait()), asyncio.create_task(asyncio.wait(tasks))
    await asyncio.wait(
        (hurried, done), timeout=_PATIENCE_IN_PEACE, return_when=asyncio.FIRST_COMPLETED
    )
    hurried.cancel()
    done.cancel()


def _to(receiver: str) -> str:
    return f"delivery to {receiver}"
