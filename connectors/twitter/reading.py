"""Reading a source: newest first, what is new before what is left over, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.twitter.api import (
    CONVERSATIONS,
    DIRECT_MESSAGES,
    MENTIONS,
    OWN_POSTS,
    QUOTES,
    SEARCHES,
    Api,
)
from connectors.twitter.direct import read_dm_events
from connectors.twitter.failures import Failure, read_error
from connectors.twitter.own import with_posts_above
from connectors.twitter.payloads import as_object, ids_of, snowflake, time_of
from connectors.twitter.posts import Shop, handle_in, read_posts, talks_in
from connectors.twitter.queries import brand_queries, followed_of, quote_query, stretches_of
from connectors.twitter.run import Run, gone, minute
from connectors.twitter.walk import SEARCHED_BACK, Stretch, Walk
from inboxd import connector as port
from inboxd import errors
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.twitter.found import Found
    from connectors.twitter.settings import Settings
    from inboxd.clock import Clock
    from inboxd.model import Json, ReplyWindow

_REACH = {MENTIONS: 800, OWN_POSTS: 3200}
"""How many of the newest posts X shows; what lies behind them cannot be read any more."""
_ADDED = frozenset({CONVERSATIONS, QUOTES})
"""What nobody asked for by name: it only adds to the mentions."""
_NEARLY = 0.95
"""Deleted posts count into the reach and are not shown."""
BACK = {
    **dict.fromkeys(SEARCHES, SEARCHED_BACK),
    DIRECT_MESSAGES: timedelta(days=30) - timedelta(minutes=5),
}
"""How far back X can be asked at all."""
_SPARED = timedelta(minutes=4)
"""How much of the moment that these leave for a call pages after the first may use."""
_REMEMBERED = 2_000
"""Threads whose newest is kept in memory: what is forgotten is told, or asked for, once more."""


class Windows:
    """
    Of each thread the newest message that people were told of whether it can be answered.

    Several sources bring messages of one thread, and a walk brings older ones later: they must
    not overrule what a newer one said.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def news(self, found: Found) -> list[ReplyWindow]:
        """Return the windows that overrule what was told before, and remember them."""
        told = []
        for thread, window in found.windows.items():
            number = found.newest[thread]
            if number >= self._newest.get(thread, 0):
                self._newest[thread] = number
                told.append(window)
        while len(self._newest) > _REMEMBERED:
            del self._newest[next(iter(self._newest))]
        return told


