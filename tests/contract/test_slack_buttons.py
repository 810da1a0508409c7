"""Promises about buttons in Slack: what a press does, once, for whom, and what people see of it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.core.grouping import Grouping, Trait
from inboxd.model import Author, Kind
from inboxd.simulator.faults import Fault
from inboxd.workers.refresher import Refresher
from tests.contract.slack_desk import Desk, labels, opened, shown, until
from tests.store.shop import answered, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GROUPED = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(), timedelta(hours=1), at_most=20)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as desk:
        yield desk


@pytest.fixture
async def grouped(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path, GROUPED) as desk:
        yield desk


async def told(desk: Desk) -> None:
    """One customer has complained, and Slack knows."""
    desk.write("a")
    await desk.tell(30)


async def test_a_message_about_a_case_has_buttons(desk: Desk) -> None:
    """What can be done is below what it is about; "Not a complaint" only where it counts as one."""
    await told(desk)
    desk.write("b", minutes=30, text="Is it open today?")
    await desk.tell(60)
    complaint, *_, other = desk.messages
    assert labels(complaint) == ["Acknowledge", "Snooze 1 h", "Not a complaint"]
    assert labels(other) == ["Acknowledge", "Snooze 1 h"]


async def test_a_link_is_a_button_of_its_own(desk: Desk) -> None:
    """It leads to the message; that it was pressed is acknowledged and means nothing."""
    desk.shop.hear(said(0, "a", url="https://vk.com/im?sel=1"))
    await desk.tell(30)
    (message,) = desk.messages
    assert labels(message) == ["Acknowledge", "Snooze 1 h", "Open"]
    await desk.press(message, "Open", user="U0GUEST")
    assert desk.actions() == []
    assert desk.whispers == []


async def test_a_press_takes_the_case_and_the_message_says_who(desk: Desk) -> None:
    """By the name that people know, not by an id; the button is gone then."""
    await told(desk)
    (message,) = desk.messages
    await desk.press(message, "Acknowledge")
    assert desk.actions() == [("Anna", "ack")]
    assert desk.shop.value("SELECT acknowledged_by FROM cases") == "Anna"
    assert "🙋 taken by Anna, 11:30" in shown(message)
    assert message.text.startswith("🙋 ")
    assert labels(message) == ["Snooze 1 h", "Not a complaint"]
    await desk.tell(60)
    assert desk.messages == [message]


async def test_snoozing_lasts_an_hour(desk: Desk) -> None:
    """As `inboxd snooze CASE 1h` does."""
    await told(desk)
    (message,) = desk.messages
    await desk.press(message, "Snooze 1 h")
    until_when = desk.shop.value("SELECT snoozed_until FROM cases")
    assert until_when == "2026-11-23T10:30:00.000Z"
    assert "💤 snoozed until 12:30 by Anna, 11:30" in shown(message)
    await desk.tell(60)
    assert len(desk.messages) == 1
    await desk.tell(91)
    assert len(desk.messages) == 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Where is my order? awful", Kind.REQUEST), ("What an awful good shop", Kind.OTHER)],
)
async def test_not_a_complaint_corrects_the_message(desk: Desk, text: str, kind: Kind) -> None:
    """It becomes a request if it asks something, and other if not; the classifier learns of it."""
    desk.write("a", text=text)
    await desk.tell(30)
    (message,) = desk.messages
    await desk.press(message, "Not a complaint", user="U0SUPPORT")
    assert desk.shop.rows("SELECT actor, kind FROM corrections") == [("Борис", kind)]
    assert desk.shop.value("SELECT kind FROM cases") == kind
    assert f"🏷️ {kind}, no complaint, says Борис" in shown(message)
    assert labels(message) == ["Acknowledge", "Snooze 1 h"]


async def test_a_case_that_still_complains_elsewhere_says_so(desk: Desk) -> None:
    """Only the message that was shown is corrected: nobody has seen the other one."""
    desk.shop.hear(said(0, "a", "awful?"), said(1, "b", "really awful"))
    desk.shop.judge()
    await desk.tell(30)
    (message,) = desk.messages
    await desk.press(message, "Not a complaint")
    assert "still counts as a complaint" in desk.whispers[0]
    assert desk.shop.value("SELECT count(*) FROM corrections") == 1


async def test_who_is_not_allowed_changes_nothing(desk: Desk) -> None:
    """They are told so, and nobody else is."""
    await told(desk)
    (message,) = desk.messages
    await desk.press(message, "Acknowledge", user="U0GUEST")
    (whisper,) = desk.simulator.slack.whispers
    assert whisper.user == "U0GUEST"
    assert "Nothing has changed" in whisper.text
    assert desk.actions() == []
    assert len(message.versions) == 1


async def test_a_press_that_is_delivered_again_changes_nothing(desk: Desk) -> None:
    """Even after somebody else has acted in between."""
    await told(desk)
    (message,) = desk.messages
    first = await desk.simulator.slack.press(message, "Snooze 1 h")
    await desk.tell(40)
    again = await desk.simulator.slack.sockets.send({}, again=first)
    assert first.taken
    assert again.taken
    assert desk.actions() == [("Anna", "snooze")]
    assert desk.shop.value("SELECT snoozed_until FROM cases") == "2026-11-23T10:30:00.000Z"


async def test_two_who_press_at_once_are_one_who_takes_it(desk: Desk) -> None:
    """The other is told who was faster."""
    await told(desk)
    (message,) = desk.messages
    press = desk.simulator.slack.press
    pressed = await asyncio.gather(
        press(message, "Acknowledge", "U0LEAD"), press(message, "Acknowledge", "U0SUPPORT")
    )
    assert all(envelope.taken for envelope in pressed)
    ((taker, _),) = desk.actions()
    assert desk.whispers == [f"{taker} has taken case 1 already."]


async def test_pressing_twice_is_a_kind_word(desk: Desk) -> None:
    """Nobody is told that something went wrong."""
    await told(desk)
    (message,) = desk.messages
    for _ in range(2):
        assert (await desk.simulator.slack.press(message, "Acknowledge")).taken
    assert desk.whispers == ["Anna has taken case 1 already."]


async def test_a_case_that_is_over_is_said_to_be(desk: Desk) -> None:
    """The message that still had buttons loses them."""
    await told(desk)
    (message,) = desk.messages
    desk.shop.hear(answered(31, "b", thread_id="dm:a"))
    await desk.press(message, "Acknowledge")
    assert desk.whispers == ["Nothing to do: case 1 was answered."]
    assert labels(message) == []
    assert "✅ answered 11:30" in shown(message)
    assert desk.actions() == []


async def test_a_customer_who_wrote_again_is_not_taken_by_an_old_button(desk: Desk) -> None:
    """Who presses it has not seen the newer message."""
    await told(desk)
    (message,) = desk.messages
    desk.shop.hear(answered(31, "b", thread_id="dm:a"))
    desk.shop.hear(said(32, "c", thread_id="dm:a"))
    await desk.press(message, "Acknowledge")
    assert "has written again since" in desk.whispers[0]
    assert desk.actions() == []


async def test_a_case_that_is_unknown_is_said_to_be(desk: Desk) -> None:
    """Somebody restored a backup, or another inboxd posted it."""
    await told(desk)
    (message,) = desk.messages
    button = message.blocks[-1]["elements"][0]
    button["value"] = "ack:99:98:97:support"
    await desk.press(message, "Acknowledge")
    button["value"] = "ack:1:1:1:elsewhere"
    await desk.press(message, "Acknowledge")
    button["value"] = "nonsense"
    await desk.press(message, "Acknowledge")
    assert desk.whispers[0] == "inboxd does not know case 99."
    assert all("another inboxd" in text for text in desk.whispers[1:])
    assert desk.actions() == []


async def test_without_the_scope_for_names_the_id_stands(tmp_path: Path) -> None:
    """users:read is a comfort; who did it is known all the same."""
    async with opened(tmp_path) as desk:
        desk.simulator.faults.switch_on("slack", Fault.PERMISSION_MISSING, endpoint="users.info")
        await told(desk)
        await desk.press(desk.messages[0], "Acknowledge")
        assert desk.actions() == [("slack:U0LEAD", "ack")]


async def test_what_fails_is_told_and_slack_is_not_kept_waiting(desk: Desk) -> None:
    """A database that is held by another program is nobody's press lost in silence."""
    await told(desk)
    (message,) = desk.messages
    with closing(sqlite3.connect(desk.shop.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await desk.simulator.slack.press(message, "Acknowledge")).taken
        await until(lambda: desk.whispers, "an answer")
        other.execute("ROLLBACK")
    assert "Please try again" in desk.whispers[0]
    await desk.press(message, "Acknowledge")
    assert desk.actions() == [("Anna", "ack")]


@pytest.mark.parametrize(
    "payload",
    [
        {}, {"type": "block_actions"}, {"type": "view_submission", "view": {}},
        {"type": "block_actions", "actions": "x", "user": 1}, [], "text", None,
        {"type": "block_actions", "actions": [None, {"value": "ack:1:1:1:support"}]},
        {"type": "block_actions", "actions": [{"value": "ack:1:1:1:support"}],
         "user": {"id": 5}, "container": []},
    ],
)  # fmt: skip
async def test_odd_payloads_are_acknowledged_and_do_nothing(desk: Desk, payload: object) -> None:
    """The connection, and the next press, are none the worse."""
    await told(desk)
    assert (await desk.simulator.slack.sockets.send(payload)).taken  # type: ignore[arg-type]
    await desk.press(desk.messages[0], "Acknowledge")
    assert desk.actions() == [("Anna", "ack")]


@pytest.mark.parametrize(
    ("action", "detail", "expected"),
    [
        ("ack", "", "🙋 taken by anna, 11:31"),
        ("snooze", "2026-11-23T12:00:00+00:00", "💤 snoozed until 14:00 by anna, 11:31"),
        ("assign", "Boris", "👤 for Boris, says anna, 11:31"),
        ("close", "spam", "🗂️ closed by anna: spam, 11:31"),
    ],
)
async def test_what_is_done_elsewhere_is_shown_in_slack(
    desk: Desk, action: str, detail: str, expected: str
) -> None:
    """By a command or the screen: the message follows, and rings nowhere."""
    await told(desk)
    (message,) = desk.messages
    desk.clock.advance(timedelta(minutes=1))
    desk.shop.now = desk.clock.now()
    desk.shop.act(action, detail)
    await desk.refresh()
    assert expected in shown(message)
    assert desk.messages == [message]
    assert desk.shop.value("SELECT count(*) FROM refreshes") == 0


async def test_the_first_message_and_the_one_pressed_are_both_up_to_date(desk: Desk) -> None:
    """Whoever looks at either sees who took it."""
    await told(desk)
    await desk.tell(60)
    head, reply = desk.messages
    assert reply.thread_ts == head.ts
    await desk.press(reply, "Acknowledge")
    for message in (head, reply):
        assert "taken by Anna" in shown(message)
        assert "Acknowledge" not in labels(message)


async def test_a_line_of_several_has_a_menu(grouped: Desk) -> None:
    """What is chosen is about that customer alone, and the list shows it."""
    grouped.write("a", "b", "c")
    await grouped.tell(30)
    (message,) = grouped.messages
    assert labels(message) == ["Acknowledge", "Snooze 1 h", "Not a complaint"] * 3
    await grouped.press(message, "Acknowledge", line=1)
    assert grouped.shop.rows("SELECT case_id FROM actions") == [(2,)]
    lines = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    assert ["taken by Anna" in line for line in lines] == [False, True, False]
    await grouped.press(message, "Snooze 1 h", line=2)
    assert "snoozed until 12:30 by Anna" in message.blocks[-2]["text"]["text"]


async def test_many_changes_are_one_update(grouped: Desk) -> None:
    """Whoever takes ten customers in a row does not make ten updates."""
    grouped.write(*"abcdefghij")
    await grouped.tell(30)
    for case in range(1, 11):
        grouped.shop.act("ack", case=case)
    await grouped.refresh()
    (message,) = grouped.messages
    assert len(message.versions) == 2
    assert shown(message).count("taken by anna, 11:30") == 10


async def test_twenty_lines_with_menus_fit(grouped: Desk) -> None:
    """With the longest names, texts and notes: Slack refuses what is too long as a whole."""
    for number in range(20):
        text, url = f"awful {number} " + "y" * 300, f"https://vk.com/{number}"
        author = Author(f"{number}", "x" * 60)
        grouped.shop.hear(
            said(0, f"m{number}", text, thread_id=f"dm:{number}", url=url, author=author)
        )
    grouped.shop.judge()
    await grouped.tell(30)
    for case in range(1, 21):
        grouped.shop.act("assign", "z" * 80, case=case)
        grouped.shop.act("ack", case=case)
    await grouped.refresh()
    (message,) = grouped.messages
    assert len(message.versions) == 2
    assert labels(message).count("Open") == 20


async def test_updates_survive_a_restart(desk: Desk) -> None:
    """What was not shown yet is in the database, and not in somebody's head."""
    await told(desk)
    desk.shop.act("ack")
    fresh = Refresher(desk.refresher._sinks, desk.sender._context)
    await fresh.refresh("support")
    assert "taken by anna" in shown(desk.messages[0])


async def test_an_update_that_fails_is_tried_again(desk: Desk) -> None:
    """Slack was busy; a minute later the message is right."""
    await told(desk)
    desk.simulator.faults.switch_on("slack", Fault.SERVER_ERROR, endpoint="chat.update", times=1)
    desk.shop.act("ack")
    await desk.refresh()
    assert len(desk.messages[0].versions) == 1
    desk.clock.advance(timedelta(minutes=1))
    await desk.refresh()
    assert "taken by anna" in shown(desk.messages[0])


async def test_a_rate_limit_is_kept(desk: Desk) -> None:
    """Nothing is asked of Slack before the time that it named."""
    await told(desk)
    switch = desk.simulator.faults.switch_on(
        "slack", Fault.RATE_LIMIT, endpoint="chat.update", reset_after=timedelta(seconds=30)
    )
    desk.shop.act("ack")
    for _ in range(3):
        await desk.refresh()
    assert switch.hits == 1
    desk.simulator.faults.switch_off(switch)
    desk.clock.advance(timedelta(seconds=31))
    await desk.refresh()
    assert "taken by anna" in shown(desk.messages[0])


async def test_a_message_that_is_gone_is_given_up(desk: Desk) -> None:
    """Somebody tidied up: there is nothing to bring up to date."""
    await told(desk)
    desk.messages[0].deleted = True
    desk.shop.act("ack")
    await desk.refresh()
    assert desk.shop.value("SELECT count(*) FROM refreshes") == 0


async def test_updates_are_paced(desk: Desk) -> None:
    """At most forty a minute, whatever happens at once; the rest follows."""
    desk.write(*(f"m{number}" for number in range(45)))
    await desk.tell(30)
    for case in range(1, 46):
        desk.shop.act("ack", case=case)
    for _ in range(20):
        await desk.refresh()
    updates = desk.simulator.log.of("slack", "chat.update")
    assert len(updates) == 40
    desk.clock.advance(timedelta(minutes=1))
    for _ in range(3):
        await desk.refresh()
    assert all("taken by anna" in shown(message) for message in desk.messages)


async def test_what_is_done_on_the_way_is_shown_after_arrival(desk: Desk) -> None:
    """Somebody took the case while Slack was being told of it."""
    desk.write("a")
    desk.clock.advance(timedelta(minutes=30))
    desk.shop.now = desk.clock.now()
    desk.shop.tick()
    (item,) = desk.shop.store.outbox.due("support", desk.shop.now)
    claimed = desk.shop.store.outbox.claim(item, desk.shop.now)
    assert claimed
    sink, delivery = await desk.sender._prepared(claimed)
    receipt = await sink.deliver(delivery)
    desk.shop.act("ack")
    await desk.sender._delivered(claimed, receipt)
    await desk.refresh()
    assert "taken by anna" in shown(desk.messages[0])


async def test_without_an_app_token_there_is_nothing_to_press(tmp_path: Path) -> None:
    """But messages are brought up to date all the same."""
    async with opened(tmp_path) as desk:
        desk.sender._sinks["support"]._buttons = ""  # type: ignore[attr-defined]
        await told(desk)
        (message,) = desk.messages
        assert labels(message) == []
        desk.shop.act("ack")
        await desk.refresh()
        assert "taken by anna" in shown(message)


async def test_a_name_that_is_markup_stays_a_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody calls themselves in Slack is as foreign as what a customer writes."""
    names = {"U0LEAD": "<!channel> *boss*\n\u202e<https://evil.example|x>"}
    monkeypatch.setattr("inboxd.simulator.slack.NAMES", names)
    await told(desk)
    (message,) = desk.messages
    await desk.press(message, "Acknowledge")
    live = [element["text"] for block in message.blocks for element in block.get("elements", ())
            if element["type"] == "mrkdwn"]  # fmt: skip
    assert live == ["`inboxd show 1`"]
    assert "\u202e" not in shown(message)
    await desk.simulator.slack.press(message, "Snooze 1 h")


async def test_what_was_held_back_can_be_acted_on_too(desk: Desk) -> None:
    """The one message of the morning, about cases of several threads, stays up to date as well."""
    desk.write("a", "b")
    desk.clock.advance(timedelta(minutes=30))
    desk.shop.now = desk.clock.now()
    desk.shop.tick()
    for item in desk.shop.store.outbox.due("support", desk.shop.now):
        desk.shop.store.outbox.hold(item, desk.shop.now, "quiet", desk.shop.now)
    await desk.sender.drain("support")
    (message,) = desk.messages
    assert labels(message).count("Acknowledge") == 2
    await desk.press(message, "Acknowledge", line=1)
    assert desk.shop.rows("SELECT case_id, action FROM actions") == [(2, "ack")]
    assert "Held back during quiet hours." in shown(message)
    lines = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    assert ["taken by Anna" in line for line in lines] == [False, True]


async def test_a_wait_that_went_over_to_another_case_is_found(desk: Desk) -> None:
    """Two cases turned out to be one: the button below the older message still works."""
    await told(desk)
    (message,) = desk.messages
    with desk.shop.store.transaction():
        desk.shop.store.database.execute(
            "INSERT INTO cases SELECT 99, conversation_id, account, status, first_message_id, "
            "opened_at, waiting_since, unanswered, wrote_at, answered_at, quiet_at, ended_at, "
            "close_reason, kind, topics, urgency, language, policy, response_due_at, "
            "resolution_due_at, due_at, next_step_at, acknowledged_at, acknowledged_by, "
            "snoozed_at, snoozed_until, assigned_to, pauses, network, stream, public "
            "FROM cases WHERE id = 1"
        )
        desk.shop.store.database.execute("UPDATE waits SET case_id = 99")
        desk.shop.store.database.execute("UPDATE cases SET status = 'closed' WHERE id = 1")
    envelope = await desk.simulator.slack.press(message, "Acknowledge")
    assert envelope.taken
    assert desk.shop.rows("SELECT case_id, action FROM actions") == [(99, "ack")]
