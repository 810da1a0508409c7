"""Alerts and replies as rows keep them: columns and JSON, there and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from inboxd.connector import OutgoingReply
from inboxd.model import Alert, Author, CaseCard, Kind, Stream, Tone, Topic, Urgency
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

ALERT = "a.key, a.thread, a.reason, a.tone, a.headline, a.created_at, a.detail, a.card, a.mentions, a.facts, a.examples"
"""The columns of the table alerts (as *a*) that `alert_from` reads."""
_CARD_FIELDS = tuple(each.name for each in fields(CaseCard))
_AUTHOR_FIELDS = tuple(each.name for each in fields(Author))


def alert_from(values: Sequence[Any]) -> Alert:
    """Return the alert whose columns `ALERT` are *values*."""
    key, thread, reason, tone, headline, created_at, detail, card, mentions, facts, examples = (
        values
    )
    return Alert(
        key=key,
        thread=thread,
        reason=reason,
        tone=Tone(tone),
        headline=headline,
        created_at=from_text(created_at),
        detail=detail,
        case=card_from(card) if card else None,
        mentions=tuple(json.loads(mentions)),
        facts=tuple((label, value) for label, value in json.loads(facts)),
        examples=tuple(card_of(values) for values in json.loads(examples)),
    )


def card_json(card: CaseCard) -> str:
    """Return *card* as a row keeps it."""
    return json.dumps(_card_values(card))


def cards_json(cards: Sequence[CaseCard]) -> str:
    """Return several cards as a row keeps them."""
    return json.dumps([_card_values(card) for card in cards])


def _card_values(card: CaseCard) -> dict[str, Any]:
    times = {
        "waiting_since": to_text(card.waiting_since),
        "due_at": maybe_text(card.due_at),
        "answered_at": maybe_text(card.answered_at),
    }
    # asdict copies in depth: that took longer than all else that a tick does for an alert.
    facts: dict[str, Any] = {each: getattr(card, each) for each in _CARD_FIELDS}
    if card.author:
        facts["author"] = {each: getattr(card.author, each) for each in _AUTHOR_FIELDS}
    return facts | times


def card_from(text: str) -> CaseCard:
    """Return the card that a row keeps as *text*."""
    return card_of(json.loads(text))


def card_of(values: dict[str, Any]) -> CaseCard:
    """Return the card that JSON tells of."""
    author = values["author"]
    return CaseCard(
        **values
        | {
            "stream": Stream(values["stream"]),
            "kind": Kind(values["kind"]) if values["kind"] else None,
            "topics": tuple(Topic(topic) for topic in values["topics"]),
            "urgency": Urgency(values["urgency"]) if values["urgency"] else None,
            "author": Author(**author) if author else None,
            "waiting_since": from_text(values["waiting_since"]),
            "due_at": maybe_instant(values["due_at"]),
            "answered_at": maybe_instant(values["answered_at"]),
        }
    )


def reply_json(reply: OutgoingReply) -> str:
    """Return *reply* as a row keeps it."""
    return json.dumps(asdict(reply) | {"sent_after": to_text(reply.sent_after)})


def reply_from(text: str) -> OutgoingReply:
    """Return the reply that a row keeps as *text*."""
    values: dict[str, Any] = json.loads(text)
    recipient = values["recipient"]
    return OutgoingReply(
        **values
        | {
            "stream": Stream(values["stream"]),
            "recipient": Author(**recipient) if recipient else None,
            "sent_after": from_text(values["sent_after"]),
        }
    )
