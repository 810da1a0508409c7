"""X's search language, the part that finds a brand: words, phrases, from:, -, OR and brackets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.simulator.twitter.posts import Post
    from inboxd.simulator.world import World

    Matcher = Callable[[Post], bool]

_TOKEN = re.compile(r'\(|\)|-?"[^"]*"|[^\s()]+')
_WORD = re.compile(r"\w+")


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
        match name:
            case "from":
                return lambda post: self._handle(post).lower() == value.lower().lstrip("@")
            case "lang":
                return lambda post: (post.item.author.language if post.item.author else "") == value
            case "conversation_id":
                return lambda post: str(self._world.get(post.item.root).number) == value
            case "is":
                # The simulated world has replies, but neither retweets nor quotes.
                return lambda post: value == "reply" and post.item.parent is not None
            case _:
                return _contains(token)

    def _handle(self, post: Post) -> str:
        author = post.item.author
        return self._world.brand("twitter").handle if author is None else author.handle


def _contains(token: str) -> Matcher:
    """Match a word, @handle or phrase: whole words, in this order, whatever their case."""
    wanted = _WORD.findall(token.lower())
    if token.startswith("@"):
        return lambda post: token.lower() in post.text.lower()

    def matches(post: Post) -> bool:
        words = _WORD.findall(post.text.lower())
        return any(
            words[start : start + len(wanted)] == wanted
            for start in range(len(words) - len(wanted) + 1)
        )

    return matches
