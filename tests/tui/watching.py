"""Waiting for what the interface does by itself: for a condition, never for a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import App
    from textual.pilot import Pilot
    from textual.timer import Timer

_PATIENCE_SECONDS = 30.0
"""How long a busy machine may take for what is a matter of moments."""
_MOMENT_SECONDS = 0.5
"""Timers below this wait for somebody who types or moves to be done; others are heartbeats."""


def painted(app: App[Any]) -> str:
    """Return what the terminal shows, line by line."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def until(
    pilot: Pilot[Any], holds: Callable[[], object], what: str = "it did not come about"
) -> None:
    """Wait until something holds that a thread or a timer brings about."""
    await pilot.pause()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not holds():
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"{what}:\n{painted(pilot.app)}") from None


async def reads(pilot: Pilot[Any], words: str) -> str:
    """Wait until *words* are on the screen; returns all that is."""
    await until(pilot, lambda: words in painted(pilot.app), f"{words!r} is not to be seen")
    return painted(pilot.app)


async def settled(pilot: Pilot[Any]) -> None:
    """
    Wait until all that has begun is done: messages, workers, and what waits for a moment.

    A worker that waits for an answer is never done: wait for its question with `until`.
    """
    await pilot.pause()
    await until(pilot, lambda: not _busy(pilot.app), "it never came to rest")
    await pilot.pause()
    if _busy(pilot.app):
        await settled(pilot)


def _busy(app: App[Any]) -> bool:
    """Tell whether a worker is at work, or something is to happen in a moment."""
    return any(not worker.is_finished for worker in app.workers) or any(_momentary(app))


def _momentary(app: App[Any]) -> Iterator[Timer]:
    """Yield the timers that are running and will be over within a moment."""
    for screen in app.screen_stack:
        for node in (app, *screen.walk_children(with_self=True)):
            yield from (each for each in node._timers if _is_momentary(each))


def _is_momentary(timer: Timer) -> bool:
    task: asyncio.Task[None] | None = timer._task
    at_work = task is not None and not task.done()
    return at_work and timer._interval < _MOMENT_SECONDS and bool(timer._active.is_set())
