"""The simulated world as one Graph API call sees it: at one instant, under one version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from inboxd.simulator.facebook.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from inboxd.simulator.facebook.errors import Json
    from inboxd.simulator.people import Person
    from inboxd.simulator.world import Brand, Item, World

_NETWORK: Final = "facebook"

# developers.facebook.com/documentation/business-messaging/messenger-platform/policy
RESPONSE_WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """How long ago a person last wrote; None is never."""

    silence: timedelta | None

    @property
    def open_for_all(self) -> bool:
        """Whether any reply may be sent."""
        return self.silence is not None and self.silence <= RESPONSE_WINDOW

    @property
    def open_for_people(self) -> bool:
        """Whether a human agent may still reply."""
        return self.silence is not None and self.silence <= HUMAN_AGENT_WINDOW


@dataclass(frozen=True, slots=True)
class View:
    """What there is to read *at* an instant, for calls of a *version* such as (21, 0)."""

    world: World
    at: datetime
    version: tuple[int, int]
    details: Mapping[int, Json] = field(default_factory=dict)
    """What the world does not know of an item, by serial: fields of Graph's, and `list`."""
    _threads: dict[int, dict[int, list[Item]]] = field(default_factory=dict)

    # People

    @property
    def page(self) -> Brand:
        """The shop's Page."""
        return self.world.brand(_NETWORK)

    def peers(self) -> list[Person]:
        """Return who has a conversation, latest activity first."""
        return self.world.dm_peers(_NETWORK, self.at)

    def peer(self, psid: str) -> Person | None:
        """Return who has a conversation under a page-scoped id, or None."""
        if not (psid.isascii() and psid.isdecimal()):
            return None
        person = self.world.person_by_id(_NETWORK, int(psid))
        return person if person is not None and self.messages(person) else None

    def person(self, person: Person) -> Json:
        """Return a person as a message's sender or recipient."""
        psid = str(person.id_on(_NETWORK))
        return {"name": person.name, "email": f"{psid}@facebook.com", "id": psid}

    def page_as_sender(self) -> Json:
        """Return the Page as a message's sender or recipient."""
        page = self.page
        return {"name": page.name, "email": f"{page.id}@facebook.com", "id": str(page.id)}

    def other_shop(self, number: str) -> Person | None:
        """Return the other shop whose Page has a number, or None."""
        known = number.isascii() and number.isdecimal()
        found = self.world.person_by_id(_NETWORK, int(number)) if known else None
        return found if found is not None and found.is_shop else None

    def is_foreign(self, item: Item) -> bool:
        """Whether an item stands on another shop's Page."""
        return item.wall is not None and item.wall.is_shop

    def author(self, item: Item) -> Json | None:
        """Return who wrote a public item; on another shop's Page people are not named."""
        if self.is_foreign(item) and item.author != item.wall:
            return None
        if item.author is None:
            return {"name": self.page.name, "id": str(self.page.id)}
        return {"name": item.author.name, "id": str(item.author.id_on(_NETWORK))}

    def sender(self, item: Item) -> Json:
        """Return who wrote a message."""
        return self.page_as_sender() if item.author is None else self.person(item.author)

    def recipient(self, item: Item) -> Json:
        """Return whom a message is for."""
        if item.author is None and item.peer is not None:
            return self.person(item.peer)
        return self.page_as_sender()

    # Items

    def is_shown(self, item: Item) -> bool:
        """Whether an item can be seen: it and everything above it is there."""
        if not item.is_visible(self.at):
            return False
        if item.private or item.parent is None:
            return True
        return self.is_shown(self.world.get(item.parent))

    def id_of(self, item: Item) -> str:
        """Return an item's id."""
        return self.world.remote_id(item)

    def text(self, item: Item) -> str | None:
        """Return a public item's text, or None where it has none: the field is then left out."""
        return item.text_at(self.at) or None

    def root(self, item: Item) -> Item:
        """Return the post above a comment."""
        return self.world.get(item.root)

    def feed(self) -> list[Item]:
        """Return what stands on the Page, ours and visitors', newest first."""
        roots = self._roots("post", "mention")
        return [item for item in roots if item.wall is None and not self.list_of(item)]

    def feed_of(self, shop: Person) -> list[Item]:
        """Return what stands on another shop's Page, newest first."""
        return [item for item in self._roots("post") if item.wall == shop]

    def list_of(self, item: Item) -> str:
        """Return the list a thing of the Page's stands in instead of the feed: ads_posts, photos."""
        return str(self.details.get(item.serial, {}).get("list", ""))

    def listed(self, name: str) -> list[Item]:
        """Return the ads, or the pictures, newest first."""
        return [item for item in self._roots("post") if self.list_of(item) == name]

    def photo(self, number: str) -> Item | None:
        """Return the picture with a number, which is the whole of its id."""
        item = self.world.by_remote_id(_NETWORK, f"{self.page.id}_{number}")
        return item if item is not None and self.list_of(item) == "photos" else None

    def given(self, item: Item) -> dict[str, object]:
        """Return the fields of an item that only its details tell."""
        told = self.details.get(item.serial, {})
        return {name: value for name, value in told.items() if name != "list"}

    def own_posts(self) -> list[Item]:
        """Return the Page's own posts, newest first."""
        return [item for item in self.feed() if item.by_brand]

    def visitor_posts(self) -> list[Item]:
        """Return what others posted to the Page, newest first."""
        return [item for item in self.feed() if not item.by_brand]

    def tagged(self) -> list[Item]:
        """Return the posts elsewhere that name the Page, newest first."""
        return [item for item in self._roots("mention") if item.wall is not None]

    def reviews(self) -> list[Item]:
        """Return the recommendations, newest first."""
        return self.world.visible(_NETWORK, "review", self.at)[::-1]

    def comments(self, above: Item) -> list[Item]:
        """Return everything below a post, or what is listed below a comment, oldest first."""
        thread = self._thread(above.root)
        if above.root != above.serial:
            return thread.get(above.serial, [])
        everything = [item for level in thread.values() for item in level]
        return sorted(everything, key=lambda item: item.order)

    def replies(self, above: Item) -> list[Item]:
        """Return what is listed directly below a post or comment, oldest first."""
        return self._thread(above.root).get(above.serial, [])

    def top_comment(self, item: Item) -> Item:
        """Return the first-level comment that *item* is, or stands below."""
        while item.parent is not None and item.parent != item.root:
            item = self.world.get(item.parent)
        return item

    def touched_at(self, post: Item) -> datetime:
        """Return when a post was last edited or commented on."""
        times = [item.sent_at for item in self.comments(post)]
        return max(post.sent_at, post.edited_at(self.at) or post.sent_at, *times)

    def between(self, items: Sequence[Item], query: Mapping[str, str]) -> list[Item]:
        """Return the items sent from `since` until `until`; raise error 100 for a bad time."""
        since, until = _time(query, "since"), _time(query, "until")
        return [
            item
            for item in items
            if (since is None or item.sent_at >= since) and (until is None or item.sent_at <= until)
        ]

    # Conversations

    def messages(self, peer: Person) -> list[Item]:
        """Return a conversation, oldest first."""
        return self.world.dm_thread(_NETWORK, peer, self.at)

    def unread(self, peer: Person) -> int:
        """Return how much a person wrote since the Page's last message."""
        count = 0
        for item in reversed(self.messages(peer)):
            if item.by_brand:
                break
            count += 1
        return count

    def window(self, peer: Person) -> ReplyWindow:
        """Return how long ago a person last wrote."""
        theirs = [item.sent_at for item in self.messages(peer) if not item.by_brand]
        return ReplyWindow(self.at - theirs[-1] if theirs else None)

    def _thread(self, root: int) -> dict[int, list[Item]]:
        """Return what is listed below a post and below each of its first-level comments."""
        if root not in self._threads:
            listed: dict[int, list[Item]] = {}
            name = self.world.thread_of(self.world.get(root))
            for item in self.world.thread(_NETWORK, name, self.at):
                if item.serial != root and self.is_shown(item):
                    top = self.top_comment(item)
                    above = root if top.serial == item.serial else top.serial
                    listed.setdefault(above, []).append(item)
            self._threads[root] = listed
        return self._threads[root]

    def _roots(self, *kinds: str) -> list[Item]:
        written: Iterable[Item] = (
            item
            for kind in ("post", "mention")
            if kind in kinds
            for item in self.world.visible(_NETWORK, kind, self.at)
        )
        roots = [item for item in written if item.root == item.serial]
        return sorted(roots, key=lambda item: item.order, reverse=True)


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    """Read unix seconds or an ISO 8601 time."""
    raw = query.get(name)
    if raw is None:
        return None
    try:
        if raw.isascii() and raw.isdecimal():
            return datetime.fromtimestamp(int(raw), UTC)
        at = datetime.fromisoformat(raw)
    except (ValueError, OverflowError, OSError):
        raise GraphError(100, f"Param {name} must be a unix time or a date") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
