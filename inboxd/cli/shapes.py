"""What commands print as JSON; keys are an interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inboxd.cli.opening import present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inboxd.core.states import CaseState
    from inboxd.model import Author
    from inboxd.store.continued import Continuation
    from inboxd.store.views import ReplyPlace, ThreadMessage, WaitingCase


def waiting_json(case: WaitingCase, now: datetime) -> dict[str, Any]:
    """Return one of those who wait as `inboxd waiting --json` lists it."""
    from inboxd.store.times import maybe_text, to_text

    return {
        "case": case.case_id,
        "account": case.account,
        "network": case.network,
        "stream": case.stream,
        "public": case.public,
        "author": _author_json(case.author),
        "kind": case.kind,
        "topics": case.topics,
        "urgency": case.urgency,
        "language": case.language,
        "policy": case.policy,
        "waiting_since": to_text(case.waiting_since),
        "due_at": maybe_text(case.due_at),
        "overdue": case.due_at is not None and case.due_at < now,
        "unanswered": case.unanswered,
        "acknowledged_by": case.acknowledged_by,
        "assigned_to": case.assigned_to,
        "snoozed_until": maybe_text(case.snoozed_until),
        "text": case.text,
        "url": case.url,
        "continued_in": case.continued_in,
        "wait": case.wait,
        "promised": case.promised,
    }


def shown_json(
    case: CaseState,
    messages: Sequence[ThreadMessage],
    automatic: Mapping[int, str],
    place: ReplyPlace | None,
    links: tuple[Continuation | None, int | None],
) -> dict[str, Any]:
    """Return a case as `inboxd show --json` prints it."""
    from inboxd.store.times import maybe_text, to_text

    continued, began_in = links
    return {
        "case": case.id,
        "status": case.status,
        "messages": [_message_json(each, automatic.get(each.id, "")) for each in messages],
        "reply": place
        and {
            "open": place.is_open(present()),
            "closes_at": maybe_text(place.closes_at),
            "note": place.note,
            "max_length": place.max_length,
            "to": _author_json(place.recipient),
        },
        "continued_in": continued
        and {
            "case": continued.case_id,
            "began_at": to_text(continued.began_at),
            "answered_at": maybe_text(continued.answered_at),
        },
        "began_in": began_in,
    }


def _message_json(message: ThreadMessage, automatic: str) -> dict[str, Any]:
    from inboxd.store.times import maybe_text, to_text

    return {
        "id": message.id,
        "remote_id": message.remote_id,
        "direction": message.direction,
        "author": _author_json(message.author),
        "staff": message.staff,
        "addressees": message.addressees,
        "text": message.text,
        "sent_at": to_text(message.sent_at),
        "seen_at": to_text(message.seen_at),
        "edited_at": maybe_text(message.edited_at),
        "deleted_at": maybe_text(message.deleted_at),
        "auto_reply": message.auto_reply,
        "automatic": automatic,
        "parent_deleted": message.parent_deleted,
        "from_elsewhere": message.from_elsewhere,
        "kind": message.kind,
        "topics": message.topics,
        "corrected": message.corrected
        and {
            "by": message.corrected.by,
            "at": to_text(message.corrected.at),
            "was": message.corrected.machine.kind,
        },
        "reply_verdict": message.reply
        and {
            "flags": message.reply.flags,
            "followed_up": message.reply.counts,
            "shares": message.reply.shares,
            "promised": message.reply.promised,
            "promised_on": message.reply.promised_on and message.reply.promised_on.isoformat(),
            "promised_at": maybe_text(message.reply.promised_at),
        },
        "url": message.url,
        "attachments": message.attachments,
        "versions": [
            {
                "text": earlier.text,
                "kind": earlier.kind or None,
                "replaced_at": to_text(earlier.replaced_at),
            }
            for earlier in message.versions
        ],
    }


def _author_json(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    return {
        "id": author.remote_id,
        "name": author.name,
        "handle": author.handle,
        "followers": author.followers,
        "url": author.url,
    }
