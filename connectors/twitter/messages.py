"""How a page of X's answers becomes messages, and what can be replied to; pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import blake2b

from connectors.twitter.payloads import (
    ID,
    MALFORMED,
    Known,
    attachments_of,
    author_of,
    checked_id,
    either,
    items_of,
    known_in,
    mentioned_in,
    note_of,
    references_of,
    replied_to,
    text_of,
    time_of,
    told_at,
)
from inboxd.model import Author, Direction, Json, Message, ReplyWindow, Stream, Unknown

_PUBLIC_LENGTH = 280
"""As X weighs a text: a link counts 23, a letter of CJK or an emoji 2, most others 1."""
_DM_LENGTH = 10_000
_NO_MESSAGE = frozenset({"ParticipantsJoin", "ParticipantsLeave"})
"""Kinds of DM event that say nothing to anybody."""
_HANDLES_IN_FRONT = re.compile(r"^(?:@\w{1,15}\s+)+")
_CONVERSATION_ID = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")
NOT_SUMMONED = (
    "X lets an app reply only where the author mentioned or quoted the account; "
    "answer in the X app instead"
)


@dataclass(slots=True)
class Found:
    """What one answer held; of each thread the window as its newest message has it."""

    note: str
    messages: list[Message] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    windows: dict[str, ReplyWindow] = field(default_factory=dict)

    def add(self, message: Message, window: ReplyWindow) -> None:
        """Take a message in; X sorts newest first, so the first window of a thread stays."""
        self.messages.append(message)
        if message.direction is Direction.INBOUND:
            self.windows.setdefault(message.thread_id, window)


def read_tweets(answer: Json, us: str, *, summoned_only: bool) -> Found:
    """Return what a page of mentions or own posts holds for user *us*, in either vocabulary."""
    known = known_in(answer)
    found = Found(note_of(answer))
    for item in items_of(answer):
        try:
            if (customer := customer_of(item, us, known)) is None:
                continue
            message = public_message(item, customer, us, known)
        except MALFORMED:
            found.unknown.append(unknown_of("tweet", item))
            continue
        can_reply = not summoned_only or _is_summons(item, us, known)
        reason = "" if can_reply else NOT_SUMMONED
        window = ReplyWindow(message.thread_id, can_reply, reason=reason, max_length=_PUBLIC_LENGTH)
        found.add(message, window)
    return found


def read_dm_events(answer: Json, us: str, *, since_id: int) -> Found:
    """Return what a page of DM events newer than *since_id* holds for user *us*."""
    known = known_in(answer)
    found = Found(note_of(answer))
    for item in items_of(answer):
        try:
            kind = item["event_type"]
            if int(checked_id(item["id"])) <= since_id or kind in _NO_MESSAGE:
                continue
            if kind != "MessageCreate":
                found.unknown.append(unknown_of("dm", item, str(kind)))
                continue
            message = direct_message(item, us, known)
        except MALFORMED:
            found.unknown.append(unknown_of("dm", item))
            continue
        found.add(message, ReplyWindow(message.thread_id, max_length=_DM_LENGTH))
    return found


def public_message(item: Json, customer: str, us: str, known: Known) -> Message:
    """Return a post in *customer*'s thread; an edit has a new id and stays the message it was."""
    latest, author_id = checked_id(item["id"]), checked_id(item["author_id"])
    history = either(item, "edit_history_tweet_ids", "edit_history_post_ids") or [latest]
    first = checked_id(history[0] if isinstance(history, list) else None)
    told = told_at(item)
    ours = author_id == us
    author = Author(us) if ours else author_of(author_id, known)
    parent = replied_to(item)
    return Message(
        remote_id=f"tweet:{first}",
        thread_id=f"tweet:{checked_id(item['conversation_id'])}:{customer}",
        stream=Stream.MENTIONS,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        public=True,
        sent_at=told if first == latest else time_of(int(first)),
        # X puts handles in front of a reply; what our people wrote begins behind them.
        text=_HANDLES_IN_FRONT.sub("", text_of(item)) if ours else text_of(item),
        author=author,
        parent_id=f"tweet:{parent}" if parent else None,
        url=f"https://x.com/{author.handle or 'i'}/status/{first}",
        attachments=attachments_of(item, known),
        edited_at=None if first == latest else told,
        raw=item,
    )


def direct_message(item: Json, us: str, known: Known) -> Message:
    """Return one of the two sides' words in a private conversation."""
    sender = checked_id(item["sender_id"])
    return Message(
        remote_id=f"dm:{checked_id(item['id'])}",
        thread_id=f"dm:{checked_id(item['dm_conversation_id'], _CONVERSATION_ID)}",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.OUTBOUND if sender == us else Direction.INBOUND,
        public=False,
        sent_at=told_at(item),
        text=text_of(item),
        author=Author(us) if sender == us else author_of(sender, known),
        attachments=attachments_of(item, known),
        raw=item,
    )


def customer_of(item: Json, us: str, known: Known) -> str | None:
    """Return whose thread a post is in; None for a retweet, or a post of ours to nobody."""
    if any(reference.get("type") == "retweeted" for reference in references_of(item)):
        return None
    return _answered(item, us, known) if item["author_id"] == us else checked_id(item["author_id"])


def _answered(item: Json, us: str, known: Known) -> str | None:
    """Return whom a post of ours answers; a part two below our part one answers the same one."""
    while item.get("in_reply_to_user_id") == us:
        above = known["tweets"].get(replied_to(item) or "")
        if above is None or int(checked_id(above["id"])) >= int(checked_id(item["id"])):
            # X puts the handles of those above in front of a reply: the customer comes first.
            return next((user for user in mentioned_in(item) if user != us), None)
        item = above
    customer = item.get("in_reply_to_user_id")
    return None if customer is None else checked_id(customer)


def _is_summons(item: Json, us: str, known: Known) -> bool:
    """Whether the author mentioned or quoted *us*, which is when X lets an app reply."""
    quotes = (str(ref.get("id")) for ref in references_of(item) if ref.get("type") == "quoted")
    quoted = [known["tweets"].get(post_id, {}).get("author_id") for post_id in quotes]
    return us in quoted or us in mentioned_in(item)


def unknown_of(space: str, item: Json, kind: str = "malformed") -> Unknown:
    """Keep an item as it came; without an id of its own it is named after its content."""
    name = str(item.get("id"))
    if not ID.fullmatch(name):
        name = blake2b(json.dumps(item, sort_keys=True).encode(), digest_size=8).hexdigest()
    return Unknown(f"{space}:{name}", f"{space}:{kind}", item)
