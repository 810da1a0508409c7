"""Where a stored message stands on Facebook: the list that shows it as long as it is there; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connectors.facebook import payloads
from connectors.facebook.fields import COMMENT_FIELDS, MESSAGE_FIELDS, NEWEST_FIRST, POST_FIELDS
from connectors.facebook.lists import LISTS
from connectors.facebook.shapes import id_of
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connectors.facebook.failures import Task
    from inboxd.connector import Known
    from inboxd.model import Json, Message

DETAILED_MESSAGES = 20
"""So many of a conversation's newest messages Graph shows whole."""


@dataclass(frozen=True, slots=True)
class Home:
    """
    A list that messages stand in.

    *paths* is what it may be called (the first that exists is it), *source* the list of the
    Page's that serves its kind, *above* the thing that it hangs below, if it does.
    """

    paths: tuple[str, ...]
    source: str
    params: Mapping[str, str]
    above: str = ""

    @property
    def task(self) -> Task:
        """Return what reading it is for."""
        return LISTS[self.source].task

    @property
    def private(self) -> bool:
        """Return whether it is a conversation."""
        return self.source == "conversations"


def bare(name: str) -> str:
    """Return Graph's own id of what we call *name*."""
    return name.partition(":")[2]


def fields_of(known: Known) -> str:
    """Return what is asked for of a message by itself."""
    kinds = {"dm": MESSAGE_FIELDS, "comment": COMMENT_FIELDS, "post": POST_FIELDS}
    return kinds.get(known.remote_id.partition(":")[0], "id")


def home_of(known: Known, page_id: str) -> Home:
    """
    Return where a message stands.

    Below a post of ours a thread is named by its root comment, whose id begins with the post's
    own number, or with the number of the picture that it is about.
    """
    kind, thread = known.remote_id.partition(":")[0], bare(known.thread_id)
    if kind == "dm":
        return Home((thread,), "conversations", {"fields": MESSAGE_FIELDS, "limit": "100"}, thread)
    if kind == "comment":
        source = {Stream.MENTIONS: "tagged", Stream.REVIEWS: "ratings"}.get(known.stream, "feed")
        number = bare(known.remote_id).partition("_")[0]
        paths: tuple[str, ...] = (f"{page_id}_{number}/comments", f"{number}/comments")
        if not known.thread_id.startswith("comment:"):
            paths, number = (f"{thread}/comments",), thread
        params = {"fields": COMMENT_FIELDS, "limit": "100", **NEWEST_FIRST}
        return Home(paths, source, params, number)
    if kind == "rating":
        return Home((f"{page_id}/ratings",), "ratings", LISTS["ratings"].simpler)
    source = "tagged" if known.stream is Stream.MENTIONS else "feed"
    return Home((f"{page_id}/{source}",), source, {"fields": POST_FIELDS, "limit": "100"})


def by_home(known: Iterable[Known], page_id: str) -> list[tuple[Home, list[Known]]]:
    """Return the messages by where they stand."""
    groups: defaultdict[tuple[str, ...], list[tuple[Home, Known]]] = defaultdict(list)
    for each in known:
        home = home_of(each, page_id)
        groups[home.paths].append((home, each))
    return [(group[0][0], [each for _home, each in group]) for group in groups.values()]


def reader_of(known: Known, page_id: str, url: str) -> Callable[[Json], Message]:
    """Return what makes a message of the item that is *known*, as a poll would."""
    kind = known.remote_id.partition(":")[0]
    if kind == "dm":
        conversation = bare(known.thread_id)
        return partial(payloads.direct_message, conversation=conversation, url=url, page_id=page_id)
    if kind == "comment":
        thread = None if known.thread_id.startswith("comment:") else known.thread_id
        return partial(payloads.comment, thread=thread, stream=known.stream, page_id=page_id)
    if kind == "rating":
        return partial(payloads.review, page_id=page_id)
    return partial(payloads.post, stream=known.stream, page_id=page_id)


def name_in_list(item: Json, source: str) -> str:
    """Return the id that an item of a list is known by: a recommendation has none of its own."""
    # What stands below recommendations is read as theirs, too, and has ids.
    is_review = source == "ratings" and not item.keys().isdisjoint({"open_graph_story", "reviewer"})
    return payloads.review_name(item) if is_review else id_of(item)
