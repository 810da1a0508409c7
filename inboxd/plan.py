"""What a daemon goes by, and what one daemon leaves to the next in the same process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING

import structlog

from inboxd import __version__, classify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from inboxd.classify import Classifier
    from inboxd.config import Settings
    from inboxd.connector import Ledger

log = structlog.get_logger(__name__)

_TELL_THE_TIME = ("holidays", "tzdata")
"""Libraries with whose releases holidays and clock changes may become others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a daemon goes by: a configuration, and what was read together with it."""

    settings: Settings
    classifier: Classifier
    fingerprint: str
    """Changes when due times may."""

    @classmethod
    def of(cls, settings: Settings) -> Plan:
        """Return the plan for *settings*, which have just been read; ConfigError as they raise it."""
        classifier = classify.configured(
            settings, lambda why: log.warning("classifier fell back", text=why)
        )
        return cls(settings, classifier, fingerprint(settings))


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a daemon leaves to its successor in the same process, by the accounts' names."""

    ledgers: Mapping[str, Ledger] = field(default_factory=dict)
    """What X has been paid for today is in no database: to count it twice costs messages."""
    read_since: Mapping[str, datetime] = field(default_factory=dict)
    """A change of the configuration does not make an account less blind."""
    ticked_at: datetime | None = None


def fingerprint(settings: Settings) -> str:
    """Return what changes when due times may: with the configuration, its files, the program."""
    versions = [__version__, *(f"{name} {metadata.version(name)}" for name in _TELL_THE_TIME)]
    files = [path.read_bytes() for path in (settings.path, *settings.closed_files)]
    digests = [hashlib.sha256(part).digest() for part in (str(versions).encode(), *files)]
    return hashlib.sha256(b"".join(digests)).hexdigest()
