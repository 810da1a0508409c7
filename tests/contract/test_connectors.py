"""What every connector promises, whichever network it speaks to."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.connector import Known
from inboxd.errors import (
    InboxdError,
    NetworkError,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Unavailable,
)
from inboxd.model import Direction, Stream, Unknown
from inboxd.simulator.faults import Fault
from tests.contract.stage import (
    OVERLAP,
    WIRINGS,
    Stage,
    connector_modules,
    cursors_of,
    messages_of,
    read,
    versions_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.connector import Connector
    from inboxd.model import Json, Message
    from inboxd.simulator.people import Network

QUESTIONS = 130
"""More than one page of anything, and few enough to be quick."""

FAULTS: dict[Fault, type[InboxdError]] = {
    Fault.RATE_LIMIT: RateLimited,
    Fault.SERVER_ERROR: NetworkError,
    Fault.HTML: Unavailable,
    Fault.TRUNCATED: Unavailable,
    Fault.TIMEOUT: Unavailable,
    Fault.DROP_BEFORE: Unavailable,
    Fault.TOKEN_EXPIRED: TokenInvalid,
    Fault.PERMISSION_MISSING: PermissionMissing,
}


NONSENSE: list[Json] = [{}, {"value": 5}, {"type": "x", "object": []}, {"id": {}, "text": None}]


@pytest.fixture(params=sorted(connector_modules()))
def stage(request: pytest.FixtureRequest, staged: Callable[[Network], Stage]) -> Stage:
    """Each network in turn."""
    return staged(request.param)


def write_history(stage: Stage) -> set[str]:
    """Write what a first poll must find and return what was said, in words that occur once."""
    said = set()
    people = len(stage.world.people)  # enough of them: Graph shows 20 messages of a conversation
    for number in range(QUESTIONS):
        ago = timedelta(minutes=20 * number + 30)
        words = f"Wo bleibt Paket {number:03}?"
        if number % 2:
            asked = stage.ask_privately(words, ago=ago, who=number // 2 % people)
        else:
            asked = stage.ask_publicly(words, ago=ago, who=number // 2 % people)
        said.add(words)
        if number % 10 < 2:
            words = f"Es kommt morgen, {number:03}."
            stage.answer(asked, words, ago=ago - timedelta(minutes=5))
            said.add(words)
    return said


def heard(words: set[str], texts: list[str]) -> set[str]:
    """Return which of *words* are said in *texts*, whatever a network puts in front of them."""
    return {word for word in words if any(text.endswith(word) for text in texts)}


def test_every_connector_file_is_wired_to_the_simulator() -> None:
    """A new file in connectors/ runs this suite by itself, or this test asks for its wiring."""
    assert set(connector_modules()) == set(WIRINGS)


def test_names_its_sources_and_the_streams_they_serve(stage: Stage) -> None:
    """Every configured stream has a source; names are unique, and asking for them calls nobody."""
    connector = stage.connect()

    sources = connector.sources()

    streams = [Stream(name) for name in WIRINGS[stage.network].settings["streams"]]
    assert set().union(*(source.streams for source in sources)) == set(streams)
    assert len({source.name for source in sources}) == len(sources)
    assert stage.simulator.log.of(stage.network) == []


async def test_the_first_poll_delivers_the_backfill_once(stage: Stage) -> None:
    """Everything younger than the backfill arrives, each item as one value, once in a source."""
    said = write_history(stage)
    stage.ask_privately("Das ist ein Jahr her.", ago=timedelta(days=20))

    pages = await read(stage.connect())

    texts = [message.text for message in messages_of(pages)]
    assert heard(said, texts) == said
    assert "Das ist ein Jahr her." not in texts
    assert max(len(its_pages) for its_pages in pages.values()) > 1
    for its_pages in pages.values():
        ids = Counter(message.remote_id for page in its_pages for message in page.messages)
        assert set(ids.values()) <= {1}
    assert all(len(values) == 1 for values in versions_of(messages_of(pages)).values())


async def test_tells_customers_from_the_shop(stage: Stage) -> None:
    """A customer's words are inbound and the shop's outbound, in the same conversation."""
    public = stage.ask_publicly("Passt die Größe?", ago=timedelta(hours=2))
    private = stage.ask_privately("Wo ist mein Geld?", ago=timedelta(hours=2))
    stage.answer(public, "Ja, sie passt.", ago=timedelta(hours=1))
    stage.answer(private, "Es ist unterwegs.", ago=timedelta(hours=1))

    told = messages_of(await read(stage.connect()))

    for question, answer in (
        ("Passt die Größe?", "Ja, sie passt."),
        ("Wo ist mein Geld?", "Es ist unterwegs."),
    ):
        asked = next(message for message in told if message.text.endswith(question))
        answered = next(message for message in told if message.text.endswith(answer))
        assert asked.direction is Direction.INBOUND
        assert answered.direction is Direction.OUTBOUND
        assert asked.thread_id == answered.thread_id
        assert asked.public is answered.public is ("Größe" in question)


async def test_a_second_poll_delivers_no_more_than_the_overlap(stage: Stage) -> None:
    """Of what a source has delivered only the overlap behind its newest item comes again."""
    write_history(stage)
    stage.ask_publicly("Eben erst.", ago=timedelta(minutes=1))
    connector = stage.connect()
    first = await read(connector)
    stage.clock.advance(timedelta(minutes=2))

    second = await read(connector, cursors_of(first))

    for source, pages in second.items():
        newest = max((message.sent_at for message in messages_of(first, source)), default=None)
        again = [message.sent_at for page in pages for message in page.messages]
        assert all(newest is not None and at >= newest - OVERLAP for at in again)


async def test_new_messages_arrive_with_the_next_poll(stage: Stage) -> None:
    """What was written between two polls is delivered by the second one."""
    write_history(stage)
    connector = stage.connect()
    first = await read(connector)
    stage.clock.advance(timedelta(minutes=2))
    stage.ask_publicly("Hallo, jemand da?", ago=timedelta(minutes=1))
    stage.ask_privately("Ich warte noch.", ago=timedelta(minutes=1))

    second = await read(connector, cursors_of(first))

    words = {"Hallo, jemand da?", "Ich warte noch."}
    assert heard(words, [message.text for message in messages_of(second)]) == words


async def test_what_comes_late_is_found_inside_the_overlap(stage: Stage) -> None:
    """An item that shows only after younger ones is delivered while the overlap covers it."""
    connector = stage.connect()
    late = timedelta(minutes=6)
    for ask in (stage.ask_publicly, stage.ask_privately):
        ask("Früh genug.", ago=timedelta(minutes=1))
        ask(
            f"Zu spät gezeigt, {ask.__name__}.",
            ago=timedelta(minutes=3),
            visible_at=stage.clock.now() + late - timedelta(minutes=3),
        )
    first = await read(connector)
    stage.clock.advance(late)

    second = await read(connector, cursors_of(first))

    words = {"Zu spät gezeigt, ask_publicly.", "Zu spät gezeigt, ask_privately."}
    assert heard(words, [message.text for message in messages_of(first)]) == set()
    assert heard(words, [message.text for message in messages_of(second)]) == words


async def test_any_page_is_a_place_to_resume_from(stage: Stage) -> None:
    """A crash behind any page loses nothing: its cursor still leads to all that follows."""
    write_history(stage)
    connector = stage.connect()
    whole = await read(connector)

    for source, pages in whole.items():
        for place in range(0, len(pages), len(pages) // 5 or 1):
            rest = [later async for later in connector.poll(source, pages[place].cursor)]

            missed = {m.remote_id for later in pages[place + 1 :] for m in later.messages}
            assert missed <= {m.remote_id for later in rest for m in later.messages}


async def test_one_item_is_one_value_whenever_it_is_read(stage: Stage) -> None:
    """Reading again, hours later, after a crash or from the start, gives the same messages."""
    write_history(stage)
    connector = stage.connect()
    first = await read(connector)
    stage.clock.advance(timedelta(hours=3))

    again = await read(stage.connect())
    resumed = await read(connector, {source: pages[0].cursor for source, pages in first.items()})

    versions = versions_of([*messages_of(first), *messages_of(again), *messages_of(resumed)])
    assert versions
    assert [name for name, values in versions.items() if len(values) > 1] == []


async def test_every_instant_is_aware_utc(stage: Stage) -> None:
    """No naive time and no other zone gets in."""
    write_history(stage)

    pages = await read(stage.connect())

    windows = [
        window for its_pages in pages.values() for page in its_pages for window in page.windows
    ]
    told = messages_of(pages)
    instants = [message.sent_at for message in told]
    instants += [message.edited_at for message in told if message.edited_at is not None]
    instants += [window.closes_at for window in windows if window.closes_at is not None]
    assert instants
    assert {instant.utcoffset() for instant in instants} == {timedelta(0)}


async def test_a_poll_that_finds_nothing_still_yields_a_page(stage: Stage) -> None:
    """Having looked is itself a fact, and the cursor it brings can be used."""
    connector = stage.connect()

    first = await read(connector)
    second = await read(connector, cursors_of(first))

    for pages in (first, second):
        assert all(len(its_pages) >= 1 for its_pages in pages.values())
        assert messages_of(pages) == []


async def test_an_unknown_source_is_an_error(stage: Stage) -> None:
    """A typing error does not look like a quiet channel."""
    with pytest.raises((LookupError, ValueError, InboxdError)):
        [page async for page in stage.connect().poll("no such source", None)]


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_become_errors_that_say_who_must_act(stage: Stage, fault: Fault) -> None:
    """Each way for a network to fail is one class of error, in every source."""
    stage.simulator.faults.switch_on(stage.network, fault)
    connector = stage.connect(timeout=timedelta(seconds=0.3))

    for source in connector.sources():
        with pytest.raises(FAULTS[fault]):
            [page async for page in connector.poll(source.name, None)]


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_secret_is_shown_when_something_fails(
    stage: Stage, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an error, its causes and its traceback nor a log line at DEBUG has a token in it."""
    caplog.set_level(logging.DEBUG)
    stage.simulator.faults.switch_on(stage.network, fault)
    connector = stage.connect(timeout=timedelta(seconds=0.3))
    shown = []

    for source in connector.sources():
        try:
            async for _page in connector.poll(source.name, None):
                pass
        except InboxdError as error:
            shown += [*traceback.format_exception(error), *chain(error)]

    assert shown
    shown += [record.getMessage() for record in caplog.records]
    assert [secret for secret in stage.secrets if any(secret in text for text in shown)] == []


