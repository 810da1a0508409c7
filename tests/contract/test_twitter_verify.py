"""Looking up stored posts on X again: edited, gone, back, hidden, or merely not answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.connector import Known, Page
from inboxd.errors import BudgetSpent, RateLimited
from inboxd.model import Direction, Message
from inboxd.simulator.faults import Fault
from tests.contract.stage import messages_of, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from inboxd.connector import Connector
    from inboxd.simulator.people import Network
    from tests.contract.stage import Stage

LOOKUP = "GET /2/tweets"


@pytest.fixture
def stage(staged: Callable[[Network], Stage]) -> Stage:
    return staged("twitter")


def known(messages: Iterable[Message], **changes: Any) -> list[Known]:
    """Return what the store knows of *messages*."""
    return [
        Known(
            **{
                "remote_id": message.remote_id,
                "thread_id": message.thread_id,
                "stream": message.stream,
                "direction": message.direction,
                "sent_at": message.sent_at,
                "parent_id": message.parent_id,
                **changes,
            }
        )
        for message in messages
    ]


async def verified(connector: Connector, items: list[Known]) -> list[Page]:
    return [page async for page in connector.verify(items)]


async def test_what_is_as_it_was_is_left_out(stage: Stage) -> None:
    """250 posts of both sides are three calls, and nothing to tell."""
    for number in range(250):
        asked = stage.ask_publicly(
            f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 5
        )
    stage.answer(asked, "Ja.", ago=timedelta(minutes=1))
    connector = stage.connect()
    told = messages_of(await read(connector))

    pages = await verified(connector, known(told))

    assert len(stage.simulator.log.of("twitter", LOOKUP)) == 3
    assert [(list(page.messages), list(page.gone), page.note) for page in pages] == [
        ([], [], "")
    ] * 3


async def test_a_deleted_post_is_gone_and_cannot_be_answered(stage: Stage) -> None:
    """Of the customer's and of ours; people are told before they write below nothing."""
    asked = stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    kept = stage.ask_publicly("Wann?", ago=timedelta(minutes=8), who=1)
    answer = stage.answer(kept, "Falsch", ago=timedelta(minutes=5))
    connector = stage.connect()
    told = messages_of(await read(connector))
    for item in (asked, answer):
        stage.world.delete(item.serial, at=stage.clock.now())

    (page,) = await verified(connector, known(told))

    assert set(page.gone) == {f"tweet:{asked.number}", f"tweet:{answer.number}"}
    windows = {window.thread_id.split(":")[1]: window for window in page.windows}
    assert not windows[str(asked.number)].open
    assert "gone" in windows[str(asked.number)].reason
    assert windows[str(kept.number)].open


async def test_when_nothing_is_left_x_answers_with_errors_alone(stage: Stage) -> None:
    """A 200 without data is an answer here, and no failure."""
    asked = stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.world.delete(asked.serial, at=stage.clock.now())

    (page,) = await verified(connector, known(told))

    assert page.gone == [f"tweet:{asked.number}"]


@pytest.mark.parametrize("how", ["protected", "suspended"])
async def test_what_may_not_be_seen_is_not_gone(stage: Stage, how: Any) -> None:
    """Who protects their posts, or is suspended, still waits; but no reply gets there."""
    stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.world.shut(stage.world.people[0], how, at=stage.clock.now())

    (page,) = await verified(connector, known(told))

    assert (list(page.gone), list(page.messages)) == ([], [])
    assert "did not show 1 of 1" in page.note
    (window,) = page.windows
    assert not window.open
    assert "protected" in window.reason


async def test_an_edit_that_no_poll_brought_is_found(stage: Stage) -> None:
    """An old id shows the old version; the newest in its history is looked up as well."""
    asked = stage.ask_publicly("Wo ist es?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))
    at = stage.clock.now()
    stage.world.edit(asked.serial, "@lavka_sever Wo ist es nur?", at=at)
    stage.world.edit(asked.serial, "@lavka_sever Gefunden!", at=at + timedelta(minutes=1))
    stage.clock.advance(timedelta(minutes=2))

    (page,) = await verified(connector, known(told))

    (message,) = page.messages
    assert message.text == "@lavka_sever Gefunden!"
    assert message.edited_at == at + timedelta(minutes=1)
    assert not message.restored
    original = told[0]
    for name in ("remote_id", "thread_id", "stream", "sent_at", "author"):
        assert getattr(message, name) == getattr(original, name), name


async def test_what_was_deleted_and_is_back_is_restored(stage: Stage) -> None:
    """X hid it for a while, or an earlier answer was wrong: the message waits again."""
    stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))

    (page,) = await verified(connector, known(told, deleted=True))

    (message,) = page.messages
    assert message.restored
    assert message.text.endswith("Wo?")


async def test_direct_messages_are_left_out_and_it_is_said(stage: Stage) -> None:
    """X has no looking up of many; nobody may think that they were looked at."""
    stage.ask_privately("Wo?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.simulator.log.clear()

    (page,) = await verified(connector, known(told))

    assert "direct messages cannot be looked up" in page.note
    assert list(page.gone) == []
    assert stage.simulator.log.of("twitter") == []


async def test_a_failed_look_is_no_deletion(stage: Stage) -> None:
    """Whatever goes wrong is raised, with nothing said about any message."""
    stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.simulator.faults.switch_on("twitter", Fault.RATE_LIMIT, endpoint=LOOKUP)

    with pytest.raises(RateLimited):
        await verified(connector, known(told))


async def test_looking_again_waits_when_reads_run_short(stage: Stage) -> None:
    """What is nice to know stops before what must be known."""
    for number in range(8):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 5)
    connector = stage.connect(monthly_read_budget=12)
    told = [
        m for page in [p async for p in connector.poll("mentions", None)] for m in page.messages
    ]

    with pytest.raises(BudgetSpent):
        await verified(connector, known(told))

    assert len(told) == 8
    assert stage.simulator.log.of("twitter", LOOKUP) == []


async def test_our_second_part_stays_in_the_thread_it_is_in(stage: Stage) -> None:
    """A post by itself does not say whom it is for; the store knows."""
    asked = stage.ask_publicly("Wo?", ago=timedelta(minutes=9))
    part_one = stage.answer(asked, "Im Lager.", ago=timedelta(minutes=5))
    at = stage.clock.now() - timedelta(minutes=4)
    part_two = stage.world.add("twitter", "post", "Nr. 7", sent_at=at, parent=part_one.serial)
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.world.edit(part_two.serial, "Nr. 77", at=stage.clock.now())
    ours = [message for message in told if message.direction is Direction.OUTBOUND]

    (page,) = await verified(connector, known(ours))

    (message,) = page.messages
    assert message.text == "Nr. 77"
    assert message.thread_id == ours[0].thread_id
    assert message.direction is Direction.OUTBOUND
