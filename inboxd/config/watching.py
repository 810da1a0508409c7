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
    raw: Mapping[str, Any], accounts: Sequence[Mapping[str, Any]], calendars: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the keys of a ``[[watch]]`` that do not fit the rest of the file, and why."""
    name, lender, calendar = raw.get("name"), raw.get("tokens_of"), raw.get("calendar")
    if isinstance(name, str) and any(account.get("name") == name for account in accounts):
        yield "name", wrong(name, "an account of ours has that name already")
    yield from _ours(raw, accounts)
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
        for key, value in raw.items():
            if (
                key.endswith("_id")
                and account.get("network") == raw.get("network")
                and str(account.get(key)) == str(value)
            ):
                ours = f"that is our own {account.get('name', 'account')}; the report has it anyway"
                yield key, wrong(value, ours)


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
