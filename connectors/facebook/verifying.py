"""
Looking up stored messages: what was edited, what is gone, what is back.

Graph has no tombstones. Of what is deleted it says error 100 with subcode 33, and the same of
what the token may not see; so that alone proves nothing. Something is gone only if

1. the list that it stood in can be read with the same token and no longer shows it, though
   it reaches past its time (or what it hung below is itself in none of the Page's lists),
2. asked for by itself, Graph says that there is no such thing, and
3. the token is not told to lack what it takes to see what people write: lists then look as
   if it were not there.

A message behind the newest 20 of its conversation is never gone for not being shown: Graph
says of those that they are deleted while they are not. Everything else is left as it is,
with a note.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.facebook import payloads, windows
from connectors.facebook.checking import Token, token_told
from connectors.facebook.failures import Expired, Missing
from connectors.facebook.fields import CONVERSATION_FIELDS
from connectors.facebook.homes import (
    DETAILED_MESSAGES,
    Home,
    bare,
    by_home,
    fields_of,
    name_in_list,
    reader_of,
)
from connectors.facebook.lists import LISTS
from connectors.facebook.marks import Listing
from connectors.facebook.shapes import Malformed, an_object, id_of, time_of
from inboxd import errors
from inboxd.connector import Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.facebook.settings import Settings
    from connectors.facebook.transport import Graph
    from inboxd.clock import Clock
    from inboxd.connector import Known, Ledger
    from inboxd.model import Json, Message, ReplyWindow

MOST_PAGES = 20
"""Of one list; what stands below is not looked up, and so is never gone."""
_WORTH_A_PAGE = 5
"""So many conversations that are sought are worth a page of the list of all."""
_LISTED_FOR = timedelta(days=30)
"""A request that nobody answered is not listed any more after so long."""
WAS_READ = "reads of {}"
"""Under which name the ledger counts that an extra list could be read."""


@dataclass(slots=True)
class Shown:
    """What a list shows: its items by id, how far back it was read, and whether to its end."""

    items: dict[str, Json] = field(default_factory=dict)
    oldest: datetime | None = None
    whole: bool = False
    thread: Json | None = None
    """The conversation whose messages they are."""

    def would_show(self, known: Known, *, private: bool) -> bool:
        """Return whether a message would be among the items if it were still there."""
        if self.oldest is not None and self.oldest < known.sent_at:
            return True
        return self.whole and not (private and len(self.items) >= DETAILED_MESSAGES)

    def take(self, listing: Listing, source: str) -> None:
        """Add a page."""
        for item in listing.items:
            with suppress(Malformed):
                if isinstance(item, dict):
                    self.items[name_in_list(item, source)] = item
                    self.oldest = time_of(item, "created_time")
        self.whole = listing.further is None


class Verifier:
    """One look at messages that are known."""

    def __init__(self, graph: Graph, settings: Settings, clock: Clock, ledger: Ledger) -> None:
        self._graph = graph
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._token: Token | None = None
        self._names: dict[str, set[str] | None] = {}
        self._threads: dict[str, Json] = {}
        self._listed = False

    async def pages(self, known: Sequence[Known]) -> AsyncGenerator[Page, None]:
        """
        Yield what each list says of the messages that stand in it.

        One list that may not be read is noted; a refused token or a limit ends the look.
        """
        homes = by_home(known, self._settings.page_id)
        private = [home.above for home, _some in homes if home.private]
        await self._find_conversations(private, len(private) // _WORTH_A_PAGE)
        for home, some in homes:
            try:
                yield await self._look(home, some)
            except (errors.PermissionMissing, errors.UnexpectedPayload, Malformed) as error:
                yield Page({}, note=f"{len(some)} messages were not looked up: {error}")

    async def _find_conversations(self, names: Sequence[str], pages: int) -> None:
        """
        Look for conversations in the list of them, which shows 25 in a call.

        Those that were active lately are found there; for the others it is not read further
        than pays, and each is asked for by itself.
        """
        which, sought = LISTS["conversations"], set(names)
        path, params = f"{self._settings.page_id}/conversations", dict(which.params)
        for _ in range(pages):
            listing = await self._graph.page(path, params, which.task)
            for item in listing.items:
                with suppress(Malformed):
                    self._threads[id_of(an_object(item))] = item
            if listing.further is None or sought <= self._threads.keys():
                return
            params |= listing.further

    async def _look(self, home: Home, some: Sequence[Known]) -> Page:
        shown = await self._shown(home, some)
        items = {} if shown is None else shown.items
        absent = [each for each in some if bare(each.remote_id) not in items and not each.deleted]
        alone, missing = await self._alone(home, absent)
        gone, unsure = [], len(absent) - len(alone) - len(missing)
        for each in missing:
            if await self._is_gone(home, shown, each):
                gone.append(each)
            else:
                unsure += 1
        thread = None if shown is None else shown.thread
        messages = self._messages(some, {**items, **alone}, thread)
        return Page(
            {},
            messages,
            windows=[*_windows(messages, gone), *self._of_conversation(some[0], items, thread)],
            gone=[each.remote_id for each in gone],
            note=f"{unsure} messages cannot be looked up on Facebook." if unsure else "",
        )

    def _messages(
        self, some: Iterable[Known], items: Mapping[str, Json], thread: Json | None
    ) -> list[Message]:
        found, url = [], payloads.conversation_url(thread or {})
        for each in some:
            item = items.get(bare(each.remote_id))
            if item is None:
                continue
            # Too old to be shown whole, or broken: that it is there is all that can be said.
            with suppress(Malformed):
                message = reader_of(each, self._settings.page_id, url)(item)
                found.append(replace(message, restored=each.deleted))
        return found

    def _of_conversation(
        self, one: Known, items: Mapping[str, Json], thread: Json | None
    ) -> list[ReplyWindow]:
        """Return how a conversation can be answered now; *one* is any message of it."""
        if thread is None:
            return []
        everything = [replace(one, remote_id=f"dm:{name}", deleted=False) for name in items]
        shown = self._messages(everything, items, thread)
        can_reply = thread.get("can_reply") is not False
        return [windows.conversation(one.thread_id, shown, can_reply=can_reply)]

    async def _shown(self, home: Home, some: Sequence[Known]) -> Shown | None:
        """Return what the list shows of the time of *some*; None if there is no such list."""
        for path in home.paths:
            with suppress(Missing):
                return await self._read(path, home, some)
        if home.private and not self._listed:
            # A server may show conversations in their list and not one by one.
            self._listed = True
            await self._find_conversations([home.above], 1)
            if home.above in self._threads:
                return await self._read(home.above, home, some)
        return None

    async def _read(self, path: str, home: Home, some: Sequence[Known]) -> Shown:
        shown, params = Shown(), dict(home.params)
        sought, back_to = {bare(each.remote_id) for each in some}, min(e.sent_at for e in some)
        if home.private:
            fields = {"fields": CONVERSATION_FIELDS}
            thread = self._threads.get(path) or await self._graph.call(
                "GET", path, fields, home.task
            )
            shown.thread, path = thread, f"{path}/messages"
            listing = Listing.of(thread["messages"]) if thread.get("messages") else Listing()
        else:
            listing = await self._graph.page(path, params, home.task)
        for _ in range(MOST_PAGES):
            shown.take(listing, home.source)
            far_enough = shown.oldest is not None and shown.oldest < back_to
            if listing.further is None or far_enough or sought <= shown.items.keys():
                break
            params |= listing.further
            try:
                listing = await self._graph.page(path, params, home.task)
            except Expired:
                # What stands further down is not shown, or moved: of that nothing is known.
                shown.whole = False
                break
        return shown

    async def _alone(
        self, home: Home, absent: Sequence[Known]
    ) -> tuple[dict[str, Json], list[Known]]:
        """Ask for messages one by one; return those that there are, and those there are not."""
        if not absent:
            return {}, []
        names = [bare(each.remote_id) for each in absent]
        answers = await self._graph.each(names, home.task, {"fields": fields_of(absent[0])})
        found: dict[str, Json] = {
            name: item for name, item in answers.items() if isinstance(item, dict)
        }
        missing = [
            each
            for each, name in zip(absent, names, strict=True)
            if isinstance(answers[name], Missing)
        ]
        return found, missing

    async def _is_gone(self, home: Home, shown: Shown | None, known: Known) -> bool:
        if self._token is None:
            self._token = await token_told(self._graph, self._settings)
        if not self._token.shows(home.task.scopes, self._clock.now()):
            return False
        if shown is not None:
            return shown.would_show(known, private=home.private)
        if not home.above or (home.private and self._may_be_unlisted(known)):
            return False
        lists = [home.source]
        if home.source == "feed":
            day = known.sent_at.date()
            extras = [name for name, each in LISTS.items() if each.extra]
            lists += [e for e in extras if self._ledger.spent(WAS_READ.format(e), day)]
        return all([await self._is_in_no_list(home.above, each) for each in lists])

    def _may_be_unlisted(self, known: Known) -> bool:
        """Return whether a conversation may be there without being listed, as old requests are."""
        return self._clock.now() - known.sent_at > _LISTED_FOR

    async def _is_in_no_list(self, above: str, source: str) -> bool:
        """Return whether all of a list could be read and shows nothing of that name or number."""
        if source not in self._names:
            self._names[source] = await self._all_of(source)
        names = self._names[source]
        return names is not None and not any(
            name == above or name.endswith(f"_{above}") for name in names
        )

    async def _all_of(self, source: str) -> set[str] | None:
        """Return the ids of a whole list of the Page's, None if it cannot be read to its end."""
        params = {**LISTS[source].params, "fields": "id", "limit": "100"}
        if source == "ratings":
            params = dict(LISTS[source].simpler)
        names: set[str] = set()
        for _ in range(MOST_PAGES):
            try:
                path = f"{self._settings.page_id}/{source}"
                listing = await self._graph.page(path, params, LISTS[source].task)
                names |= {name_in_list(an_object(item), source) for item in listing.items}
            except (errors.PermissionMissing, errors.UnexpectedPayload, Malformed):
                return None
            if listing.further is None:
                return names
            params |= listing.further
        return None


def _windows(found: Iterable[Message], gone: Iterable[Known]) -> Iterator[ReplyWindow]:
    """Yield how the threads can be answered whose beginning is there, or is gone."""
    for each in found:
        if each.remote_id == each.thread_id and each.remote_id.startswith("comment:"):
            yield windows.below_comment(each)
        elif each.restored and each.remote_id == each.thread_id:
            yield windows.open_again(each.thread_id)
    for known in gone:
        if known.remote_id == known.thread_id:
            yield windows.gone(known.thread_id)
