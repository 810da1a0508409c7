"""Tells people when nobody hears of the buttons that they press, and when somebody does again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.core.alerts.receivers import heard_again_alert, unheard_alert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.notify.slack_listener import SlackListener
    from inboxd.store import Store

log = structlog.get_logger(__name__)

_PATIENCE = timedelta(minutes=5)


class HearingWatcher:
    """Watches over the listeners: what lasts is told, once, by the sinks that have no part in it."""

    def __init__(
        self, store: Store, listeners: Sequence[SlackListener], alert_to: Sequence[str]
    ) -> None:
        self._store = store
        self._listeners = listeners
        self._alert_to = alert_to

    def look(self, now: datetime) -> None:
        """Queue an alert for each listener that went deaf, or hears again."""
        for listener in self._listeners:
            hearing = listener.hearing
            told = self._store.recall_time(listener.memory, now)
            if hearing.heard and told:
                self._tell_end(listener, told, now)
            elif not told and _is_deaf(listener, now):
                self._tell(listener, now)

    def problems(self, now: datetime) -> list[str]:
        """Return, in words, which sinks' buttons are dead; not what passes by itself."""
        deaf = (each for each in self._listeners if _is_deaf(each, now))
        return [f"{', '.join(each.sinks)}: pressed buttons are not heard of" for each in deaf]

    def _tell(self, listener: SlackListener, now: datetime) -> None:
        hearing = listener.hearing
        why = str(hearing.error) if hearing.error else "No connection has been made."
        with self._store.transaction():
            alert = unheard_alert(listener.sinks, hearing.since, why, now)
            self._store.outbox.add_alert(alert, self._others(listener))
            self._store.remember(listener.memory, hearing.since.isoformat())
        log.warning("buttons not heard", sinks=",".join(listener.sinks))

    def _tell_end(self, listener: SlackListener, since: datetime, now: datetime) -> None:
        with self._store.transaction():
            alert = heard_again_alert(listener.sinks, since, now)
            self._store.outbox.add_alert(alert, self._others(listener))
            self._store.forget(listener.memory)
        log.info("buttons heard again", sinks=",".join(listener.sinks))

    def _others(self, listener: SlackListener) -> list[str]:
        """Return the other sinks; where there are none, those whose buttons are dead can write."""
        others = [sink for sink in self._alert_to if sink not in listener.sinks]
        return others or list(listener.sinks)


def _is_deaf(listener: SlackListener, now: datetime) -> bool:
    """Tell whether nothing is heard and that will last, or has lasted, for a while."""
    hearing = listener.hearing
    return not hearing.heard and (hearing.needs_person or now - hearing.since >= _PATIENCE)
