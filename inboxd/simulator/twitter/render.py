"""Posts, users and direct messages as X writes them, in either of its two vocabularies."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.simulator.twitter import problems
from inboxd.simulator.twitter.posts import Post, current
from inboxd.simulator.world import snowflake_time

if TYPE_CHECKING:
    from inboxd.simulator.people import Person
    from inboxd.simulator.twitter.parameters import Query
    from inboxd.simulator.world import Item, World

Json = dict[str, Any]

# From 2.167 on the same things have new names, used where `post.fields` was asked for.
_RENAMED = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
}
_REFERENCED = {"referenced_tweets.id", "referenced_tweets.id.author_id", "referenced_posts"}
# An expansion brings the field that it expands.
_FIELD_OF_EXPANSION = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "entities.mentions.username": "entities",
    **dict.fromkeys(_REFERENCED, "referenced_tweets"),
}
_SHORT_TEXT = 280
_EDIT_WINDOW = timedelta(hours=1)
_BRAND_SINCE = datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC)
_HANDLE = re.compile(r"@([A-Za-z0-9_]{1,15})\b")


class Renderer:
    """Renders what one request asked for and gathers what goes into `includes`."""

    def __init__(self, world: World, at: datetime, query: Query) -> None:
        self._world = world
        self._at = at
        self._query = query
        self._fields = {
            *query.tweet_fields,
            *(
                _FIELD_OF_EXPANSION[name]
                for name in query.expansions
                if name in _FIELD_OF_EXPANSION
            ),
        }
        if query.posts and "note_post" in query.tweet_fields:
            self._fields.add("note_tweet")
        self._users: dict[int, Person | None] = {}
        self._referenced: dict[int, Post] = {}
        self._missing: dict[str, Json] = {}

    def post(self, post: Post) -> Json:
        """Return a post with the fields asked for, and remember what it refers to."""
        self._gather(post)
        return self._post(post)

    def user(self, person: Person | None) -> Json:
        """Return a user with the fields asked for; None is the shop."""
        brand = self._world.brand("twitter")
        person_id = brand.id if person is None else person.id_on("twitter")
        made_at = _BRAND_SINCE if person is None else snowflake_time(person_id)
        followers = 2_815 if person is None else person.followers
        optional: Json = {
            "created_at": timestamp(made_at),
            "description": "",
            "location": "",
            "protected": False,
            "public_metrics": {
                "followers_count": followers,
                "following_count": 100,
                "tweet_count": 1_000,
                "listed_count": 0,
                "like_count": 0,
            },
            "verified": person is None,
            "verified_type": "business" if person is None else "none",
        }
        return {
            "id": str(person_id),
            "name": brand.name if person is None else person.name,
            "username": brand.handle if person is None else person.handle,
            **{name: optional[name] for name in self._query.user_fields if name in optional},
        }

    def dm_event(self, item: Item) -> Json:
        """Return a direct message; without dm_event.fields X sends id, event_type and text."""
        if "sender_id" in self._query.expansions:
            self._users[self._world.author_id(item)] = item.author
        optional: Json = {
            "created_at": timestamp(item.sent_at),
            "dm_conversation_id": conversation_id(self._world, item),
            "sender_id": str(self._world.author_id(item)),
        }
        wanted = {*self._query.dm_fields, *self._query.expansions}
        return {
            "id": str(item.number),
            "event_type": "MessageCreate",
            "text": item.text,
            **{name: value for name, value in optional.items() if name in wanted},
        }

    def extras(self) -> Json:
        """Return `includes` and the partial `errors`, each only where there are any."""
        includes: Json = {}
        referenced = [self._post(post) for post in self._referenced.values()]
        if self._users:
            includes["users"] = [self.user(person) for person in self._users.values()]
        if referenced:
            includes["posts" if self._query.posts else "tweets"] = referenced
        extras: Json = {"includes": includes} if includes else {}
        if self._missing:
            extras["errors"] = list(self._missing.values())
        return extras

    def _gather(self, post: Post) -> None:
        expansions = self._query.expansions
        item = post.item
        if "author_id" in expansions:
            self._add_user(item)
        if "entities.mentions.username" in expansions and self._names_brand(post):
            self._users.setdefault(self._world.brand("twitter").id, None)
        if item.parent is None:
            return
        parent = self._world.get(item.parent)
        if "in_reply_to_user_id" in expansions:
            self._add_user(parent)
        if not expansions & _REFERENCED:
            return
        if parent.is_visible(self._at):
            self._referenced.setdefault(parent.serial, current(parent, self._at))
            if "author_id" in expansions or "referenced_tweets.id.author_id" in expansions:
                self._add_user(parent)
        else:
            missing = str(parent.number)
            self._missing[missing] = problems.not_found("tweet", "referenced_tweets.id", missing)

    def _add_user(self, item: Item) -> None:
        self._users.setdefault(self._world.author_id(item), item.author)

    def _post(self, post: Post) -> Json:
        full = self.full_text(post)
        body: Json = {
            "id": str(post.id),
            "text": shortened(full),
            "edit_history_tweet_ids": [str(number) for number in post.history],
        }
        optional = self._optional(post, full)
        body |= {name: optional[name] for name in sorted(self._fields) if name in optional}
        if not self._query.posts:
            return body
        return {_RENAMED.get(name, name): value for name, value in body.items()}

    def full_text(self, post: Post) -> str:
        """Return the whole text; X puts the handle of who is answered in front of a reply."""
        item = post.item
        if item.parent is None:
            return post.text
        answered = self._world.get(item.parent)
        if answered.author == item.author and not item.by_brand:
            # Going on under one's own post keeps whom that mentioned.
            handle = self._handle(None)
        else:
            handle = self._handle(answered)
        if f"@{handle}".lower() in post.text.lower():
            return post.text
        return f"@{handle} {post.text}"

    def _optional(self, post: Post, full: str) -> Json:
        """Return every field that can be asked for and applies to this post."""
        item = post.item
        fields: Json = {
            "author_id": str(self._world.author_id(item)),
            "conversation_id": str(self._world.get(item.root).number),
            "created_at": timestamp(post.made_at),
            "edit_controls": self._edit_controls(post),
            "lang": item.author.language if item.author else "und",
            "possibly_sensitive": False,
            "reply_settings": "everyone",
        }
        if "public_metrics" in self._fields:
            fields["public_metrics"] = self._metrics(item)
        if "entities" in self._fields and (entities := self._entities(shortened(full))):
            fields["entities"] = entities
        if len(full) > _SHORT_TEXT:
            fields["note_tweet"] = {"text": full}
        if item.parent is not None:
            parent = self._world.get(item.parent)
            fields["in_reply_to_user_id"] = str(self._world.author_id(parent))
            fields["referenced_tweets"] = [{"type": "replied_to", "id": str(parent.number)}]
        return fields

    def _metrics(self, item: Item) -> Json:
        return {
            "repost_count" if self._query.posts else "retweet_count": 0,
            "reply_count": len(self._world.children(item.serial, self._at)),
            "like_count": 0,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": 0,
        }

    def _edit_controls(self, post: Post) -> Json:
        until = post.item.sent_at + _EDIT_WINDOW
        return {
            "edits_remaining": max(0, 6 - len(post.history)),
            "is_edit_eligible": True,
            "editable_until": timestamp(until),
        }

    def _entities(self, text: str) -> Json:
        mentions = [
            {
                "start": match.start(),
                "end": match.end(),
                "username": match[1],
                "id": str(number),
            }
            for match in _HANDLE.finditer(text)
            if (number := self._id_of(match[1])) is not None
        ]
        return {"mentions": mentions} if mentions else {}

    def _id_of(self, handle: str) -> int | None:
        """Return the id of who has this handle, whatever its case."""
        brand = self._world.brand("twitter")
        if handle.lower() == brand.handle:
            return brand.id
        person = self._world.person_by_handle(handle)
        return None if person is None else person.id_on("twitter")

    def _names_brand(self, post: Post) -> bool:
        return f"@{self._handle(None)}".lower() in self.full_text(post).lower()

    def _handle(self, item: Item | None) -> str:
        if item is None or item.author is None:
            return self._world.brand("twitter").handle
        return item.author.handle


def conversation_id(world: World, item: Item) -> str:
    """Return the id of a private thread: both users' ids, the smaller first."""
    if item.peer is None:
        raise ValueError("only a direct message has a DM conversation")
    ends = sorted((world.brand("twitter").id, item.peer.id_on("twitter")))
    return f"{ends[0]}-{ends[1]}"


def shortened(text: str) -> str:
    """Return what `text` holds of a long post; the whole is in note_tweet, where asked for."""
    return text if len(text) <= _SHORT_TEXT else text[: _SHORT_TEXT - 1] + "…"


def timestamp(at: datetime) -> str:
    """Return X's form of an instant: UTC with milliseconds and a Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
