"""Promises about when people are told, and about when they are left in peace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.escalation import Attention, Decision, Reason, decide, step_at, step_offset
from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step, Until
from inboxd.core.rota import Handover, Rota
from inboxd.core.sla import Due, Running, Target, resolution_due, response_due
from inboxd.core.states import FOR_EVER, WaitState
from inboxd.core.told import Firing, is_told, remembered, step_name
from inboxd.core.waits import WaitKind
from inboxd.durations import BusinessSpan, parse_business, parse_step_at

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALWAYS = OpeningHours("always", UTC, {day: [(0, 86_400)] for day in range(7)})
OFFICE = OpeningHours("office", UTC, {day: [(9 * 3_600, 18 * 3_600)] for day in range(5)})
BREAKS = OpeningHours(
    "with a break", UTC, {day: [(32_400, 46_800), (50_400, 64_800)] for day in range(5)}
)


def step(at: str, *to: str, repeat: str | None = None) -> Step:
    return Step(parse_step_at(at), to or ("support",), parse_business(repeat) if repeat else None)


def policy(*steps: Step, hours: OpeningHours = ALWAYS, **changes: Any) -> Policy:
    plain = Policy(
        name="complaints",
        match=Match(),
        hours=hours,
        first_response=parse_business("1h"),
        next_response=parse_business("2h"),
        steps=steps,
        remind_after=parse_business("4h"),
    )
    return replace(plain, **changes)


def due(of: Policy, since: datetime = MONDAY) -> Due:
    promised = response_due(WaitKind.FIRST_RESPONSE, since, of)
    assert promised is not None
    return promised


def told(attention: Attention, decision: Decision) -> Attention:
    """Return what people know once the alert of *decision* is queued."""
    known, until = remembered(attention.told, attention.told_until, decision.told)
    return replace(attention, told=known, told_until=until)


CHAIN = (
    step("50%", "support"),
    step("100%", "support", "lead"),
    step("100% + 1h", "lead", repeat="2h"),
)
SPANS = st.integers(0, 12 * 60).map(lambda minutes: BusinessSpan(0, timedelta(minutes=minutes)))
STEPS = st.lists(
    st.builds(
        Step,
        st.one_of(
            st.integers(0, 300).map(lambda percent: parse_step_at(f"{percent}%")),
            st.integers(1, 600).map(lambda minutes: parse_step_at(f"100% + {minutes}m")),
        ),
        st.sampled_from([("support",), ("lead",), ("support", "lead")]),
        st.one_of(st.none(), st.integers(10, 400).map(lambda m: parse_business(f"{m}m"))),
    ),
    max_size=5,
).map(tuple)
CALENDARS = st.sampled_from([ALWAYS, OFFICE, BREAKS])
POLICIES = st.builds(lambda steps, hours: policy(*steps, hours=hours), STEPS, CALENDARS)
LOOKS = st.lists(st.integers(0, 10 * 24 * 60), min_size=1, max_size=25).map(sorted)


@given(st.lists(POLICIES, min_size=1, max_size=4), LOOKS)
def test_no_firing_is_early_and_none_happens_twice(
    policies: list[Policy], looks: list[int]
) -> None:
    """Whatever happens to policies and calendars meanwhile, nothing is told twice or too soon."""
    attention = Attention(MONDAY)
    seen: set[tuple[str, int]] = set()
    for number, minutes in enumerate(looks):
        now = MONDAY + timedelta(minutes=minutes)
        current = policies[number % len(policies)]
        decision = decide(current, [due(current)], attention, now)
        for firing in decision.firings:
            assert firing.at <= now
            assert attention.told_until is None or firing.at > attention.told_until
            assert (firing.step, firing.turn) not in seen
        seen.update((firing.step, firing.turn) for firing in decision.firings)
        if decision.firings:
            attention = told(attention, decision)
            assert not decide(current, [due(current)], attention, now).firings


@given(POLICIES, st.integers(0, 10 * 24 * 60))
def test_the_next_look_is_later_and_nothing_is_due_before_it(plan: Policy, minutes: int) -> None:
    """Between two looks nothing can fall due, so a tick may pass over everything else."""
    now = MONDAY + timedelta(minutes=minutes)
    attention = Attention(MONDAY)
    decision = decide(plan, [due(plan)], attention, now)
    if decision.firings:
        attention = told(attention, decision)
    again = decision.look_again_at
    if again is None:
        later = now + timedelta(days=30)
        assert not decide(plan, [due(plan)], attention, later).firings
        return
    assert again > now
    just_before = again - timedelta(milliseconds=1)
    assert not decide(plan, [due(plan)], attention, just_before).firings
    assert decide(plan, [due(plan)], attention, again).firings


@given(CALENDARS, SPANS, SPANS, st.integers(0, 14 * 24 * 60))
def test_due_is_never_before_receipt_and_a_longer_target_never_sooner(
    hours: OpeningHours, one: BusinessSpan, other: BusinessSpan, minutes: int
) -> None:
    """The two laws of every target, in every calendar."""
    since = MONDAY + timedelta(minutes=minutes)
    shorter, longer = sorted((one, other), key=lambda span: span.time)
    first = due(policy(hours=hours, first_response=shorter), since)
    second = due(policy(hours=hours, first_response=longer), since)
    assert since <= first.at <= second.at


@given(CALENDARS, st.integers(0, 200), st.integers(0, 200), st.integers(0, 9 * 60))
def test_a_larger_share_of_the_target_is_never_due_sooner(
    hours: OpeningHours, one: int, other: int, minutes: int
) -> None:
    """Steps escalate in the order of their shares."""
    plan = policy(hours=hours)
    promised = due(plan, MONDAY + timedelta(minutes=minutes))
    small, large = sorted((one, other))
    assert step_offset(hours, promised, step(f"{small}%")) <= step_offset(
        hours, promised, step(f"{large}%")
    )


@given(POLICIES, st.integers(0, 5 * 24), st.integers(1, 3 * 24), LOOKS)
def test_a_resolution_beside_an_answer_is_told_once_and_keeps_nobody_waiting(
    plan: Policy, opened: int, hours: int, looks: list[int]
) -> None:
    """However long the case is overdue: nothing is told twice, and every next look is the right one."""
    plan = replace(plan, resolution=parse_business(f"{hours}h"))
    wait = WaitState(WaitKind.FIRST_RESPONSE, MONDAY, 1, 1)
    running = Running(wait, due(plan), resolution_due(MONDAY - timedelta(hours=opened), plan))

    def look(attention: Attention, now: datetime) -> Decision:
        return decide(plan, running.told, attention, now)

    attention, seen = Attention(MONDAY), set[tuple[str, int]]()
    for minutes in looks:
        now = MONDAY + timedelta(minutes=minutes)
        decision = look(attention, now)
        fired = (*decision.firings, *decision.skipped)
        names = {(firing.step, firing.turn) for firing in fired}
        assert not names & seen
        assert all(firing.at <= now for firing in fired)
        seen |= names
        if decision.firings:
            attention = told(attention, decision)
        after, again = look(attention, now), decision.look_again_at
        assert (after.firings, after.look_again_at) == ((), again)
        later = again - timedelta(milliseconds=1) if again else now + timedelta(days=30)
        assert not look(attention, later).firings
        assert again is None or look(attention, again).firings
    full = next((each for each in plan.steps if str(each.at) == "100%"), None)
    own = due(plan)
    if full and now >= own.at:
        named = step_name(plan, own, full)
        assert named in attention.told or is_told(
            attention.told, attention.told_until, Firing(named, 0, own.at, full.to, due=own)
        )


def test_steps_fire_when_their_share_of_the_target_has_passed() -> None:
    """Half of an hour, the hour, an hour later, and then every two hours."""
    plan, attention, fired = policy(*CHAIN), Attention(MONDAY), []
    for minutes in range(0, 400, 10):
        decision = decide(plan, [due(plan)], attention, MONDAY + timedelta(minutes=minutes))
        if decision.firings:
            fired.append((minutes, decision.to))
            attention = told(attention, decision)
    lead, both = ("lead",), ("support", "lead")
    assert fired == [(30, ("support",)), (60, both), (120, lead), (240, lead), (360, lead)]


def test_several_overdue_steps_go_out_as_one_alert_to_all_of_them() -> None:
    """Nobody is paged three times because the daemon was down for two hours, and nobody never."""
    plan = policy(*CHAIN)
    decision = decide(plan, [due(plan)], Attention(MONDAY), MONDAY + timedelta(hours=3))
    assert decision.reason is Reason.STEP_DUE
    assert decision.to == ("lead", "support")
    assert [firing.step for firing in decision.firings] == [
        "complaints/first_response/100%+1hevery2h"
    ]
    assert len(decision.skipped) == 2
    after = told(Attention(MONDAY), decision)
    assert decide(plan, [due(plan)], after, MONDAY + timedelta(hours=3)).reason is Reason.NOT_YET


def test_no_warning_stands_for_a_broken_promise() -> None:
    """Half the time for an answer has passed since the case was overdue: that it is, is told."""
    plan = policy(step("50%", "support"), step("100%", "lead"), resolution=parse_business("2h"))
    wait = WaitState(WaitKind.FIRST_RESPONSE, MONDAY, 1, 1)
    opened = MONDAY - timedelta(minutes=100)
    running = Running(wait, due(plan), resolution_due(opened, plan))
    now = MONDAY + timedelta(minutes=31)
    decision = decide(plan, running.told, Attention(MONDAY), now)
    assert [firing.step for firing in decision.firings] == ["complaints/resolution/100%"]
    assert (decision.to, len(decision.skipped)) == (("lead", "support"), 2)
    later = decide(plan, running.told, told(Attention(MONDAY), decision), now)
    assert later == Decision(Reason.NOT_YET, look_again_at=due(plan).at)


def test_a_step_that_repeats_does_not_swallow_the_breach_of_somebody_else() -> None:
    """Nobody looked while the promise broke: support's next repetition tells the lead as well."""
    nagging = replace(step("50%", "support", repeat="10m"), mentions=("S1",))
    plan = policy(nagging, replace(step("100%", "lead"), mentions=("U1",)))
    attention = Attention(MONDAY)
    attention = told(
        attention, decide(plan, [due(plan)], attention, MONDAY + timedelta(minutes=51))
    )
    decision = decide(plan, [due(plan)], attention, MONDAY + timedelta(minutes=71))
    assert [firing.at for firing in decision.firings] == [MONDAY + timedelta(minutes=70)]
    assert (decision.to, decision.mentions) == (("support", "lead"), ("S1", "U1"))
    later = decide(plan, [due(plan)], told(attention, decision), MONDAY + timedelta(minutes=80))
    assert later.to == ("support",), "and once is enough"


