"""Promises about customers who say thanks: nobody waits, nothing is hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inboxd.core.conversations import fold
from inboxd.core.waits import CaseSpan, CaseStatus, Event, EventType, WaitEnd

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def said(minutes: int, ref: int, kind: str = "") -> Event:
    return Event(START + timedelta(minutes=minutes), EventType.INBOUND, ref, kind)


def answered(minutes: int, ref: int) -> Event:
    return Event(START + timedelta(minutes=minutes), EventType.ANSWER, ref)


def only_case(*events: Event) -> CaseSpan:
    (case,) = fold(events, quiet_after=timedelta(days=3), now=START + timedelta(hours=9))
    return case


def test_thanks_for_our_answer_needs_no_reply_and_says_so() -> None:
    """A customer who thanks for an answer does not wait; the rule that decided it is named."""
    case = only_case(said(0, 1, "request"), answered(30, 2), said(40, 3, "praise"))
    assert case.status is CaseStatus.ANSWERED
    assert [wait.end for wait in case.waits] == [WaitEnd.ANSWERED, WaitEnd.NO_REPLY_NEEDED]


def test_praise_nobody_has_answered_yet_waits_like_anything_else() -> None:
    """The rule is for thanks after an answer: a first message always waits for a person."""
    assert only_case(said(0, 1, "praise")).status is CaseStatus.WAITING


def test_a_message_that_is_not_judged_yet_waits() -> None:
    """Until the classifier has spoken, a customer is taken to wait."""
    assert only_case(said(0, 1), answered(30, 2), said(40, 3)).status is CaseStatus.WAITING


def test_a_question_after_the_thanks_waits_from_its_own_time() -> None:
    """Thanks end their own wait only; what is asked afterwards is a new one."""
    case = only_case(said(0, 1), answered(30, 2), said(40, 3, "praise"), said(50, 4, "request"))
    assert case.wait is not None
    assert case.wait.since == START + timedelta(minutes=50)


def test_thanks_amid_open_questions_end_nothing() -> None:
    """A question is not answered by the thanks that follow it."""
    case = only_case(said(0, 1), answered(30, 2), said(40, 3, "request"), said(41, 4, "praise"))
    assert case.wait is not None
    assert case.wait.messages == (3, 4)
