"""Whether and until when a conversation can be answered, to be told beforehand; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.facebook.payloads import has_story
from inboxd.model import Direction, ReplyWindow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inboxd.model import Json, Message

FREELY, AS_A_PERSON = timedelta(hours=24), timedelta(days=7)
"""How long Messenger takes any reply, and one tagged HUMAN_AGENT, after the customer's last."""
TEXT_LIMIT = 2000
"""Characters of a Messenger message; no limit is documented for a comment."""

_CLOSED = (
    "Facebook takes no reply here: the customer wrote more than 7 days ago, has blocked the Page "
    "or is gone. A reply is possible once they write again."
)
_A_WEEK = (
    "Messenger delivers a reply for 24 hours after the customer's last message, and for 7 days if "
    "the app has the Human Agent feature; then not before the customer writes again."
)
_NO_COMMENTS = "Facebook takes no answer below this comment: comments are switched off there."
_IN_PRIVATE = " It can be answered with a private message, on facebook.com."
_BELOW_A_REVIEW = (
    "An answer to a recommendation goes below its story as a comment. If Facebook refuses it, "
    "answer on facebook.com."
)
_REVIEW_ALONE = (
    "Facebook does not tell where this recommendation can be answered: answer on facebook.com."
)
_GONE = "It was deleted on Facebook: there is nothing left to answer."


def conversation(thread_id: str, known: Iterable[Message], *, can_reply: bool) -> ReplyWindow:
    """Return until when Messenger delivers a reply, counted from the customer's last message."""
    window = ReplyWindow(thread_id, max_length=TEXT_LIMIT)
    asked = [each.sent_at for each in known if each.direction is Direction.INBOUND]
    if not can_reply:
        return replace(window, open=False, reason=_CLOSED)
    return replace(window, closes_at=max(asked) + AS_A_PERSON, reason=_A_WEEK) if asked else window


def below_comment(message: Message) -> ReplyWindow:
    """
    Return whether the thread that a root comment begins can be answered.

    Answers go below the root, so only its own `can_comment` counts; where Graph does not
    say, it is open.
    """
    item: Json = message.raw
    if item.get("can_comment") is not False:
        return ReplyWindow(message.thread_id)
    reason = _NO_COMMENTS + (_IN_PRIVATE if item.get("can_reply_privately") is True else "")
    return ReplyWindow(message.thread_id, open=False, reason=reason)


def below_review(thread_id: str) -> ReplyWindow:
    """Return what is to be known before a recommendation is answered."""
    if not has_story(thread_id):
        return ReplyWindow(thread_id, open=False, reason=_REVIEW_ALONE)
    return ReplyWindow(thread_id, reason=_BELOW_A_REVIEW)


def open_again(thread_id: str) -> ReplyWindow:
    """Return the window of a thread whose beginning is back."""
    return ReplyWindow(thread_id)


def gone(thread_id: str) -> ReplyWindow:
    """Return the window of a thread whose beginning is deleted."""
    return ReplyWindow(thread_id, open=False, reason=_GONE)
