"""What somebody wants to see of the cases: a view, words, and conditions. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

from inboxd.core.policies import Match
from inboxd.core.text import storable
from inboxd.core.wording import is_searchable
from inboxd.errors import UserError
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


class View(StrEnum):
    """One way through all cases, each with an order of its own."""

    WAITING = "waiting"
    """Who waits and is not asleep: what is due next first, what has no target last."""
    DUE = "due"
    """Of these, what is due within the hour and not late yet."""
    BREACHED = "breached"
    """Of these, what is late."""
    PROMISES = "promises"
    """Cases, asleep or not, in which we have promised something and not kept it yet: likewise."""
    MINE = "mine"
    """Of those who wait and are not asleep, what is acknowledged by me, or assigned to me."""
    SNOOZED = "snoozed"
    """What waits and is asleep: what wakes next first."""
    PUBLIC = "public"
    """Of those who wait and are not asleep, who does so where everybody can read it."""
    ANSWERED = "answered"
    """What is answered and may be taken up again: what was answered last first."""
    CLOSED = "closed"
    """What is over, resolved or closed: what ended last first."""
    ALL = "all"
    """Everything: what was opened last first."""


@dataclass(frozen=True, slots=True)
class Query:
    """
    Which cases are to be seen.

    *words* are looked for in all messages of a case, all of them in one message, each as the
    beginning of a word; one in ``"quotes"`` as it stands. *match* has further conditions; its
    *min_followers* is the customer's with the most. With words, the case whose message fits and
    is newest comes first.
    """

    view: View = View.WAITING
    words: tuple[str, ...] = ()
    match: Match = field(default_factory=Match)
    assigned_to: str = ""
    """Only what is for this colleague, whichever letters are capitals."""
    author: str = ""
    """Only where the name or handle of a customer who wrote contains this, likewise."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the configuration, or the database, names: a condition on another one is a mistake."""

    accounts: Collection[str] = ()
    networks: Collection[str] = ()


class Unfinished(UserError):
    """Words that are no query yet, but may become one when their author goes on writing."""


UNKNOWN = "unknown"
"""What stands for a kind, an urgency or a language that has not been found out (yet)."""
_PART = re.compile(
    r'(?P<key>[^\W\d]+):(?P<value>(?:"[^"]*"?|[^\s"])*)|(?P<phrase>"[^"]*"?)|(?P<word>[^\s"]+)'
)
_VALUES = re.compile(r'(?:"[^"]*"?|[^,"])+')
_LANGUAGE = re.compile("[a-z]{2,3}")
_ALIASES = {"lang": "language"}
_MATCH = ("account", "network", "stream", "kind", "topic", "urgency", "language")
_ALONE = ("public", "min_followers", "assigned", "author", "view")
_YES_NO = {"yes": True, "no": False}
_MOST = 2**63 - 1


def parse(text: str, known: Known, view: View = View.WAITING) -> Query:
    """
    Return the query that a person has written: conditions, ``key:value,value``, and words.

    *view* is where it is asked, unless it names another. Raises Unfinished where more may
    follow, and UserError, with the nearest word that would be one, where none can.
    """
    said: list[str] = []
    given: dict[str, set[str]] = {}
    for part in _PART.finditer(storable(text)):
        if part["key"]:
            _take(given, part["key"].lower(), part["value"], known)
        elif is_searchable(part[0]):
            phrase = part[0].strip('"').strip()
            said.append(f'"{phrase}"' if part["phrase"] else phrase)
    query = Query(view, tuple(said), _match(given))
    alone = {key: next(iter(given[key])) for key in _ALONE if key in given}
    return replace(
        query,
        view=View(alone.get("view", view)),
        assigned_to=alone.get("assigned", ""),
        author=alone.get("author", ""),
    )


def words(query: Query) -> str:
    """Return what a person writes to get *query*: `parse` understands it."""
    return " ".join([*conditions(query), *query.words])


def conditions(query: Query) -> Iterator[str]:
    """Yield the conditions of *query*, each as it is written."""
    if query.view is not View.WAITING:
        yield f"view:{query.view}"
    for key in _MATCH:
        if allowed := getattr(query.match, key):
            yield f"{key}:{','.join(map(_quoted, sorted(allowed)))}"
    if query.match.public is not None:
        yield f"public:{'yes' if query.match.public else 'no'}"
    if query.match.min_followers is not None:
        yield f"min_followers:{query.match.min_followers}"
    if query.assigned_to:
        yield f"assigned:{_quoted(query.assigned_to)}"
    if query.author:
        yield f"author:{_quoted(query.author)}"


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s,]", value) else value


def _match(given: Mapping[str, set[str]]) -> Match:
    public, followers = given.get("public"), given.get("min_followers")
    return Match(
        **{key: frozenset(given.get(key, ())) for key in _MATCH},
        public=_YES_NO[next(iter(public))] if public else None,
        min_followers=int(next(iter(followers))) if followers else None,
    )


def _take(given: dict[str, set[str]], name: str, value: str, known: Known) -> None:
    """Add what one condition says; the same one twice means either, where that can be."""
    key = _ALIASES.get(name, name)
    keys = (*_MATCH, *_ALONE)
    if key not in keys:
        raise UserError(
            f"there is no condition '{name}'{_hint(name, keys)}; "
            f'write "{name}:…" in quotes to search for it as text'
        )
    values = [each.replace('"', "").strip() for each in _VALUES.findall(value)]
    if not values or not all(values) or value.endswith(","):
        raise Unfinished(f"{name}: wants {_wanted(key, known)}")
    if key in _ALONE and (len(values) > 1 or key in given):
        raise UserError(f"{name}: takes one value")
    given.setdefault(key, set()).update(_checked(key, each, known) for each in values)


def _checked(key: str, value: str, known: Known) -> str:
    if key in ("assigned", "author"):
        return value.removeprefix("@") or _unfinished(f"{key}: wants a name")
    if key == "min_followers":
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise UserError(f"min_followers: wants a number, not '{value}'")
        return str(min(int(value), _MOST))
    if key == "language" and _LANGUAGE.fullmatch(value.lower()):
        return value.lower()
    names = {each.casefold(): each for each in choices(known)[key]}
    if found := names.get(value.casefold()):
        return found
    for each, name in names.items():
        if each.startswith(value.casefold()):
            _unfinished(f"there is no {key} '{value}'; did you mean {name}?")
    raise UserError(f"there is no {key} '{value}'{_hint(value, names.values())}")


def choices(known: Known) -> Mapping[str, Sequence[str]]:
    """Return the words for conditions, the commonest first, and what can stand behind each."""
    values: Mapping[str, Iterable[str]] = {
        "network": known.networks,
        "kind": (*Kind, UNKNOWN),
        "topic": Topic,
        "urgency": (*Urgency, UNKNOWN),
        "language": ("ru", "uk", "de", "en", UNKNOWN),
        "stream": Stream,
        "account": known.accounts,
        "public": _YES_NO,
        "assigned": (),
        "author": (),
        "min_followers": (),
        "view": View,
    }
    return {key: tuple(map(str, each)) for key, each in values.items()}


def _wanted(key: str, known: Known) -> str:
    if key in ("assigned", "author"):
        return "a name"
    if key == "min_followers":
        return "a number"
    return f"one of: {', '.join(choices(known)[key]) or 'none is known'}"


def _hint(value: str, names: Iterable[str]) -> str:
    there_are = sorted(names)
    near = difflib.get_close_matches(value.lower(), there_are, 1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(there_are)}" if there_are else "; there are none"


def _unfinished(text: str) -> NoReturn:
    raise Unfinished(text)
