"""A shop on a real SQLite file in the test's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.shop import Shop


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "inboxd.db"


@pytest.fixture
def shop(database: Path) -> Iterator[Shop]:
    opened = open_shop(database)
    yield opened
    opened.store.close()
