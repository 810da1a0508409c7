"""
X's search language, the part that finds a brand.

Words, phrases, @handles, from:, to:, url:, lang:, is:, conversation_id:, in_reply_to_tweet_id: and
quotes_of_tweet_id:, with -, OR and brackets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inboxd.simulator.twitter.wording import handle_of, whole_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.simulator.twitter.posts import Post
    from inboxd.simulator.world import Item, World

    Matcher = Callable[[Post], bool]

_TOKEN = re.compile(r'\(|\)|-?(?:[a-z_]+:)?"[^"]*"|[^\s()]+')
_WORD = re.compile(r"\w+")
# Of other search languages and of higher plans: X refuses these instead of searching for them.
_NEVER = frozenset(("since", "until", "min_faves", "filter", "near", "quoted_tweet_id"))


class QueryError(ValueError):
    """A query that X would refuse."""


def compile_query(world: World, query: str) -> Matcher:
    """Return what decides whether a post matches *query*."""
    return _Parser(world, _TOKEN.findall(query)).whole()


class _Parser:
    """Recursive descent: OR binds weaker than the blank between terms, as X documents."""

    def __init__(self, world: World, tokens: list[str]) -> None:
        self._world = world
        self._tokens = tokens

    def whole(self) -> Matcher:
        matcher = self._either()
        if self._tokens:
            raise QueryError(f"Reached end of query at '{self._tokens[0]}'")
        return matcher

    def _either(self) -> Matcher:
        choices = [self._all()]
        while self._tokens and self._tokens[0] == "OR":
            self._tokens.pop(0)
            choices.append(self._all())
        return lambda post: any(choice(post) for choice in choices)

    def _all(self) -> Matcher:
        terms: list[Matcher] = []
        while self._tokens and self._tokens[0] not in (")", "OR"):
            terms.append(self._term())
        if not terms:
            raise QueryError("Rules must contain at least one positive, non-stopword clause")
        return lambda post: all(term(post) for term in terms)

    def _term(self) -> Matcher:
        token = self._tokens.pop(0)
        if token == "(":
            inner = self._either()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise QueryError("missing ')'")
            return inner
        if token.startswith("-") and len(token) > 1:
            self._tokens.insert(0, token[1:])
            positive = self._term()
            return lambda post: not positive(post)
        return self._leaf(token)

    def _leaf(self, token: str) -> Matcher:
        name, _, value = token.partition(":")
        matcher = self._operator(name, value.strip('"')) if value else None
        if matcher is None and value and name in _NEVER:
            raise QueryError(f"Reference to invalid operator '{name}'")
        return matcher or self._contains(token)

    def _operator(self, name: str, value: str) -> Matcher | None:
        world = self._world
        operators: dict[str, Matcher] = {
            "from": lambda post: _is_person(world, post.item, value),
            "to": lambda post: _is_person(world, _above(world, post), value),
            "lang": lambda post: _language(post) == value,
            "conversation_id": lambda post: _has_number(world, post.item.root, value),
            "in_reply_to_tweet_id": lambda post: _has_number(world, post.item.parent, value),
            "quotes_of_tweet_id": lambda post: _has_number(world, post.item.quoted, value),
            "url": lambda post: value.lower() in whole_text(world, post).lower(),
        }
        return _is(value) if name == "is" else operators.get(name)

    def _contains(self, token: str) -> Matcher:
        if not token.startswith("@"):
            return _contains(token)
        pattern = re.compile(rf"{re.escape(token)}\b", re.IGNORECASE)
        return lambda post: bool(pattern.search(whole_text(self._world, post)))


def _is(value: str) -> Matcher:
    match value:
        case "reply":
            return lambda post: post.item.parent is not None
        case "quote":
            return lambda post: post.item.quoted is not None
        case "retweet":
            # Keyword searches return none any more, and the simulated world has none.
            return lambda _post: False
        case _:
            raise QueryError(f"Reference to invalid field 'is:{value}'")


def _language(post: Post) -> str:
    return post.item.author.language if post.item.author else ""


def _is_person(world: World, item: Item | None, value: str) -> bool:
    """Whether somebody, named by handle or by number, wrote an item."""
    if item is None:
        return False
    name = value.lower().lstrip("@")
    return name in (handle_of(world, item).lower(), str(world.author_id(item)))


def _above(world: World, post: Post) -> Item | None:
    return None if post.item.parent is None else world.get(post.item.parent)


def _has_number(world: World, serial: int | None, value: str) -> bool:
    return serial is not None and str(world.get(serial).number) == value


def _contains(token: str) -> Matcher:
    """Match a word or phrase: whole words, in this order, whatever their case."""
    wanted = _WORD.findall(token.lower())

    def matches(post: Post) -> bool:
        words = _WORD.findall(post.text.lower())
        return any(
            words[start : start + len(wanted)] == wanted
            for start in range(len(words) - len(wanted) + 1)
        )

    return matches
