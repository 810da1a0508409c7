"""What in a reply is the customer's own, and not for everybody to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inboxd.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{2,63}){1,3})")
_DIGITS = re.compile(r"(?<![\w/=#-])\+?\(?\d(?:[\s().-]{0,2}\d){8,18}(?!\w)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_PERSONAL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "mail.ru",
        "bk.ru",
        "inbox.ru",
        "list.ru",
        "yandex.ru",
        "ya.ru",
        "yandex.ua",
        "rambler.ru",
        "ukr.net",
        "i.ua",
        "meta.ua",
        "gmx.de",
        "gmx.net",
        "gmx.at",
        "web.de",
        "t-online.de",
        "freenet.de",
        "outlook.com",
        "hotmail.com",
        "hotmail.de",
        "live.com",
        "yahoo.com",
        "yahoo.de",
        "icloud.com",
        "me.com",
        "proton.me",
    ]
)
_SAME = 9
"""So many last digits make two telephone numbers one, however the country is written."""
_LOOKED_AT = 20_000


def private_spans(text: str, known: Sequence[str]) -> Iterator[Evidence]:
    """
    Yield what in *text* is somebody's own.

    That is a mail address or a telephone number that is in *known*, what the customer wrote;
    a mail address where people have theirs and shops do not; and the number of any card or account.
    """
    theirs = "\n".join(known)[:_LOOKED_AT]
    mails = {match[0].casefold() for match in _MAIL.finditer(theirs)}
    numbers = {_digits(match[0])[-_SAME:] for match in _DIGITS.finditer(theirs)}
    head = text[:_LOOKED_AT]
    for match in _MAIL.finditer(head):
        if match[0].casefold() in mails or match[1].casefold() in _PERSONAL:
            yield _span(match, "mail")
    for match in _IBAN.finditer(head):
        yield _span(match, "account")
    for match in _DIGITS.finditer(head):
        digits = _digits(match[0])
        if _is_card(digits):
            yield _span(match, "card")
        elif digits[-_SAME:] in numbers:
            yield _span(match, "phone")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _is_card(digits: str) -> bool:
    """Return whether *digits* pass the check of card numbers (Luhn), and begin like one."""
    if not 15 <= len(digits) <= 19 or digits[0] not in "3456":
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _span(match: re.Match[str], label: str) -> Evidence:
    return Evidence(match.start(), match.end(), match[0], label)
