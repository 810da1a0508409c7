"""A shop on a real database: says what happened, and tells what inboxd made of it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.connector import Page
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step
from inboxd.core.tracking import Rules
from inboxd.durations import parse_business, parse_step_at
from inboxd.model import (
    Author,
    Direction,
    Kind,
    Message,
    Stream,
    Topic,
    Urgency,
    Verdict,
)
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store
from inboxd.workers.escalator import Escalator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inboxd.store import Stored

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
QUIET = timedelta(days=3)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
CUSTOMER = Author("customer-1", "Оксана", "oksana", 120)
ANNA = Author("anna", "Anna")
BORIS = Author("boris", "Boris")
BRAND = Author("brand", "Shop")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(minutes: float, ref: str, text: str = "Where is my order?", **facts: Any) -> Message:
    """Return a customer's message, sent *minutes* after the start."""
    plain: dict[str, Any] = {
        "remote_id": ref,
        "thread_id": "dm:1",
        "stream": Stream.DIRECT_MESSAGES,
        "direction": Direction.INBOUND,
        "public": False,
        "sent_at": at(minutes),
        "text": text,
        "author": CUSTOMER,
        "raw": {"id": ref},
    }
    return Message(**plain | facts)


def answered(minutes: float, ref: str, text: str = "It is on its way.", **facts: Any) -> Message:
    """Return the brand's message, sent *minutes* after the start."""
    return said(minutes, ref, text, direction=Direction.OUTBOUND, author=BRAND, **facts)


def commented(
    minutes: float, ref: str, author: Author, text: str = "Is it sold out?", **facts: Any
) -> Message:
    """Return a customer's comment in a public thread, sent *minutes* after the start."""
    place = {"thread_id": "wall:1", "stream": Stream.COMMENTS, "public": True}
    return said(minutes, ref, text, author=author, **place | facts)


def replied(minutes: float, ref: str, *to: Author, text: str = "Not yet.", **facts: Any) -> Message:
    """Return the brand's comment in a public thread, for *to* or for everybody."""
    names = tuple(author.remote_id for author in to)
    plain = {"direction": Direction.OUTBOUND, "addressees": names}
    return commented(minutes, ref, BRAND, text, **plain | facts)


def step(moment: str, *to: str, repeat: str | None = None) -> Step:
    return Step(parse_step_at(moment), to, parse_business(repeat) if repeat else None)


def rules(*policies: Policy, quiet_after: timedelta = QUIET) -> Rules:
    """Return the shop's rules: an hour for the first answer, told at half and at the end."""
    return Rules(policies or (policy(),), quiet_after)


def policy(name: str = "all", match: Match | None = None, **changes: Any) -> Policy:
    plain: dict[str, Any] = {
        "hours": ALWAYS,
        "first_response": parse_business("1h"),
        "next_response": parse_business("1h"),
        "steps": (step("50%", "support"), step("100%", "support", "lead")),
    }
    return Policy(name, match or Match(), **plain | changes)


