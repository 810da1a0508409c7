"""Telling people: from alerts in the outbox to what they see in Slack, mail and terminals."""

# ruff: noqa: PLC0415 - only the libraries of the sinks that are configured are loaded

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from inboxd.notify.sink import Delivery, Receipt, Sink

if TYPE_CHECKING:
    from datetime import tzinfo

    from inboxd.clock import Clock
    from inboxd.config import AnySink

__all__ = ["Delivery", "Receipt", "Sink", "build"]


def build(settings: AnySink, clock: Clock, tz: tzinfo = UTC) -> Sink:
    """Return the sink that *settings* describe, telling times in *tz*; nobody is spoken to yet."""
    match settings.type:
        case "slack":
            from inboxd.notify.slack import build_slack

            return build_slack(settings, clock, tz)
        case "email":
            from inboxd.notify.email import EmailSink

            return EmailSink(settings, clock, tz)
        case "console":
            from inboxd.notify.console import ConsoleSink

            return ConsoleSink(settings.name, clock, tz)
