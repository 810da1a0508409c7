"""
Tells people that a unit failed, without the daemon and without its database: they may be why.

What was told is kept in a file of the unit's own, so that rounds which fail every five minutes
do not tell it each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from inboxd import notify
from inboxd.core.alerts.program import trial_alert, unit_failed_alert
from inboxd.core.failures import Episode, Failure
from inboxd.errors import InboxdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from inboxd.clock import Clock
    from inboxd.config import AnySink, Receivers

log = structlog.get_logger(__name__)

_LONGEST_QUESTION = 10.0
"""Real seconds for systemd to say how a unit is."""
_RUNS = frozenset({"active", "reloading"})
_LONGEST_TRY = 120.0
"""Real seconds for one sink; each has shorter limits of its own for each step."""


def failure_of(unit: str, environment: Mapping[str, str]) -> Failure:
    """Return what systemd says in *environment* of the unit that failed, else *unit* alone."""
    said = {
        name: environment.get(f"MONITOR_{variable}", "")
        for name, variable in (
            ("unit", "UNIT"),
            ("result", "SERVICE_RESULT"),
            ("code", "EXIT_CODE"),
            ("status", "EXIT_STATUS"),
        )
    }
    return Failure(**{**said, "unit": said["unit"] or unit})


def state_of(unit: str) -> str:
    """Return what systemd calls *unit* just now ("active", "failed", …), "" where nobody can tell."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return ""
    try:
        asked = subprocess.run(  # noqa: S603 - a program of the system's, and no shell
            [systemctl, "is-active", "--", unit],
            env={"PATH": os.environ.get("PATH", os.defpath)},  # and none of the secrets
            capture_output=True,
            timeout=_LONGEST_QUESTION,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.decode("ascii", "replace").strip()


def is_trial(failure: Failure, state: str) -> bool:
    """Tell whether somebody tries the hook out: the unit runs, and systemd reported no failure."""
    return not failure.result and state in _RUNS


def goes_on(failure: Failure, state: str) -> bool:
    """
    Tell whether a daemon that failed is being started anew, and so will tell of that itself.

    From 254 on systemd runs OnFailure= before each restart, before that only when it gives up.
    """
    restarts = bool(failure.result) and not failure.of_rounds
    return restarts and state in {*_RUNS, "activating"}


async def tell_of_trial(
    unit: str, why: str, receivers: Receivers, clock: Clock, origin: str
) -> bool:
    """Tell *receivers* that the hook of *unit* works; returns whether any took it."""
    alert = trial_alert(unit, why, clock.now())
    return await _deliver_to_all(notify.Delivery.of(alert, origin=origin), receivers, clock)


async def tell(  # noqa: PLR0913 - what a process knows that has nothing else
    failure: Failure,
    receivers: Receivers,
    problems: Sequence[str],
    clock: Clock,
    kept_in: Path | None = None,
    *,
    origin: str = "",
) -> bool | None:
    """
    Tell *receivers* of *failure*; None if they need not hear of it now.

    Returns whether any took it. *kept_in* is the folder where it is remembered what was told,
    *origin* says which inboxd tells.
    """
    now = clock.now()
    file = kept_in / f"{failure.unit.replace('/', '_')}.json" if kept_in else None
    last = _read(file) if file else None
    episode = last.met_again(failure, now) if last else Episode(failure, now, now)
    if not episode.is_news:
        _write(file, episode)
        return None
    delivery = notify.Delivery.of(unit_failed_alert(failure, problems, now), origin=origin)
    took = await _deliver_to_all(delivery, receivers, clock)
    _write(file, replace(episode, told_at=now) if took else episode)
    return took


async def _deliver_to_all(delivery: notify.Delivery, receivers: Receivers, clock: Clock) -> bool:
    took = await asyncio.gather(
        *(_deliver(delivery, each, receivers, clock) for each in receivers.sinks)
    )
    return any(took)


async def _deliver(
    delivery: notify.Delivery, settings: AnySink, receivers: Receivers, clock: Clock
) -> bool:
    """Return whether a sink took *delivery*; why it did not is logged, and stops no other."""
    sink = notify.build(settings, clock, receivers.timezone)
    try:
        async with asyncio.timeout(_LONGEST_TRY):
            await sink.deliver(delivery)
    except notify.PartlyDelivered as error:
        log.warning("failure told to some", sink=settings.name, text=str(error))
        return True
    except TimeoutError:
        log.warning("failure not told", sink=settings.name, text="it does not answer")
    except InboxdError as error:
        log.warning("failure not told", sink=settings.name, text=str(error))
    except Exception:
        log.exception("failure not told", sink=settings.name)
    else:
        log.info("failure told", sink=settings.name)
        return True
    finally:
        await sink.close()
    return False


def _read(file: Path) -> Episode | None:
    """Return the episode that is kept in *file*, None if there is none that can be read."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        told = kept["told_at"]
        return Episode(
            Failure(**kept["failure"]),
            datetime.fromisoformat(kept["began_at"]),
            datetime.fromisoformat(kept["seen_at"]),
            datetime.fromisoformat(told) if told else None,
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(file: Path | None, episode: Episode) -> None:
    """Keep *episode*; where that is impossible people hear of it once too often."""
    if file is None:
        return
    new = file.with_name(f"{file.name}.new")
    with suppress(OSError):
        new.write_text(json.dumps(asdict(episode), default=datetime.isoformat), encoding="utf-8")
        new.replace(file)