@dataclass
class Shop:
    """A store and its pipeline at an instant that moves only when told to."""

    store: Store
    rules: Rules = field(default_factory=rules)
    now: datetime = START

    @property
    def pipeline(self) -> Pipeline:
        """Return a pipeline on the present rules."""
        return Pipeline(self.store, self.rules)

    def hear(
        self, *messages: Message, account: str = "shop-vk", first: bool = False, cursor: int = 1
    ) -> Stored:
        """Take in a page at the present instant."""
        page = Page({"position": cursor}, messages)
        return self.pipeline.ingest(Origin(account, "vk", "feed"), page, self.now, first=first)

    def judge(self) -> None:
        """Judge everything that has no verdict yet by its words: "awful", "please" and "thanks"."""
        while waiting := self.store.messages.unclassified(100):
            verdicts = [(each, verdict(each.text)) for each in waiting]
            self.pipeline.judge(verdicts, self.now)

    def tick(self, minutes: float | None = None) -> int:
        """Move to *minutes* after the start, and let the escalation look."""
        if minutes is not None:
            self.now = at(minutes)
        return Escalator(self.store, self.pipeline, self.rules).tick(self.now)

    def act(self, action: str, detail: str = "", case: int | None = None) -> None:
        """Do what a person does about a case (the newest, unless told), and fold it in."""
        number = case or self.value("SELECT max(id) FROM cases")
        with self.store.transaction():
            self.store.actions.add(number, action, "anna", self.now, detail)
        self.pipeline.track_pending(self.now)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the answer to a question that only a test asks."""
        return self.store.database.execute(sql, values).fetchall()

    def value(self, sql: str, *values: object) -> Any:
        """Return the one value that answers *sql*."""
        return self.rows(sql, *values)[0][0]

    def cases(self) -> list[dict[str, Any]]:
        """Return every case with its waits, in words that do not depend on row numbers."""
        names = self._names()
        found = []
        for row in self._dicts("SELECT * FROM cases ORDER BY opened_at, id"):
            if row["close_reason"].startswith("merged"):
                continue
            number = row.pop("id")
            row["conversation_id"] = self.value(
                "SELECT remote_id FROM conversations WHERE id = ?", row["conversation_id"]
            )
            row["first_message_id"] = names[row["first_message_id"]]
            row["topics"] = sorted(json.loads(row["topics"]))
            row["waits"] = self._waits(number, names)
            found.append(row)
        return sorted(found, key=lambda case: (case["account"], case["opened_at"], case["waits"]))

    def _waits(self, case: int, names: dict[int, str]) -> list[tuple[Any, ...]]:
        return [
            (w["since"], w["kind"], names[w["message_id"]],
             w["due_at"] or "", w["outcome"] or "", w["ended_at"] or "", self._ender(w, names),
             w["open_seconds"] or 0, names[w["telling_id"]])
            for w in self._dicts(
                "SELECT * FROM waits WHERE case_id = ? ORDER BY since, coalesce(ended_at, '~')", case
            )
        ]  # fmt: skip

    def _ender(self, wait: dict[str, Any], names: dict[int, str]) -> str:
        return names[wait["ended_by"]] if wait["outcome"] == "answered" else ""

    def _names(self) -> dict[int, str]:
        return dict(self.rows("SELECT id, remote_id FROM messages"))

    def _dicts(self, sql: str, *values: object) -> list[dict[str, Any]]:
        cursor = self.store.database.execute(sql, values)
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def queued(self) -> list[tuple[str, str, str]]:
        """Return reason, receiver and state of everything in the outbox, oldest first."""
        return [
            (reason, receiver, state)
            for reason, receiver, state in self.rows(
                "SELECT a.reason, o.receiver, o.state FROM outbox AS o "
                "JOIN alerts AS a ON a.id = o.alert_id ORDER BY o.id"
            )
        ]

    def deliver(self) -> list[tuple[str, str]]:
        """Send everything that is pending, as if every sink took it; returns what went."""
        went: list[tuple[str, str]] = []
        for receiver in self.store.outbox.receivers(self.now):
            for item in self.store.outbox.due(receiver, self.now):
                assert self.store.outbox.claim(item, self.now)
                self.store.outbox.sent(item, {}, self.now)
                reasons = [alert.reason for alert in item.alerts] or ["reply"]
                went.extend((reason, receiver) for reason in reasons)
        return went


def verdict(text: str) -> Verdict:
    """Return what a reader of four words makes of *text*."""
    kinds = {"awful": Kind.COMPLAINT, "please": Kind.REQUEST, "thanks": Kind.PRAISE}
    kind = next((kind for word, kind in kinds.items() if word in text), Kind.OTHER)
    return Verdict(kind, (Topic.OTHER,), Urgency.NORMAL, "en", {})


def batches(messages: Sequence[Message], cuts: Sequence[int]) -> list[Sequence[Message]]:
    """Return *messages* cut into pages at *cuts*."""
    edges = [0, *sorted({cut % (len(messages) + 1) for cut in cuts}), len(messages)]
    return [messages[a:b] for a, b in itertools.pairwise(edges) if a < b]


def open_shop(path: Path, **changes: Any) -> Shop:
    """Return a shop on a fresh database that need not survive a power cut."""
    store = Store(path)
    store.database.execute("PRAGMA synchronous = OFF")
    return Shop(store, **changes)
