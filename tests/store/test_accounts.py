"""Promises about what is kept of accounts for those who load no connector."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.connector import Allowance
from inboxd.store import AccountFacts
from tests.store.shop import at

if TYPE_CHECKING:
    from tests.store.shop import Shop

FACTS = AccountFacts(
    ("comments", "messages"),
    timedelta(seconds=90),
    (
        Allowance("reads this month", 6_300, 10_000, at(600), 9_900, 31.5, 49.5),
        Allowance("wall.get", 12),
    ),
)


def test_facts_come_back_as_they_were(shop: Shop) -> None:
    """With all that is known of an allowance, and nothing that is not."""
    shop.store.accounts.keep("shop-x", FACTS)
    assert shop.store.accounts.all() == {"shop-x": FACTS}


def test_the_latest_facts_count(shop: Shop) -> None:
    """An account has one set of facts, whatever its name looks like."""
    shop.store.accounts.keep("магазин: 1", FACTS)
    later = AccountFacts(("messages",), timedelta(minutes=5))
    shop.store.accounts.keep("магазин: 1", later)
    assert shop.store.accounts.all() == {"магазин: 1": later}


def test_what_has_not_changed_is_not_written(shop: Shop) -> None:
    """Each poll keeps them; the disk should not notice."""
    shop.store.accounts.keep("shop-x", FACTS)
    before = shop.store.database.total_changes
    shop.store.accounts.keep("shop-x", FACTS)
    assert shop.store.database.total_changes == before


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"sources": [], "patience": "x", "allowances": []}', "null"]
)
def test_facts_that_nobody_can_read_are_none(shop: Shop, text: str) -> None:
    """Somebody edited the file by hand: the rest is shown all the same."""
    shop.store.accounts.keep("shop-x", FACTS)
    shop.store.remember("account:shop-vk", text)
    assert shop.store.accounts.all() == {"shop-x": FACTS}
