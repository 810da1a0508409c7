"""``[backups]``, and how long what is old is kept."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from inboxd.config.fields import STRICT, TimeOfDay
from inboxd.connector import LocalFolder
from inboxd.durations import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MARGIN = timedelta(days=1)
"""A message that was just read must not be old already."""


class BackupSettings(BaseModel):
    """``[backups]``: the copy that the daemon makes each night."""

    model_config = STRICT

    folder: LocalFolder | None = None
    """Where; by default the folder ``backups`` beside the database."""
    keep: int = Field(default=7, ge=1, le=10_000, strict=True)
    """How many are left; the oldest go."""
    at: TimeOfDay = time(2, 30)
    """When, in the time zone of ``[inboxd]``."""


def kept_too_short(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a configuration's ``retain`` is too short for what else it says."""
    general = data.get("inboxd")
    if not isinstance(general, dict):
        return
    retain = _span(general.get("retain"))
    if retain is None:
        return
    accounts = data.get("accounts")
    reads = [
        (f"backfill of {account.get('name')}", _span(account.get("backfill")))
        for account in (accounts if isinstance(accounts, list) else ())
        if isinstance(account, dict)
    ]
    spans = [("reconcile_back", _span(general.get("reconcile_back"))), *reads]
    quiet = _span(general.get("quiet_after"))
    spans.append(("twice quiet_after", quiet * 2 if quiet else None))
    for name, span in spans:
        if span and retain < span + _MARGIN:
            least = format_duration(span + _MARGIN)
            yield f"is shorter than {name} allows: what is read would be old; at least {least}"


def _span(value: object) -> timedelta | None:
    try:
        return parse_duration(value)
    except (ValueError, OverflowError):
        return None
