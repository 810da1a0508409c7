"""Where a reply goes and with which parameters, so that a repeated one is known as such."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from inboxd.errors import SendRefused

if TYPE_CHECKING:
    from inboxd.connector import OutgoingReply

from connectors.vk.payloads import COMMENT_KINDS, WALL, CommentKind

DM_THREAD = re.compile(r"dm:(-?\d+)")


_COMMENT_THREAD = re.compile(r"([a-z_]+):(-?\d+)_(\d+)(?:@(\d+))?")


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
    root: int
    answered: int


def comment_place(reply: OutgoingReply) -> CommentPlace:
    """Return the place that *reply* names; raises SendRefused where it names none."""
    thread = _COMMENT_THREAD.fullmatch(reply.thread_id)
    kind = COMMENT_KINDS.get(thread[1]) if thread is not None else None
    if thread is None or kind is None or thread[4] is None:
        raise SendRefused("This conversation cannot be answered from here; answer it in VK.")
    parent = _COMMENT_THREAD.fullmatch(reply.parent_id or "")
    root = int(thread[3])
    answered = int(parent[3]) if parent is not None and parent[1] == kind.name else root
    return CommentPlace(kind, int(thread[2]), int(thread[4]), root, answered)


def comment_params(place: CommentPlace, reply: OutgoingReply, group_id: int) -> dict[str, Any]:
    """Return the parameters of the place's method; wall and board have their own ways."""
    params = {
        "owner_id": place.owner, place.kind.below_key: place.below, "from_group": 1,
        "message": reply.text, "reply_to_comment": place.answered, "guid": guid(reply.key),
    }  # fmt: skip
    if place.kind is WALL:
        params["from_group"] = group_id
    if place.kind.name == "board_post":
        del params["owner_id"], params["reply_to_comment"]
        params["group_id"] = group_id
    return params
