"""Who complains of what, and the spikes of it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxd.core.grouping import THREAD
from inboxd.core.policies import Facts
from inboxd.core.spikes import Spike, SpikeStanding
from inboxd.model import Kind, Stream, Topic, Urgency
from inboxd.store.cards import card_of
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_COMPLAINTS = (
    "m.kind = 'complaint' AND m.deleted_at IS NULL AND m.sent_at > :since AND m.sent_at <= :until"
)
"""What the index messages_complaints finds."""
# Who complains five times is one who complains; of some nobody knows who they are.
_CUSTOMER = "coalesce(m.author_id, -m.conversation_id)"
_ON_TOPIC = "EXISTS (SELECT 1 FROM json_each(m.topics) WHERE value = :topic)"
_COLUMNS = (
    "id, topic, gathering_id, since, began_at, window_seconds, usual, told, calm_since, ended_at"
)
_MOST_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint of late: whose it is, and what silences are matched against."""

    customer: int
    facts: Facts
    sent_at: datetime


class SpikeStore:
    """The table spikes, and complaints by the time at which they were sent."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def complaints(self, since: datetime, until: datetime) -> list[Complaint]:
        """Return every complaint that was sent after *since*, up to *until*."""
        rows = self._db.execute(
            f"SELECT {_CUSTOMER}, m.account, v.network, m.stream, m.public, m.topics, m.urgency, "  # noqa: S608 - constants
            "m.language, a.followers, m.sent_at FROM messages AS m "
            "JOIN conversations AS v ON v.id = m.conversation_id "
            f"LEFT JOIN authors AS a ON a.id = m.author_id WHERE {_COMPLAINTS}",
            {"since": to_text(since), "until": to_text(until)},
        )
        return [_complaint(row) for row in rows]

    def customers(self, since: datetime, until: datetime) -> dict[Topic, int]:
        """Return how many customers complained of each topic after *since*, up to *until*."""
        who: defaultdict[str, set[int]] = defaultdict(set)
        for topics, customer in self._db.execute(
            f"SELECT DISTINCT m.topics, {_CUSTOMER} FROM messages AS m WHERE {_COMPLAINTS}",  # noqa: S608 - constants
            {"since": to_text(since), "until": to_text(until)},
        ):
            for topic in json.loads(topics or "[]"):
                who[topic].add(customer)
        return {Topic(topic): len(found) for topic, found in who.items()}

    def begin(
        self,
        topic: Topic,
        since: datetime,
        now: datetime,
        *,
        window: timedelta,
        usual: float | None,
    ) -> Spike:
        """Keep a new spike, with a gathering of its own; to be called in a transaction."""
        gathering = self._db.execute(
            "INSERT INTO gatherings (key, began_at) VALUES (?, ?)",
            (f"spike={topic}", to_text(now)),
        ).lastrowid
        number = self._db.execute(
            "INSERT INTO spikes (topic, gathering_id, since, began_at, window_seconds, usual, told) "
            "VALUES (?, ?, ?, ?, ?, ?, 0)",
            (topic, gathering, to_text(since), to_text(now), int(window.total_seconds()), usual),
        ).lastrowid
        return Spike(number or 0, topic, f"{THREAD}{gathering}", since, now, window, usual)

    def open(self) -> list[Spike]:
        """Return the spikes that are not over, oldest first."""
        return self._spikes("ended_at IS NULL ORDER BY id")

    def open_on(self, topics: Sequence[Topic]) -> Spike | None:
        """Return the oldest open spike on one of *topics*."""
        places = ",".join("?" * len(topics))
        where = f"ended_at IS NULL AND topic IN ({places}) ORDER BY id LIMIT 1"
        return next(iter(self._spikes(where, *topics)), None)

    def of_thread(self, thread: str) -> Spike | None:
        """Return the spike whose thread it is, if it is one's."""
        number = thread.removeprefix(THREAD)
        if number == thread:
            return None
        return next(iter(self._spikes("gathering_id = ?", int(number))), None)

    def noticed(self, since: datetime, until: datetime) -> list[Spike]:
        """Return the spikes that were noticed in a span, oldest first."""
        where = "began_at >= ? AND began_at < ? ORDER BY id"
        return self._spikes(where, to_text(since), to_text(until))

    def tell_of(self, spike: Spike, total: int) -> None:
        """Note that people know of *total* customers."""
        self._db.execute("UPDATE spikes SET told = ? WHERE id = ?", (total, spike.id))

    def calm(self, spike: Spike, since: datetime | None) -> None:
        """Note since when the rate is normal again, or that it is not."""
        self._db.execute(
            "UPDATE spikes SET calm_since = ? WHERE id = ?", (maybe_text(since), spike.id)
        )

    def end(self, spike: Spike, now: datetime) -> None:
        """Note that a spike is over."""
        self._db.execute("UPDATE spikes SET ended_at = ? WHERE id = ?", (to_text(now), spike.id))

    def give_up(self, now: datetime) -> None:
        """End every spike: nobody wants to hear of any more."""
        self._db.execute("UPDATE spikes SET ended_at = ? WHERE ended_at IS NULL", (to_text(now),))

    def standing(self, spike: Spike, now: datetime) -> SpikeStanding:
        """Return how it stands with *spike*."""
        since, until = spike.since, spike.ended_at or now
        waiting, late = self._waiting(spike, until, now)
        return SpikeStanding(
            spike,
            self._total(spike, max(since, until - spike.window), until),
            self._total(spike, since, until),
            waiting,
            late,
            self._told_first(spike),
        )

    def standing_in(self, thread: str, now: datetime) -> SpikeStanding | None:
        """Return how it stands with the spike whose thread it is, None if it is none's."""
        spike = self.of_thread(thread)
        return self.standing(spike, now) if spike else None

    def examples(self, spike: Spike, now: datetime) -> list[int]:
        """Return some cases of *spike*, the latest first, whose customers said something."""
        rows = self._db.execute(
            "SELECT max(c.id) AS latest FROM messages AS m "  # noqa: S608 - constants
            "JOIN cases AS c ON c.conversation_id = m.conversation_id "
            f"WHERE {_COMPLAINTS} AND {_ON_TOPIC} AND trim(m.text) <> '' "
            # One that was merged into another has none.
            "AND EXISTS (SELECT 1 FROM waits WHERE case_id = c.id) "
            f"GROUP BY {_CUSTOMER} ORDER BY max(m.sent_at) DESC LIMIT :most",
            self._members(spike, spike.since, now) | {"most": _MOST_EXAMPLES},
        )
        return [case for (case,) in rows]

    def _total(self, spike: Spike, since: datetime, until: datetime) -> int:
        (count,) = self._db.execute(
            f"SELECT count(DISTINCT {_CUSTOMER}) FROM messages AS m "  # noqa: S608 - constants
            f"WHERE {_COMPLAINTS} AND {_ON_TOPIC}",
            self._members(spike, since, until),
        ).fetchone()
        return int(count)

    def _waiting(self, spike: Spike, until: datetime, now: datetime) -> tuple[int, int]:
        waiting, late = self._db.execute(
            "SELECT count(*), coalesce(sum(c.due_at <= :now), 0) FROM ("  # noqa: S608 - constants
            f"SELECT DISTINCT m.conversation_id FROM messages AS m WHERE {_COMPLAINTS} AND {_ON_TOPIC}"
            ") AS in_it JOIN cases AS c ON c.conversation_id = in_it.conversation_id "
            "AND c.status = 'waiting'",
            self._members(spike, spike.since, until) | {"now": to_text(now)},
        ).fetchone()
        return int(waiting), int(late)

    def _told_first(self, spike: Spike) -> tuple[Any, ...]:
        row = self._db.execute(
            "SELECT examples FROM alerts WHERE key = ?", (f"spike:{spike.id}/begins",)
        ).fetchone()
        return tuple(card_of(values) for values in json.loads(row[0])) if row else ()

    @staticmethod
    def _members(spike: Spike, since: datetime, until: datetime) -> dict[str, object]:
        return {"since": to_text(since), "until": to_text(until), "topic": spike.topic}

    def _spikes(self, where: str, *values: object) -> list[Spike]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM spikes WHERE {where}", values)  # noqa: S608 - constants
        return [_spike(row) for row in rows]


def _complaint(row: Sequence[Any]) -> Complaint:
    customer, account, network, stream, public, topics, urgency, language, followers, sent_at = row
    facts = Facts(
        account=account,
        network=network,
        stream=Stream(stream),
        public=bool(public),
        kind=Kind.COMPLAINT,
        topics=frozenset(Topic(topic) for topic in json.loads(topics or "[]")),
        urgency=Urgency(urgency) if urgency else None,
        language=language or "",
        followers=followers,
    )
    return Complaint(customer, facts, from_text(sent_at))


def _spike(row: Sequence[Any]) -> Spike:
    number, topic, gathering, since, began_at, window, usual, told, calm_since, ended_at = row
    return Spike(
        id=number,
        topic=Topic(topic),
        thread=f"{THREAD}{gathering}",
        since=from_text(since),
        began_at=from_text(began_at),
        window=timedelta(seconds=window),
        usual=usual,
        told=told,
        calm_since=maybe_instant(calm_since),
        ended_at=maybe_instant(ended_at),
    )