def test_steps_of_the_same_moment_go_out_as_one_alert() -> None:
    """Two steps at 100 % tell their sinks together, each sink once."""
    plan = policy(step("100%", "support"), step("100%", "lead", "support"))
    decision = decide(plan, [due(plan)], Attention(MONDAY), MONDAY + timedelta(hours=1))
    assert decision.to == ("support", "lead")


def test_a_repeating_step_due_at_closing_time_is_due_then() -> None:
    """What is due in the last minute of the day is told in it, and with all it goes with."""
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    plan = policy(step("100%", "support"), step("100%", "lead", repeat="2h"), hours=OFFICE)
    closing = friday + timedelta(hours=1)
    decision = decide(plan, [due(plan, friday)], Attention(friday), closing)
    assert [firing.at for firing in decision.firings] == [closing, closing]
    assert decision.to == ("support", "lead")
    assert decision.look_again_at == datetime(2026, 11, 30, 11, 0, tzinfo=UTC)


def test_nothing_is_told_without_a_target() -> None:
    """A policy may promise nothing."""
    assert decide(policy(*CHAIN), [], Attention(MONDAY), MONDAY).reason is Reason.NO_TARGET


def test_a_policy_without_steps_tells_nobody() -> None:
    """A target alone is measured, not told."""
    plan = policy()
    decision = decide(plan, [due(plan)], Attention(MONDAY), MONDAY + timedelta(days=1))
    assert decision == Decision(Reason.NO_STEPS_LEFT)


