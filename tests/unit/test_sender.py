"""Promises about deliveries: nothing lost, nothing twice, and no receiver waits for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.connector import (
    OutgoingReply,
)
from inboxd.core.delivery import FIRST_PAUSE, TELL_AT_ATTEMPT
from inboxd.core.grouping import Grouping, Trait
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match
from inboxd.core.restraint import Restraint
from inboxd.errors import (
    DatabaseError,
    OutcomeUnknown,
    RateLimited,
    SendRefused,
    SinkRefused,
    TokenInvalid,
    Unavailable,
)
from inboxd.model import Alert, Stream, Tone
from inboxd.notify import PartlyDelivered
from inboxd.workers.context import Context
from inboxd.workers.sender import Handling, Sender
from inboxd.workers.storethread import StoreThread
from tests.store.shop import START, Shop, answered, at, open_shop, said
from tests.unit.scripted import ScriptedSink, scripted_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inboxd.notify import Delivery, Receipt

MINUTE = timedelta(minutes=1)


class Office:
    """A shop with two sinks and an account to answer from."""

    def __init__(self, path: Path) -> None:
        self.shop: Shop = open_shop(path)
        self.clock = ManualClock(START)
        self.sinks = {name: ScriptedSink(name) for name in ("support", "lead")}
        self.account, self.connector = scripted_account(self.clock)
        self.connector.script = {"feed": []}
        self.thread = StoreThread(self.shop.store)
        self.handling: dict[str, Handling] = {}
        self.sender = self.new_sender()

    def new_sender(self) -> Sender:
        """Return a sender as a new process would have it."""
        context = Context(self.thread, self.shop.pipeline, self.clock, ("support", "lead"))
        return Sender(self.sinks, {"shop-vk": self.account}, context, self.handling)

    def queue(self, key: str = "k1", *sinks: str, thread: str = "case:1") -> None:
        """Queue an alert."""
        alert = Alert(key, thread, "step_due", Tone.WARNING, "Somebody waits", self.clock.now())
        with self.shop.store.transaction():
            self.shop.store.outbox.add_alert(alert, sinks or ("support",))

    def queue_reply(self, text: str = "We are on it.", key: str = "r1") -> None:
        """Queue a reply to a customer's message."""
        self.shop.hear(said(0, "m1"))
        reply = OutgoingReply(
            key, "dm:1", Stream.DIRECT_MESSAGES, text, "m1", None, self.clock.now()
        )
        with self.shop.store.transaction():
            self.shop.store.outbox.add_reply("shop-vk", 1, reply, self.clock.now())

    async def drain(self, *receivers: str) -> None:
        """Let *receivers*, or whoever has something to take, be served."""
        for receiver in receivers or self.shop.store.outbox.receivers(self.clock.now()):
            await self.sender.drain(receiver)

    def after(self, duration: timedelta) -> None:
        """Move both clocks on."""
        self.clock.advance(duration)
        self.shop.now = self.clock.now()

    def make_writable(self, writable: bool) -> None:  # noqa: FBT001 - it is what is set
        """Let the database take writes, or refuse them as on a full disk."""
        self.shop.store.database.execute(f"PRAGMA query_only = {int(not writable)}")

    def states(self) -> list[tuple[str, str]]:
        """Return who has what in which state."""
        return self.shop.rows("SELECT receiver, state FROM outbox ORDER BY id")

    @property
    def support(self) -> ScriptedSink:
        """Return the first sink."""
        return self.sinks["support"]

    @property
    def lead(self) -> ScriptedSink:
        """Return the second sink."""
        return self.sinks["lead"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    opened = Office(tmp_path / "inboxd.db")
    yield opened
    opened.thread.close()


async def test_what_is_due_is_delivered_once(office: Office) -> None:
    """However often the sender looks."""
    office.queue("k1", "support", "lead")
    for _ in range(3):
        await office.drain()
    assert office.support.told() == office.lead.told() == ["k1"]
    assert office.states() == [("support", "sent"), ("lead", "sent")]


async def test_a_later_alert_of_a_thread_knows_where_the_first_one_is(office: Office) -> None:
    """So that a sink can update in place or thread."""
    office.queue("k1")
    await office.drain()
    office.queue("k2")
    await office.drain()
    assert [delivery.head for delivery in office.support.heard] == [None, {"id": "k1"}]


async def test_what_a_sink_does_not_go_on_with_is_no_head(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its channel is another one now: the first alert there begins the thread anew."""
    for key in ("k1", "k2", "k3"):
        office.queue(key)
        await office.drain()
        if key == "k1":
            monkeypatch.setattr(office.support, "continues", lambda head: head != {"id": "k1"})
    assert [delivery.head for delivery in office.support.heard] == [None, None, {"id": "k2"}]


async def test_a_failing_sink_is_tried_again_after_growing_pauses(office: Office) -> None:
    """Five seconds, ten, twenty: until it takes the alert."""
    office.queue()
    office.support.outcomes = [Unavailable("no answer")] * 3
    tries = []
    for second in range(60):
        before = len(office.support.heard)
        await office.drain()
        if len(office.support.heard) > before:
            tries.append(second)
        office.after(timedelta(seconds=1))
    assert tries == [0, 5, 15, 35]
    assert office.states() == [("support", "sent")]


async def test_a_receiver_that_wants_rest_gets_it(office: Office) -> None:
    """RateLimited is obeyed to the second, for everything meant for that receiver."""
    office.queue("k1")
    office.queue("k2")
    office.support.outcomes = [RateLimited("slow down", START + 2 * MINUTE)]
    await office.drain()
    assert office.support.told() == ["k1"]
    office.after(2 * MINUTE - timedelta(seconds=1))
    await office.drain()
    assert office.support.told() == ["k1"]
    office.after(timedelta(seconds=1))
    await office.drain()
    assert sorted(office.support.told()) == ["k1", "k1", "k2"]


async def test_a_broken_sink_holds_up_nobody_else(office: Office) -> None:
    """Each receiver is served on its own, and each row too."""
    office.queue("k1", "support", "lead")
    office.queue("k2", "support", "lead")
    office.support.outcomes = [ZeroDivisionError("our own bug"), Unavailable("down")]
    await office.drain()
    assert office.lead.told() == ["k1", "k2"]
    assert office.support.told() == ["k1", "k2"]


async def test_a_gathering_is_one_delivery(office: Office) -> None:
    """Its alerts arrive together, and are settled together."""
    for key in ("k1", "k2"):
        office.queue(key, thread="gathering:1")
    office.queue("k3", thread="case:1")
    await office.drain()
    told = [[alert.key for alert in delivery.alerts] for delivery in office.support.heard]
    assert told == [["k1", "k2"], ["k3"]]
    assert {state for _, state in office.states()} == {"sent"}


async def test_a_gathering_whose_answer_was_lost_is_looked_for_as_a_whole(office: Office) -> None:
    """By the name that it was sent under; what joined since is told for itself."""
    for key in ("k1", "k2"):
        office.queue(key, thread="gathering:1")
    office.support.outcomes = [OutcomeUnknown("the answer was lost")]
    await office.drain()
    office.after(MINUTE)
    office.queue("k3", thread="gathering:1")
    office.support.found = {"id": "somewhere"}
    await office.drain()
    assert [delivery.key for delivery in office.support.asked] == ["k1 > support"]
    told = [[alert.key for alert in delivery.alerts] for delivery in office.support.heard]
    assert told == [["k1", "k2"], ["k3"]]


async def test_a_refusing_sink_is_told_of_once_by_the_others(office: Office) -> None:
    """One notice, however many alerts it refuses, and whatever restarts meanwhile."""
    office.support.outcomes = [SinkRefused("the webhook is gone")] * 3
    for key in ("k1", "k2", "k3"):
        office.queue(key)
        await office.drain()
        office.sender = office.new_sender()
    reasons = [delivery.alerts[0].reason for delivery in office.lead.heard]
    assert reasons == ["sink_refused"]
    assert "the webhook is gone" in office.lead.heard[0].alerts[0].detail


async def test_a_sink_that_delivers_again_is_told_of_too(office: Office) -> None:
    """A refusal and its recovery are an alert each; then a new refusal is news again."""
    office.support.outcomes = [SinkRefused("gone")]
    office.queue("k1")
    await office.drain()
    office.after(MINUTE)
    office.queue("k2")
    await office.drain()
    await office.drain()
    office.after(MINUTE)
    office.support.outcomes = [SinkRefused("gone again")]
    office.queue("k3")
    await office.drain()
    await office.drain()
    reasons = [delivery.alerts[0].reason for delivery in office.lead.heard]
    assert reasons == ["sink_refused", "sink_delivers_again", "sink_refused"]


async def test_an_alert_for_a_sink_that_is_gone_from_the_configuration_is_told(
    office: Office,
) -> None:
    """It cannot be delivered, and that is not kept quiet."""
    office.queue("k1", "pager")
    await office.drain()
    assert office.states()[0] == ("pager", "refused")
    await office.drain()
    assert [delivery.alerts[0].reason for delivery in office.lead.heard] == ["sink_refused"]


async def test_a_lost_answer_is_looked_for_and_found(office: Office) -> None:
    """What arrived is not sent again."""
    office.queue()
    office.support.outcomes = [OutcomeUnknown("the answer was lost")]
    office.support.found = {"id": "somewhere"}
    await office.drain()
    await office.drain()
    assert office.states() == [("support", "sent")]
    assert len(office.support.heard) == 1


async def test_a_lost_answer_that_is_not_found_is_sent_again(office: Office) -> None:
    """The sink is sure that it did not arrive: the second attempt is the first to be seen."""
    office.queue()
    office.support.outcomes = [OutcomeUnknown("the answer was lost")]
    await office.drain()
    await office.drain()
    office.after(FIRST_PAUSE)
    await office.drain()
    assert [delivery.uncertain for delivery in office.support.heard] == [False, False]
    assert office.states() == [("support", "sent")]


async def test_what_never_arrives_is_tried_ever_less_often_and_told(office: Office) -> None:
    """A sink that answers each alert with an error, and where nothing is to be found."""
    office.queue()
    office.support.outcomes = [OutcomeUnknown("internal_error")] * 99
    tries = []
    for second in range(400):
        before = len(office.support.heard)
        await office.drain()
        if len(office.support.heard) > before:
            tries.append(second)
        office.after(timedelta(seconds=1))
    assert tries == [0, 6, 17, 38, 79, 160, 321]
    (told,) = office.lead.heard
    assert told.alerts[0].reason == "sink_refused"
    assert told.alerts[0].detail == "internal_error; it is not there"
    office.after(timedelta(days=1))
    await office.drain()
    await office.drain()
    assert office.states()[0] == ("support", "refused")


async def test_what_cannot_be_looked_for_is_told_after_minutes_and_given_up_after_a_day(
    office: Office,
) -> None:
    """A sink that is down altogether must not be waited for in silence."""
    office.handling["support"] = Handling(fallback="lead")
    office.queue()
    office.support.outcomes = [OutcomeUnknown("Slack answered 502")]
    office.support.found = Unavailable("Slack answered 502")
    await office.drain()
    told = []
    for minute in range(10):
        await office.drain()
        told.append((minute, [delivery.alerts[0].reason for delivery in office.lead.heard]))
        office.after(MINUTE)
    assert told[4] == (4, [])
    assert told[6][1] == told[-1][1] == ["sink_refused", "step_due"]
    office.after(timedelta(days=1))
    await office.drain()
    assert office.states()[0] == ("support", "refused")
    assert len(office.support.heard) == 1


async def test_where_nobody_can_tell_repeats_admit_it_and_come_ever_later(office: Office) -> None:
    """Soon, after minutes, after hours, and no more; the others hear of it when the third is lost."""
    office.handling["support"] = Handling(fallback="lead")
    office.queue()
    office.support.outcomes = [OutcomeUnknown("lost")] * 9
    office.support.found = OutcomeUnknown("a webhook cannot be asked")
    tries: list[int] = []
    told: list[int] = []
    for minute in range(500):
        before = len(office.support.heard)
        await office.drain()
        tries += [minute] * (len(office.support.heard) - before)
        told += [minute] * (len(office.lead.heard) - len(told))
        office.after(MINUTE)
    assert tries == [0, 2, 8, 69, 430]
    assert [delivery.uncertain for delivery in office.support.heard] == [False] + [True] * 4
    assert office.states()[0] == ("support", "refused")
    assert told == [10, 10]
    refused, handed_over = (delivery.alerts[0] for delivery in office.lead.heard)
    assert (refused.reason, handed_over.key) == ("sink_refused", "k1")
    assert refused.detail.endswith("nobody can tell whether alerts arrive (lost)")


async def test_when_a_sink_takes_alerts_again_what_waits_for_it_waits_no_longer(
    office: Office,
) -> None:
    """Neither for the hour of what may have arrived, nor for a pause; a rest is left alone."""
    office.queue("k1", thread="case:1")
    office.support.outcomes = [OutcomeUnknown("502")] * 3
    office.support.found = OutcomeUnknown("a webhook cannot be asked")
    for _ in range(10):
        await office.drain()
        office.after(MINUTE)
    assert office.states()[0] == ("support", "pending")
    office.queue("k2", thread="case:2")
    await office.drain()
    await office.drain()
    assert office.support.told() == ["k1", "k1", "k1", "k2", "k1"]
    assert office.support.heard[-1].uncertain
    reasons = [delivery.alerts[0].reason for delivery in office.lead.heard]
    assert reasons == ["sink_refused", "sink_delivers_again"]


async def test_a_passing_outage_of_what_cannot_be_asked_loses_no_alert(office: Office) -> None:
    """Its errors leave everything in doubt; a few posts, each later than the one before, are no flood."""
    office.queue()
    office.support.outcomes = [OutcomeUnknown("502")] * 2
    office.support.found = OutcomeUnknown("a webhook cannot be asked")
    tries = []
    for second in range(400):
        before = len(office.support.heard)
        await office.drain("support")
        if len(office.support.heard) > before:
            tries.append(second)
        if second == 100:
            now = office.clock.now()
            # Monitors hear of it: it waits because it has failed, and not by design.
            assert office.shop.store.outbox.undelivered(now, now) == 1
        office.after(timedelta(seconds=1))
    assert tries == [0, 31, 332]
    assert office.states() == [("support", "sent")]


async def test_what_reached_some_is_tried_again_for_the_others(office: Office) -> None:
    """The sink hears whom it has reached, also after a restart, and whoever was told stays told."""
    shop = office.shop
    shop.hear(said(0, "m1"))
    shop.tick(30)
    office.clock.set(shop.now)
    receipt = {"message_id": "<1>", "have_it": "lead@shop.example"}
    office.support.outcomes = [PartlyDelivered("450 not now", receipt), Unavailable("450 not now")]
    await office.drain("support")
    office.sender = office.new_sender()
    office.after(MINUTE)
    await office.drain("support")
    assert [delivery.reached for delivery in office.support.heard] == [None, receipt]
    shop.now = at(32)
    office.clock.set(shop.now)
    shop.hear(answered(32, "a1"))
    await office.drain("support")
    first, _, recovery = office.support.heard
    assert (recovery.alerts[0].reason, recovery.head) == ("wait_answered", receipt)
    assert recovery.alerts[0].thread == first.alerts[0].thread


async def test_what_reaches_the_others_at_last_is_delivered(office: Office) -> None:
    """And no attempt follows."""
    office.queue()
    office.support.outcomes = [PartlyDelivered("450 not now", {"id": "1"})]
    for _ in range(3):
        await office.drain()
        office.after(MINUTE)
    assert office.states() == [("support", "sent")]
    assert [delivery.uncertain for delivery in office.support.heard] == [False, False]


async def test_who_is_refused_for_days_beside_others_is_left_out(office: Office) -> None:
    """A full mailbox: the sink takes alerts, and people hear whom it does not reach."""
    office.handling["support"] = Handling(fallback="lead")
    office.queue()
    receipt = {"id": "1", "refused": "second@shop.example: 452 full", "have_it": "a@shop.example"}
    office.support.outcomes = [PartlyDelivered("452 full", receipt)] * 999
    for _ in range(25 * 12):
        await office.drain()
        office.after(5 * MINUTE)
    assert office.states()[0] == ("support", "sent")
    assert [delivery.alerts[0].reason for delivery in office.lead.heard] == ["recipients_refused"]
    assert not office.shop.store.outbox.refusing_since("support")
    office.queue("k2", thread="k2")
    office.support.outcomes = []
    await office.drain()
    await office.drain()
    assert office.lead.heard[-1].alerts[0].reason == "recipients_taken"


async def test_who_is_refused_for_good_beside_others_is_told_of_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until everybody is reached again; whoever gets the alerts at that sink hears of it, too."""
    refused = {"refused": "second@shop.example: 550 unknown"}

    async def deliver(delivery: Delivery) -> Receipt:
        office.support.heard.append(delivery)
        return {"id": delivery.key} | refused

    monkeypatch.setattr(office.support, "deliver", deliver)
    for key in ("k1", "k2", "k3"):
        if key == "k3":
            refused.clear()
        office.queue(key, thread=key)
        for _ in range(3):
            await office.drain()
        office.after(MINUTE)
    reasons = [delivery.alerts[0].reason for delivery in office.lead.heard]
    assert reasons == ["recipients_refused", "recipients_taken"]
    assert "second@shop.example: 550" in office.lead.heard[0].alerts[0].detail
    heard = [delivery.alerts[0].reason for delivery in office.support.heard]
    assert heard.count("recipients_refused") == 1
    assert not office.shop.store.outbox.refusing_since("support")


async def test_a_bug_in_looking_does_not_stop_the_receiver(office: Office) -> None:
    """What cannot be settled does not hold up what can be delivered."""
    office.queue("k1")
    office.support.outcomes = [OutcomeUnknown("lost")]
    office.support.found = ZeroDivisionError("our own bug")
    await office.drain()
    office.queue("k2", thread="case:2")
    await office.drain()
    assert "k2" in office.support.told()


async def test_an_idempotent_sink_is_simply_asked_again(office: Office) -> None:
    """People cannot see the repeat, so nothing admits one."""
    office.support.idempotent = True
    office.queue()
    office.support.outcomes = [OutcomeUnknown("lost")]
    await office.drain()
    office.after(MINUTE)
    await office.drain()
    assert [delivery.uncertain for delivery in office.support.heard] == [False, False]


async def test_an_idempotent_sink_that_never_answers_is_not_asked_for_ever(office: Office) -> None:
    """Not every mail program hides a repeat: five attempts, and the others hear of the third."""
    office.support.idempotent = True
    office.queue()
    office.support.outcomes = [OutcomeUnknown("took too long over the mail")] * 9
    for minute in range(500):
        await office.drain()
        if minute == 20:
            assert (len(office.support.heard), len(office.lead.heard)) == (3, 1)
        office.after(MINUTE)
    assert len(office.support.heard) == 5
    assert office.states()[0] == ("support", "refused")
    assert [delivery.alerts[0].reason for delivery in office.lead.heard] == ["sink_refused"]


@pytest.mark.parametrize("found", [None, {"id": "it had arrived"}])
async def test_a_crash_between_claim_and_settlement_loses_and_doubles_nothing(
    office: Office, found: Receipt | None
) -> None:
    """The next daemon asks the sink before it sends."""
    office.queue()
    store = office.shop.store
    (item,) = store.outbox.due("support", office.clock.now())
    assert store.outbox.claim(item, office.clock.now())
    office.sender = office.new_sender()
    assert await office.sender.recover() == 1
    office.support.found = found
    await office.drain()
    await office.drain()
    assert office.states() == [("support", "sent")]
    assert len(office.support.heard) == (0 if found else 1)


@pytest.mark.parametrize("found", [None, {"id": "it had arrived"}])
async def test_what_the_database_could_not_note_is_looked_for_without_a_restart(
    office: Office, monkeypatch: pytest.MonkeyPatch, found: Receipt | None
) -> None:
    """A full disk after a delivery leaves a claim behind; the next look settles it."""
    office.queue()
    deliver = office.support.deliver

    async def fill_the_disk(delivery: Delivery) -> Receipt:
        office.make_writable(False)
        return await deliver(delivery)

    monkeypatch.setattr(office.support, "deliver", fill_the_disk)
    with pytest.raises(DatabaseError):
        await office.drain()
    monkeypatch.undo()
    office.make_writable(True)
    assert office.states() == [("support", "sending")]
    office.support.found = found
    await office.drain()
    assert office.states() == [("support", "sent")]
    assert office.support.told() == ["k1"] * (1 if found else 2)
    assert len(office.shop.rows("SELECT 1 FROM alerts")) == 1


async def test_a_reply_that_is_sent_is_the_answer_at_once(office: Office) -> None:
    """The wait ends before the next poll sees the reply, and the poll changes nothing."""
    office.queue_reply()
    office.after(MINUTE)
    await office.drain()
    (case,) = office.shop.cases()
    assert case["status"] == "answered"
    office.shop.hear(answered(1, "reply-1", "We are on it."))
    assert office.shop.cases() == [case]


async def test_a_reply_that_a_network_refuses_is_told(office: Office) -> None:
    """Who wrote it must hear why it did not go out."""
    office.queue_reply()
    office.connector.outcomes = [SendRefused("the reply window is closed")]
    await office.drain()
    assert office.states()[0] == ("shop-vk", "refused")
    await office.drain()
    assert [delivery.alerts[0].reason for delivery in office.lead.heard] == ["reply_refused"]


async def test_a_reply_without_a_valid_token_is_told(office: Office) -> None:
    """Nobody should believe that the customer was answered."""
    office.queue_reply()
    office.connector.outcomes = [TokenInvalid("renew it")]
    await office.drain()
    await office.drain()
    assert [delivery.alerts[0].reason for delivery in office.support.heard] == ["reply_refused"]


async def test_a_public_reply_is_never_blindly_repeated(office: Office) -> None:
    """Its answer was lost: a poll that shows it settles it, and nothing is sent again."""
    office.queue_reply()
    office.connector.outcomes = [OutcomeUnknown("lost")]
    office.after(MINUTE)
    await office.drain()
    assert ("shop-vk", "unsure") in office.states()
    office.after(MINUTE)
    office.shop.hear(answered(1, "seen-1", "We are  on it."))
    await office.drain()
    assert office.states()[0] == ("shop-vk", "sent")
    assert len(office.connector.sent) == 1


async def test_a_reply_is_not_repeated_when_the_network_knows_it_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have arrived at first; that the last attempt surely did not changes nothing."""
    office.queue_reply()
    monkeypatch.setattr(type(office.connector), "idempotent_sends", True)
    office.connector.outcomes = [OutcomeUnknown("lost"), *[Unavailable("no way there")] * 20]
    for _ in range(29):
        await office.drain("shop-vk")
        assert office.states()[0] == ("shop-vk", "pending")
        office.after(MINUTE)
    tried = len(office.connector.sent)
    office.after(20 * MINUTE)
    await office.drain("shop-vk")

    assert office.states()[0] == ("shop-vk", "unsure")
    assert len(office.connector.sent) == tried
    office.shop.hear(answered(0, "seen-1", "We are on it."))
    await office.drain("shop-vk")
    assert office.states()[0] == ("shop-vk", "sent")


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_reply_that_is_refused_after_a_lost_answer_is_looked_for(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, arrived: bool
) -> None:
    """The first attempt may have arrived: nobody is told before the network was read anew."""
    office.queue_reply()
    monkeypatch.setattr(type(office.connector), "idempotent_sends", True)
    office.connector.outcomes = [OutcomeUnknown("lost"), SendRefused("she has blocked us")]
    await office.drain("shop-vk")
    for _ in range(2):
        office.after(MINUTE)
        await office.drain("shop-vk")
    assert (office.states(), len(office.connector.sent)) == ([("shop-vk", "unsure")], 2)

    office.after(2 * MINUTE)
    if arrived:
        office.shop.hear(answered(0, "seen-1", "We are on it."))
    office.shop.store.sources.succeeded("shop-vk", "feed", office.clock.now())
    await office.drain("shop-vk")
    assert office.states()[0] == ("shop-vk", "sent" if arrived else "refused")
    await office.drain("lead")
    told = [delivery.alerts[0].detail for delivery in office.lead.heard]
    assert len(told) == (0 if arrived else 1)
    assert all("has not appeared since (she has blocked us)" in each for each in told)


async def test_a_reply_that_a_crash_interrupts_is_repeated_where_the_network_knows_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an attempt before has failed: that says nothing of the one that is interrupted."""
    office.queue_reply()
    monkeypatch.setattr(type(office.connector), "idempotent_sends", True)
    office.connector.outcomes = [Unavailable("no way there")]
    await office.drain("shop-vk")
    office.after(MINUTE)
    store = office.shop.store
    (item,) = store.outbox.due("shop-vk", office.clock.now())
    assert store.outbox.claim(item, office.clock.now())
    office.sender = office.new_sender()
    assert await office.sender.recover() == 1
    await office.drain("shop-vk")
    assert office.states() == [("shop-vk", "sent")]


async def test_a_reply_is_found_though_the_network_has_changed_its_links(office: Office) -> None:
    """X cuts the handles in front and writes links out: nobody is told that it did not appear."""
    office.queue_reply("@anna Details: shop.example/faq")
    office.connector.outcomes = [OutcomeUnknown("lost")]
    office.after(MINUTE)
    await office.drain()
    office.after(MINUTE)
    office.shop.hear(answered(1, "seen-1", "Details: https://shop.example/faq"))
    await office.drain()
    assert office.states()[0] == ("shop-vk", "sent")


async def test_a_reply_that_no_poll_shows_is_left_to_a_person(office: Office) -> None:
    """Once everything was read after it without finding it, somebody must look."""
    office.queue_reply()
    office.connector.outcomes = [OutcomeUnknown("lost")]
    office.after(MINUTE)
    await office.drain()
    # A source that the configuration has dropped is never read again, and must not be waited for.
    office.shop.store.sources.failed("shop-vk", "dropped", at(0), Unavailable(""), None)
    office.shop.store.sources.succeeded("shop-vk", "feed", office.clock.now())
    await office.drain("shop-vk")
    assert office.states()[0] == ("shop-vk", "unsure")
    office.after(5 * MINUTE)
    office.shop.store.sources.succeeded("shop-vk", "feed", office.clock.now())
    await office.drain("shop-vk")
    assert office.states()[0] == ("shop-vk", "refused")
    await office.drain("lead")
    assert [delivery.alerts[0].reason for delivery in office.lead.heard] == ["reply_refused"]
    assert len(office.connector.sent) == 1


async def test_an_unsure_reply_on_a_blind_account_is_told_after_a_day(office: Office) -> None:
    """Doubt does not last for ever in silence."""
    office.queue_reply()
    office.connector.outcomes = [OutcomeUnknown("lost")]
    await office.drain()
    office.after(timedelta(days=1, minutes=1))
    await office.drain("shop-vk")
    assert office.states()[0] == ("shop-vk", "refused")


async def test_the_same_words_said_before_do_not_prove_a_reply(office: Office) -> None:
    """Two replies with one text are two messages on the network."""
    office.queue_reply("Thank you!", "r1")
    office.after(MINUTE)
    await office.drain()
    office.queue_reply("Thank you!", "r2")
    office.connector.outcomes = [OutcomeUnknown("lost")]
    await office.drain()
    await office.drain()
    assert office.states() == [("shop-vk", "sent"), ("shop-vk", "unsure")]


async def test_an_alert_in_flight_when_the_customer_is_answered_is_not_tried_again(
    office: Office,
) -> None:
    """Its failure comes after the answer: nobody hears of a wait that is over."""
    shop = office.shop
    shop.hear(said(0, "m1"))
    shop.tick(30)
    office.clock.set(shop.now)
    (item,) = shop.store.outbox.due("support", shop.now)
    assert shop.store.outbox.claim(item, shop.now)
    shop.now = at(31)
    shop.hear(answered(31, "a1"))
    shop.store.outbox.retry(item, at(32), "no answer")
    assert shop.queued()[0] == ("step_due", "support", "cancelled")


# Left in peace, and told by another


def test_hours_of_the_scripted_office_begin_at_nine() -> None:
    """The quiet hours below rely on it."""
    assert START.hour == 9


QUIET = OpeningHours("quiet", UTC, dict.fromkeys(range(7), ((0, 36_000),)))


def keys(sink: ScriptedSink) -> list[list[str]]:
    return [[alert.key for alert in delivery.alerts] for delivery in sink.heard]


async def test_quiet_hours_end_with_one_summary(office: Office) -> None:
    """Whatever threads it is about, in one delivery that says why it is late."""
    office.handling["support"] = Handling(Restraint(QUIET))
    for number in (1, 2, 3):
        office.queue(f"k{number}", "support", "lead", thread=f"case:{number}")
        await office.drain()
    assert (keys(office.support), len(office.lead.heard)) == ([], 3)
    office.after(timedelta(minutes=59))
    await office.drain()
    assert office.support.heard == []
    office.after(MINUTE)
    await office.drain()
    (summary,) = office.support.heard
    assert (keys(office.support), summary.held, summary.head) == (
        [["k1", "k2", "k3"]],
        "quiet",
        None,
    )


async def test_what_was_told_in_a_summary_begins_no_thread(office: Office) -> None:
    """The next alert about one of its cases stands by itself, and not below all the others."""
    office.handling["support"] = Handling(Restraint(QUIET))
    office.queue("k1", thread="case:1")
    office.queue("k2", thread="case:2")
    await office.drain()
    office.after(timedelta(hours=1))
    await office.drain()
    office.queue("k3", thread="case:1")
    await office.drain()
    office.queue("k4", thread="case:1")
    await office.drain()
    heads = [delivery.head for delivery in office.support.heard]
    assert heads == [None, None, {"id": "k3"}]


async def test_what_is_held_back_is_no_trouble(office: Office) -> None:
    """A monitor is not woken by quiet hours; only what is late after them counts."""
    office.handling["support"] = Handling(Restraint(QUIET))
    office.queue()
    await office.drain()
    outbox, start = office.shop.store.outbox, office.clock.now()
    office.after(30 * MINUTE)
    now = office.clock.now()
    assert (outbox.undelivered(start, now), outbox.waiting_since(now, now)) == (0, [])
    office.after(timedelta(hours=1))
    now = office.clock.now()
    assert (outbox.undelivered(start, now), outbox.waiting_since(now, now)) == (1, ["support"])


async def test_what_is_to_leave_later_is_no_trouble(office: Office) -> None:
    """Neither a gathering's wait nor the next update of a spike is the sink's fault."""
    now = office.clock.now()
    alert = Alert("k1", "spike:1", "step_due", Tone.WARNING, "Somebody waits", now)
    outbox = office.shop.store.outbox
    with office.shop.store.transaction():
        outbox.add_alert(alert, ["support"], leaves_at=now + 30 * MINUTE)
    office.after(20 * MINUTE)
    later = office.clock.now()
    assert (outbox.undelivered(now, later), outbox.waiting_since(later, later)) == (0, [])


async def test_what_was_held_back_and_then_fails_is_trouble(office: Office) -> None:
    """The pause before the next attempt is no quiet hour: monitors hear of it."""
    office.handling["support"] = Handling(Restraint(QUIET))
    office.queue()
    await office.drain()
    start = office.clock.now()
    office.after(timedelta(hours=1))
    office.support.outcomes = [Unavailable("down")]
    await office.drain()
    outbox, now = office.shop.store.outbox, office.clock.now()
    assert (outbox.undelivered(start, now), outbox.waiting_since(now, now)) == (1, ["support"])


async def test_a_failing_delivery_is_held_back_like_any_other(office: Office) -> None:
    """Where quiet hours begin between two attempts, they are no trouble either."""
    office.queue()
    office.support.outcomes = [Unavailable("down")]
    await office.drain()
    office.handling["support"] = Handling(Restraint(QUIET))
    office.after(MINUTE)
    await office.drain()
    outbox, now = office.shop.store.outbox, office.clock.now()
    assert (outbox.undelivered(now, now), outbox.waiting_since(now, now)) == (0, [])


async def test_a_clock_that_was_ahead_holds_nothing_back_for_long(office: Office) -> None:
    """What it held back is looked at again once the clock is set right."""
    office.handling["support"] = Handling(Restraint(QUIET))
    office.queue()
    office.after(timedelta(days=366, hours=-1))
    await office.drain()
    assert office.support.heard == []
    office.clock.set(START + 2 * timedelta(hours=1))
    await office.drain()
    assert keys(office.support) == [["k1"]]


async def test_what_is_held_back_is_asked_about_again_by_other_rules(office: Office) -> None:
    """Quiet hours that are taken out of the configuration hold nothing back any more."""
    office.handling["support"] = Handling(Restraint(QUIET))
    office.queue()
    await office.drain()
    del office.handling["support"]
    office.shop.store.outbox.let_go(office.clock.now())
    await office.drain()
    assert keys(office.support) == [["k1"]]


async def test_the_peace_of_a_sink_holds_back_no_reply(office: Office) -> None:
    """A reply is no alert, even where an account and a sink have one name."""
    office.handling["shop-vk"] = Handling(Restraint(QUIET))
    office.queue_reply()
    await office.drain()
    assert len(office.connector.sent) == 1


async def test_more_than_fits_into_an_hour_is_told_in_one(office: Office) -> None:
    """The limit counts messages; what is beyond waits, together, and nothing is lost."""
    office.handling["support"] = Handling(Restraint(per_hour=2))
    for number in range(1, 6):
        office.queue(f"k{number}", thread=f"case:{number}")
        await office.drain()
        office.after(MINUTE)
    assert keys(office.support) == [["k1"], ["k2"]]
    office.after(timedelta(minutes=55))
    await office.drain()
    assert keys(office.support)[2:] == [["k3", "k4", "k5"]]
    assert office.support.heard[-1].held == "limit"


async def test_what_is_about_inboxd_itself_is_no_part_of_the_limit(office: Office) -> None:
    """A sink that is full of customers still hears that an account is blind."""
    office.handling["support"] = Handling(Restraint(per_hour=1))
    office.shop.hear(said(0, "m1"))
    office.shop.tick(60)
    await office.drain()
    office.queue("blind", thread="account:shop-vk")
    await office.drain()
    assert keys(office.support)[-1] == ["blind"]


async def test_a_fallback_tells_what_a_sink_refuses(office: Office) -> None:
    """With the name of the sink that it was meant for; once, beside the notice of the refusal."""
    office.handling["support"] = Handling(fallback="lead")
    office.support.outcomes = [SinkRefused("the webhook is gone")] * 2
    office.queue("k1")
    await office.drain()
    await office.drain()
    told = [(each.alerts[0].reason, each.instead_of) for each in office.lead.heard]
    assert told == [("sink_refused", ""), ("step_due", "support")]


async def test_a_fallback_that_was_told_anyway_is_not_told_twice(office: Office) -> None:
    """It was one of the alert's own sinks."""
    office.handling["support"] = Handling(fallback="lead")
    office.support.outcomes = [SinkRefused("the webhook is gone")]
    office.queue("k1", "support", "lead")
    await office.drain()
    await office.drain()
    assert [each.alerts[0].reason for each in office.lead.heard] == ["step_due", "sink_refused"]


async def test_a_fallback_tells_what_a_sink_fails_to_take_for_long(office: Office) -> None:
    """After some failures in a row; the sink itself is still tried."""
    office.handling["support"] = Handling(fallback="lead")
    office.support.outcomes = [Unavailable("down")] * TELL_AT_ATTEMPT
    office.queue("k1")
    for _ in range(TELL_AT_ATTEMPT):
        await office.drain()
        office.after(timedelta(minutes=15))
    await office.drain()
    assert [each.instead_of for each in office.lead.heard] == ["", "support"]
    assert office.support.told() == ["k1"] * (TELL_AT_ATTEMPT + 1)


async def test_a_fallback_hears_of_nobody_who_was_answered_meanwhile(office: Office) -> None:
    """What a sink refuses after its wait has ended is no news for another."""
    office.handling["support"] = Handling(fallback="lead")
    shop = office.shop
    shop.hear(said(0, "m1"))
    shop.tick(30)
    office.clock.set(shop.now)
    deliver = office.support.deliver

    async def answer_meanwhile(delivery: Delivery) -> Receipt:
        shop.hear(answered(30, "a1"))
        return await deliver(delivery)

    office.support.outcomes = [SinkRefused("the webhook is gone")]
    office.support.deliver = answer_meanwhile  # type: ignore[method-assign]
    await office.drain("support")
    await office.drain("lead")
    reasons = [each.alerts[0].reason for each in office.lead.heard]
    assert reasons == ["sink_refused", "sink_delivers_again"]


async def test_what_is_handed_over_among_a_fallbacks_own_says_nothing_wrong(office: Office) -> None:
    """A message that is in part its own was not meant for another sink."""
    office.handling["support"] = Handling(fallback="lead")
    office.support.outcomes = [SinkRefused("the webhook is gone")]
    office.queue("k1", thread="gathering:1")
    await office.drain("support")
    office.queue("k2", "lead", thread="gathering:1")
    await office.drain("lead")
    assert keys(office.lead)[1:] == [["k1", "k2"]]
    assert office.lead.heard[1].instead_of == ""


# Silenced after it was queued


async def test_what_is_silenced_after_it_was_queued_is_not_told(office: Office) -> None:
    """Whatever held it back until then; it is told when the silence ends, if it is still true."""
    shop = office.shop
    for ref in ("m1", "m2"):
        shop.hear(said(0, ref, thread_id=f"dm:{ref}"))
    shop.tick(30)
    office.clock.set(shop.now)
    everything = shop.store.silences.add(Match(), at(90), "olha", "", shop.now)
    await office.drain()
    assert office.support.heard == []
    shop.now = at(40)
    shop.hear(answered(40, "a1", thread_id="dm:m1"))
    office.clock.set(at(41))
    with shop.store.transaction():
        shop.store.silences.end(everything.id, at(41))
    await office.drain()
    (delivery,) = office.support.heard
    assert ([alert.case and alert.case.id for alert in delivery.alerts], delivery.held) == (
        [2],
        "silence",
    )


async def test_a_silence_mutes_what_it_matches_and_no_end_of_it(office: Office) -> None:
    """Of what would be told together the rest is told; that a wait is over is never muted."""
    shop = office.shop
    shop.rules = replace(shop.rules, grouping=Grouping((Trait.POLICY,)))
    for account in ("shop-vk", "shop-two"):
        shop.hear(said(0, account, thread_id=f"dm:{account}"), account=account)
    shop.tick(30)
    office.clock.set(shop.now)
    one = Match(account=frozenset({"shop-vk"}))
    shop.store.silences.add(one, at(300), "olha", "", shop.now)
    await office.drain("support")
    shop.store.silences.add(Match(), at(300), "olha", "", shop.now)
    shop.now = at(40)
    office.clock.set(shop.now)
    shop.hear(answered(40, "a1", thread_id="dm:shop-two"), account="shop-two")
    await office.drain("support")
    told = [
        [(alert.reason, alert.case and alert.case.id) for alert in delivery.alerts]
        for delivery in office.support.heard
    ]
    assert told == [[("step_due", 2)], [("wait_answered", 2)]]


async def test_what_was_tried_together_is_muted_as_a_whole_or_not(office: Office) -> None:
    """A part of it may have arrived: what is looked for must be what was sent."""
    shop = office.shop
    shop.rules = replace(shop.rules, grouping=Grouping((Trait.POLICY,)))
    for account in ("shop-vk", "shop-two"):
        shop.hear(said(0, account, thread_id=f"dm:{account}"), account=account)
    shop.tick(30)
    office.clock.set(shop.now)
    office.support.outcomes = [Unavailable("down")]
    await office.drain("support")
    one = Match(account=frozenset({"shop-vk"}))
    shop.store.silences.add(one, at(300), "olha", "", shop.now)
    office.clock.set(at(31))
    await office.drain("support")
    assert [len(delivery.alerts) for delivery in office.support.heard] == [2, 2]


async def test_what_was_silenced_for_days_is_not_given_up_at_its_first_failure(
    office: Office,
) -> None:
    """It was held back for that long; the sink has failed once."""
    shop = office.shop
    shop.hear(said(0, "m1"))
    shop.tick(30)
    office.clock.set(shop.now)
    two_days = shop.now + timedelta(days=2)
    shop.store.silences.add(Match(), two_days, "olha", "", shop.now)
    await office.drain("support")
    office.clock.set(two_days)
    office.support.outcomes = [Unavailable("a hiccup")]
    await office.drain("support")
    office.after(MINUTE)
    await office.drain("support")
    assert office.states() == [("support", "sent")]
    assert len(office.support.heard) == 2
