"""How far X has been read: whatever happens between two pages, nothing is missed."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.twitter.failures import Failure
from connectors.twitter.payloads import snowflake
from connectors.twitter.queries import (
    brand_queries,
    followed_of,
    quote_query,
    talk_queries,
)
from connectors.twitter.reading import Reader, Windows
from connectors.twitter.settings import Settings
from connectors.twitter.walk import NOTHING, Stretch, Walk
from inboxd.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.twitter.api import Api
    from inboxd.connector import Cursor, Page

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
US = "2244994945"
PAGE = 3
OVERLAP, BACKFILL = timedelta(minutes=10), timedelta(days=3)


class Timeline:
    """Mentions or messages as X pages them, few at a time, with tokens that it may forget."""

    known_handle = "lavka_sever"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._ids: list[int] = []
        self._tokens: dict[str, int] = {}
        self.calls = 0
        self._shown: defaultdict[date, set[int]] = defaultdict(set)
        self.unpaid: set[int] = set()
        """What was shown and not taken for counted."""

    def wait_for_turn(self, source: str) -> None:
        """Never make anybody wait."""

    def write(self) -> None:
        """Let somebody mention the shop now."""
        self._ids.append(snowflake(self._clock.now()) + 1 + len(self._ids) % 1000)

    def forget_tokens(self) -> None:
        """Let every page that was named be one that X no longer knows."""
        self._tokens.clear()

    @property
    def written(self) -> set[str]:
        """The numbers of all messages there are."""
        return {str(number) for number in self._ids}

    async def page(self, source: str, stretch: Stretch, paid: range = NOTHING) -> Mapping[str, Any]:
        """Return the newest of what lies in *stretch*; what was paid for was shown on that day."""
        self.calls += 1
        params = {name for name, value in stretch.params().items() if value}
        assert not params.issuperset({"start_time", "until_id"})
        below = stretch.below or 2**63
        if stretch.token:
            if stretch.token not in self._tokens:
                error = {"parameters": {"pagination_token": [stretch.token]}, "message": "no"}
                raise Failure("no", status=400, problem={"errors": [error]})
            below = self._tokens[stretch.token]
        is_dm = source == "direct_messages"
        if is_dm and not stretch.token:
            below = 2**63
        above = 0 if is_dm else stretch.since_id
        inside = sorted((n for n in self._ids if above < n < below), reverse=True)
        page = inside[: PAGE * 3 if is_dm and stretch.token else PAGE]
        shown = self._shown[self._clock.now().date()]
        assert shown.issuperset(n for n in page if n in paid)
        shown |= set(page)
        self.unpaid |= {n for n in page if n not in paid}
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(inside) > len(page):
            token = f"t{self.calls}"
            self._tokens[token] = page[-1]
            meta["next_token"] = token
        return {"data": [_event(n) if is_dm else _tweet(n) for n in page], "meta": meta}


def _event(number: int) -> dict[str, Any]:
    return {
        "id": str(number), "event_type": "MessageCreate", "text": "?", "sender_id": "1",
        "dm_conversation_id": f"1-{US}",
    }  # fmt: skip


def _tweet(number: int) -> dict[str, Any]:
    return {
        "id": str(number), "author_id": "1", "conversation_id": str(number), "text": "@lavka_sever ?",
        "entities": {"mentions": [{"start": 0, "end": 12, "username": "lavka_sever", "id": US}]},
    }  # fmt: skip


def reader_of(timeline: Timeline, clock: ManualClock) -> Reader:
    """Return the reader of a process that has just begun."""
    given: dict[str, Any] = {
        "name": "x", "network": "twitter", "streams": ["mentions"], "user_id": US,
        **dict.fromkeys(
            ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k"
        ),
        "overlap": OVERLAP, "backfill": BACKFILL,
    }  # fmt: skip
    return Reader(Settings(**given), clock, cast("Api", timeline), Windows())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 9)),
        st.tuples(st.just("wait"), st.integers(1, 90) | st.integers(300, 900)),
        st.tuples(st.just("forget"), st.just(0)),
        # A poll that is kept up to so many pages; the process dies behind the last of them.
        st.tuples(st.just("crash"), st.integers(0, 4)),
        st.tuples(st.just("poll"), st.integers(0, 5)),
    ),
    max_size=30,
)


@pytest.mark.parametrize("source", ["mentions", "direct_messages"])
@settings(deadline=None, max_examples=200)
@given(steps=STEPS)
# Two stretches that end at the same bound, whose tokens are both forgotten.
@example(steps=[("write", 4), ("poll", 0), ("crash", 2), ("forget", 0)])
# A reading that is left at midnight: what is between its two parts was not read today.
@example(
    steps=[
        *[("write", 9), ("wait", 700), ("crash", 1), ("wait", 30)],
        *[("write", 2), ("poll", 0), ("write", 4), ("poll", 0)],
    ]
)
def test_nothing_is_missed_whatever_happens_between_two_pages(
    source: str, steps: list[tuple[str, int]]
) -> None:
    """
    Posts come, processes die behind any page, tokens age: in the end everything is there.

    And nothing that X shows for the first time on a day is taken for counted.
    """
    clock = ManualClock(NOW)
    timeline = Timeline(clock)
    seen: set[str] = set()
    cursor: Cursor | None = None

    def take(page: Page) -> Cursor:
        seen.update(message.remote_id.partition(":")[2] for message in page.messages)
        return page.cursor

    async def poll(pages: int | None, slow: int = 0) -> Cursor | None:
        kept = cursor
        reading = reader_of(timeline, clock).poll(source, cursor)
        count = 0
        async for page in reading:
            if count == pages:
                return kept
            kept, count = take(page), count + 1
            clock.advance(timedelta(minutes=slow))
        return kept

    for step, amount in steps:
        if step == "write":
            for _post in range(amount):
                timeline.write()
        elif step == "wait":
            clock.advance(timedelta(minutes=amount))
        elif step == "forget":
            timeline.forget_tokens()
        else:
            cursor = asyncio.run(poll(amount if step == "crash" else None, amount))
    asyncio.run(poll(None))

    assert seen == timeline.written


def test_a_slow_reading_after_a_restart_counts_nothing_again() -> None:
    """It looks for news several times, and finds what another process had counted each time."""
    clock = ManualClock(NOW)
    timeline = Timeline(clock)

    async def poll(cursor: Cursor | None) -> Cursor | None:
        async for page in reader_of(timeline, clock).poll("mentions", cursor):
            cursor = page.cursor
            clock.advance(timedelta(minutes=3))
        return cursor

    timeline.write()
    cursor = asyncio.run(poll(None))
    counted = set(timeline.unpaid)
    timeline.unpaid.clear()
    for _post in range(9):
        timeline.write()
    asyncio.run(poll(cursor))

    assert len(timeline.unpaid) == 9
    assert not timeline.unpaid & counted


def test_a_finished_walk_is_a_small_cursor() -> None:
    """What is read to its end leaves no stretch behind."""
    clock = ManualClock(NOW)
    timeline = Timeline(clock)
    for _post in range(10):
        timeline.write()

    async def poll() -> list[Page]:
        return [page async for page in reader_of(timeline, clock).poll("mentions", None)]

    pages = asyncio.run(poll())

    assert [len(page.messages) for page in pages] == [3, 3, 3, 1]
    assert set(pages[-1].cursor) == {"newest_id", "oldest_id", "read_at"}


STRETCHES = st.builds(
    Stretch,
    since_id=st.integers(0, 2**62),
    until_id=st.integers(0, 2**62),
    query=st.text(max_size=9),
    token=st.text(max_size=9),
    count=st.integers(0, 3200),
    by_time=st.booleans(),
    read_to=st.integers(0, 2**62),
    below=st.integers(0, 2**62),
)


@given(
    st.integers(1, 2**62), st.lists(STRETCHES, max_size=5), st.dictionaries(st.text(), st.text())
)
def test_a_cursor_brings_its_walk_back(
    newest: int, rest: list[Stretch], followed: dict[str, str]
) -> None:
    """What is kept in the database is the whole of it."""
    walk = Walk(newest, NOW, tuple(rest), {"followed": followed, "joined": followed}, newest - 1)

    assert Walk.of(walk.cursor()) == walk


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "newest_id",
                        "oldest_id",
                        "read_at",
                        "rest",
                        "followed",
                        "joined",
                        "since_id",
                        "x",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=8,
    )
)
def test_a_cursor_that_nobody_wrote_is_read_as_something(cursor: Any) -> None:
    """Damage costs a reading from the backfill on, and stops nothing."""
    walk = Walk.of(cursor)

    assert walk.bound(NOW, OVERLAP, BACKFILL).since_id <= snowflake(NOW)


def test_too_many_stretches_become_fewer_that_cover_them() -> None:
    """An account that is never read to its end must not grow its cursor for ever."""
    walk = Walk(read_at=NOW)
    for number in range(60):
        walk = walk.begun([Stretch(1000 + number, until_id=2000 + number, token="t")], NOW)

    assert len(walk.rest) == 20
    oldest = walk.rest[-1]
    assert (oldest.since_id, oldest.until_id) == (1000, 2040)
    assert (oldest.token, oldest.query, oldest.below) == ("", "", 2040)


def test_every_page_of_a_token_takes_the_same_bounds() -> None:
    """X refuses a token beside other bounds, and a time beside an id."""
    stretch: Stretch | None = Stretch(17, query="q", by_time=True)
    bounds = []
    for number in (99, 88, 77):
        assert stretch is not None
        answer = {"data": [{"id": str(number)}], "meta": {"next_token": f"t{number}"}}
        bounds.append(bounds_of(stretch))
        stretch = stretch.after(answer, is_dm=False)
    assert stretch is not None
    assert len(set(bounds)) == 1
    begun = stretch.anew()
    again = begun.after({"data": [{"id": "66"}], "meta": {"next_token": "x"}}, is_dm=False)
    assert again is not None
    assert bounds_of(begun) == bounds_of(again) == (("since_id", "17"), ("until_id", "77"))


def bounds_of(stretch: Stretch) -> tuple[tuple[str, str], ...]:
    """Return what a page is asked for beside its token."""
    params = {name: value for name, value in stretch.params().items() if value}
    params.pop("pagination_token", None)
    return tuple(sorted(params.items()))


# Queries


@given(
    st.lists(st.text(st.characters(exclude_characters='"'), min_size=1, max_size=300), min_size=1),
    st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True),
)
def test_every_word_is_in_a_query_that_x_takes(words: list[str], handle: str) -> None:
    """512 characters for self-serve apps, brackets and all."""
    queries = brand_queries(words, handle)

    assert max(map(len, queries)) <= 512
    assert all(any(f'"{word}"' in query for query in queries) for word in words)


def test_queries_are_written_in_x_s_language() -> None:
    """Operators that stand in its documents, and everybody else's posts only."""
    assert brand_queries(["lavka sever", "лавка"], "lavka_sever") == [
        '("lavka sever" OR "лавка") -is:retweet -from:lavka_sever -@lavka_sever'
    ]
    assert quote_query("shop") == (
        'is:quote (url:"x.com/shop/status" OR url:"twitter.com/shop/status") '
        "-is:retweet -from:shop -@shop"
    )
    assert talk_queries([], "shop", answers=True) == ["(to:shop) -is:retweet -from:shop -@shop"]
    assert talk_queries(["7", "8:1", "8:2"], "shop") == [
        "(conversation_id:7 OR (conversation_id:8 (from:1 OR from:2))) -is:retweet -from:shop -@shop"
    ]


