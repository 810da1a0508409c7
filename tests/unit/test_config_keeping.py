"""Promises about `[backups]`, `retain` and `retain_raw` as they are written."""

from __future__ import annotations

import textwrap
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.config import Settings, load
from inboxd.connector import AccountSettings
from inboxd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], Settings]

ACCOUNT = '[[accounts]]\nname = "a"\nnetwork = "shop"\nstreams = ["mentions"]\n'


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that loads a configuration with one account from its other text."""

    def read(text: str) -> Settings:
        path = tmp_path / "config.toml"
        path.write_text(textwrap.dedent(text) + ACCOUNT)
        return load(path, {"shop": lambda: AccountSettings}, {})

    return read


def test_nothing_is_removed_or_copied_unless_it_is_asked_for(read: Read, tmp_path: Path) -> None:
    """Without a word about it everything is kept, and the command has a folder all the same."""
    settings = read('[inboxd]\ndatabase = "data/inboxd.db"\n')
    assert (settings.general.retain, settings.general.retain_raw) == (None, None)
    assert settings.backups is None
    assert settings.backup_folder == tmp_path / "data" / "backups"


def test_what_is_asked_for_is_read(read: Read, tmp_path: Path) -> None:
    """The folder begins at the configuration's, as every path."""
    settings = read(
        """
        [inboxd]
        retain = "400d"
        retain_raw = "30d"
        [backups]
        folder = "copies"
        keep = 3
        at = "04:15"
        """
    )
    assert settings.general.retain == timedelta(days=400)
    assert settings.general.retain_raw == timedelta(days=30)
    assert settings.backups
    assert (settings.backups.keep, settings.backups.at) == (3, time(4, 15))
    assert settings.backup_folder == tmp_path / "copies"


@pytest.mark.parametrize(("folder", "where"), [(".", ""), ("..", ".."), ("./copies/", "copies")])
def test_a_folder_may_be_the_configurations_own(
    read: Read, tmp_path: Path, folder: str, where: str
) -> None:
    """A dot names one, as everywhere."""
    assert read(f'[backups]\nfolder = "{folder}"\n').backup_folder == tmp_path / where


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('retain = "30d"', 'inboxd.retain = "30d"; it must be at least 90d: what is usual'),
        ('retain_raw = "1h"', 'inboxd.retain_raw = "1h"; it must be at least 1d'),
        (
            'retain = "100d"\nreconcile_back = "100d"',
            'inboxd.retain = "100d"; it is shorter than reconcile_back allows: what is read ',
        ),
        (
            'retain = "100d"\nquiet_after = "60d"',
            'inboxd.retain = "100d"; it is shorter than twice quiet_after allows: what is read ',
        ),
        ("[backups]\nkeep = 0", "backups.keep = 0; it must be at least 1"),
        ('[backups]\nat = "25:00"', 'backups.at = "25:00" is no time of day, such as 03:30'),
        ('[backups]\nfolder = ""', 'backups.folder = ""; it must name a folder'),
        ('[backups]\nfoldr = "x"', "backups.foldr is unknown; did you mean folder?"),
    ],
)
def test_what_cannot_be_is_said(read: Read, text: str, problem: str) -> None:
    """Each with its path and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        read(f"[inboxd]\n{text}\n")
    (only,) = caught.value.problems
    assert str(only).startswith(problem)


def test_retention_is_longer_than_the_first_read(tmp_path: Path) -> None:
    """A new account whose past is read must not have it passed over at once."""
    path = tmp_path / "config.toml"
    path.write_text(f'[inboxd]\nretain = "100d"\n{ACCOUNT}backfill = "200d"\n')
    with pytest.raises(ConfigError, match="shorter than backfill of a allows"):
        load(path, {"shop": lambda: AccountSettings}, {})