def test_who_has_taken_a_case_is_reminded_once() -> None:
    """Steps stop at the acknowledgement; a single reminder follows if still unanswered."""
    plan = policy(*CHAIN)
    attention = Attention(MONDAY, acknowledged_at=MONDAY + timedelta(minutes=5))
    early = decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=3))
    reminder_at = MONDAY + timedelta(hours=4, minutes=5)
    assert early == Decision(Reason.ACKNOWLEDGED, look_again_at=reminder_at)
    decision = decide(plan, [due(plan)], attention, reminder_at)
    assert (decision.reason, decision.to) == (Reason.REMINDER_DUE, ("support", "lead"))
    after = decide(plan, [due(plan)], told(attention, decision), reminder_at + timedelta(days=9))
    assert after == Decision(Reason.ACKNOWLEDGED)


def test_nobody_is_reminded_where_there_is_nobody_to_tell() -> None:
    """A policy without steps has no sinks: its reminder would be an alert to none."""
    attention = Attention(MONDAY, acknowledged_at=MONDAY)
    plan = policy()
    decision = decide(plan, [due(plan)], attention, MONDAY + timedelta(days=9))
    assert decision == Decision(Reason.ACKNOWLEDGED)


def test_a_change_of_policy_does_not_repeat_the_reminder() -> None:
    """One acknowledgement has one reminder, whichever policy governs by then."""
    plan, other = policy(*CHAIN), policy(*CHAIN, name="everything else")
    attention = Attention(MONDAY, acknowledged_at=MONDAY)
    now = MONDAY + timedelta(hours=5)
    attention = told(attention, decide(plan, [due(plan)], attention, now))
    assert decide(other, [due(other)], attention, now) == Decision(Reason.ACKNOWLEDGED)


