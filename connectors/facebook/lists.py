"""The Page's lists: what each serves, how it is asked for, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.facebook.failures import Task
from connectors.facebook.reading import COMMENT_FIELDS, MESSAGE_FIELDS, Batch, Reading
from inboxd.model import Json, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class List:
    """One of the Page's lists: what it serves, and how to ask for it and read it."""

    stream: Stream
    kind: str
    task: Task
    take: Callable[[Reading, Batch, Json], datetime]
    params: Mapping[str, str]


_CONTENT = "pages_read_engagement and pages_read_user_content"
_POSTS = {
    "limit": "100",
    "fields": "id,created_time,updated_time,from,message,full_picture,permalink_url,comments"
    f".filter(stream).order(reverse_chronological).limit(10){{{COMMENT_FIELDS}}}",
}
LISTS = {
    "conversations": List(
        Stream.DIRECT_MESSAGES,
        "conversation",
        Task("direct messages", "pages_messaging, pages_manage_metadata, pages_read_engagement"),
        Reading.conversation,
        {
            "platform": "messenger",
            "limit": "25",
            "fields": f"id,updated_time,can_reply,link,messages.limit(20){{{MESSAGE_FIELDS}}}",
        },
    ),
    "feed": List(Stream.COMMENTS, "post", Task("comments", _CONTENT), Reading.post, _POSTS),
    "tagged": List(Stream.MENTIONS, "post", Task("mentions", _CONTENT), Reading.post, _POSTS),
    "ratings": List(
        Stream.REVIEWS,
        "rating",
        Task("reviews", "pages_read_user_content"),
        Reading.review,
        {
            "limit": "25",
            "fields": "created_time,has_rating,has_review,rating,recommendation_type,review_text,"
            "reviewer,open_graph_story{id}",
        },
    ),
}
