"""What commands begin with: the configuration, the store, the time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from inboxd.cli import group
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from inboxd.config import Settings
    from inboxd.store import Store


def load_settings(config: Path) -> Settings:
    """Return the whole configuration, with its secrets."""
    from inboxd import blotting, line, plugins
    from inboxd.config import load

    _look_for(config)
    settings = load(config, plugins.networks())
    blotting.keep_out(settings.secrets() | line.proxy_secrets())
    return settings


def load_without_networks(config: Path) -> Settings:
    """Load what commands on the database need: no SDK, and no secret."""
    from inboxd import plugins
    from inboxd.config import load

    _look_for(config)
    return load(config, plugins.networks_unloaded(), secrets=False)


def _look_for(config: Path) -> None:
    """Say where a configuration was looked for that nobody has named and that is nowhere."""
    places = (group.HERE, group.SYSTEM)
    if config == group.HERE and not any(map(group.is_there, places)):
        raise UserError(
            f"this user can see neither ./{group.HERE} nor {group.SYSTEM}; name the file by --config "
            "or INBOXD_CONFIG, or copy config.example.toml to begin with"
        )


def present() -> datetime:
    """Return the present instant."""
    from inboxd.clock import SystemClock

    return SystemClock().now()


def sender_note(database: Path) -> str:
    """Return, to be put behind what was queued, who sends it."""
    from inboxd.store import daemon_pid

    if daemon_pid(database):
        return "; the daemon sends it."
    return ", but no daemon is running: `inboxd run --once` sends it."


@contextmanager
def opened_store(config: Path) -> Iterator[tuple[Store, Settings]]:
    """Yield the store that *config* names, which must exist, and the settings without tokens."""
    from inboxd.store import Store

    settings = load_without_networks(config)
    with Store(settings.general.database, create=False) as store, store.explained():
        yield store, settings