def test_an_acknowledgement_of_an_earlier_wait_does_not_count() -> None:
    """Who took the last question has not taken the next one."""
    plan = policy(*CHAIN)
    attention = Attention(MONDAY, acknowledged_at=MONDAY - timedelta(minutes=1))
    assert decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=1)).firings


def test_a_step_may_come_before_the_target() -> None:
    """Half an open hour before the end, and with a target shorter than that at once."""
    early = policy(step("100% - 30m"), hours=OFFICE)
    friday = MONDAY + timedelta(days=4, hours=8, minutes=50)
    decision = decide(early, [due(early, friday)], Attention(friday), friday)
    monday = MONDAY + timedelta(days=7, minutes=20)
    assert decision == Decision(Reason.NOT_YET, look_again_at=monday)
    hasty = policy(step("100% - 2h"))
    assert decide(hasty, [due(hasty)], Attention(MONDAY), MONDAY).firings[0].at == MONDAY


def test_some_steps_go_on_until_the_customer_is_answered() -> None:
    """Whoever took the case is not the last to hear of it; the others are left in peace."""
    chain = (
        step("100%", "support"),
        replace(step("100% + 1h", "lead", repeat="2h"), until=Until.ANSWERED),
    )
    plan = policy(*chain, remind_after=None)
    attention = Attention(MONDAY, acknowledged_at=MONDAY)
    quiet = decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=1))
    assert (quiet.firings, quiet.look_again_at) == ((), MONDAY + timedelta(hours=2))
    decision = decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=2))
    assert (decision.reason, decision.to) == (Reason.STEP_DUE, ("lead",))
    assert decision.look_again_at == MONDAY + timedelta(hours=4)


def test_a_step_that_goes_on_does_not_swallow_the_reminder() -> None:
    """Both are due at once: one is told, and the other at the next look."""
    going_on = replace(step("100% + 3h", "lead"), until=Until.ANSWERED)
    plan = policy(going_on, remind_after=parse_business("5h"))
    attention = Attention(MONDAY, acknowledged_at=MONDAY)
    now = MONDAY + timedelta(hours=6)
    first = decide(plan, [due(plan)], attention, now)
    assert (first.reason, first.look_again_at) == (Reason.STEP_DUE, now)
    second = decide(plan, [due(plan)], told(attention, first), now)
    assert second.reason is Reason.REMINDER_DUE


def test_what_is_silenced_is_decided_when_the_silence_ends() -> None:
    """Then the newest step that fell due meanwhile is told, and the rest is covered by it."""
    plan = policy(*CHAIN)
    until = MONDAY + timedelta(hours=2)
    attention = Attention(MONDAY, silenced_until=until)
    muted = decide(plan, [due(plan)], attention, until - timedelta(seconds=1))
    assert muted == Decision(Reason.SILENCED, look_again_at=until)
    decision = decide(plan, [due(plan)], attention, until)
    assert (decision.reason, len(decision.skipped)) == (Reason.STEP_DUE, 2)


