"""How a page of direct-message events becomes messages; pure."""

from __future__ import annotations

import re

from connectors.twitter.found import Found, broken, unheard_of
from connectors.twitter.payloads import (
    Known,
    attachments_of,
    author_of,
    checked_id,
    items_of,
    known_in,
    note_of,
    text_of,
    told_at,
)
from inboxd.model import Author, Direction, Json, Message, ReplyWindow, Stream

DM_LENGTH = 10_000
_NO_MESSAGE = frozenset({"ParticipantsJoin", "ParticipantsLeave"})
"""Kinds of event that say nothing to anybody."""
_CONVERSATION_ID = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")
"""Two users, the smaller first, or a group."""


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
                found.unknown.append(unheard_of("dm", item, known, str(kind)))
                continue
            message = direct_message(item, us, known)
            found.add(message, ReplyWindow(message.thread_id, max_length=DM_LENGTH))
        except Exception as error:  # noqa: BLE001 - our own bug too must not spoil the page
            found.unknown.append(broken("dm", item, known, error))
    return found


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