def test_a_conversation_with_very_many_customers_fits_into_queries() -> None:
    """Each is looked for once, with the longest ids that X gives, within 512 characters."""
    room = 10**18
    queries = talk_queries([f"{room}:{room + number}" for number in range(99)], "s" * 15)

    assert max(map(len, queries)) <= 512
    people = re.findall(r"from:(\d+)", " ".join(queries))
    assert len(people) == len(set(people)) == 99


def test_who_talks_in_a_conversation_of_ours_is_followed_with_it() -> None:
    """It is searched for whole, and lives as long as anybody writes in it."""
    learned = {"7": 200, "7:1": 300, "8:1": 250}

    assert followed_of({"9:x": "400", "7:2": "210"}, learned, oldest=150) == {"7": 300, "8:1": 250}


def test_the_liveliest_conversations_are_followed() -> None:
    """Of very many those with the newest posts, and none that is over."""
    learned = {str(number): number for number in range(300)}

    followed = followed_of({"7": "1000", "8": "250", "9": "x"}, learned, oldest=150)

    assert len(followed) == 100
    assert followed["7"] == 1000
    assert min(followed.values()) == 202
    assert "8" in followed


@pytest.mark.parametrize("kept", [None, [], "x", {"a": "b"}, {"1": None}])
def test_what_was_followed_may_be_anything(kept: Any) -> None:
    """A damaged cursor costs a conversation, not the source."""
    assert followed_of(kept, {}, oldest=0) == {}
