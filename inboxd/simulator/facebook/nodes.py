"""
The objects of the Graph API that a Page's inbox is made of, over the simulated world.

Field and edge names: the official SDK's specs (facebook/facebook-business-sdk-codegen);
UnifiedMessage has none there and follows recorded payloads. A real field that the
simulated world has nothing for is listed in unserved.py: it is left out of answers, as
the real API leaves out what is empty, while a field that does not exist is an error.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

from inboxd.simulator.facebook.errors import GraphError, no_such_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from inboxd.simulator.facebook.view import View
    from inboxd.simulator.people import Person
    from inboxd.simulator.world import Item

NETWORK: Final = "facebook"
DETAILED_MESSAGES = 20
"""Only the newest messages of a conversation can be read in detail; of older ones, id and time."""


NO_PUBLIC_ACCESS: Final = (
    "This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content "
    "Access' feature or the 'Page Public Metadata Access' feature."
)


class Node(ABC):
    """One object: what it is called, its fields, and the edges that lead from it."""

    kind: ClassVar[str]
    defaults: ClassVar[tuple[str, ...]]

    def __init__(self, view: View) -> None:
        self.view = view

    @property
    @abstractmethod
    def id(self) -> str:
        """The id as the API writes it."""

    @property
    def key(self) -> str:
        """What a cursor remembers of the object."""
        return self.id

    @abstractmethod
    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; a value is None where the answer leaves the field out."""

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return the edges, each a function of its query parameters."""
        return {}


class PageNode(Node):
    """The Page."""

    kind = "Page"
    defaults = ("name",)

    @property
    def id(self) -> str:
        """Return the Page's id."""
        return str(self.view.page.id)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; a rating is one star or five, as recommendations count."""
        page, view = self.view.page, self.view
        return {
            "id": lambda: self.id,
            "name": lambda: page.name,
            "username": lambda: page.handle,
            "link": lambda: f"https://www.facebook.com/{page.handle}",
            "category": lambda: "Shopping & retail",
            "is_published": lambda: True,
            "followers_count": lambda: 0,
            "rating_count": lambda: len(view.reviews()),
            "overall_star_rating": self._stars,
            "unread_message_count": lambda: sum(view.unread(one) for one in view.peers()),
        }

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return the edges of an inbox; `ratings` exists up to v21.0 only."""
        view = self.view
        return {
            "conversations": self._conversations,
            "feed": lambda query: _posts(view, view.between(view.feed(), query)),
            "posts": lambda query: _posts(view, view.between(view.own_posts(), query)),
            "published_posts": lambda query: _posts(view, view.between(view.own_posts(), query)),
            "visitor_posts": lambda query: _posts(view, view.between(view.visitor_posts(), query)),
            "tagged": lambda query: _posts(view, view.between(view.tagged(), query)),
            "ratings": lambda _query: self._ratings(),
            "ads_posts": lambda query: _posts(view, view.between(view.listed("ads_posts"), query)),
            "photos": self._photos,
        }

    def _stars(self) -> float | None:
        reviews = self.view.reviews()
        if not reviews:
            return None
        return round(sum(5 if item.positive else 1 for item in reviews) / len(reviews), 1)

    def _conversations(self, query: Mapping[str, str]) -> list[Node]:
        if query.get("platform", "messenger").lower() != "messenger":
            return []
        wanted = query.get("user_id")
        peers = self.view.peers()
        chosen = [one for one in peers if wanted in (None, str(one.id_on(NETWORK)))]
        return [ThreadNode(self.view, person) for person in chosen]

    def _photos(self, query: Mapping[str, str]) -> list[Node]:
        """Return the pictures: without `type=uploaded` only those of its profile, of which it has none."""
        if query.get("type") != "uploaded":
            return []
        return [PhotoNode(self.view, item) for item in self.view.listed("photos")]

    def _ratings(self) -> list[Node]:
        if self.view.version > (21, 0):
            raise GraphError(12)
        return [RecommendationNode(self.view, item) for item in self.view.reviews()]


class PostNode(Node):
    """A post; the story behind a recommendation is one too."""

    kind = "PagePost"
    defaults: ClassVar[tuple[str, ...]] = ("created_time", "message", "story")

    def __init__(self, view: View, item: Item) -> None:
        super().__init__(view)
        self.item = item

    @property
    def id(self) -> str:
        """Return PAGE_POST."""
        return self.view.id_of(self.item)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; `updated_time` moves on with a comment, too."""
        item, view = self.item, self.view
        return {
            "id": lambda: self.id,
            "created_time": lambda: timestamp(item.sent_at),
            "updated_time": lambda: timestamp(view.touched_at(item)),
            "from": lambda: view.author(item),
            "message": lambda: view.text(item),
            "permalink_url": lambda: f"https://www.facebook.com/{self.id}",
            "is_hidden": lambda: item.is_hidden(view.at),
            "is_published": lambda: True,
            "status_type": lambda: "mobile_status_update",
            **given(view, item),
        }

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return `comments`."""
        return {"comments": lambda query: _comments(self.view, self.item, query)}


