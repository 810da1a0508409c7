"""Promises about what people see of a conversation, and of who waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from inboxd.core.waits import WaitKind
from inboxd.model import Author, Direction, Stream
from inboxd.store.views import EarlierText, ReplyPlace, ReplySaid, ThreadMessage, WaitingCase
from inboxd.terminal import console
from inboxd.terminal.cases import print_waiting, reply_lines, thread_lines
from inboxd.terminal.progress import step_bar

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANNA = Author("anna", "Anna")
PLACE = ReplyPlace(
    account="shop-vk",
    network="vk",
    thread_id="dm:1",
    stream=Stream.DIRECT_MESSAGES,
    public=False,
    parent_id="m1",
    recipient=ANNA,
    sent_after=NOW,
    open=True,
    closes_at=None,
    note="",
    max_length=None,
)
MESSAGE = ThreadMessage(
    id=1,
    remote_id="m1",
    direction=Direction.INBOUND,
    author=ANNA,
    text="awful",
    sent_at=NOW,
    seen_at=NOW,
    edited_at=None,
    deleted_at=None,
    auto_reply=False,
    staff="",
    url="",
    attachments=(),
    kind=None,
    topics=(),
    urgency=None,
    language=None,
    scores={},
    evidence=(),
    versions=(),
    addressees=(),
    parent_deleted=False,
    from_elsewhere=False,
)
ANSWER = replace(MESSAGE, id=2, direction=Direction.OUTBOUND, author=Author("brand"), text="Sorry!")

WAITING = WaitingCase(
    case_id=1,
    account="shop-vk",
    network="vk",
    stream=Stream.COMMENTS,
    public=True,
    author=ANNA,
    kind=None,
    topics=(),
    urgency=None,
    language="",
    policy=None,
    waiting_since=NOW,
    due_at=None,
    unanswered=1,
    acknowledged_by="",
    assigned_to="",
    snoozed_until=None,
    text="awful",
    url="",
)


def said(place: ReplyPlace | None) -> str:
    (line,) = reply_lines(place, NOW, UTC)
    return line.plain


def thread(*messages: ThreadMessage, automatic: dict[int, str] | None = None) -> list[str]:
    return [line.plain for line in thread_lines(messages, UTC, automatic or {})]


def test_it_is_said_until_when_a_conversation_can_be_answered() -> None:
    """With the network's limit, and with what to do afterwards."""
    later = NOW + timedelta(hours=1)
    place = replace(PLACE, closes_at=later, max_length=280, note="Then only by e-mail.")
    assert said(PLACE) == "Can be answered."
    assert said(place) == (
        "Can be answered until 2026-11-23 10:00, in at most 280 characters. Then only by e-mail."
    )


def test_it_is_said_why_a_conversation_cannot_be_answered() -> None:
    """And where the network does not say why, that it cannot."""
    assert said(replace(PLACE, open=False, note="Comments are off.")) == (
        "Cannot be answered: Comments are off."
    )
    assert said(replace(PLACE, closes_at=NOW)) == (
        "Cannot be answered: vk takes no reply here any more"
    )
    assert "taken back" in said(None)


def test_every_message_shows_its_number() -> None:
    """By it `correct --message` and `audit --fine` know which one is meant."""
    assert [thread(each)[0].rpartition(" · ")[2] for each in (MESSAGE, ANSWER)] == [
        f"message {MESSAGE.id}",
        f"message {ANSWER.id}",
    ]


def test_a_message_shows_what_it_said_before() -> None:
    """Each text with the time until which it stood."""
    earlier = EarlierText("well", "other", NOW + timedelta(minutes=5))
    assert "    until 2026-11-23 09:05: well" in thread(replace(MESSAGE, versions=(earlier,)))


def test_an_answer_shows_whom_it_is_for_and_whether_it_counts() -> None:
    """By the name under which they wrote, and with the reason why it was taken for a machine's."""
    answer = replace(ANSWER, addressees=("anna", "unknown"), from_elsewhere=True)
    heading = thread(MESSAGE, answer, automatic={2: "it came within 5 s"})[2]
    assert "to Anna, unknown" in heading
    assert "written in another thread" in heading
    assert "taken for automatic: it came within 5 s" in heading


def test_an_answer_shows_what_it_promises_and_that_it_sends_elsewhere() -> None:
    """As far as it is followed up; what nobody is sure of is left to `explain`."""
    said = ReplySaid((), ("deflection", "promise"), {}, "today", NOW.date(), None, (), "m")
    assert (
        "sends elsewhere, promises something by 2026-11-23"
        in thread(replace(ANSWER, reply=said))[0]
    )
    timed = replace(said, counts=("promise",), promised_at=NOW)
    assert " · promises something by 2026-11-23 09:00" in thread(replace(ANSWER, reply=timed))[0]
    unsure = replace(said, flags=("promise",), counts=())
    assert "promise" not in thread(replace(ANSWER, reply=unsure))[0]


def test_the_list_of_those_who_wait_says_what_our_answers_owe() -> None:
    """With our words, for the customer's own are not what is waited for."""
    case = replace(
        WAITING,
        case_id=7,
        stream=Stream.DIRECT_MESSAGES,
        public=False,
        kind="complaint",
        language="en",
        policy="all",
        due_at=NOW,
        unanswered=0,
        text="Where is it?",
        wait=WaitKind.PROMISE,
        promised="We will call you.",
    )
    out = Console(width=200, record=True, file=StringIO())
    print_waiting(out, [case, replace(case, case_id=8, wait=WaitKind.RESOLUTION)], NOW)
    shown = out.export_text()
    assert "(promised: We will call you.) Where is it?" in shown
    assert "(sent elsewhere) Where is it?" in shown


def test_a_reply_to_a_deleted_message_is_marked() -> None:
    """Who reads it must not look for what it answers."""
    assert "in reply to a deleted message" in thread(replace(MESSAGE, parent_deleted=True))[0]


def test_who_goes_on_in_private_is_marked_in_the_list() -> None:
    """So that nobody answers in public what is being settled elsewhere."""
    case = replace(WAITING, continued_in=7)
    out = console()
    with out.capture() as printed:
        print_waiting(out, [case], NOW)
    assert "(continued in private: case 7) awful" in printed.get()


@pytest.mark.parametrize(("terminal", "shown"), [(True, "100%"), (False, "training: one\n")])
def test_steps_are_a_bar_on_a_terminal_and_lines_elsewhere(terminal: bool, shown: str) -> None:  # noqa: FBT001 - a case
    """A log gets a line for each step; a person sees how far it is."""
    told = StringIO()
    out = Console(file=told, force_terminal=terminal, width=100)
    with step_bar(out, "training", 2) as tell:
        tell("one")
        tell("two")
    assert shown in told.getvalue()
    assert ("━" in told.getvalue()) is terminal
