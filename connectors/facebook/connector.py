"""The Page as a connector: its sources, what a poll reads, and how a reply leaves."""

from __future__ import annotations

from collections import deque
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from connectors.facebook import checking
from connectors.facebook.failures import SEND_COMMENT, SEND_DM, BadRequest, Expired, Missing
from connectors.facebook.limits import Meter
from connectors.facebook.lists import LISTS, beside_the_feed, lists_of
from connectors.facebook.marks import LONG_AGO, SWEEP_EVERY, Listing, Marks, sweep_after
from connectors.facebook.passes import MOST, Passes
from connectors.facebook.quarantine import reread
from connectors.facebook.reading import HIDDEN, UNLISTED, Batch, Reading, Request, hidden
from connectors.facebook.sending import private_reply, sent
from connectors.facebook.shapes import Malformed, id_of
from connectors.facebook.transport import Graph
from connectors.facebook.verifying import WAS_READ, Verifier
from inboxd import connector as port
from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from connectors.facebook.lists import List
    from connectors.facebook.settings import Settings
    from inboxd.clock import Clock
    from inboxd.model import Unknown

_ASK_AGAIN = 96 * SWEEP_EVERY
"""After a day: whether an extra list that could not be read can be read now."""
_RESTLESS = "Facebook's {} changed each time they were read: the next poll reads them again."


