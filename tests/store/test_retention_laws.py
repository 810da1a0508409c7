"""The law of retention: what is removed leaves everything that is younger as it is."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from inboxd.desk import Desk
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import Manners, ReplyVerdict
from inboxd.store import IN_MEMORY, Store
from inboxd.store.times import to_text
from tests.store.shop import ANNA, BORIS, Shop, answered, commented, policy, replied, rules, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.model import Message

QUIET, KEEP = timedelta(days=1), timedelta(days=7)
AN_HOUR = timedelta(hours=1)
FOLLOWING = rules(
    policy(promise=parse_business("8h"), resolution=parse_business("1d")), quiet_after=QUIET
)
RECEIPT = "Thank you, we have got your message and will look at it."
GAPS = (0.001, 0.01, 1, 10, 30, 90)
"""Hours between two steps: within a machine's seconds, a day, a week."""
WHAT = (
    "asked", "complained", "thanked", "answered", "answered", "receipt", "receipt", "promised",
    "deflected", "deleted", "taken back", "edited", "late", "close", "reopen", "ack", "snooze",
    "note", "undo", "tick", "deliver", "asked by two", "answered to one", "answered elsewhere",
    "asked elsewhere",
)  # fmt: skip
STEP = st.tuples(st.sampled_from(WHAT), st.integers(0, 1), st.sampled_from(GAPS))
STEPS = st.lists(STEP, min_size=15, max_size=40)


