"""Replies on their way out: a post below the customer's, or a direct message."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from connectors.twitter.direct import direct_message
from connectors.twitter.payloads import ID, known_in
from connectors.twitter.posts import PUBLIC_LENGTH, Shop, public_message
from connectors.twitter.weighing import weight
from inboxd import errors
from inboxd.connector import OutgoingReply, SendResult
from inboxd.model import Stream

if TYPE_CHECKING:
    from connectors.twitter.api import Api


async def sent(reply: OutgoingReply, us: str, api: Api) -> SendResult:
    """Send *reply* and return it as a later poll would deliver it."""
    item: dict[str, Any] = {"text": html.escape(reply.text, quote=False)}
    if reply.stream is Stream.DIRECT_MESSAGES:
        conversation = reply.thread_id.removeprefix("dm:")
        item |= {"sender_id": us, "dm_conversation_id": conversation}
        item["id"] = await api.create_message(reply.text, _addressee(conversation, us))
        return SendResult(direct_message(item, us, known_in({})))
    _space, conversation, customer = reply.thread_id.split(":")
    parent = (reply.parent_id or "").removeprefix("tweet:")
    if not ID.fullmatch(parent):
        raise errors.SendRefused("there is no post to reply to; answer in the X app")
    item |= {"author_id": us, "conversation_id": conversation}
    item["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
    try:
        item["id"] = await api.create_post(reply.text, parent)
    except errors.SendRefused as error:
        counted = weight(reply.text)
        if counted <= PUBLIC_LENGTH:
            raise
        raise errors.SendRefused(f"{error}; X counts {counted} of {PUBLIC_LENGTH}") from error
    return SendResult(public_message(item, customer, Shop(us), known_in({})))


def _addressee(conversation: str, us: str) -> dict[str, str]:
    """Return whom a DM goes to: the other one of two ("{smaller}-{larger}"), or a whole group."""
    ends = conversation.split("-")
    if len(ends) == 2 and us in ends:
        return {"participant_id": ends[1] if ends[0] == us else ends[0]}
    return {"dm_conversation_id": conversation}
