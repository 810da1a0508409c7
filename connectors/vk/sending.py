"""Where a reply goes and with which parameters, so that a repeated one is known as such."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from connectors.vk.payloads import COMMENT_KINDS, WALL, CommentKind, post_name
from inboxd.errors import SendRefused

if TYPE_CHECKING:
    from inboxd.connector import OutgoingReply

DM_THREAD = re.compile(r"dm:(-?\d+)")
_COMMENT_THREAD = re.compile(r"([a-z_]+):(-?\d+)_(\d+)(?:@(\d+))?")
_BOARD = COMMENT_KINDS["board_post"]


def random_id(key: str) -> int:
    """Return the number, from 1 to 2**31 - 1, by which VK knows a repeated message."""
    digest = blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % (2**31 - 1) + 1


def guid(key: str) -> str:
    """Return the text by which VK knows a repeated comment."""
    return blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def require_sendable(text: str) -> None:
    """Raise SendRefused for a text that no method takes."""
    if not text.strip():
        raise SendRefused("The reply is empty; write something.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SendRefused("The reply has broken characters (half of an emoji?); write it anew.")


@dataclass(frozen=True, slots=True)
class CommentPlace:
    """Where a comment is to be written: below what, in which thread, in answer to which."""

    kind: CommentKind
    owner: int
    below: int
    root: int | None
    """The top comment of the thread; None where the post itself begins it."""
    answered: int | None

    @property
    def thread(self) -> str:
        """The name of the conversation."""
        if self.root is None:
            return post_name(self.owner, self.below)
        return f"{self.kind.name}:{self.owner}_{self.root}@{self.below}"


def comment_place(reply: OutgoingReply) -> CommentPlace:
    """Return the place that *reply* names; raises SendRefused where it names none."""
    thread = _COMMENT_THREAD.fullmatch(reply.thread_id)
    parent = _COMMENT_THREAD.fullmatch(reply.parent_id or "")
    if thread is not None and thread[1] == "wall_post":
        answered = int(parent[3]) if parent is not None and parent[1] == WALL.name else None
        return CommentPlace(WALL, int(thread[2]), int(thread[3]), None, answered)
    kind = COMMENT_KINDS.get(thread[1]) if thread is not None else None
    if thread is None or kind is None or thread[4] is None:
        raise SendRefused("This conversation cannot be answered from here; answer it in VK.")
    root = int(thread[3])
    answered = int(parent[3]) if parent is not None and parent[1] == kind.name else root
    return CommentPlace(kind, int(thread[2]), int(thread[4]), root, answered)


def addressed_text(place: CommentPlace, reply: OutgoingReply) -> str:
    """
    Return the text as VK will show it.

    A discussion has no field for what a post answers: VK's own pages put the person's name in
    front, with the post's id behind it, and so does this. Without it the answer would stand
    for itself.
    """
    person = reply.recipient
    if place.kind is not _BOARD or person is None or not person.remote_id.isdecimal():
        return reply.text
    name = re.sub(r"[\[\]|]", "", person.name) or f"id{person.remote_id}"
    return f"[id{person.remote_id}:bp{place.owner}_{place.answered}|{name}], {reply.text}"


def comment_params(place: CommentPlace, reply: OutgoingReply, group_id: int) -> dict[str, Any]:
    """Return the parameters of the place's method; wall and board have their own ways."""
    params: dict[str, Any] = {
        "owner_id": place.owner, place.kind.below_key: place.below, "from_group": 1,
        "message": addressed_text(place, reply), "guid": guid(reply.key),
    }  # fmt: skip
    if place.answered is not None:
        params["reply_to_comment"] = place.answered
    if place.kind is WALL:
        params["from_group"] = group_id
    if place.kind is _BOARD:
        del params["owner_id"]
        params.pop("reply_to_comment", None)
        params["group_id"] = group_id
    return params
