"""What goes wrong while something is looked at becomes a finding, and stops nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.errors import InboxdError
from inboxd.findings import Code, Finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import timedelta

_A_BUG = "this is a fault in inboxd; please report it"


def looked_at(what: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return what *look* finds, up to where it fails, and its failure."""
    found: list[Finding] = []
    try:
        # One by one: what was found before a failure is not lost.
        found.extend(look())
    except Exception as error:  # noqa: BLE001 - whatever is broken, the rest is to be looked at
        found.append(failure(what, error))
    return found


async def waited_for(
    what: str, look: Awaitable[Sequence[Finding]], patience: timedelta
) -> list[Finding]:
    """Return what *look* finds, or that it failed, or that it took longer than *patience*."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return list(await look)
    except TimeoutError:
        text = f"did not come to an end within {format_duration(patience)}"
        return [Finding(Code.DOCTOR_LATE, what, text, "try again; if it lasts, look there by hand")]
    except Exception as error:  # noqa: BLE001 - as above
        return [failure(what, error)]


def failure(what: str, error: Exception) -> Finding:
    """Return what it means that *what* could not be looked at."""
    kind = type(error).__name__
    if isinstance(error, (InboxdError, OSError)):
        return Finding(Code.DOCTOR_FAILED, what, f"could not be looked at: {error}")
    return Finding(Code.DOCTOR_FAILED, what, f"could not be looked at: {kind}: {error}", _A_BUG)
