"""Telling people: from alerts in the outbox to what they see in Slack, mail and terminals."""

# ruff: noqa: PLC0415 - only the libraries of the sinks that are configured are loaded

from __future__ import annotations

import socket
from datetime import UTC
from typing import TYPE_CHECKING

from inboxd.notify.buttons import Press, Wish
from inboxd.notify.sink import Attachment, Delivery, PartlyDelivered, Receipt, Sink

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo
    from pathlib import Path

    from inboxd.clock import Clock
    from inboxd.config import AnySink
    from inboxd.notify.slack_listener import SlackListener

__all__ = [
    "Attachment",
    "Delivery",
    "PartlyDelivered",
    "Press",
    "Receipt",
    "Sink",
    "Wish",
    "build",
    "listeners",
    "origin_of",
]


def build(settings: AnySink, clock: Clock, tz: tzinfo = UTC) -> Sink:
    """Return the sink that *settings* describe, telling times in *tz*; nobody is spoken to yet."""
    match settings.type:
        case "slack":
            from inboxd.notify.slack import build_slack

            return build_slack(settings, clock, tz)
        case "email":
            from inboxd.notify.email import EmailSink

            return EmailSink(settings, clock, tz)
        case "apprise":
            from inboxd.notify.apprise import AppriseSink

            return AppriseSink(settings, clock, tz)
        case "console":
            from inboxd.notify.console import ConsoleSink

            return ConsoleSink(settings.name, clock, tz)


def origin_of(config: Path) -> str:
    """Return what the inboxd that goes by *config* is known by among those of a team."""
    return f"inboxd on {socket.gethostname()} ({config.absolute()})"


def listeners(sinks: Iterable[AnySink], clock: Clock) -> list[SlackListener]:
    """Return who hears of pressed buttons, one for each Slack app; nobody listens yet."""
    with_buttons = [sink for sink in sinks if sink.type == "slack" and sink.app_token]
    if not with_buttons:
        return []
    from inboxd.notify import slack_listener

    return slack_listener.listeners(with_buttons, clock)
