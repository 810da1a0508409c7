"""The law of taking back: what is undone has left no trace in cases, waits and verdicts."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import event, given, settings
from hypothesis import strategies as st

from inboxd.core.policies import Match
from inboxd.desk import Desk
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency
from inboxd.store import IN_MEMORY, Said, Store
from tests.store.shop import Shop, answered, at, policy, rules, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.desk import Done

PAUSING = rules(
    policy("complaints", Match(kind=frozenset({Kind.COMPLAINT})), resolution=parse_business("1d")),
    policy("rest", first_response=parse_business("8h"), snooze_pauses=True),
)
WORLD = ("wrote", "complained", "thanked", "answered", "deleted", "edited", "days")
DEEDS = ("ack", "take over", "assign", "snooze", "close", "reopen", "note", "correct", "deny")
# People act more often than the world does, and take back at once as a rule.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(WORLD), st.just(0)),
        st.tuples(st.sampled_from(DEEDS), st.just(0)),
        st.tuples(st.sampled_from(DEEDS), st.just(0)),
        st.tuples(st.just("undo"), st.integers(0, 2)),
    ),
    max_size=14,
)


class Life:
    """One shop in which something happens every three minutes; step by step the same again."""

    def __init__(self, store: Store) -> None:
        self.shop = Shop(store, rules=PAUSING)
        self.desk = Desk(self.shop.store, self.shop.rules)
        self.skipped = timedelta()

    def go_to(self, place: int) -> None:
        """Let the time of a step come."""
        self.shop.now = at(3 * place) + self.skipped

    def happen(self, what: str, place: int) -> None:
        """Let the world do something."""
        minute = (self.shop.now - at(0)) / timedelta(minutes=1)
        inbound = self.shop.rows("SELECT remote_id FROM messages WHERE direction = 'inbound'")
        match what:
            case "wrote" | "complained" | "thanked":
                text = {"wrote": "please", "complained": "awful", "thanked": "thanks"}[what]
                self.shop.hear(said(minute, f"m{place}", text))
            case "answered":
                self.shop.hear(answered(minute, f"a{place}"))
            case "deleted" if inbound:
                self.shop.hear(said(minute, inbound[-1][0], "", deleted=True))
            case "edited" if inbound:
                edit = {"sent_at": at(0), "edited_at": self.shop.now}
                self.shop.hear(said(0, inbound[-1][0], "awful, awful", **edit))
            case "days":
                self.skipped += timedelta(days=4)
        self.shop.judge()

    def do(self, what: str) -> Done:
        """Let a person do something about the newest case."""
        desk, now = self.desk, self.shop.now
        message = self.shop.value("SELECT max(id) FROM messages WHERE direction = 'inbound'")
        case = self.shop.value(
            "SELECT coalesce(max(id), 0) FROM cases WHERE close_reason NOT LIKE 'merged%'"
        )
        deeds: dict[str, Callable[[], Done]] = {
            "ack": lambda: desk.acknowledge(case, "max", now),
            "take over": lambda: desk.acknowledge(case, "olena", now),
            "assign": lambda: desk.assign(case, f"olena {now:%H%M}", "max", now),
            "snooze": lambda: desk.snooze(case, now + timedelta(minutes=20), "max", now),
            "close": lambda: desk.close(case, f"spam {now:%H%M}", "max", now),
            "reopen": lambda: desk.reopen(case, "max", now),
            "note": lambda: desk.note(case, "hello", "max", now),
            "correct": lambda: desk.correct(case, message, Said(Kind.COMPLAINT), "max", now),
            "deny": lambda: desk.correct(
                case, message, Said(Kind.OTHER, (Topic.STAFF,), Urgency.HIGH), "max", now
            ),
        }  # fmt: skip
        return deeds[what]()

    def standing(self) -> list[object]:
        """Return all that follows from what happened, with nothing of when it was looked at."""
        self.shop.pipeline.track_open(self.shop.now)
        verdicts = self.shop.rows(
            "SELECT id, kind, topics, urgency, language, verdict FROM messages"
        )
        judged = [(*row[:5], json.loads(row[5] or "{}")) for row in verdicts]
        settled = self.shop.rows("SELECT settled_until, untracked FROM conversations")
        return [self.shop.cases(), judged, settled]


def ended_under(steps: list[tuple[str, int]]) -> bool:
    """Tell whether a wait may have ended under a correction: it keeps the due time of then."""
    ends = {"answered", "deleted", "close", "thanked"}
    return steps[0][0] in {"correct", "deny"} and not ends.isdisjoint(what for what, _ in steps)


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_a_history_with_deeds_taken_back_is_the_history_without_them(
    steps: list[tuple[str, int]],
) -> None:
    """Whatever else happens: every column of every case and wait, and every verdict."""
    with Store(IN_MEMORY) as store, Store(IN_MEMORY) as another:
        life, done = Life(store), dict[int, "Done"]()
        life.happen("wrote", 0)
        for place, (what, which) in enumerate(steps, 1):
            life.go_to(place)
            with suppress(UserError):
                if what == "undo" and done:
                    undone = [*done][-1 - which % len(done)]
                    if ended_under(steps[undone - 1 : place - 1]):
                        continue
                    life.desk.undo(done[undone], "olena", life.shop.now)
                    event(f"took back {steps[undone - 1][0]}")
                    del done[undone]
                elif what in DEEDS:
                    done[place] = life.do(what)
                elif what != "undo":
                    life.happen(what, place)
        again = Life(another)
        again.happen("wrote", 0)
        for place, (what, _) in enumerate(steps, 1):
            again.go_to(place)
            if place in done:
                again.do(what)
            elif what in WORLD:
                again.happen(what, place)
        assert life.standing() == again.standing()
