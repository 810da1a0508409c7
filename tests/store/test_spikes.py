"""Promises about spikes: one thing to know, with all that follows, and nothing lost or told twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.grouping import Grouping, Trait
from inboxd.core.policies import Match
from inboxd.core.spikes import Spikes
from inboxd.model import Author, Kind, Topic, Urgency, Verdict
from inboxd.store.corrections import Said
from inboxd.workers.spikes import SpikeWatcher
from tests.store.shop import START, Shop, answered, at, open_shop, policy, rules, said, step

if TYPE_CHECKING:
    from inboxd.model import Alert

RULE = Spikes(("support", "lead"), at_least=10)
WEEK = timedelta(weeks=1)
MINUTE = timedelta(minutes=1)
GROUPED = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30))


class Courier:
    """A shop that has been watched for five weeks, in which four customers complain an hour."""

    def __init__(self, shop: Shop, rule: Spikes | None = RULE, *, history: bool = True) -> None:
        self.shop = shop
        plain = rules(policy(steps=(step("50%", "support"), step("100%", "support", "lead"))))
        shop.rules = replace(plain, grouping=GROUPED, spikes=rule)
        self._rule = rule
        self._watcher = self._new_watcher()
        self._numbers = iter(range(1_000_000))
        if history:
            self._remember_five_weeks()

    def _new_watcher(self) -> SpikeWatcher:
        return SpikeWatcher(self.shop.store, self._rule or RULE, ["shop-vk", "shop-fb"], UTC)

    def restart(self) -> None:
        """Forget all that is not in the database."""
        self._watcher = self._new_watcher()

    def _remember_five_weeks(self) -> None:
        shop = self.shop
        for account in ("shop-vk", "shop-fb"):
            shop.store.watch_from(account, START - 5 * WEEK - timedelta(hours=12))
        shop.now = START - timedelta(days=1)
        old = [
            said(0, f"w{week}h{hour}n{number}", "parcel", thread_id=f"dm:w{week}h{hour}n{number}",
                 author=Author(f"w{week}h{hour}n{number}"),
                 sent_at=START - week * WEEK + timedelta(hours=hour, minutes=15 * number))
            for week in range(1, 6) for hour in range(-2, 8) for number in range(4)
        ]  # fmt: skip
        shop.hear(*old, first=True)
        self.judge()
        shop.now = START

    def judge(self) -> None:
        """Judge by words: "parcel" is a complaint about shipping, "site" one about the website."""
        store = self.shop.store
        while waiting := store.messages.unclassified(100):
            verdicts = [(each, _verdict(each.text)) for each in waiting]
            self.shop.pipeline.judge(verdicts, self.shop.now)

    def complain(
        self, minutes: float, count: int, text: str = "My parcel is late", account: str = "shop-vk",
    ) -> list[str]:  # fmt: skip
        """Let so many customers of their own complain at once; returns their threads."""
        threads = [f"dm:c{next(self._numbers)}" for _ in range(count)]
        self.shop.now = at(minutes)
        self.shop.hear(
            *[said(minutes, f"m{each}", text, thread_id=each, author=Author(each, each), url=f"https://vk.com/{each}")
              for each in threads],
            account=account,
        )  # fmt: skip
        self.judge()
        return threads

    def answer(self, minutes: float, *threads: str) -> None:
        """Answer the customers of *threads*."""
        self.shop.now = at(minutes)
        self.shop.hear(*[answered(minutes, f"a{each}", thread_id=each) for each in threads])

    def tick(self, minutes: float) -> None:
        """Do what the daemon does each second."""
        self.shop.now = at(minutes)
        if self._rule:
            self._watcher.look(self.shop.now)
        self.shop.tick()

    def until(self, first: int, last: int) -> None:
        """Tick and deliver each minute."""
        for minute in range(first, last + 1):
            self.tick(minute)
            self.shop.deliver()

    def alerts(self, like: str = "spike%") -> list[str]:
        """Return the headlines of all alerts of such a reason."""
        return [row[0] for row in self.shop.rows(
            "SELECT headline FROM alerts WHERE reason LIKE ? ORDER BY id", like)]  # fmt: skip

    def alert(self, reason: str) -> Alert:
        """Return the alert of that reason, as a sink gets it."""
        items = self.shop.store.outbox.due("lead", self.shop.now)
        return next(a for item in items for a in item.alerts if a.reason == reason)


def _verdict(text: str) -> Verdict:
    topics = tuple(
        topic
        for word, topic in (
            ("parcel", Topic.SHIPPING), ("order", Topic.ORDERS), ("site", Topic.WEBSITE), ("odd", Topic.OTHER),
        )
        if word in text
    )  # fmt: skip
    kind = Kind.COMPLAINT if topics else Kind.REQUEST
    urgency = Urgency.HIGH if "police" in text else Urgency.NORMAL
    return Verdict(kind, topics or (Topic.OTHER,), urgency, "en", {})


@pytest.fixture
def courier(shop: Shop) -> Courier:
    return Courier(shop)


def test_far_more_complaints_than_usual_are_one_alert(courier: Courier) -> None:
    """With how many are usual, where they are, and some of them."""
    courier.complain(20, 20)
    courier.complain(25, 17, account="shop-fb")
    courier.tick(26)

    assert courier.alerts() == ["37 complaints about shipping in 1h, usually 4"]
    alert = courier.alert("spike_begins")
    assert dict(alert.facts) == {
        "In all": "37 customers",
        "Waiting": "37",
        "Where": "shop-vk: 20, shop-fb: 17",
    }
    assert [card.text for card in alert.examples] == ["My parcel is late"] * 3
    assert all(card.url and card.id for card in alert.examples)
    assert {row[1] for row in courier.shop.queued()} == {"support", "lead"}


def test_what_is_usual_is_told_to_nobody(courier: Courier) -> None:
    """Four, and even nine, in an hour in which four are usual."""
    courier.complain(20, 9)
    courier.until(21, 50)
    assert courier.alerts() == []


def test_one_customer_who_complains_again_and_again_is_one(courier: Courier) -> None:
    """Thirty messages of one person are no spike."""
    shop = courier.shop
    shop.now = at(30)
    shop.hear(*[said(minute, f"x{minute}", "parcel!") for minute in range(30)])
    courier.judge()
    courier.tick(31)
    assert courier.alerts() == []


def test_only_complaints_count(courier: Courier) -> None:
    """Forty who ask are busy people, and no trouble."""
    courier.complain(20, 40, "When do you open?")
    courier.tick(21)
    assert courier.alerts() == []


def test_the_same_trouble_under_two_names_is_one_spike(courier: Courier) -> None:
    """Who complains of a parcel speaks of an order, too; only others make a second spike."""
    courier.complain(20, 30, "My order: where is the parcel?")
    courier.tick(21)
    assert len(courier.alerts()) == 1

    courier.complain(25, 30, "The site is down")
    courier.tick(26)
    assert len(courier.alerts()) == 2


def test_what_a_first_read_brings_is_no_spike(courier: Courier) -> None:
    """It is history, however recent; what comes afterwards counts."""
    shop = courier.shop
    shop.now = at(30)
    shop.hear(*[said(29, f"x{n}", "parcel", thread_id=f"dm:x{n}", author=Author(f"x{n}"))
                for n in range(40)], first=True)  # fmt: skip
    courier.judge()
    courier.tick(31)
    assert courier.alerts() == []
    courier.complain(35, 25)
    courier.tick(36)
    assert courier.alerts() == ["25 complaints about shipping in 1h, usually 4"]


def test_what_an_account_brings_after_it_was_blind_is_no_spike(courier: Courier) -> None:
    """Forty complaints of a whole afternoon did not come in one hour."""
    shop = courier.shop
    shop.now = at(300)
    shop.hear(*[said(7.5 * n, f"x{n}", "parcel", thread_id=f"dm:x{n}", author=Author(f"x{n}"))
                for n in range(40)])  # fmt: skip
    courier.judge()
    courier.tick(301)
    assert courier.alerts() == []


def test_without_a_history_it_takes_more(tmp_path: Path) -> None:
    """And the alert says that nobody knows what is usual."""
    shop = open_shop(tmp_path / "new.db")
    courier = Courier(shop, history=False)
    courier.complain(20, 29)
    courier.tick(21)
    assert courier.alerts() == []
    courier.complain(22, 1)
    courier.tick(23)
    assert courier.alerts() == [
        "30 complaints about shipping in 1h, what is usual is not known yet"
    ]
    shop.store.close()


def test_what_is_muted_does_not_count(courier: Courier) -> None:
    """Who said that the courier is on strike need not hear it; when the silence ends, they do."""
    match = Match(topic=frozenset({"shipping"}), account=frozenset({"shop-vk"}))
    with courier.shop.store.transaction():
        courier.shop.store.silences.add(match, at(60), "anna", "strike", START)
    courier.complain(20, 30)
    courier.tick(21)
    assert courier.alerts() == []
    courier.tick(61)
    assert courier.alerts() == ["30 complaints about shipping in 1h, usually 4"]


def test_who_mutes_a_spike_hears_no_more_of_it_until_it_is_over(courier: Courier) -> None:
    """That it is muted does not end it, and that it doubles is told to nobody."""
    courier.complain(10, 20)
    courier.until(11, 12)
    with courier.shop.store.transaction():
        courier.shop.store.silences.add(
            Match(topic=frozenset({"shipping"})), at(300), "anna", "strike", at(12)
        )
    for minute in range(20, 101, 20):
        courier.complain(minute, 20)
        courier.until(minute + 1, minute + 20)
    assert courier.alerts() == ["20 complaints about shipping in 1h, usually 4"]
    courier.until(121, 200)
    assert len(courier.alerts("spike_over")) == 1


def test_a_correction_counts_at_once(courier: Courier) -> None:
    """What people say is no complaint is none, and what was deleted was not said."""
    threads = courier.complain(20, 20)
    shop = courier.shop
    for case, in shop.rows("SELECT id FROM cases WHERE status = 'waiting' AND opened_at >= ? LIMIT 12",
                           START.isoformat()):  # fmt: skip
        shop.pipeline.correct(case, None, Said(Kind.REQUEST), "anna", shop.now)
    courier.tick(21)
    assert len(threads) == 20
    assert courier.alerts() == []


def test_steps_of_its_customers_join_its_thread(courier: Courier) -> None:
    """At most every five minutes, together, with no limit to how many there are."""
    courier.complain(10, 40)
    courier.tick(11)
    courier.shop.deliver()
    courier.tick(40.5)
    courier.tick(41)

    threads = courier.shop.rows("SELECT DISTINCT thread FROM alerts")
    assert len(threads) == 1
    (item,) = courier.shop.store.outbox.due("support", at(41))
    assert len(item.alerts) == 40
    assert courier.shop.store.outbox.due("support", at(40.9)) == []


def test_the_urgent_are_told_at_once(courier: Courier) -> None:
    """Below the same head."""
    courier.complain(10, 40)
    courier.tick(11)
    courier.shop.deliver()
    courier.complain(12, 1, "I call the police: my parcel!")
    courier.tick(42.5)
    (item,) = courier.shop.store.outbox.due("support", at(42.5))
    assert len({alert.thread for alert in item.alerts}) == 1
    assert "urgent" in [alert.case.urgency and "urgent" for alert in item.alerts if alert.case and alert.case.urgency is Urgency.HIGH]  # fmt: skip


def test_other_customers_are_told_of_as_ever(courier: Courier) -> None:
    """Another topic, no complaint, or what people had heard of before stays where it was."""
    courier.complain(0, 1)
    courier.tick(30)
    courier.shop.deliver()
    courier.complain(31, 30)
    courier.complain(31, 1, "The site is down")
    courier.complain(31, 1, "When do you open?")
    courier.until(32, 62)
    spike = courier.shop.value("SELECT gathering_id FROM spikes")
    folded = courier.shop.value(
        "SELECT count(DISTINCT case_id) FROM alerts WHERE thread = ?", f"gathering:{spike}"
    )
    assert folded == 30
    told = courier.shop.value("SELECT count(DISTINCT case_id) FROM alerts")
    assert told == 33


def test_it_is_told_when_it_has_doubled(courier: Courier) -> None:
    """And not with every customer more."""
    courier.complain(10, 20)
    courier.until(11, 12)
    courier.complain(13, 15)
    courier.until(14, 15)
    assert courier.alerts() == ["20 complaints about shipping in 1h, usually 4"]
    courier.complain(16, 10)
    courier.until(17, 18)
    assert courier.alerts("spike_grows") == [
        "Complaints about shipping: 45 by now, 45 of them in 1h"
    ]


def test_its_head_is_shown_anew_when_its_numbers_change(courier: Courier) -> None:
    """Once a minute at most, where a message can be changed; nobody is told."""
    shop = courier.shop
    courier.complain(10, 20)
    courier.tick(11)
    for receiver, receipt in (("support", {"channel": "C1", "ts": "1.0"}), ("lead", {"key": "x"})):
        (item,) = shop.store.outbox.due(receiver, shop.now)
        assert shop.store.outbox.claim(item, shop.now)
        shop.store.outbox.sent(item, receipt, shop.now)
    courier.tick(12)
    (first,) = shop.store.refreshes.due("support", at(12), 5)
    assert first.bundle == "spike:1/begins > support"
    shop.store.refreshes.done(first)
    courier.tick(13)
    assert shop.store.refreshes.receivers(at(13)) == []
    courier.complain(13.5, 3)
    courier.tick(14)
    assert shop.store.refreshes.receivers(at(14)) == ["support"]
    assert courier.alerts() == ["20 complaints about shipping in 1h, usually 4"]


def test_it_ends_by_itself_and_says_who_still_waits(courier: Courier) -> None:
    """When the rate has been normal for half an hour; steps then go on as ever."""
    threads = courier.complain(10, 20)
    courier.until(11, 60)
    courier.answer(61, *threads[:15])
    courier.until(62, 99)
    assert courier.alerts("spike_over") == []
    courier.until(100, 101)
    assert courier.alerts("spike_over") == [
        "Complaints about shipping are as usual again: 20 customers in 1h 30m, 5 still wait"
    ]
    assert courier.shop.store.spikes.open() == []
    courier.until(102, 200)
    assert len(courier.alerts()) == 2


def test_a_second_burst_before_the_end_is_the_same_spike(courier: Courier) -> None:
    """Calm for a while is not over."""
    courier.complain(10, 20)
    courier.until(11, 85)
    assert courier.shop.value("SELECT calm_since FROM spikes") is not None
    courier.complain(86, 20)
    courier.until(87, 90)
    assert courier.shop.value("SELECT calm_since FROM spikes") is None
    assert courier.shop.value("SELECT count(*) FROM spikes") == 1


def test_after_its_end_another_one_can_begin(courier: Courier) -> None:
    """With an alert of its own."""
    courier.complain(10, 20)
    courier.until(11, 105)
    courier.complain(106, 20)
    courier.until(107, 110)
    assert [each.startswith("20 complaints") for each in courier.alerts("spike_begins")] == [
        True,
        True,
    ]


def test_a_restart_changes_nothing(courier: Courier) -> None:
    """All that is known of a spike is in the database."""
    courier.complain(10, 20)
    for minute in range(11, 110):
        courier.restart()
        courier.tick(minute)
    assert [row[0] for row in courier.shop.rows("SELECT reason FROM alerts WHERE case_id IS NULL")] == [
        "spike_begins",
        "spike_over",
    ]  # fmt: skip


def test_who_is_answered_before_an_update_is_left_out(courier: Courier) -> None:
    """What was held back of them is withdrawn, and their end is no news."""
    threads = courier.complain(10, 20)
    courier.tick(11)
    courier.shop.deliver()
    courier.tick(40)
    courier.answer(40.5, *threads)
    assert courier.shop.store.outbox.due("support", at(41)) == []
    assert courier.alerts("wait%") == []


def test_an_outage_of_the_rule_ends_its_spikes(courier: Courier) -> None:
    """Without [spikes] in the configuration nothing is folded any more, and nobody is told."""
    courier.complain(10, 20)
    courier.tick(11)
    courier.shop.store.spikes.give_up(at(12))
    assert courier.shop.store.spikes.open() == []
    assert courier.alerts("spike_over") == []


def test_the_state_of_a_spike_is_told_with_what_follows(courier: Courier) -> None:
    """How many by now, in the last hour, waiting and late, with the examples of the beginning."""
    threads = courier.complain(10, 20)
    courier.tick(11)
    courier.answer(20, *threads[:5])
    courier.complain(60, 3)
    (spike,) = courier.shop.store.spikes.open()
    standing = courier.shop.store.spikes.standing(spike, at(75))
    assert (standing.total, standing.lately) == (23, 3)
    assert (standing.waiting, standing.late) == (18, 15)
    assert len(standing.examples) == 3
    assert courier.shop.store.spikes.of_thread(spike.thread) == spike
    assert courier.shop.store.spikes.of_thread("case:1") is None


bursts = st.lists(
    st.tuples(st.integers(0, 150), st.integers(1, 25), st.sampled_from(["parcel", "site", "parcel order", "hello?"])),
    min_size=1, max_size=5,
)  # fmt: skip
answers = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=10)


@settings(max_examples=8, deadline=None)
@given(bursts, answers)
def test_what_is_told_of_customers_is_the_same_with_spikes_and_without(
    bursts: list[tuple[int, int, str]], answers: list[tuple[int, int]]
) -> None:
    """Spikes change where and when: no step is lost, none is told twice, all go out in the end."""
    with TemporaryDirectory() as folder:
        found = [
            _steps(Path(folder) / f"{bool(rule)}.db", rule, bursts, answers)
            for rule in (RULE, None)
        ]
    assert found[0] == found[1]


def _steps(
    path: Path,
    rule: Spikes | None,
    bursts: list[tuple[int, int, str]],
    answers: list[tuple[int, int]],
) -> set[tuple[object, ...]]:
    """Live through some hours, and return which step was told of which customer to whom."""
    shop = open_shop(path)
    courier = Courier(shop, rule)
    threads: list[str] = []
    for minute in range(0, 320, 2):
        for when, count, text in bursts:
            if when // 2 * 2 == minute:
                threads += courier.complain(minute, count, text)
        due = [threads[which] for when, which in answers
               if when // 2 * 2 == minute and which < len(threads)]  # fmt: skip
        courier.answer(minute + 0.5, *dict.fromkeys(due))
        courier.tick(minute + 1)
        shop.deliver()
    left = shop.rows(
        "SELECT a.key, w.ended_at FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id "
        "LEFT JOIN waits AS w ON w.id = a.wait_id WHERE o.state <> 'sent'"
    )
    assert all(ended for _, ended in left), left
    steps = shop.rows(
        "SELECT v.remote_id, substr(a.key, instr(a.key, '/')), o.receiver FROM outbox AS o "
        "JOIN alerts AS a ON a.id = o.alert_id JOIN cases AS c ON c.id = a.case_id "
        "JOIN conversations AS v ON v.id = c.conversation_id WHERE a.reason = 'step_due'"
    )
    assert len(steps) == len({*steps})
    shop.store.close()
    return {*steps}


def test_complaints_are_found_by_their_index_alone(courier: Courier) -> None:
    """However many messages there are, an hour costs what was complained of in it."""
    asked: list[str] = []
    store = courier.shop.store
    store.database.set_trace_callback(asked.append)
    store.spikes.customers(START - WEEK, START)
    store.database.set_trace_callback(None)
    plan = " ".join(row[3] for row in courier.shop.rows(f"EXPLAIN QUERY PLAN {asked[0]}"))
    assert "COVERING INDEX messages_complaints (sent_at>? AND sent_at<?)" in plan


def test_a_case_that_was_merged_into_another_is_no_example(courier: Courier) -> None:
    """It has no wait left of which anything could be told."""
    threads = courier.complain(20, 20)
    shop = courier.shop
    case = shop.value("SELECT max(id) FROM cases")
    shop.store.database.execute("DELETE FROM waits WHERE case_id = ?", [case])
    courier.tick(21)
    assert len(threads) == 20
    alert = courier.alert("spike_begins")
    assert len(alert.examples) == 3
    assert case not in {card.id for card in alert.examples}
