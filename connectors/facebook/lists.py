"""The Page's lists: what each serves, how it is asked for, and how it is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connectors.facebook.failures import CONVERSATIONS, Task
from connectors.facebook.fields import (
    COMMENT_FIELDS,
    COMMENTS,
    CONVERSATION_FIELDS,
    FOREIGN_COMMENT_FIELDS,
    FOREIGN_COMMENTS,
    FOREIGN_POST_FIELDS,
    PHOTO_FIELDS,
    POST_FIELDS,
    REVIEW_FIELDS,
)
from connectors.facebook.reading import Batch, Reading
from connectors.facebook.settings import VERSION_WITH_REVIEWS
from connectors.facebook.shapes import dig
from inboxd.model import Json, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from connectors.facebook.settings import Settings


@dataclass(frozen=True, slots=True)
class List:
    """
    One of the Page's lists: what it serves, and how to ask for it and read it.

    One that *sweeps* shows what is new below old things, too, so now and then all of it is
    read. An *extra* one is read only then, and only as the setting of that name has it;
    *simpler* parameters are for servers that refuse the others.
    """

    stream: Stream
    kind: str
    task: Task
    take: Callable[[Reading, Batch, Json], datetime]
    params: Mapping[str, str]
    sweeps: bool = True
    extra: Literal["", "ads", "photos"] = ""
    simpler: Mapping[str, str] = field(default_factory=dict)
    choose: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    comment_fields: str = COMMENT_FIELDS


def pictures_in_company(photos: Sequence[Any]) -> Sequence[Any]:
    """
    Return the pictures that have comments of their own.

    One that is alone in its post shares the post's, which the feed brings; a list that shows it
    twice gives it no company.
    """
    story_of = {str(dig(photo, "id")): dig(photo, "page_story_id") for photo in photos}
    sizes = Counter(story for story in story_of.values() if isinstance(story, str))
    return [
        photo
        for photo in photos
        if not isinstance(story := dig(photo, "page_story_id"), str) or sizes[story] > 1
    ]


_A_PAGE = 100
_CONTENT = ("pages_read_engagement", "pages_read_user_content")
_POSTS = {"limit": f"{_A_PAGE}", "fields": f"{POST_FIELDS},{COMMENTS}"}
LISTS = {
    "conversations": List(
        Stream.DIRECT_MESSAGES,
        "conversation",
        Task(
            "direct messages",
            ("pages_messaging", "pages_manage_metadata", "pages_read_engagement"),
            area=CONVERSATIONS,
        ),
        Reading.conversation,
        {"platform": "messenger", "limit": "25", "fields": CONVERSATION_FIELDS},
        sweeps=False,
    ),
    "feed": List(Stream.COMMENTS, "post", Task("comments", _CONTENT), Reading.post, _POSTS),
    "tagged": List(
        Stream.MENTIONS,
        "post",
        Task("mentions", _CONTENT),
        Reading.post,
        _POSTS,
        simpler={"limit": f"{_A_PAGE}", "fields": "id,created_time,from,message,permalink_url"},
    ),
    "ratings": List(
        Stream.REVIEWS,
        "rating",
        Task("reviews", ("pages_read_user_content",), version=VERSION_WITH_REVIEWS),
        Reading.review,
        {"limit": "25", "fields": f"{REVIEW_FIELDS},open_graph_story{{id,{COMMENTS}}}"},
        simpler={"limit": "25", "fields": f"{REVIEW_FIELDS},open_graph_story{{id}}"},
    ),
    # Neither is among the edges of the contract's Page; both are in Facebook's reference.
    "ads_posts": List(
        Stream.COMMENTS,
        "ad",
        Task("comments on ads", ("pages_manage_ads", "ads_management")),
        Reading.ours,
        {**_POSTS, "include_inline_create": "true"},
        extra="ads",
    ),
    "photos": List(
        Stream.COMMENTS,
        "photo",
        Task("comments on pictures", _CONTENT),
        Reading.ours,
        {"type": "uploaded", "limit": f"{_A_PAGE}", "fields": f"{PHOTO_FIELDS},{COMMENTS}"},
        extra="photos",
        choose=pictures_in_company,
    ),
}


FOREIGN_FEED = List(
    Stream.COMMENTS,
    "post",
    Task("public posts", ("Page Public Content Access",)),
    Reading.post,
    {"limit": f"{_A_PAGE}", "fields": f"{FOREIGN_POST_FIELDS},{FOREIGN_COMMENTS}"},
    sweeps=False,
    comment_fields=FOREIGN_COMMENT_FIELDS,
)
"""What an app with that feature may read of a Page that is not ours."""


def lists_of(settings: Settings) -> dict[str, List]:
    """Return the lists behind the configured streams; private messages come first."""
    return {
        name: each
        for name, each in LISTS.items()
        if each.stream in settings.streams and (not each.extra or getattr(settings, each.extra))
    }


def beside_the_feed(settings: Settings) -> list[str]:
    """Return the lists that are read with the feed if the token may: nobody asked for them."""
    return [
        name for name, each in LISTS.items() if each.extra and getattr(settings, each.extra) is None
    ]
