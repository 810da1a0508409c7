"""``[[watch]]``: somebody else's accounts, and whose tokens they are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from inboxd.config.problems import no_choice, wrong

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from inboxd.connector import AccountSettings, WatchSettings


def misfits_of_watch(
    raw: Mapping[str, Any],
    earlier: Mapping[str, Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
    calendars: Collection[str],
) -> Iterator[tuple[str, str]]:
    """
    Yield the keys of a ``[[watch]]`` that do not fit the rest of the file, and why.

    *earlier* are those above it, by their paths.
    """
    name, lender, calendar = raw.get("name"), raw.get("tokens_of"), raw.get("calendar")
    if isinstance(name, str) and any(account.get("name") == name for account in accounts):
        yield "name", wrong(name, "an account of ours has that name already")
    yield from _ours(raw, accounts)
    yield from _twice(raw, earlier)
    lenders = {
        str(account["name"])
        for account in accounts
        if isinstance(account.get("name"), str) and account.get("network") == raw.get("network")
    }
    if isinstance(lender, str) and lender not in lenders:
        on = raw.get("network")
        where = f" among the accounts on {on}" if isinstance(on, str) else ""
        yield "tokens_of", f"{no_choice(lender, lenders)}{where}"
    if isinstance(calendar, str) and calendar not in calendars:
        yield "calendar", no_choice(calendar, calendars)


def _ours(
    raw: Mapping[str, Any], accounts: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield the key by which a ``[[watch]]`` names an account of ours: it would be nobody's rival."""
    for account in accounts:
        for key in _in_common(raw, account):
            ours = f"that is our own {account.get('name', 'account')}; the report has it anyway"
            yield key, wrong(raw[key], ours)


def _twice(
    raw: Mapping[str, Any], earlier: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield the key by which it names whom one above it watches: all would be read and paid twice."""
    for path, other in earlier.items():
        if other.get("name") != raw.get("name"):
            for key in _in_common(raw, other):
                yield key, wrong(raw[key], f"{path} watches that account already")


def _in_common(raw: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys by which two tables name the same account of the same network."""
    if raw.get("network") == other.get("network"):
        there = _whose(other)
        yield from (key for key, value in _whose(raw).items() if there.get(key) == value)


def _whose(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return what says whose account it is; an app's client_id is a secret, and so no text."""
    return {
        key: str(value).casefold()
        for key, value in raw.items()
        if (key == "handle" or key.endswith("_id")) and isinstance(value, str | int)
    }


def borrowing(
    raw: Mapping[str, Any], accounts: Sequence[Mapping[str, Any]], model: type[WatchSettings]
) -> dict[str, Any]:
    """
    Return *raw* with what *model* borrows of the account whose tokens it uses.

    Where it has a key of its own among them, nothing but its own counts: half of somebody's keys
    beside half of another's open nothing.
    """
    lender = next((each for each in accounts if each.get("name") == raw.get("tokens_of")), None)
    if lender is None or raw.get("tokens_of") is None:
        return dict(raw)
    return {key: lender[key] for key in model.BORROWED if key in lender} | dict(raw)


def lends(account: AccountSettings, watch: WatchSettings) -> bool:
    """Tell whether *watch* is read with a token of *account*, by whatever name it is given."""
    if account.network != watch.network:
        return False
    return account.name == watch.tokens_of or bool(_secrets(account) & _secrets(watch))


def _secrets(settings: BaseModel) -> set[str]:
    secrets = (value for _, value in settings if isinstance(value, SecretStr))
    return {value for secret in secrets if (value := secret.get_secret_value())}
