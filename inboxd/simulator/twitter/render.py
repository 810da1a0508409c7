"""Posts, users and direct messages as X writes them, in either of its two vocabularies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.simulator.twitter import problems
from inboxd.simulator.twitter.posts import Post, current
from inboxd.simulator.twitter.wording import (
    entities,
    is_long,
    names_brand,
    shortened,
    whole_text,
    written,
)
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
    "attachments.media_keys": "attachments",
    **dict.fromkeys(_REFERENCED, "referenced_tweets"),
}
_EDIT_WINDOW = timedelta(hours=1)
_BRAND_SINCE = datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC)


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
        self._media: dict[str, Json] = {}
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
                "post_count" if self._query.posts else "tweet_count": 1_000,
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

    def text_of(self, post: Post) -> str:
        """Return the text of a post that was just written, as the answer shows it."""
        return shortened(written(whole_text(self._world, post))[0])

    def dm_event(self, item: Item) -> Json:
        """Return a direct message; without dm_event.fields X sends id, event_type and text."""
        if "sender_id" in self._query.expansions:
            self._users[self._world.author_id(item)] = item.author
        text, links = written(item.text)
        optional: Json = {
            "created_at": timestamp(item.sent_at),
            "dm_conversation_id": conversation_id(self._world, item),
            "sender_id": str(self._world.author_id(item)),
        }
        if item.media:
            optional["attachments"] = {"media_keys": self._attach(item)}
        told = entities(self._world, text, links) if "entities" in self._query.dm_fields else {}
        if told and self._query.posts:
            told = {"entities": told}
        wanted = {*self._query.dm_fields, *self._query.expansions}
        if "attachments.media_keys" in wanted:
            wanted.add("attachments")
        return {
            "id": str(item.number),
            "event_type": "MessageCreate",
            "text": text,
            **{name: value for name, value in optional.items() if name in wanted},
            # The older vocabulary has them beside the text, the newer one in an object of theirs.
            **told,
        }

    def _attach(self, item: Item) -> list[str]:
        """Return the keys of what is attached, and remember it where it is to come along."""
        keys = [f"3_{item.number + place}" for place in range(len(item.media))]
        if "attachments.media_keys" in self._query.expansions:
            for key, kind in zip(keys, item.media, strict=True):
                optional = {
                    "alt_text": f"a {kind}",
                    "preview_image_url": f"https://pbs.twimg.com/{key}.jpg",
                    "url": f"https://pbs.twimg.com/{key}.jpg",
                    "width": 640,
                    "height": 480,
                }
                if kind != "photo":
                    del optional["url"]
                wanted = self._query.media_fields
                shown = {name: value for name, value in optional.items() if name in wanted}
                self._media[key] = {"media_key": key, "type": kind, **shown}
        return keys

    def extras(self) -> Json:
        """Return `includes` and the partial `errors`, each only where there are any."""
        includes: Json = {}
        referenced = [self._post(post) for post in self._referenced.values()]
        if self._users:
            includes["users"] = [self.user(person) for person in self._users.values()]
        if self._media:
            includes["media"] = list(self._media.values())
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
        if "entities.mentions.username" in expansions and names_brand(self._world, post):
            self._users.setdefault(self._world.brand("twitter").id, None)
        if item.parent is not None and "in_reply_to_user_id" in expansions:
            self._add_user(self._world.get(item.parent))
        if expansions & _REFERENCED:
            for serial in filter(None, (item.parent, item.quoted)):
                self._refer(self._world.get(serial))

    def _refer(self, item: Item) -> None:
        """Take in a post that another one refers to, if X shows it."""
        number, expansions = str(item.number), self._query.expansions
        if self._world.shut_at(item.author, self._at):
            self._missing[number] = problems.not_authorized(
                "referenced_tweets.id", number, section="includes", posts=self._query.posts
            )
        elif item.is_visible(self._at):
            self._referenced.setdefault(item.serial, current(item, self._at))
            if expansions & {"author_id", "referenced_tweets.id.author_id"}:
                self._add_user(item)
        else:
            self._missing[number] = problems.not_found(
                "tweet", "referenced_tweets.id", number, posts=self._query.posts
            )

    def _add_user(self, item: Item) -> None:
        self._users.setdefault(self._world.author_id(item), item.author)

    def _post(self, post: Post) -> Json:
        full, links = written(whole_text(self._world, post))
        body: Json = {
            "id": str(post.id),
            "text": shortened(full),
            "edit_history_tweet_ids": [str(number) for number in post.history],
        }
        optional = self._optional(post, full, links)
        body |= {name: optional[name] for name in sorted(self._fields) if name in optional}
        if not self._query.posts:
            return body
        return {_RENAMED.get(name, name): value for name, value in body.items()}

    def _optional(self, post: Post, full: str, links: dict[str, str]) -> Json:
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
        shown = shortened(full)
        if "entities" in self._fields and (told := entities(self._world, shown, links)):
            fields["entities"] = told
        if is_long(full):
            inside = entities(self._world, full, links)
            fields["note_tweet"] = {"text": full} | ({"entities": inside} if inside else {})
        if item.media and "attachments" in self._fields:
            fields["attachments"] = {"media_keys": self._attach(item)}
        references = []
        if item.parent is not None:
            parent = self._world.get(item.parent)
            fields["in_reply_to_user_id"] = str(self._world.author_id(parent))
            references.append({"type": "replied_to", "id": str(parent.number)})
        if item.quoted is not None:
            references.append({"type": "quoted", "id": str(self._world.get(item.quoted).number)})
        if references:
            fields["referenced_tweets"] = references
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


def conversation_id(world: World, item: Item) -> str:
    """Return the id of a private thread: both users' ids, the smaller first, or the group's own."""
    if item.peer is None:
        raise ValueError("only a direct message has a DM conversation")
    if item.group is not None:
        return str(item.group)
    ends = sorted((world.brand("twitter").id, item.peer.id_on("twitter")))
    return f"{ends[0]}-{ends[1]}"


def timestamp(at: datetime) -> str:
    """Return X's form of an instant: UTC with milliseconds and a Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