class StoryNode(PostNode):
    """The story behind a recommendation, as its field: without fields it is an id."""

    defaults = ()


class PhotoNode(PostNode):
    """A picture of the Page's; it has a number for an id, and comments of its own."""

    kind = "Photo"
    defaults = ("created_time", "name")

    @property
    def id(self) -> str:
        """Return NUMBER."""
        return str(self.item.number)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; `page_story_id`, the post that shows it, is among the details."""
        item, view = self.item, self.view
        return {
            "id": lambda: self.id,
            "created_time": lambda: timestamp(item.sent_at),
            "updated_time": lambda: timestamp(view.touched_at(item)),
            "from": lambda: view.author(item),
            "name": lambda: view.text(item),
            "link": lambda: f"https://www.facebook.com/photo.php?fbid={self.id}",
            **given(view, item),
        }


class CommentNode(Node):
    """A comment; a reply to a reply stands below the first-level comment."""

    kind = "Comment"
    defaults = ("created_time", "from", "message")

    def __init__(self, view: View, item: Item) -> None:
        super().__init__(view)
        self.item = item

    @property
    def id(self) -> str:
        """Return POST_COMMENT."""
        return self.view.id_of(self.item)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; a first-level comment has no `parent`."""
        item, view = self.item, self.view
        return {
            "id": lambda: self.id,
            "created_time": lambda: timestamp(item.sent_at),
            "from": lambda: view.author(item),
            "message": lambda: view.text(item),
            "parent": self._parent,
            "object": lambda: PostNode(view, view.root(item)),
            "permalink_url": lambda: f"https://www.facebook.com/{self.id}",
            "is_hidden": lambda: item.is_hidden(view.at),
            "is_private": lambda: False,
            "can_hide": lambda: not item.by_brand,
            "can_comment": lambda: True,
            "can_like": lambda: True,
            "can_remove": lambda: True,
            "can_reply_privately": lambda: not item.by_brand,
            "comment_count": lambda: len(view.replies(item)),
            "like_count": lambda: 0,
            "user_likes": lambda: False,
            **given(view, item),
        }

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return `comments`, the replies."""
        return {"comments": lambda query: _comments(self.view, self.item, query)}

    def _parent(self) -> CommentNode | None:
        top = self.view.top_comment(self.item)
        return None if top.serial == self.item.serial else CommentNode(self.view, top)


class ThreadNode(Node):
    """A Messenger conversation with one person."""

    kind = "UnifiedThread"
    defaults = ("link", "updated_time")

    def __init__(self, view: View, peer: Person) -> None:
        super().__init__(view)
        self.peer = peer
        self._cached: list[Item] | None = None

    @property
    def id(self) -> str:
        """Return t_NUMBER."""
        return f"t_{self.peer.id_on(NETWORK)}"

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; the snippet is the beginning of the newest message."""
        view, page = self.view, self.view.page
        return {
            "id": lambda: self.id,
            "link": lambda: f"/{page.id}/inbox/{self.peer.id_on(NETWORK)}/",
            "updated_time": lambda: timestamp(self._messages()[-1].sent_at),
            "message_count": lambda: len(self._messages()),
            "unread_count": lambda: view.unread(self.peer),
            "can_reply": lambda: view.window(self.peer).open_for_people,
            "participants": lambda: {"data": [view.person(self.peer), view.page_as_sender()]},
            "senders": lambda: {"data": [view.person(self.peer), view.page_as_sender()]},
            "snippet": lambda: self._messages()[-1].text_at(view.at)[:100],
            "folder": lambda: "inbox",
            "is_subscribed": lambda: True,
        }

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return `messages`, newest first."""
        return {"messages": lambda _query: self._newest_first()}

    def _messages(self) -> list[Item]:
        if self._cached is None:
            self._cached = self.view.messages(self.peer)
        return self._cached

    def _newest_first(self) -> list[Node]:
        return [
            MessageNode(self.view, item, detailed=age < DETAILED_MESSAGES)
            for age, item in enumerate(reversed(self._messages()))
        ]


class MessageNode(Node):
    """A message of a conversation; one that is not *detailed* has its id and time only."""

    kind = "UnifiedMessage"
    defaults = ("created_time",)

    def __init__(self, view: View, item: Item, *, detailed: bool = True) -> None:
        super().__init__(view)
        self.item = item
        self._detailed = detailed

    @property
    def id(self) -> str:
        """Return m_OPAQUE."""
        return self.view.id_of(self.item)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; both sides have an address of facebook.com, as recorded."""
        item, view = self.item, self.view
        details: dict[str, Callable[[], object]] = {
            "from": lambda: view.sender(item),
            "to": lambda: {"data": [view.recipient(item)]},
            "message": lambda: item.text_at(view.at),
            "tags": lambda: {"data": [{"name": "inbox"}]},
            **given(view, item),
        }
        if not self._detailed:
            details = dict.fromkeys(details, lambda: None)
        return {
            "id": lambda: self.id,
            "created_time": lambda: timestamp(item.sent_at),
            **details,
        }


