"""What goes out: a reply becomes a body, and the message that it will be; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.facebook.windows import AS_A_PERSON, FREELY, TEXT_LIMIT
from inboxd import errors
from inboxd.model import Author, Direction, Json, Message

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd import connector as port


def private_reply(reply: port.OutgoingReply, now: datetime) -> Json:
    """Return the body of a Messenger reply; raise SendRefused where none is possible."""
    if reply.recipient is None:
        raise errors.SendRefused("Facebook did not name the customer: there is nobody to send to.")
    if len(reply.text) > TEXT_LIMIT:
        text = f"Messenger takes {TEXT_LIMIT} characters and this reply has {len(reply.text)}."
        raise errors.SendRefused(f"{text} Shorten it, or send it in parts.")
    waited = now - reply.sent_after
    if waited > AS_A_PERSON:
        raise errors.SendRefused(
            "The customer last wrote more than 7 days ago: Messenger delivers nothing until they "
            "write again."
        )
    kind = {"messaging_type": "RESPONSE"}
    if waited > FREELY:
        kind = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"recipient": {"id": reply.recipient.remote_id}, "message": {"text": reply.text}, **kind}


def sent(reply: port.OutgoingReply, remote_id: str, page_id: str, now: datetime) -> Message:
    """Return a reply that Graph took, as a poll will show it."""
    private = reply.thread_id.startswith("dm:")
    return Message(
        remote_id=f"{'dm' if private else 'comment'}:{remote_id}",
        thread_id=reply.thread_id,
        stream=reply.stream,
        direction=Direction.OUTBOUND,
        public=not private,
        sent_at=now.replace(microsecond=0),
        text=reply.text,
        author=Author(page_id),
        parent_id=None if private else reply.thread_id,
    )