def test_who_is_called_depends_on_the_moment() -> None:
    """Those who are always called, and of the rota whoever is on duty then; each once."""
    called = replace(step("100%"), mentions=("S1", "U2"), rota=Rota(("U1", "U2"), Handover.DAILY))
    plan = policy(called)
    days = [MONDAY + timedelta(hours=1), MONDAY + timedelta(days=1)]
    names = [decide(plan, [due(plan)], Attention(MONDAY), day).mentions for day in days]
    assert sorted(names, key=len) == [("S1", "U2"), ("S1", "U2", "U1")]


def test_a_snoozed_case_sleeps_until_its_time() -> None:
    """Then what fell due meanwhile is told at once."""
    plan = policy(*CHAIN)
    until = MONDAY + timedelta(hours=3)
    attention = Attention(MONDAY, snoozed_at=MONDAY, snoozed_until=until)
    asleep = decide(plan, [due(plan)], attention, until - timedelta(seconds=1))
    assert asleep == Decision(Reason.SNOOZED, look_again_at=until)
    assert decide(plan, [due(plan)], attention, until).reason is Reason.STEP_DUE


def test_a_customer_who_writes_again_ends_the_snooze() -> None:
    """A snooze is for silence."""
    plan = policy(*CHAIN)
    attention = Attention(
        MONDAY,
        snoozed_at=MONDAY + timedelta(minutes=1),
        snoozed_until=MONDAY + timedelta(days=1),
        customer_wrote_at=MONDAY + timedelta(minutes=2),
    )
    assert decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=1)).firings


def test_a_snoozed_case_does_not_remind_either() -> None:
    """Who takes a case and puts it to sleep is reminded when it wakes."""
    plan = policy(*CHAIN)
    wakes = MONDAY + timedelta(days=2)
    attention = Attention(MONDAY, acknowledged_at=MONDAY, snoozed_at=MONDAY, snoozed_until=wakes)
    asleep = decide(plan, [due(plan)], attention, MONDAY + timedelta(days=1))
    assert asleep == Decision(Reason.SNOOZED, look_again_at=wakes)
    assert decide(plan, [due(plan)], attention, wakes).reason is Reason.REMINDER_DUE


def test_removing_a_step_does_not_silence_another() -> None:
    """That half of the target was told says nothing about the breach."""
    before, after = policy(step("50%"), step("100%")), policy(step("100%"))
    half = decide(before, [due(before)], Attention(MONDAY), MONDAY + timedelta(minutes=30))
    attention = told(Attention(MONDAY), half)
    assert decide(after, [due(after)], attention, MONDAY + timedelta(hours=1)).firings


def test_a_step_that_a_calendar_moves_is_not_told_again() -> None:
    """A holiday entered after the fact moves due times, not memories."""
    before, after = policy(step("100%"), hours=ALWAYS), policy(step("100%"), hours=OFFICE)
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    first = decide(before, [due(before, sunday)], Attention(sunday), sunday + timedelta(hours=1))
    attention = told(Attention(sunday), first)
    monday = decide(after, [due(after, sunday)], attention, MONDAY + timedelta(hours=1))
    assert monday == Decision(Reason.NO_STEPS_LEFT)


def test_two_steps_that_repeat_differently_do_not_count_as_one() -> None:
    """Each keeps its own turns, though they begin at the same moment."""
    plan = policy(step("100%", "support", repeat="1h"), step("100%", "lead", repeat="3h"))
    attention, heard = Attention(MONDAY), []
    for hour in range(1, 8):
        decision = decide(plan, [due(plan)], attention, MONDAY + timedelta(hours=hour))
        attention = told(attention, decision)
        heard.append(decision.to)
    both, support = ("support", "lead"), ("support",)
    assert heard == [both, support, support, both, support, support, both]