class Connector(port.Connector):
    """One Page."""

    network = "facebook"
    lists: ClassVar[Mapping[str, List]] = LISTS
    """How each source is read."""

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._meter = Meter(clock, self._ledger)
        self._graph = Graph(settings, self._meter)
        self._simply: set[str] = set()

    def sources(self) -> Sequence[port.Source]:
        """Return the lists behind the configured streams; private messages come first."""
        lists = lists_of(self._settings)
        return [port.Source(name, frozenset({each.stream})) for name, each in lists.items()]

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """
        Yield what is new, newest first.

        Every page but the last carries the marks of before, so whoever resumes from it
        reads everything once more.
        """
        which, now = self.lists[source], self._clock.now()
        marks = Marks.of(cursor, now - self._settings.backfill)
        if which.extra:
            if not marks.sweep_is_due(now):
                yield port.Page(marks.cursor())
                return
            self._meter.mind_what_can_wait()
        sweeps = which.sweeps and self._sweeps(marks, now)
        pages = self._read(source, marks, now, sweeps=sweeps)
        if source == "feed" and sweeps and beside_the_feed(self._settings):
            pages = self._with_extras(pages, marks, now)
        # Whoever leaves off in the middle leaves off in there, too.
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def verify(self, known: Sequence[port.Known]) -> AsyncIterator[port.Page]:
        """Look up messages, by the rule that `verifying` tells; it waits when calls are scarce."""
        self._meter.mind_what_can_wait()
        verifier = Verifier(self._graph, self._settings, self._clock, self._ledger)
        async with aclosing(verifier.pages(known)) as pages:
            async for page in pages:
                yield page

    def reread(self, item: Unknown) -> port.Page:
        """Read a quarantined item once more."""
        batch = reread(item, self._settings)
        return port.Page({}, batch.messages, batch.unknown, batch.windows)

    def allowances(self) -> Sequence[port.Allowance]:
        """Return how many calls were made; how many may be made Graph does not tell."""
        return self._meter.allowances()

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """
        Deliver *reply*: privately to its recipient, publicly below what its thread began with.

        Graph nests comments in two levels, so only the root takes every reply. There is no
        idempotency key.
        """
        kind, _, target = reply.thread_id.partition(":")
        if kind == "dm":
            body, path = private_reply(reply, self._clock.now()), self._settings.page_id
            answer = await self._graph.call("POST", f"{path}/messages", body, SEND_DM)
        else:
            body = {"message": reply.text}
            answer = await self._graph.call("POST", f"{target}/comments", body, SEND_COMMENT)
        try:
            remote_id = id_of(answer, "message_id" if kind == "dm" else "id")
        except Malformed as error:
            text = f"Facebook took the reply and answered with {error}."
            raise errors.OutcomeUnknown(text) from error
        message = sent(reply, remote_id, self._settings.page_id, self._clock.now())
        return port.SendResult(message)

    async def check(self) -> port.AccountCheck:
        """Ask who the Page is, what the token may, and for one item of each list."""
        return await checking.check(self._graph, self._settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._graph.close()

    def _sweeps(self, marks: Marks, now: datetime) -> bool:
        return marks.swept is None or (marks.sweep_is_due(now) and not self._meter.eases_off)

    async def _with_extras(
        self, feed: AsyncGenerator[port.Page, None], marks: Marks, now: datetime
    ) -> AsyncGenerator[port.Page, None]:
        """
        Yield the feed's pages, and then what is new on lists that a token often may not read.

        That it may not is no failure, for a shop without ads has no rights for them: it is
        noted, and asked again after a day. What fails otherwise is read with the next sweep.
        """
        before, last = marks.cursor(), marks.cursor()
        async with aclosing(feed):
            async for page in feed:
                last = page.cursor
                yield replace(page, cursor=before)
        done = Marks.of(last, now)
        for source in beside_the_feed(self._settings):
            if self._ledger.rests_until(source):
                continue
            extra = LISTS[source].extra
            start = marks.of_extra(extra, now - self._settings.backfill)
            try:
                async with aclosing(self._read(source, start, now, sweeps=True)) as pages:
                    async for page in pages:
                        yield replace(page, cursor=before)
            except (errors.PermissionMissing, errors.UnexpectedPayload) as error:
                self._ledger.rest(source, now + _ASK_AGAIN)
                yield port.Page(before, note=f"Not read: {error}")
            except errors.NetworkError as error:
                yield port.Page(before, note=f"Not read this time: {error}")
            else:
                done = replace(done, **{f"{extra}_to": done.newest})
        yield port.Page(done.cursor())

    async def _read(
        self, source: str, marks: Marks, now: datetime, *, sweeps: bool
    ) -> AsyncGenerator[port.Page, None]:
        """
        Yield the pages of a list and of what is inside its items.

        A conversation in which something is said moves to the top, and is on none of the pages
        that are read after that. So its list is read from the top again, down to what stood
        there before (or as far as before, if the pages led back to the top), until one page shows all that moved, or none shows anything new. If that
        has no end, the cursor stays, and the next poll begins where this one did.
        """
        which, settings = self.lists[source], self._settings
        path, asked = f"{settings.page_id}/{source}", set[tuple[str, str]]()
        first = self._first(source, marks, sweeps=sweeps)
        queue, passes = deque([first]), Passes()
        while queue:
            request = queue.popleft()
            batch = await self._batch(request, source, seen=_seen(marks))
            if request.path == path:
                passes.add(batch)
            # What moved while the list was read stands on two pages, and is read on once.
            new = {each.name: each for each in batch.further if each.name not in asked}
            circle = any(each.path == path and each.name in asked for each in batch.further)
            asked.update(new)
            queue.extend(new.values())
            unsettled = (circle or not queue) and not which.sweeps and passes.unsettled
            note = batch.note
            if unsettled and passes.number < MOST:
                if not circle:
                    first = replace(first, until=max(passes.top, default=first.until))
                queue.append(first)
                passes.again()
                asked = set()
            elif unsettled:
                note = note or _RESTLESS.format(source)
            last = marks.after(passes.began, now, swept=sweeps)
            done = last.swept_in(passes.pages, now) if sweeps else last
            kept = (marks if queue or circle or unsettled else done).cursor()
            yield port.Page(
                kept, batch.messages, batch.unknown, batch.windows, note=note, lost=batch.lost
            )
            # A cursor whose item moved to the top leads there, too.
            if circle and not unsettled:
                raise errors.UnexpectedPayload(f"Facebook's {source} go in a circle.")
        if which.extra:
            self._ledger.spend(WAS_READ.format(source))
            self._ledger.rest(source, sweep_after(passes.pages, now))

    def _first(self, source: str, marks: Marks, *, sweeps: bool) -> Request:
        """Return the request that a poll begins with."""
        which, settings = self.lists[source], self._settings
        known = (marks.swept_to or marks.floor) if sweeps else marks.newest
        since = max(known - settings.overlap, marks.floor)
        reading = Reading(
            settings,
            which.stream,
            marks.floor,
            since,
            _seen(marks),
            comment_fields=which.comment_fields,
        )
        take = partial(which.take, reading)
        context = {"stream": "mentions"} if source == "tagged" else {}
        until = LONG_AGO if sweeps else since
        path = f"{settings.page_id}/{source}"
        return Request(path, which.kind, which.params, take, until, context, which.choose)

    async def _batch(self, request: Request, source: str, *, seen: datetime | None) -> Batch:
        try:
            return request.read(await self._page(request, source))
        except BadRequest:
            if request.kind != "messages":
                raise
            return hidden(UNLISTED, request.newest, seen)
        except Expired as error:
            if request.kind != "messages":
                raise errors.Unavailable(str(error)) from None
            # Beyond what came with a conversation Graph may answer with nothing but an error.
            return hidden(HIDDEN, request.newest, seen)

    async def _page(self, request: Request, source: str) -> Listing:
        """
        Return the page that is asked for; in simpler words if the server wants them.

        That it does is known once it has answered them: an error may have been of that moment.
        """
        which, params = self.lists[source], dict(request.params)
        if source in self._simply and request.kind == which.kind:
            params |= which.simpler
        try:
            return await self._graph.page(request.path, params, which.task)
        except Missing:
            raise
        except BadRequest:
            if request.kind != which.kind or not which.simpler or source in self._simply:
                raise
            with suppress(BadRequest):
                simpler = {**params, **which.simpler}
                listing = await self._graph.page(request.path, simpler, which.task)
                self._simply.add(source)
                return listing
            raise


def _seen(marks: Marks) -> datetime | None:
    """Return up to when everything was read before; None if nothing was yet."""
    return marks.newest if marks.newest > marks.floor else None
