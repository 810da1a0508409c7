"""
What X's search is asked for: brand words, quotes of ours, and what follows in conversations; pure.

What mentions us comes with the timeline of mentions, at a fifth of the price of what a search
returns, so every query leaves it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.twitter.payloads import ID
from connectors.twitter.walk import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 512
"""Of a query, in characters, for self-serve apps; the specification's 4,096 are Enterprise's."""
_MOST_FOLLOWED = 100
"""Conversations that are followed: ten queries a poll, of the 300 that X allows in 15 minutes."""


def brand_queries(words: Sequence[str], handle: str) -> list[str]:
    """Return the queries that find posts which say one of *words*."""
    return _either([f'"{word}"' for word in words], handle)


def quote_query(handle: str) -> str:
    """Return the query that finds quotes of our posts: each holds the link of what it quotes."""
    links = [f'url:"{host}/{handle}/status"' for host in ("x.com", "twitter.com")]
    return _either(links, handle, "is:quote ")[0]


def conversation_queries(conversations: Iterable[str], handle: str) -> list[str]:
    """Return the queries that find what customers write in conversations without naming us."""
    return _either([f"conversation_id:{each}" for each in conversations], handle)


def followed_of(kept: object, learned: Mapping[str, int], oldest: int) -> dict[str, int]:
    """
    Return the conversations to follow, each with the number of its newest post that is known.

    *kept* is what a cursor says; what has been quiet since *oldest* is let go, and of too many
    those with the oldest news.
    """
    pairs = kept.items() if isinstance(kept, dict) else ()
    followed = {str(name): int(newest) for name, newest in pairs if ID.fullmatch(str(newest))}
    for name, newest in learned.items():
        followed[name] = max(newest, followed.get(name, 0))
    lately = sorted(
        (each for each in followed.items() if each[1] > oldest), key=_newest, reverse=True
    )
    return dict(lately[:_MOST_FOLLOWED])


def stretches_of(
    followed: Iterable[str], new: Iterable[str], handle: str, bound: Stretch, oldest: int
) -> list[Stretch]:
    """Return what to read: the conversations known already from *bound* on, *new* ones whole."""
    fresh = sorted(new, key=int, reverse=True)
    known = [each for each in followed if each not in set(fresh)]
    later = [replace(bound, query=query) for query in conversation_queries(known, handle)]
    first = max(oldest, min(map(int, fresh), default=1) - 1)
    whole = [Stretch(first, query=query) for query in conversation_queries(fresh, handle)]
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


def _newest(followed: tuple[str, int]) -> int:
    return followed[1]