class Reader:
    """
    Reads the sources of one account.

    What it remembers between polls saves calls and money; without it everything is found as well.
    """

    def __init__(self, settings: Settings, clock: Clock, api: Api, windows: Windows) -> None:
        self._settings = settings
        self._clock = clock
        self._api = api
        self._windows = windows
        self._learned: dict[str, int] = {}
        """What is worth following (see `talks_in`), each with the number of its newest post."""
        self._learned_since: dict[str, datetime] = {}
        """From when on a source's conversations are among them."""
        self._own: dict[str, Json] = {}
        """Posts of ours, by which the parts of a longer answer are put together."""

    def shop(self, answer: Json) -> Shop:
        """Return what decides whether a post in *answer* is about us; asks nobody for it."""
        settings = self._settings
        searching = Stream.SEARCH in settings.streams
        return Shop(
            settings.user_id,
            self._api.known_handle or handle_in(answer, settings.user_id),
            settings.brand_words if searching else (),
            settings.reply_rule == "summoned",
        )

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """Yield what is new, newest first; any cursor resumes behind its page."""
        self._api.wait_for_turn(source)
        run = Run(source, cursor)
        if source in _ADDED and self._api.lacks_search:
            yield port.Page(run.cursor)
            return
        while run.begun_at is None or run.walk.rest:
            now = self._clock.now()
            if run.looks_for_news(now, self._settings.poll_every):
                run.begin(await self._begun(source, run.walk, now), now)
            if not run.walk.rest:
                yield port.Page(run.walk.cursor())
            elif (page := await self._next(run)) is not None:
                yield page
        if source in _REACH:
            known = self._learned_since.get(source, run.since)
            self._learned_since[source] = min(known, run.since)

    async def _begun(self, source: str, walk: Walk, now: datetime) -> Walk:
        """Return the walk with what is to be read from the newest end on."""
        settings = self._settings
        bound = walk.bound(now, settings.overlap, settings.backfill, BACK.get(source))
        if source not in SEARCHES:
            return walk.begun([bound], now)
        handle = await self._api.handle()
        if source == CONVERSATIONS:
            # Its queries change with the talks, so what is left of them cannot be joined.
            return walk if walk.is_full else await self._following(walk, bound, handle, now)
        words = settings.brand_words
        queries = [quote_query(handle)] if source == QUOTES else brand_queries(words, handle)
        return walk.begun([replace(bound, query=query) for query in queries], now)

    async def _following(self, walk: Walk, bound: Stretch, handle: str, now: datetime) -> Walk:
        since = (
            walk.read_at - self._settings.overlap if walk.read_at else time_of(bound.since_id + 1)
        )
        for source in (OWN_POSTS, MENTIONS):
            await self._learn(source, since)
        kept, oldest = as_object(walk.extra.get("followed")), snowflake(now - SEARCHED_BACK)
        joined = as_object(walk.extra.get("joined"))
        followed = followed_of({**joined, **kept}, self._learned, oldest)
        new = followed.keys() - kept.keys()
        stretches = stretches_of(followed, new, handle, bound, oldest)
        extra = {"followed": {name: str(newest) for name, newest in followed.items()}}
        return replace(walk.begun(stretches, now), extra=extra)

    async def _learn(self, source: str, since: datetime) -> None:
        """Learn the conversations of *source* from *since* on, if this process has not read them."""
        if (known := self._learned_since.get(source)) is not None and known <= since:
            return
        stretch: Stretch | None = Stretch(snowflake(since), by_time=True)
        while stretch is not None:
            try:
                answer = await self._api.page(source, stretch)
            except Failure as failure:
                raise read_error(failure, self._clock.now()) from failure
            self._remember(answer)
            stretch = stretch.after(answer, is_dm=False)
        self._learned_since[source] = since

    def _remember(self, answer: Json) -> None:
        for name, number in talks_in(answer, self._settings.user_id, to_us=True):
            self._learned[name] = max(number, self._learned.get(name, 0))
        oldest = snowflake(self._clock.now() - SEARCHED_BACK)
        if len(self._learned) > _REMEMBERED:
            self._learned = {name: at for name, at in self._learned.items() if at > oldest}

    async def _next(self, run: Run) -> port.Page | None:
        """Read one page of the first stretch; None where that has to be asked in another way."""
        lost = self._out_of_reach(run)
        stretch = run.walk.rest[0]
        if stretch.is_over:
            return self._dropped(run, lost)
        try:
            paid = run.paid(stretch, self._clock.now())
            answer = await self._asked(run.source, stretch, paid)
        except Failure as failure:
            if self._restarted(run, failure):
                return None
            error = self._error_of(run.source, failure)
            if run.source not in _ADDED or not isinstance(error, errors.PermissionMissing):
                raise error from failure
            return self._left_out(run, error)
        found = await self._read(run.source, answer, stretch)
        if run.source == CONVERSATIONS:
            run.follow(answer, self._settings.user_id)
        left = stretch.after(answer, is_dm=run.source == DIRECT_MESSAGES)
        run.check_circle(left, answer)
        run.note_progress()
        run.walk = run.walk.after(answer, left)
        behind = "" if left else self._behind_reach(run, stretch, answer)
        lost = run.news_of_loss(run.lost, lost, behind)
        note = "; ".join(filter(None, [run.note, found.note]))
        run.note = run.lost = ""
        return port.Page(
            run.walk.cursor(),
            found.messages,
            found.unknown,
            self._windows.news(found),
            note=note,
            restarted=bool(lost),
            lost=lost,
        )

    def _dropped(self, run: Run, lost: str) -> port.Page:
        """Leave the first stretch, of which nothing can be asked for any more."""
        run.note_progress()
        run.walk = replace(run.walk, rest=run.walk.rest[1:])
        lost, note = run.news_of_loss(run.lost, lost), run.note
        run.note = run.lost = ""
        return port.Page(run.walk.cursor(), note=note, restarted=bool(lost), lost=lost)

    async def _asked(self, source: str, stretch: Stretch, paid: range) -> Json:
        """Return a page; raises Failure."""
        return await self._api.page(source, stretch, paid)

    def _error_of(self, source: str, failure: Failure) -> errors.InboxdError:
        """Return what a failed page means; a search that is not there is none of the plan's."""
        error = read_error(failure, self._clock.now())
        if source in SEARCHES and failure.status == 404:
            return errors.PermissionMissing(f"{failure}; see that the plan has search")
        return error

    def _left_out(self, run: Run, error: errors.PermissionMissing) -> port.Page:
        """
        End a poll that a plan without search does not allow, as if there had been nothing.

        It is no trouble: mentions are read without it, and an account that is told blind for
        ever would hide when it really is.
        """
        self._api.note_no_search()
        run.walk = replace(run.walk, rest=())
        note = (
            f"X does not let this app search, so {run.source} are not read; without a plan that "
            f"has search, set follow_conversations = false: {error}"
        )
        return port.Page(run.cursor, note=note)

    async def _read(self, source: str, answer: Json, stretch: Stretch) -> Found:
        if source == DIRECT_MESSAGES:
            return read_dm_events(answer, self._settings.user_id, since_id=stretch.since_id)
        if source == OWN_POSTS:
            answer = await with_posts_above(answer, self._settings.user_id, self._own, self._api)
            found = read_posts(answer, Shop(self._settings.user_id))
        else:
            found = read_posts(answer, self.shop(answer))
        if source in _REACH or source == QUOTES:
            self._remember(answer)
        return found

    def _out_of_reach(self, run: Run) -> str:
        """
        Move the bound of the first stretch to where X can still be asked; tell what that loses.

        Not a moment before it must be, if there is a token: that holds for the old bound alone.
        """
        back = BACK.get(run.source)
        stretch, now = run.walk.rest[0], self._clock.now()
        if back is None:
            return ""
        spared = _SPARED if stretch.token else timedelta(0)
        if time_of(stretch.since_id + 1) >= now - back - spared:
            return ""
        moved = replace(stretch, since_id=snowflake(now - back))
        # Direct messages know no bound but their token.
        run.walk = run.walk.instead(moved if run.source == DIRECT_MESSAGES else moved.anew())
        return gone(stretch, now - back)

    def _behind_reach(self, run: Run, stretch: Stretch, answer: Json) -> str:
        """Tell what X did not show of a stretch that has ended for having too much in it."""
        count = stretch.count + len(ids_of(answer))
        reach = _REACH.get(run.source)
        oldest = min(ids_of(answer), default=stretch.until_id)
        if reach is None or count < reach * _NEARLY or not 0 < stretch.read_to < oldest:
            return ""
        return (
            f"X shows the newest {reach} posts of {run.source}; what was written from "
            f"{minute(stretch.read_to)} to {minute(oldest)} cannot be read"
        )

    def _restarted(self, run: Run, failure: Failure) -> bool:
        """Ask in another way where X no longer knows a token or an id of ours; not twice."""
        stretch = run.walk.rest[0]
        if stretch.token and failure.is_about("pagination_token", "next_token"):
            if stretch.token in run.restarted:
                return False
            run.begin_again(stretch.token)
            run.walk = run.walk.instead(stretch.anew())
            return True
        if stretch.by_time or not failure.is_about("since_id"):
            return False
        oldest = self._clock.now() - SEARCHED_BACK
        since = max(stretch.since_id, snowflake(oldest))
        run.lost = gone(stretch, oldest)
        run.note = f"X no longer knows how far was read: read again from {minute(since)} on"
        run.walk = run.walk.instead(replace(stretch, since_id=since, by_time=True).anew())
        return True
