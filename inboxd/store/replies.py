"""What the judge of replies says of our answers: queued, judged, and judged anew when edited."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inboxd.store.owing import concerned
from inboxd.store.questions import QuestionStore
from inboxd.store.reply_corrections import ReplyCorrectionStore
from inboxd.store.times import from_text, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.model import ReplyVerdict

_UNJUDGED = """
SELECT m.id, m.account, m.text, coalesce(m.edited_at, m.sent_at), m.sent_at, m.conversation_id,
       m.parent_remote_id, m.addressees
  FROM reply_verdicts AS r
  JOIN messages AS m ON m.id = r.message_id
 WHERE r.judged_at IS NULL ORDER BY r.message_id DESC LIMIT ?
"""
_SAVE = """
UPDATE reply_verdicts
   SET judged_at = :now, text = :text, model = :model, language = :language,
       deflection = :deflection, promise = :promise, non_answer = :non_answer, flags = :flags,
       promised = :promised, promised_on = :promised_on, promised_at = :promised_at,
       manners = :manners, evidence = :evidence, machine = NULL
 WHERE message_id = :message
   AND EXISTS (SELECT 1 FROM messages WHERE id = :message AND text = :text)
"""
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n")


@dataclass(frozen=True, slots=True)
class UnjudgedReply:
    """
    An answer of ours that is to be judged.

    *said_at* is when its present words were written, *question* what the customer wrote last
    before it. Where none of the messages that it is for *needs_answer*, it misses no question.
    """

    id: int
    account: str
    text: str
    said_at: datetime
    sent_at: datetime
    question: str
    needs_answer: bool = True


class ReplyStore:
    """The table reply_verdicts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._corrections = ReplyCorrectionStore(connection)
        self._questions = QuestionStore(connection)

    def queue(self, answers: Iterable[int]) -> None:
        """Let those of our *answers* be judged that have not been."""
        self._db.executemany(
            "INSERT INTO reply_verdicts (message_id) VALUES (?) ON CONFLICT DO NOTHING",
            [(answer,) for answer in answers],
        )

    def unjudged(self, limit: int) -> list[UnjudgedReply]:
        """Return up to *limit* answers that are to be judged, the newest first."""
        return [self._unjudged(row) for row in self._db.execute(_UNJUDGED, (limit,)).fetchall()]

    def _unjudged(self, row: Sequence[Any]) -> UnjudgedReply:
        number, account, text, said_at, sent_at, conversation, parent, addressees = row
        asked = self._questions.answered_by(
            {
                "message": number, "conversation": conversation, "account": account,
                "sent_at": sent_at, "parent": parent, "addressees": addressees,
            }
        )  # fmt: skip
        return UnjudgedReply(
            number,
            account,
            text,
            from_text(said_at),
            from_text(sent_at),
            asked[-1].text if asked else "",
            any(each.needs_answer for each in asked),
        )

    def set_verdicts(
        self, verdicts: Sequence[tuple[UnjudgedReply, ReplyVerdict]], now: datetime, model: str
    ) -> set[int]:
        """
        Keep what was said of answers; returns the conversations in which it matters.

        An answer that was edited since its text was read goes on waiting for a verdict.
        """
        numbers = [reply.id for reply, _ in verdicts]
        values = [_values(reply, verdict, now, model) for reply, verdict in verdicts]

        def judge() -> None:
            self._db.executemany(_SAVE, values)
            self._corrections.uphold(numbers)

        return concerned(self._db, numbers, judge)


def promising_words(text: str, evidence: str | None) -> str:
    """Return those sentences of an answer that promise, by the *evidence* (JSON) found in it."""
    spans = [span for span in json.loads(evidence or "[]") if span["label"].startswith("promise:")]
    if not spans:
        return text
    first, last = min(span["start"] for span in spans), max(span["end"] for span in spans)
    begins = max((end.end() for end in _SENTENCE_END.finditer(text, 0, first)), default=0)
    ends = _SENTENCE_END.search(text, last)
    return text[begins : ends.end() if ends else len(text)].strip()


def _values(
    reply: UnjudgedReply, verdict: ReplyVerdict, now: datetime, model: str
) -> dict[str, Any]:
    when = verdict.promised
    flags = ("deflection", "promise", "non_answer")
    return {
        "message": reply.id,
        "text": reply.text,
        "now": to_text(now),
        "model": model,
        "language": verdict.language,
        **{flag: verdict.scores.get(flag, 0.0) for flag in flags},
        "flags": json.dumps([flag for flag in flags if getattr(verdict, flag)]),
        "promised": when.text if when else None,
        "promised_on": when.on.isoformat() if when and when.on else None,
        "promised_at": maybe_text(when.at) if when else None,
        # What crashed the judge has none: it was not found wanting in any.
        "manners": json.dumps(asdict(verdict.manners)) if verdict.scores else None,
        "evidence": json.dumps([asdict(span) for span in verdict.evidence]),
    }
