"""What only an account's connector knows, kept by the daemon for those who do not load it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.connector import Allowance
from inboxd.store.times import maybe_instant, maybe_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

_NAME = "account:"
"""What an account's name is prefixed with in the table memory."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """
    What a daemon said of an account when it last read it.

    *sources* are those that it reads, each of which may go unread for *patience*; *allowances*
    are how much of what the network counts was used.
    """

    sources: tuple[str, ...]
    patience: timedelta
    allowances: tuple[Allowance, ...] = ()


class AccountStore:
    """The facts of accounts, in the table memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def keep(self, account: str, facts: AccountFacts) -> None:
        """Keep what is known of *account*; what has not changed is not written."""
        self._db.execute(
            "INSERT INTO memory (name, value) VALUES (?, ?) ON CONFLICT (name) "
            "DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            (_NAME + account, _as_json(facts)),
        )

    def all(self) -> dict[str, AccountFacts]:
        """Return what is known of each account; of one that was never read, nothing."""
        rows = self._db.execute(
            "SELECT name, value FROM memory WHERE name >= ? AND name < ?", (_NAME, "account;")
        )
        found = ((name.removeprefix(_NAME), _facts(value)) for name, value in rows)
        return {account: facts for account, facts in found if facts}


def _as_json(facts: AccountFacts) -> str:
    allowances = [
        {name: value for name, value in asdict(each).items() if value is not None}
        | ({"resets_at": maybe_text(each.resets_at)} if each.resets_at else {})
        for each in facts.allowances
    ]
    return json.dumps(
        {
            "sources": facts.sources,
            "patience": facts.patience.total_seconds(),
            "allowances": allowances,
        },
        ensure_ascii=False,
    )


def _facts(text: str) -> AccountFacts | None:
    """Return the facts that *text* tells, None where a file that was edited by hand tells none."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        said = json.loads(text)
        return AccountFacts(
            tuple(said["sources"]),
            timedelta(seconds=said["patience"]),
            tuple(_allowance(each) for each in said["allowances"]),
        )
    return None


def _allowance(said: Mapping[str, Any]) -> Allowance:
    return Allowance(**{**said, "resets_at": maybe_instant(said.get("resets_at"))})
