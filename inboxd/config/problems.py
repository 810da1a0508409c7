"""How a file's problems are collected and worded: where it is, what it says, what it may say."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from inboxd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 100
"""Nobody reads more at once, and a file of a megabyte may have thousands."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LIKE_A_TOKEN = re.compile(r"(?=\S*[0-9])(?=\S*[A-Za-z])[A-Za-z0-9_-]{20,}|xox[a-z]-|hooks\.slack")
_NOUNS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
    date: "a date",
    time: "a time",
    datetime: "a date and time",
}


class Problems:
    """Everything that is wrong with one file, each thing once, in the order it was found."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, path: str, text: str) -> None:
        """Note that *path* is not right, in words that continue its name."""
        self._found.setdefault(Problem(path, text))

    def __bool__(self) -> bool:
        """Return whether anything is wrong."""
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Return whether there are more than anybody reads: looking further only costs time."""
        return len(self._found) > _MOST

    def listed(self) -> tuple[Problem, ...]:
        """Return the problems for people: if there are very many, the first of them."""
        every = tuple(self._found)
        if not self.full:
            return every
        return *every[:_MOST], Problem("", "and more; these come first")


def at(path: str, *parts: str | int) -> str:
    """Return the name of what lies at *parts* below *path*: ``accounts[1].poll_every``."""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else quoted(part)
            path += f".{name}" if path else name
    return path


def quoted(text: str, most: int = 60) -> str:
    """Return *text*, cut to *most*, as a TOML string that cannot play tricks on a terminal."""
    shown = text if len(text) <= most else text[: most - 3] + "..."
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def toml(value: object) -> str:
    """Return *value* as the file says it, or "" where that is long or might be a secret."""
    match value:
        case bool():
            return str(value).lower()
        case int() if abs(value) < 10**18:
            return str(value)
        case float() | date() | time():
            return str(value)
        case []:
            return "[]"
        case str() if not _LIKE_A_TOKEN.search(value):
            return quoted(value)
    return ""


def noun(value: object) -> str:
    """Return what kind of thing *value* is, for people who write TOML."""
    return _NOUNS.get(type(value), "not right")


def wrong(value: object, text: str) -> str:
    """Return that *value* stands there, and in *text* what should: ``= "x"; there are: …``."""
    shown = toml(value)
    return f"= {shown}; {text}" if shown else f"is {noun(value)}; {text}"


def no_choice(value: object, known: Iterable[str]) -> str:
    """Return that *value* is none of *known*, with the nearest of them and all."""
    names = sorted(filter(None, known))
    there_are = f"there are: {', '.join(names)}" if names else "there are none"
    near = nearest(value, names)
    return wrong(value, f"did you mean {near}? {there_are}" if near else there_are)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return that there is no *key*, with the nearest of *known*, or all of them."""
    names = sorted(known)
    near = nearest(key, names)
    return (
        f"is unknown; did you mean {near}?"
        if near
        else f"is unknown; there are: {', '.join(names)}"
    )


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return the one of *known* that *word* was surely meant to be, if there is one."""
    if not isinstance(word, str):
        return None
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word[:60].casefold(), by_fold, n=1)
    return by_fold[found[0]] if found else None