class Life:
    """A shop to which things happen; with *retention* it forgets what is old as it goes."""

    def __init__(self, store: Store, *, retention: bool = False) -> None:
        self.shop = Shop(store, rules=FOLLOWING)
        self.retention = retention
        self.desk = Desk(self.shop.store, self.shop.rules)
        self.done: list[Any] = []
        self.removed = 0

    def minute(self, back: timedelta = timedelta()) -> float:
        """Return how many minutes after the start it was *back* ago."""
        return (self.shop.now - back - Shop.now) / timedelta(minutes=1)

    def live(self, steps: Sequence[tuple[str, int, float]]) -> None:
        """Let everything happen, and forget what is old now and then."""
        for place, (what, which, gap) in enumerate(steps):
            self.shop.now += timedelta(hours=gap)
            with self.shop.store.transaction():
                self.shop.store.cases.resolve_quiet(self.shop.now)
            with suppress(UserError):
                self._happen(what, which, f"r{place}")
            self.shop.judge()
            self._judge_replies()
            if self.retention and gap > 1:
                self.forget()
        self.shop.hear(said(self.minute(), "last", thread_id="dm:9"))
        if self.retention:
            self.forget()

    def forget(self) -> None:
        """Remove what is old, as the daemon does each night."""
        store = self.shop.store
        until = store.retention.bound(KEEP, self.shop.now)
        if until is None:
            return
        store.retention.begin(until)
        while store.retention.mark_machines(until):
            pass
        after: int | None = 0
        while after is not None:
            swept = store.retention.sweep(until, QUIET, after)
            self.removed += swept.messages
            after = swept.after
        while store.retention.sweep_the_rest(until):
            pass

    def _happen(self, what: str, which: int, ref: str) -> None:
        message = self._message(what, which, ref)
        if message:
            self.shop.hear(message)
        elif what in {"close", "reopen", "ack", "snooze", "note"}:
            self._do(what, which)
        elif what == "undo" and self.done:
            self.desk.undo(self.done.pop(), "max", self.shop.now)
        elif what == "tick":
            self.shop.tick()
        elif what == "deliver":
            self.shop.deliver()

    def _message(self, what: str, which: int, ref: str) -> Message | None:  # noqa: PLR0911 - one for each word
        minute, thread = self.minute(), {"thread_id": f"dm:{which}"}
        texts = {"asked": "please", "complained": "awful", "thanked": "thanks"}
        if what in texts:
            return said(minute, ref, texts[what], **thread)
        if what in {"promised", "deflected"} and not self._goes_on(thread["thread_id"]):
            return None
        if what in {"answered", "receipt", "promised", "deflected"}:
            text = RECEIPT if what == "receipt" else f"{what} {ref}"
            return answered(minute, ref, text, **thread)
        if what == "late":
            # Later than everything that may be removed by then.
            return said(self.minute(KEEP - AN_HOUR), ref, "please?", **thread)
        elsewhere = {"thread_id": f"x:{which}"}
        match what:
            case "deleted" | "taken back" | "edited":
                return self._changed(what, which)
            case "asked by two":
                return commented(minute, ref, (ANNA, BORIS)[which % 2])
            case "answered to one":
                return replied(minute, ref, (ANNA, BORIS)[which % 2])
            case "asked elsewhere":
                return commented(minute, ref, ANNA, **elsewhere)
            case "answered elsewhere":
                others = tuple(f"x:{other}" for other in range(3) if other != which)
                return replied(minute, ref, also_in=others, **elsewhere)
        return None

    def _goes_on(self, thread: str) -> bool:
        """Tell whether something is left of a thread: out of the blue, nobody is promised to."""
        (latest,) = self.shop.rows(
            "SELECT max(m.sent_at) FROM messages AS m "
            "JOIN conversations AS v ON v.id = m.conversation_id "
            "WHERE v.remote_id = ? AND m.direction = 'inbound'",
            thread,
        )[0]
        return latest is not None and latest > to_text(self.shop.now - KEEP + AN_HOUR)

    def _changed(self, what: str, which: int) -> Message | None:
        """Return the deletion or the edit of a message that is not about to be removed."""
        ours = what == "taken back"
        rows = self.shop.rows(
            "SELECT m.remote_id, (julianday(m.sent_at) - julianday(?)) * 1440, v.remote_id "
            "FROM messages AS m JOIN conversations AS v ON v.id = m.conversation_id "
            "WHERE m.direction = ? AND v.remote_id LIKE 'dm:%' AND m.sent_at > ? "
            "ORDER BY m.id DESC",
            to_text(Shop.now),
            "outbound" if ours else "inbound",
            to_text(self.shop.now - KEEP + AN_HOUR),
        )
        if len(rows) <= which:
            return None
        ref, minute, thread = rows[which]
        tell = answered if ours else said
        if what == "edited":
            at = self.shop.now
            return said(minute, ref, "awful, awful", edited_at=at, thread_id=thread)
        return tell(minute, ref, "", deleted=True, thread_id=thread)

    def _do(self, what: str, which: int) -> None:
        thread = f"dm:{which}"
        rows = self.shop.rows(
            "SELECT c.id FROM cases AS c JOIN conversations AS v ON v.id = c.conversation_id "
            "WHERE v.remote_id = ? AND c.close_reason NOT LIKE 'merged%' "
            "ORDER BY c.opened_at DESC, c.id DESC LIMIT 1",
            thread,
        )
        if not rows:
            return
        case, desk, now = rows[0][0], self.desk, self.shop.now
        # People work on what they see: what is long over nobody opens again here.
        state, _ = self.shop.store.cases.find(case)
        if what == "reopen" and state.ended_at and now - state.ended_at > KEEP - AN_HOUR:
            return
        match what:
            case "close":
                self.done.append(desk.close(case, "spam", "max", now))
            case "reopen":
                self.done.append(desk.reopen(case, "max", now))
            case "ack":
                desk.acknowledge(case, "max", now)
            case "snooze":
                self.done.append(desk.snooze(case, now + timedelta(hours=30), "max", now))
            case "note":
                desk.note(case, "hello", "max", now)

    def _judge_replies(self) -> None:
        """Judge answers by their first word."""
        manners = Manners(True, True, False, True, True)
        for each in self.shop.store.replies.unjudged(20):
            promise, deflects = "promised" in each.text, "deflected" in each.text
            shares = {
                "deflection": 0.97 * deflects,
                "promise": 0.97 * promise,
                "non_answer": 0.0,
            }
            verdict = ReplyVerdict(deflects, promise, False, "en", shares, manners)
            self.shop.pipeline.judge_replies([(each, verdict)], self.shop.now, "test")

    def standing(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Return every case, after its whole conversation was gone through once more."""
        shop = self.shop
        numbers = [row[0] for row in shop.rows("SELECT id FROM conversations")]
        with shop.store.transaction():
            shop.pipeline.track(dict.fromkeys(numbers, ""), shop.now)
            shop.store.cases.resolve_quiet(shop.now)
        return {
            (case["conversation_id"], case["opened_at"], case["first_message_id"]): case
            for case in shop.cases()
        }

    def figures(self) -> list[str]:
        """Return what reports are made of."""
        times = self.shop.rows(
            "SELECT account, network, stream, kind, topics, language, wait, since, due_at, "
            "ended_at, outcome, open_seconds, wall_seconds, late FROM response_times "
            "WHERE outcome <> 'void'"
        )
        promises = self.shop.rows(
            "SELECT account, network, stream, since, due_at, ended_at, outcome, late FROM promises"
            " WHERE outcome IS NOT 'void'"
        )
        return sorted(repr(row) for row in (*times, *promises))

    def counts(self) -> list[tuple[Any, ...]]:
        """Return how many messages of what kind there were, removed ones included."""
        return self.shop.rows(
            "SELECT direction, kind, sum(messages) FROM ("
            "SELECT direction, coalesce(kind, '') AS kind, count(*) AS messages FROM messages "
            "GROUP BY 1, 2 UNION ALL SELECT direction, kind, messages FROM past_messages) "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_what_is_younger_is_the_same_with_and_without_retention(
    steps: list[tuple[str, int, float]],
) -> None:
    """Cases, waits and due times are as if nothing had been removed, and so are all figures."""
    with Store(IN_MEMORY) as store, Store(IN_MEMORY) as another:
        whole, short = Life(store), Life(another, retention=True)
        whole.live(steps)
        short.live(steps)
        event("something was removed" if short.removed else "nothing was removed")

        before = short.figures(), whole.figures()
        kept, all_cases = short.standing(), whole.standing()

        assert kept == {key: case for key, case in all_cases.items() if key in kept}
        for key in all_cases.keys() - kept.keys():
            assert all_cases[key]["status"] in {"resolved", "closed"}
        assert before[0] == before[1]
        assert short.counts() == whole.counts()
        assert short.shop.rows("PRAGMA foreign_key_check") == []
        assert short.shop.rows("SELECT * FROM passed_over") == []
