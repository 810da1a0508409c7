"""Whether people can be told: what each sink says, and what becomes of a test message."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from contextlib import asynccontextmanager, nullcontext, redirect_stdout
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import notify
from inboxd.errors import InboxdError, OutcomeUnknown
from inboxd.findings import Code, Finding
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime, tzinfo

    from inboxd.clock import Clock
    from inboxd.config import AnySink, Settings
    from inboxd.notify import Receipt, Sink
    from inboxd.store import Store

_A_CALL_LASTS = timedelta(seconds=8)
"""As in `accounts`."""
_LOOK_THERE = "look there; if nothing has come, `inboxd doctor --send` once more"


async def ask(settings: AnySink, clock: Clock, timezone: tzinfo) -> list[Finding]:
    """Say whether a sink would take what it is sent, where that can be asked; nobody is told."""
    async with _built(settings, clock, timezone) as sink:
        try:
            told = await sink.check()
        except InboxdError as error:
            todo = "mend it; then `inboxd doctor --send`"
            return [Finding(Code.SINK_FAILS, settings.name, str(error), todo)]
    return [Finding(Code.SINK_TAKES, settings.name, told)] if told else []


async def tell(settings: AnySink, clock: Clock, timezone: tzinfo) -> list[Finding]:
    """Say what became of a test message, which is sent as any alert is."""
    delivery = notify.Delivery.of(_test_alert(clock.now()))
    # Standard output is the report's, which may be read by a program.
    elsewhere = redirect_stdout(sys.stderr) if settings.type == "console" else nullcontext()
    async with _built(settings, clock, timezone) as sink:
        try:
            with elsewhere:
                receipt = await sink.deliver(delivery)
        except notify.PartlyDelivered as error:
            receipt = error.receipt
        except OutcomeUnknown as error:
            return [Finding(Code.SINK_UNSURE, settings.name, str(error), _LOOK_THERE)]
        except InboxdError as error:
            return [Finding(Code.SINK_UNTOLD, settings.name, f"no test message: {error}")]
    return [_arrived(settings.name, receipt)]


def _arrived(sink: str, receipt: Receipt) -> Finding:
    if refused := receipt.get("refused"):
        text = f"took the test message, but not for {refused}"
        return Finding(Code.SINK_PARTLY, sink, text, "mend or remove these addresses in `to`")
    return Finding(Code.SINK_TOLD, sink, "took the test message; see that it is there")


def _test_alert(now: datetime) -> Alert:
    """Return what is plainly no alert: nobody shall go and look for a customer."""
    key = f"doctor:{uuid.uuid4()}"
    detail = (
        f"`inboxd doctor --send` was run on {socket.gethostname()} (process {os.getpid()}). "
        "No customer is waiting because of this; nothing needs to be done."
    )
    headline = "TEST: this is where inboxd's alerts arrive"
    return Alert(key, key, "test", Tone.NOTICE, headline, now, detail)


async def buttons(settings: Settings, clock: Clock) -> list[Finding]:
    """Say of each Slack app whether it would tell of pressed buttons."""
    found = []
    for listener in notify.listeners(settings.sinks, clock):
        what = f"{', '.join(listener.sinks)} buttons"
        try:
            await listener.check()
        except InboxdError as error:
            todo = "see 'Buttons in Slack' in docs/operations.md"
            found.append(Finding(Code.SINK_BUTTONS_DEAD, what, str(error), todo))
        else:
            found.append(Finding(Code.SINK_BUTTONS, what, "the app_token opens connections"))
    return found


def unheard(settings: Settings, store: Store, clock: Clock) -> Iterator[Finding]:
    """Yield whose pressed buttons the daemon does not hear of."""
    for listener in notify.listeners(settings.sinks, clock):
        if since := store.recall_time(listener.memory, clock.now()):
            what = f"{', '.join(listener.sinks)} buttons"
            text = f"presses are not heard of since {since:%Y-%m-%d %H:%M}Z"
            yield Finding(Code.SINK_BUTTONS_DEAD, what, text, "see the daemon's log for why")


@asynccontextmanager
async def _built(settings: AnySink, clock: Clock, timezone: tzinfo) -> AsyncIterator[Sink]:
    hasty = settings
    if settings.type != "console":
        longest = min(settings.timeout, _A_CALL_LASTS)
        hasty = settings.model_copy(update={"timeout": longest})
    sink = notify.build(hasty, clock, timezone)
    try:
        yield sink
    finally:
        await sink.close()
