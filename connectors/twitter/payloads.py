"""
What stands in one item of X's JSON, in either of its vocabularies; pure.

X speaks two: ``tweet.fields``, ``referenced_tweets``, ``note_tweet`` and, since API 2.167,
``post.fields``, ``referenced_posts``, ``note_post``. tweepy asks in the old one; both are read
everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from inboxd import errors
from inboxd.model import Attachment, Author, Json

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""From when X's ids count: an id is the milliseconds since then, shifted left by 22 bits."""

ID = re.compile(r"[0-9]{1,19}")
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
_HARMLESS = ("/resource-not-found", "/not-authorized-for-resource")
"""Partial errors about what an item refers to: a post or a user that is gone or protected."""

Known = Mapping[str, Mapping[str, Json]]
"""What an answer tells beside its items: users, media and tweets (the items too), each by id."""


def mentioned_in(item: Json) -> list[str]:
    """Return the ids of the users an item names, in order."""
    return [str(mention.get("id")) for mention in entities_of(item, "mentions")]


def entities_of(item: Json, kind: str) -> list[Json]:
    """Return entities of a post, its long text included, or of a DM, which may have them flat."""
    holders = (as_object(either(item, "note_tweet", "note_post")), item)
    nested = [as_object(holder.get("entities")) for holder in holders]
    return [entity for holder in (*nested, item) for entity in as_objects(holder.get(kind))]


def references_of(item: Json) -> list[Json]:
    """Return what a post replies to, quotes or retweets."""
    return as_objects(either(item, "referenced_tweets", "referenced_posts"))


def replied_to(item: Json) -> str | None:
    """Return the id of the post that a post replies to."""
    ids = (str(ref.get("id")) for ref in references_of(item) if ref.get("type") == "replied_to")
    return next(ids, None)


def text_of(item: Json) -> str:
    """Return the whole text as its author wrote it: not cut, not escaped, links not shortened."""
    text = as_object(either(item, "note_tweet", "note_post")).get("text") or item.get("text") or ""
    # "&amp;lt;" is somebody's literal "&lt;", so the ampersand comes last.
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for link in entities_of(item, "urls"):
        if link.get("url") and link.get("expanded_url"):
            text = text.replace(link["url"], link["expanded_url"])
    return str(text)


def author_of(user_id: str, known: Known) -> Author:
    """Return a user as far as the answer tells of them."""
    user = known["users"].get(user_id, {})
    handle = as_string(user.get("username"))
    followers = as_object(user.get("public_metrics")).get("followers_count")
    return Author(
        remote_id=user_id,
        name=as_string(user.get("name")),
        handle=handle,
        followers=followers if isinstance(followers, int) else None,
        url=f"https://x.com/{handle}" if handle else "",
    )


def attachments_of(item: Json, known: Known) -> tuple[Attachment, ...]:
    """Return an item's media as far as the answer tells of them, and the posts a DM shares."""
    keys = as_object(item.get("attachments")).get("media_keys") or ()
    media = (known["media"].get(str(key), {}) for key in keys)
    shared = references_of(item) if "sender_id" in item else []
    return (
        *(
            Attachment(
                type=as_string(medium.get("type")) or "media",
                url=as_string(either(medium, "url", "preview_image_url")),
                title=as_string(medium.get("alt_text")),
            )
            for medium in media
        ),
        *(Attachment("post", f"https://x.com/i/status/{post.get('id')}") for post in shared),
    )


def told_at(item: Json) -> datetime:
    """Return when X says that it was written, or else what its id says."""
    if (told := item.get("created_at")) is None:
        return time_of(int(checked_id(item["id"])))
    at = datetime.fromisoformat(told)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


def time_of(item_id: int) -> datetime:
    """Return when the thing with this id was made."""
    return _EPOCH + timedelta(milliseconds=item_id >> 22)


def snowflake(at: datetime) -> int:
    """Return the id just below everything made at *at* or later."""
    return max(((at - _EPOCH) // timedelta(milliseconds=1) << 22) - 1, 0)


def known_in(answer: Json) -> Known:
    """Return what an answer tells beside its items."""
    includes = as_object(answer.get("includes"))
    tweets = [*as_objects(either(includes, "tweets", "posts")), *as_objects(answer.get("data"))]
    users, media = as_objects(includes.get("users")), as_objects(includes.get("media"))
    return {
        "users": {str(user.get("id")): user for user in users},
        "media": {str(medium.get("media_key")): medium for medium in media},
        "tweets": {str(tweet.get("id")): tweet for tweet in tweets},
    }


def items_of(answer: Json) -> list[Json]:
    """Return an answer's items; whatever is no object becomes one."""
    if (data := answer.get("data")) is None:
        return []
    if not isinstance(data, list):
        raise errors.UnexpectedPayload(
            f"X answered with data of type {type(data).__name__}, not a list", raw=answer
        )
    return [item if isinstance(item, Mapping) else {"value": item} for item in data]


def note_of(answer: Json) -> str:
    """Return what X says it left out, but for what is harmless."""
    told = [
        str(error.get("detail") or error.get("title"))
        for error in as_objects(answer.get("errors"))
        if not str(error.get("type")).endswith(_HARMLESS)
    ]
    return f"X left something out: {'; '.join(told)}" if told else ""


def ids_of(answer: Json) -> list[int]:
    """Return the ids of an answer's items, as far as they are ids."""
    ids = (str(item.get("id")) for item in as_objects(answer.get("data")))
    return [int(text) for text in ids if ID.fullmatch(text)]


def checked_id(value: object, pattern: re.Pattern[str] = ID) -> str:
    """Return *value* if it is an id; raises ValueError."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("no id where X has one")
    return value


def as_string(value: object) -> str:
    """Return *value* if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def either(item: Json, *names: str) -> Any:  # noqa: ANN401 - JSON of a shape not known yet
    """Return the first of the fields *names* that is there."""
    return next((item[name] for name in names if item.get(name) is not None), None)


def as_object(value: object) -> Json:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Json]:
    """Return the objects in *value* if it is a list, else none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