def test_a_broken_promise_is_news_to_whoever_only_heard_of_it_before() -> None:
    """Of four hours half had gone; then the target is one: that it has passed is told at once."""
    slow = policy(*CHAIN[:2], first_response=parse_business("4h"))
    half = decide(slow, [due(slow)], Attention(MONDAY), MONDAY + timedelta(hours=2))
    told_half = told(Attention(MONDAY), half)
    quick = policy(*CHAIN[:2], first_response=parse_business("1h"))
    late = decide(quick, [due(quick)], told_half, MONDAY + timedelta(hours=2, minutes=5))
    assert [firing.step for firing in late.firings] == ["complaints/first_response/100%"]
    told_late = told(told_half, late)
    assert told_late.told_until == MONDAY + timedelta(hours=2), "what was told stays told"
    again = decide(quick, [due(quick)], told_late, MONDAY + timedelta(hours=9))
    assert again == Decision(Reason.NO_STEPS_LEFT)


def test_a_promise_that_people_know_to_be_broken_is_not_told_to_be_again() -> None:
    """Under whatever name, once the target is shorter still."""
    plan = policy(*CHAIN[:2], first_response=parse_business("4h"))
    after = MONDAY + timedelta(hours=5)
    late = decide(plan, [due(plan)], Attention(MONDAY), after)
    attention = told(Attention(MONDAY), late)
    other = policy(*CHAIN[:2], name="others", first_response=parse_business("1h"))
    assert decide(other, [due(other)], attention, after) == Decision(Reason.NO_STEPS_LEFT)


def test_history_is_not_told_to_be_late() -> None:
    """What was overdue when it was read first counts as told for good."""
    plan = policy(*CHAIN[:2])
    attention = Attention(MONDAY, told_until=FOR_EVER)
    assert decide(plan, [due(plan)], attention, MONDAY + timedelta(days=2)).firings == ()


def test_a_promise_for_the_evening_is_not_broken_at_closing_time() -> None:
    """Nobody works at eight, and yet that is when it was promised for; what comes after it follows."""
    plan = policy(step("50%"), step("100%", "lead"), step("100% + 1h", "lead"), hours=OFFICE)
    asked = MONDAY + timedelta(hours=5)
    evening = MONDAY + timedelta(hours=11)
    promised = Due(Target.PROMISE, asked, timedelta(hours=4), evening)
    attention = told(
        Attention(asked), decide(plan, [promised], Attention(asked), asked + timedelta(hours=2))
    )
    closing = decide(plan, [promised], attention, MONDAY + timedelta(hours=9, minutes=1))
    assert (closing.firings, closing.look_again_at) == ((), evening)
    due_now = decide(plan, [promised], attention, evening)
    assert [firing.at for firing in due_now.firings] == [evening]
    assert due_now.look_again_at == MONDAY + timedelta(days=1, hours=1)


def test_a_promise_for_a_closed_day_is_told_when_it_is_due() -> None:
    """Given after hours on Friday for Saturday noon: not on Monday, when somebody works again."""
    plan = policy(step("50%"), step("100%", "lead"), step("100% + 1h", "boss"), hours=OFFICE)
    friday = MONDAY + timedelta(days=4, hours=9)
    noon = MONDAY + timedelta(days=5, hours=3)
    promised = Due(Target.PROMISE, friday, OFFICE.between(friday, noon), noon)
    asleep = decide(plan, [promised], Attention(friday), noon - timedelta(seconds=1))
    assert asleep == Decision(Reason.NOT_YET, look_again_at=noon)
    decision = decide(plan, [promised], Attention(friday), noon)
    assert ({firing.at for firing in decision.firings}, decision.to) == (
        {noon},
        ("support", "lead"),
    )
    assert decision.look_again_at == MONDAY + timedelta(days=7, hours=1)


@given(CALENDARS, STEPS, st.integers(0, 7 * 24 * 60), st.integers(1, 5 * 24 * 60))
def test_no_share_of_a_promise_is_due_after_it(
    hours: OpeningHours, steps: tuple[Step, ...], since: int, until: int
) -> None:
    """Whatever hour was named and whoever works then; and what is meant to be later is later."""
    began = MONDAY + timedelta(minutes=since)
    named = began + timedelta(minutes=until)
    promised = Due(Target.PROMISE, began, hours.between(began, named), named)
    for each in steps:
        at = step_at(hours, promised, each, step_offset(hours, promised, each))
        assert at is not None
        if each.at.plus:
            assert at > named
        elif each.at.percent <= 100:
            assert began <= at <= named
