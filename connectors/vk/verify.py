"""
Looks stored messages up again: which were edited, which are gone, which are back.

What VK leaves out of an answer is gone only if the same answer would have shown it: a thread
that was read to its end, a conversation whose other messages came, a wall that can be read.
Everything else is a note, never a deletion.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.boards import COMMENTS_PAGE
from connectors.vk.comments import Comments, Place
from connectors.vk.lists import LISTS, Listing
from connectors.vk.memory import POSTS_BY_ID
from connectors.vk.payloads import COMMENT_KINDS, WALL, direct_message, post_name, post_of
from connectors.vk.shapes import as_object, integer, items_of, total_of
from connectors.vk.verdicts import Verdicts, Wanted, all_found, goes_on, is_placed
from inboxd.connector import Known, Page
from inboxd.errors import InboxdError, PermissionMissing, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from connectors.vk.desk import Desk
    from connectors.vk.transport import Api
    from inboxd.model import Json, Message

MESSAGES_BY_PLACE: Final = 100  # messages.getByConversationMessageId
_BY_PLACE: Final = "messages.getByConversationMessageId"


class Verification:
    """Looks messages up in as few calls as VK allows, with whatever tokens there are."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._comments = Comments(desk)

    async def run(self, known: Sequence[Known]) -> AsyncIterator[Page]:
        """Yield what became of *known*; what could not be looked up is only noted."""
        by_kind: defaultdict[str, list[Wanted]] = defaultdict(list)
        for each in known:
            wanted = Wanted.of(each)
            by_kind[wanted.kind if wanted is not None else ""] += [wanted] if wanted else []
        async for page in self._private(by_kind.get("dm", [])):
            yield page
        walls = [*by_kind.get("wall_post", ()), *by_kind.get(WALL.name, ())]
        async for page in self._walls(walls):
            yield page
        for kind in COMMENT_KINDS.keys() - {WALL.name}:
            async for page in self._lists(kind, by_kind.get(kind, [])):
                yield page

    async def _page(self, verdicts: Verdicts) -> Page:
        named = await self._desk.people.name(verdicts.present)
        return Page({}, messages=named, gone=verdicts.gone, note="; ".join(verdicts.notes))

    # Private messages

    async def _private(self, wanted: Sequence[Wanted]) -> AsyncIterator[Page]:
        """Look messages up by their place: a hundred of a conversation, 25 conversations a call."""
        by_peer: defaultdict[int, list[Wanted]] = defaultdict(list)
        for each in wanted:
            by_peer[each.owner].append(each)
        groups = [
            group[start : start + MESSAGES_BY_PLACE]
            for group in by_peer.values()
            for start in range(0, len(group), MESSAGES_BY_PLACE)
        ]
        at_once = self._desk.community.MOST_AT_ONCE
        for start in range(0, len(groups), at_once):
            some = groups[start : start + at_once]
            answers = await self._desk.community.call_all([self._by_place(each) for each in some])
            verdicts = Verdicts()
            for group, answer in zip(some, answers, strict=True):
                self._judge(group, answer, verdicts)
            yield await self._page(verdicts)

    def _by_place(self, group: Sequence[Wanted]) -> tuple[str, dict[str, Any]]:
        places = ",".join(str(each.number) for each in group)
        return _BY_PLACE, {
            "group_id": self._desk.group_id, "peer_id": group[0].owner,
            "conversation_message_ids": places,
        }  # fmt: skip

    def _judge(self, group: Sequence[Wanted], answer: object, verdicts: Verdicts) -> None:
        peer = group[0].owner
        try:
            if isinstance(answer, InboxdError):
                raise answer
            items = items_of(answer, _BY_PLACE)
            told = [as_object(item, "message") for item in items]
            if total_of(as_object(answer, _BY_PLACE)) > len(items) or any(map(_hidden, told)):
                verdicts.notes.append(f"dm:{peer} was shown only in part")
                return
            messages = [direct_message(item, self._desk.group_id) for item in told]
        except (PermissionMissing, UnexpectedPayload) as error:
            verdicts.notes.append(f"dm:{peer} cannot be looked up: {error}")
            return
        verdicts.settle(group, {message.remote_id: message for message in messages})

    # Walls

    async def _walls(self, wanted: Sequence[Wanted]) -> AsyncIterator[Page]:
        """Look up posts by their ids, then the comments below those that are still there."""
        if not wanted:
            return
        if self._desk.reader is None:
            yield Page({}, note="comments cannot be looked up without a service_token")
            return
        verdicts = Verdicts()
        posts = {(each.owner, each.below or each.number) for each in wanted if is_placed(each)}
        there = await self._posts(self._desk.reader, sorted(posts), verdicts)
        by_post: defaultdict[tuple[int, int], list[Wanted]] = defaultdict(list)
        for each in wanted:
            if is_placed(each):
                by_post[each.owner, each.below or each.number].append(each)
        yield await self._page(verdicts)
        for (owner, post), group in by_post.items():
            verdicts = Verdicts()
            if (owner, post) in there:
                found = there[owner, post]
                if found is None:
                    verdicts.gone += [each.known.remote_id for each in group]
                else:
                    await self._below(owner, post, found, group, verdicts)
            yield await self._page(verdicts)

    async def _posts(
        self, reader: Api, posts: Sequence[tuple[int, int]], verdicts: Verdicts
    ) -> dict[tuple[int, int], Json | None]:
        """Return the posts that VK shows, and None for those that are gone."""
        found: dict[tuple[int, int], Json | None] = {}
        for start in range(0, len(posts), POSTS_BY_ID):
            some = posts[start : start + POSTS_BY_ID]
            try:
                shown = await self._shown(reader, some)
                found |= shown
                for owner in {owner for owner, post in some if (owner, post) not in shown}:
                    missing = [place for place in some if place[0] == owner and place not in shown]
                    if await self._readable(reader, owner):
                        found |= dict.fromkeys(missing)
                    else:
                        verdicts.notes.append(f"the wall of {owner} cannot be read now")
            except (PermissionMissing, UnexpectedPayload) as error:
                verdicts.notes.append(f"posts cannot be looked up: {error}")
        return found

    async def _shown(
        self, reader: Api, posts: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], Json | None]:
        """Return those of *posts* that VK shows; None for one that it says is deleted."""
        names = ",".join(f"{owner}_{post}" for owner, post in posts)
        answer = await reader.call("wall.getById", {"posts": names})
        shown: dict[tuple[int, int], Json | None] = {}
        for item in items_of(answer, "wall.getById"):
            post = as_object(item, "post")
            place = integer(post, "owner_id"), integer(post, "id")
            shown[place] = None if post.get("is_deleted") is True else post
        return shown

    async def _readable(self, reader: Api, owner: int) -> bool:
        """
        Return whether a wall shows anything at all.

        VK leaves out what does not exist and what may not be seen alike.
        """
        try:
            answer = await reader.call("wall.get", {"owner_id": owner, "count": 1})
        except PermissionMissing:
            return False
        return bool(items_of(answer, "wall.get"))

    async def _below(
        self, owner: int, post: int, told: Json, group: Sequence[Wanted], verdicts: Verdicts
    ) -> None:
        """Judge a post and the comments below it."""
        itself = [each for each in group if each.kind == "wall_post"]
        comments = [each for each in group if each.kind == WALL.name]
        customers = any(each.known.thread_id == post_name(owner, post) for each in comments)
        try:
            if itself:
                message = post_of(told, self._desk.group_id, itself[0].known.stream)
                verdicts.settle(itself, {message.remote_id: message})
            if comments:
                place = Place(owner, post, customers=customers)
                found, total = await self._all_comments(place, comments)
                verdicts.settle_listed(comments, found, total, f"comments of {owner}_{post}")
        except (PermissionMissing, UnexpectedPayload) as error:
            verdicts.notes.append(f"what is below post {post} cannot be looked up: {error}")

    async def _all_comments(
        self, place: Place, wanted: Sequence[Wanted]
    ) -> tuple[dict[str, Message], int]:
        """
        Return the comments of a post, both levels, until all that are wanted are there.

        With them, the most that VK counted on both levels meanwhile; it may show a comment without
        its thread, and what is deleted between two pages draws another one past them.
        """
        found: dict[str, Message] = {}
        offset, total, more = 0, 0, True
        while more:
            answer = await self._comments.page(place, offset)
            top = items_of(answer, "wall.getComments")
            for item in top:
                shown = as_object(item, "comment")
                for comment in [shown, *await self._thread(place, shown)]:
                    message = self._comments.read_one(place, as_object(comment, "comment"))
                    found[message.remote_id] = message
            level = "current_level_count" if "current_level_count" in answer else "count"
            total = max(total, total_of(answer))
            more = goes_on(top, offset, answer.get(level)) and not all_found(wanted, found)
            offset += COMMENTS_PAGE
        return found, total

    async def _thread(self, place: Place, top: Json) -> Sequence[object]:
        """Return all that stands below a comment of the first level."""
        thread = as_object(top.get("thread", {}), "thread")
        shown, count = thread.get("items"), thread.get("count")
        replies = shown if isinstance(shown, list) else []
        if not isinstance(count, int) or count <= len(replies):
            return replies
        below = await self._comments.thread(place, integer(top, "id"), lambda _date: False)
        if not below:
            raise UnexpectedPayload(f"of {count} replies none is shown", top)
        return below

    # Photos, videos, goods and discussions

    async def _lists(self, kind: str, wanted: Sequence[Wanted]) -> AsyncIterator[Page]:
        """Look comments up in the lists of what they stand below."""
        groups: defaultdict[tuple[int, int], list[Wanted]] = defaultdict(list)
        for each in wanted:
            if each.below is not None:
                groups[each.owner, each.below].append(each)
        lister = LISTS[kind]
        api = self._desk.reader if lister.by_service else self._desk.user
        if not groups:
            return
        if api is None:
            token = "service_token" if lister.by_service else "user_token"
            yield Page({}, note=f"{kind}s cannot be looked up without a {token}")
            return
        for (owner, below), group in groups.items():
            verdicts = Verdicts()
            what = f"{kind}s of {owner}_{below}"
            try:
                found, total = await Listing(self._desk, api, kind, owner, below).read(group)
            except (PermissionMissing, UnexpectedPayload) as error:
                verdicts.notes.append(f"{what} cannot be looked up: {error}")
            else:
                verdicts.settle_listed(group, found, total, what)
            yield await self._page(verdicts)


def _hidden(item: Json) -> bool:
    """Whether VK shows a message's shell only, for a reason that it does not tell."""
    return item.get("is_unavailable") is True