def chain(error: BaseException | None) -> list[str]:
    """Return the repr of an error and of everything that hangs on it."""
    if error is None:
        return []
    return [repr(error), *chain(error.__cause__), *chain(error.__context__)]


async def test_comes_back_after_a_fault(stage: Stage) -> None:
    """Nothing but the cursor matters: the next poll of the same connector finds all there is."""
    said = write_history(stage)
    connector = stage.connect(timeout=timedelta(seconds=2))
    stage.simulator.faults.switch_on(stage.network, Fault.SERVER_ERROR)
    for source in connector.sources():
        with pytest.raises(NetworkError):
            [page async for page in connector.poll(source.name, None)]
    stage.simulator.faults.clear()

    pages = await read(connector)

    assert heard(said, [message.text for message in messages_of(pages)]) == said


async def test_a_poll_without_a_cursor_reads_the_backfill_again(stage: Stage) -> None:
    """Reconciliation begins anew whatever was read before, even by the same connector."""
    said = write_history(stage)
    connector = stage.connect()
    await read(connector)
    stage.clock.advance(timedelta(minutes=10))

    again = messages_of(await read(connector))

    assert heard(said, [message.text for message in again]) == said


async def test_looking_up_tells_what_is_gone_and_nothing_else(stage: Stage) -> None:
    """Of what is stored only what its author took back is told as gone."""
    asked = [stage.ask_publicly(f"Frage {who}?", ago=timedelta(hours=2), who=who) for who in (0, 1)]
    stage.ask_privately("Privat?", ago=timedelta(hours=2), who=2)
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.world.delete(asked[0].serial, at=stage.clock.now())
    stage.clock.advance(timedelta(minutes=1))

    gone = await gone_of(connector, told)

    assert gone == {message.remote_id for message in told if message.text.endswith("Frage 0?")}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_be_looked_up_is_not_gone(stage: Stage, fault: Fault) -> None:
    """A failure is an error or a note, and never taken for a deletion."""
    stage.ask_publicly("Noch da?", ago=timedelta(hours=2))
    stage.ask_privately("Und ich?", ago=timedelta(hours=2))
    told = messages_of(await read(stage.connect()))
    stage.simulator.faults.switch_on(stage.network, fault)
    connector = stage.connect(timeout=timedelta(seconds=0.3))

    with contextlib.suppress(InboxdError):
        assert await gone_of(connector, told) == set()


