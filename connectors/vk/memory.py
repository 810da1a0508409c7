"""What an item does not say of itself and others have told: whose posts, and what answers what."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.payloads import COMMENT_KINDS, WALL, post_name
from connectors.vk.shapes import as_object, integer, items_of
from inboxd.errors import InboxdError, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connectors.vk.transport import Api
    from inboxd.model import Message

POSTS_BY_ID: Final = 100  # wall.getById; the schema names no limit, dev.vk.com this one
_FLAT: Final = COMMENT_KINDS.keys() - {WALL.name}


class Memory:
    """
    Which posts of the wall are customers', and which comment of a flat list answers which.

    On walls VK names the top comment of a thread. Below photos, videos and goods and in
    discussions it names only what is answered, which may be an answer itself. A part of this
    goes over a restart in the long poll's cursor; the rest can be asked for again.
    """

    _MOST: Final = 10_000
    _CARRIED: Final = 300
    _DEEPEST: Final = 100

    def __init__(self, group_id: int) -> None:
        self._group_id = group_id
        self._customers: OrderedDict[int, bool] = OrderedDict()
        self._answered: OrderedDict[str, str] = OrderedDict()

    def is_customers(self, post: int) -> bool:
        """Return whether a customer wrote *post*; of one that nobody knows, the shop."""
        return self._customers.get(post, False)

    def root_of(self, comment: str) -> str:
        """Return the comment at the top of the thread that *comment* stands in, as far as known."""
        for _step in range(self._DEEPEST):
            if comment not in self._answered:
                break
            comment = self._answered[comment]
        return comment

    def note(self, post: int, *, customers: bool) -> None:
        """Remember who wrote *post*; the oldest knowledge goes when it is too much."""
        self._customers[post] = customers
        if len(self._customers) > self._MOST:
            self._customers.popitem(last=False)

    def learn(self, messages: Iterable[Message]) -> None:
        """Remember customers' posts, the only ones that are messages, and what answers what."""
        own = post_name(-self._group_id, 0).removesuffix("0")
        for message in messages:
            if message.remote_id.startswith(own):
                self.note(int(message.remote_id.removeprefix(own)), customers=True)
            if message.parent_id and message.remote_id.partition(":")[0] in _FLAT:
                self._answered[message.remote_id] = message.parent_id
        while len(self._answered) > self._MOST:
            self._answered.popitem(last=False)

    def carried(self) -> Mapping[str, Any]:
        """Return what a cursor takes over a restart; nothing where there is nothing to tell."""
        posts = sorted(post for post, theirs in self._customers.items() if theirs)
        answered = dict(list(self._answered.items())[-self._CARRIED :])
        kept = {"customers_posts": posts[-self._CARRIED :], "answered": answered}
        return {key: value for key, value in kept.items() if value}

    def recall(self, cursor: Mapping[str, Any]) -> None:
        """Take over what a cursor carried; what is known already is newer."""
        for post in cursor.get("customers_posts", ()):
            self._customers.setdefault(post, True)
        for comment, parent in cursor.get("answered", {}).items():
            self._answered.setdefault(comment, parent)

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
