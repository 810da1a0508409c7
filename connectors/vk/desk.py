"""What every source works with: the tokens, the clock, and what is known of people and posts."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connectors.vk.payloads import post_name
from connectors.vk.shapes import as_object, integer, items_of, unix
from inboxd.errors import InboxdError, PermissionMissing, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.vk.people import People
    from connectors.vk.settings import Settings
    from connectors.vk.transport import Api
    from inboxd.clock import Clock
    from inboxd.connector import Cursor
    from inboxd.model import Message

POSTS_BY_ID: Final = 100  # wall.getById; the schema names no limit, dev.vk.com this one


@dataclass(frozen=True, slots=True)
class Desk:
    """One account's tokens and memory. Whatever it remembers can be asked for again."""

    settings: Settings
    clock: Clock
    community: Api
    service: Api | None
    user: Api | None
    people: People
    posts: Posts

    @property
    def group_id(self) -> int:
        """The community's number; as an author and owner it is negative."""
        return self.settings.group_id

    @property
    def reader(self) -> Api | None:
        """The token that reads walls and topics: a service token, else a user's."""
        return self.service or self.user

    def require_reader(self, what: str) -> Api:
        """Return `reader`; raise PermissionMissing where there is none."""
        if self.reader is None:
            raise PermissionMissing(f"{what} needs a service_token")
        return self.reader

    def require_user(self, what: str) -> Api:
        """Return the user token's methods; raise PermissionMissing where there is none."""
        if self.user is None:
            raise PermissionMissing(f"{what} needs a user_token")
        return self.user

    @property
    def now(self) -> int:
        """The present, in unix seconds."""
        return unix(self.clock.now())

    @property
    def horizon(self) -> int:
        """Where the backfill begins, in unix seconds."""
        return self.now - int(self.settings.backfill.total_seconds())

    @property
    def overlap(self) -> int:
        """How far behind its cursor a source re-reads, in seconds."""
        return int(self.settings.overlap.total_seconds())

    def start(self, cursor: Cursor) -> tuple[int, int]:
        """
        Return from when a source that keeps ``since`` reads, and what it keeps until it has.

        Both in unix seconds: the overlap behind the cursor, or the backfill where it is the
        first time.
        """
        since = cursor.get("since")
        if not isinstance(since, int):
            return self.horizon, self.horizon
        return since - self.overlap, since


class Posts:
    """Who wrote the posts of the community's own wall: the shop, or a customer."""

    _MOST: Final = 10_000

    def __init__(self, group_id: int) -> None:
        self._group_id = group_id
        self._customers: OrderedDict[int, bool] = OrderedDict()

    def is_customers(self, post: int) -> bool:
        """Whether a customer wrote *post*; of one that nobody knows, the shop."""
        return self._customers.get(post, False)

    def note(self, post: int, *, customers: bool) -> None:
        """Remember who wrote *post*; the oldest knowledge goes when it is too much."""
        self._customers[post] = customers
        if len(self._customers) > self._MOST:
            self._customers.popitem(last=False)

    def learn(self, messages: Iterable[Message]) -> None:
        """Remember the posts among *messages*: only customers' are messages."""
        own = post_name(-self._group_id, 0).removesuffix("0")
        for message in messages:
            if message.remote_id.startswith(own):
                self.note(int(message.remote_id.removeprefix(own)), customers=True)

    def customers_newest(self, count: int) -> list[int]:
        """Return the newest posts of customers, for a cursor to carry over a restart."""
        return sorted(post for post, theirs in self._customers.items() if theirs)[-count:]

    async def ask(self, posts: Iterable[int], reader: Api | None) -> None:
        """
        Learn who wrote those of *posts* that are not known, where a token can read the wall.

        A failure holds nothing back: the wall's own reading will meet it again and tell.
        """
        if reader is None:
            return
        strange = sorted(set(posts) - self._customers.keys())
        for start in range(0, len(strange), POSTS_BY_ID):
            some = strange[start : start + POSTS_BY_ID]
            names = ",".join(f"{-self._group_id}_{post}" for post in some)
            try:
                answer = await reader.call("wall.getById", {"posts": names})
                self._note_all(some, items_of(answer, "wall.getById"))
            except InboxdError:
                return

    def _note_all(self, asked: Sequence[int], found: Iterable[object]) -> None:
        """Note the posts that were *found*; one that VK does not show is nobody's we know."""
        for post in asked:
            self.note(post, customers=False)
        for item in found:
            try:
                post_found = as_object(item, "post")
                theirs = integer(post_found, "from_id") != -self._group_id
                self.note(integer(post_found, "id"), customers=theirs)
            except UnexpectedPayload:
                continue