async def test_looking_up_shows_an_edit(stage: Stage) -> None:
    """The text as it is now is delivered under the id that it is stored by."""
    asked = stage.ask_publicly("Wo ist es?", ago=timedelta(minutes=30))
    connector = stage.connect()
    told = messages_of(await read(connector))
    stage.world.edit(asked.serial, f"{asked.text} Bitte!", at=stage.clock.now())
    stage.clock.advance(timedelta(minutes=1))

    pages = [page async for page in connector.verify([known(message) for message in told])]

    now = {message.remote_id: message.text for page in pages for message in page.messages}
    before = next(message for message in told if message.text.endswith("Wo ist es?"))
    assert now[before.remote_id].endswith("Wo ist es? Bitte!")


async def test_nonsense_out_of_the_quarantine_stays_in_it(stage: Stage) -> None:
    """What even this version does not understand is given back as it came, and asks nobody."""
    for raw in NONSENSE:
        item = Unknown("odd:1", "odd", raw)
        page = stage.connect().reread(item)
        assert not page.messages
        assert [each.raw for each in page.unknown] == [raw]
    assert stage.simulator.log.of(stage.network) == []


async def gone_of(connector: Connector, told: list[Message]) -> set[str]:
    """Return the ids that looking up *told* says are gone."""
    pages = [page async for page in connector.verify([known(message) for message in told])]
    deleted = {each.remote_id for page in pages for each in page.messages if each.deleted}
    return deleted.union(*(page.gone for page in pages))


def known(message: Message) -> Known:
    """Return a delivered message as the store would know it."""
    return Known(
        message.remote_id,
        message.thread_id,
        message.stream,
        message.direction,
        message.sent_at,
        message.parent_id,
    )


async def test_check_names_the_account_and_every_stream(stage: Stage) -> None:
    """`inboxd check --online` learns whose token it is and which streams it can serve."""
    told = await stage.connect().check()

    assert stage.world.brand(stage.network).name in told.identity
    streams = WIRINGS[stage.network].settings["streams"]
    assert {check.stream.value: check.ok for check in told.streams} == dict.fromkeys(streams, True)


async def test_closing_twice_is_fine(stage: Stage) -> None:
    """A connector can be closed before its first call, after it, and again."""
    await stage.connect().close()
    connector = stage.connect()
    await read(connector)

    await connector.close()
    await connector.close()
