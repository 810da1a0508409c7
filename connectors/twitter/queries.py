"""
What X's search is asked for: brand words, quotes of ours, and what follows in conversations; pure.

What mentions us comes with the timeline of mentions, at a fifth of the price of what a search
returns, so every query leaves it out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.twitter.payloads import ID
from connectors.twitter.walk import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 512
"""Of a query, in characters, for self-serve apps; the specification's 4,096 are Enterprise's."""
_MOST_FOLLOWED = 100
"""Talks that are followed: up to 20 queries a poll, of the 300 that X allows in 15 minutes."""
_MOST_PEOPLE = 10
"""Of one conversation in a term, which must fit into a query."""
_TALK = re.compile(rf"{ID.pattern}(?::{ID.pattern})?")


def brand_queries(words: Sequence[str], handle: str) -> list[str]:
    """Return the queries that find posts which say one of *words*."""
    return _either([f'"{word}"' for word in words], handle)


def quote_query(handle: str) -> str:
    """Return the query that finds quotes of our posts: each holds the link of what it quotes."""
    links = [f'url:"{host}/{handle}/status"' for host in ("x.com", "twitter.com")]
    return _either(links, handle, "is:quote ")[0]


def talk_queries(talks: Iterable[str], handle: str, *, answers: bool = False) -> list[str]:
    """
    Return the queries that find what customers write without naming us.

    A conversation that we began is searched for whole, ``17``; of others only what somebody
    writes who talks with us there, ``17:4``. Strangers are neither read nor paid for. With
    *answers* replies to us are found in whatever conversation.
    """
    people: dict[str, list[str]] = {}
    for talk in talks:
        conversation, _, person = talk.partition(":")
        people.setdefault(conversation, []).extend([person] if person else [])
    terms = [f"to:{handle}"] if answers else []
    for conversation, those in people.items():
        terms += _terms_of(conversation, those)
    return _either(terms, handle)


def _terms_of(conversation: str, people: Sequence[str]) -> list[str]:
    where = f"conversation_id:{conversation}"
    terms = []
    for start in range(0, len(people), _MOST_PEOPLE):
        authors = " OR ".join(f"from:{each}" for each in people[start : start + _MOST_PEOPLE])
        terms.append(f"({where} ({authors}))")
    return terms or [where]


def followed_of(kept: object, learned: Mapping[str, int], oldest: int) -> dict[str, int]:
    """
    Return the talks to follow, each with the number of its newest post that is known.

    *kept* is what a cursor says; what has been quiet since *oldest* is let go, and of too many
    those with the oldest news.
    """
    pairs = kept.items() if isinstance(kept, dict) else ()
    followed = {
        str(name): int(newest)
        for name, newest in pairs
        if _TALK.fullmatch(str(name)) and ID.fullmatch(str(newest))
    }
    for name, newest in learned.items():
        followed[name] = max(newest, followed.get(name, 0))
    for name in list(followed):
        if (whole := name.partition(":")[0]) != name and whole in followed:
            followed[whole] = max(followed[whole], followed.pop(name))
    lately = sorted(
        (each for each in followed.items() if each[1] > oldest), key=_newest, reverse=True
    )
    return dict(lately[:_MOST_FOLLOWED])


def stretches_of(
    followed: Iterable[str], new: Iterable[str], handle: str, bound: Stretch, oldest: int
) -> list[Stretch]:
    """Return what to read: answers and what is known already from *bound* on, *new* talks whole."""
    fresh = sorted(new, key=_root, reverse=True)
    known = [each for each in followed if each not in set(fresh)]
    queries = talk_queries(known, handle, answers=True)
    later = [replace(bound, query=query) for query in queries]
    first = max(oldest, min(map(_root, fresh), default=1) - 1)
    whole = [Stretch(first, query=query) for query in talk_queries(fresh, handle)]
    return [*later, *whole]


def _either(terms: Sequence[str], handle: str, front: str = "") -> list[str]:
    """Return as few queries as will hold all *terms*."""
    behind = f" -is:retweet -from:{handle} -@{handle}"
    room = _LONGEST - len(front) - len(behind) - len("()")
    queries: list[list[str]] = []
    for term in terms:
        if not queries or len(" OR ".join([*queries[-1], term])) > room:
            queries.append([])
        queries[-1].append(term)
    return [f"{front}({' OR '.join(each)}){behind}" for each in queries]


def _root(talk: str) -> int:
    return int(talk.partition(":")[0])


def _newest(followed: tuple[str, int]) -> int:
    return followed[1]