class RecommendationNode(Node):
    """A recommendation; it has no id of its own, only that of its story."""

    kind = "Recommendation"
    defaults = ("created_time", "recommendation_type", "review_text", "reviewer")

    def __init__(self, view: View, item: Item) -> None:
        super().__init__(view)
        self.item = item

    @property
    def id(self) -> str:
        """Return nothing: a recommendation's answer has no id."""
        return ""

    @property
    def key(self) -> str:
        """What a cursor remembers."""
        return self.view.id_of(self.item)

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields; recommendations have no stars."""
        item, view = self.item, self.view
        return {
            "created_time": lambda: timestamp(item.sent_at),
            "has_rating": lambda: False,
            "has_review": lambda: bool(view.text(item)),
            "recommendation_type": lambda: "positive" if item.positive else "negative",
            "review_text": lambda: view.text(item),
            "reviewer": lambda: view.author(item),
            "open_graph_story": lambda: StoryNode(view, item),
            **given(view, item),
        }


class ForeignPageNode(Node):
    """Another shop's Page, of which an app with the feature for it sees what is public."""

    kind = "Page"
    defaults = ("name",)

    def __init__(self, view: View, shop: Person) -> None:
        super().__init__(view)
        self.shop = shop

    @property
    def id(self) -> str:
        """Return the Page's id."""
        return str(self.shop.id_on(NETWORK))

    def values(self) -> Mapping[str, Callable[[], object]]:
        """Return the fields that everybody may see."""
        return {
            "id": lambda: self.id,
            "name": lambda: self.shop.name,
            "username": lambda: self.shop.handle,
            "link": lambda: f"https://www.facebook.com/{self.shop.handle}",
        }

    def edges(self) -> Mapping[str, Callable[[Mapping[str, str]], Sequence[Node]]]:
        """Return `feed`."""
        view = self.view
        return {"feed": lambda query: _posts(view, view.between(view.feed_of(self.shop), query))}


def is_foreign(node: Node) -> bool:
    """Tell whether an object stands on another shop's Page, or is it."""
    if isinstance(node, PostNode | CommentNode):
        return node.view.is_foreign(node.item)
    return isinstance(node, ForeignPageNode)


def find(view: View, identifier: str) -> Node:
    """Return the object with an id; raise error 100 (33) where there is none to be seen."""
    if (shop := view.other_shop(identifier)) is not None:
        return ForeignPageNode(view, shop)
    if identifier in {"me", str(view.page.id)}:
        return PageNode(view)
    if identifier.startswith("t_"):
        peer = view.peer(identifier.removeprefix("t_"))
        if peer is not None:
            return ThreadNode(view, peer)
    if (photo := view.photo(identifier)) is not None and view.is_shown(photo):
        return PhotoNode(view, photo)
    item = view.world.by_remote_id(NETWORK, identifier)
    if item is None or not view.is_shown(item):
        raise no_such_object(identifier)
    if item.private:
        return _message(view, item)
    return PostNode(view, item) if item.root == item.serial else CommentNode(view, item)


def given(view: View, item: Item) -> Mapping[str, Callable[[], object]]:
    """Return the fields that an item's details tell, above those that follow from the world."""

    def constant(value: object) -> Callable[[], object]:
        return lambda: value

    return {name: constant(value) for name, value in view.given(item).items()}


def timestamp(at: datetime) -> str:
    """Return a time as the Graph API writes it: 2026-01-01T00:00:00+0000."""
    return at.strftime("%Y-%m-%dT%H:%M:%S%z")


def _message(view: View, item: Item) -> MessageNode:
    """Return a single message; one that is too old to be detailed errs as deleted."""
    newest = view.messages(item.peer)[-DETAILED_MESSAGES:] if item.peer is not None else []
    if item.serial not in {one.serial for one in newest}:
        raise GraphError(100, "This message has been deleted by the user", 33)
    return MessageNode(view, item)


def _posts(view: View, items: Sequence[Item]) -> list[Node]:
    return [PostNode(view, item) for item in items]


def _comments(view: View, item: Item, query: Mapping[str, str]) -> list[Node]:
    """
    Return the comments below a post or comment.

    `filter` is toplevel unless it says stream, `order` chronological (oldest first)
    unless it says reverse_chronological; `since` leaves out what is older.
    """
    chosen = _one_of(query, "filter", "toplevel", "stream")
    order = _one_of(query, "order", "chronological", "reverse_chronological")
    below = view.comments(item) if chosen == "stream" else view.replies(item)
    below = view.between(below, query)
    if order == "reverse_chronological":
        below = below[::-1]
    return [CommentNode(view, one) for one in below]


def _one_of(query: Mapping[str, str], name: str, default: str, other: str) -> str:
    value = query.get(name, default)
    if value not in {default, other}:
        raise GraphError(100, f"Param {name} must be one of {{{default.upper()}, {other.upper()}}}")
    return value
