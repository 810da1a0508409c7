"""What the X connector may use: limits of endpoints, the month's reads, and what they cost."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp.test_utils
import aiohttp.web
import pytest

from connectors.twitter.budget import LOOK_AGAIN
from inboxd.connector import Allowance, Ledger, LedgerEntries, OutgoingReply
from inboxd.errors import BudgetSpent, InboxdError, RateLimited, Spared
from inboxd.model import Stream
from inboxd.simulator.faults import Fault
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import World
from tests.contract.stage import NOW, Stage, connector_modules, cursors_of, messages_of, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from inboxd.clock import ManualClock
    from inboxd.connector import Connector, Cursor

MENTIONS = "GET /2/users/{id}/mentions"
DM_EVENTS = "GET /2/dm_events"
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def simulator(clock: ManualClock) -> AsyncIterator[Simulator]:
    """A world whose X counts calls."""
    world = World(seed=7, customers=12)
    async with Simulator(world, now=clock.now, options=Options(rate_limited=True)) as running:
        yield running


@pytest.fixture
async def stage(simulator: Simulator, clock: ManualClock) -> AsyncIterator[Stage]:
    stage = Stage("twitter", connector_modules()["twitter"], simulator, clock)
    yield stage
    await stage.close()


def connect(stage: Stage, ledger: Ledger, **changes: Any) -> Connector:
    """Return a connector that counts in *ledger*."""
    other = stage.connect(**changes)
    made: Connector = type(other)(other._settings, stage.clock, ledger)  # type: ignore[attr-defined]
    stage._open.append(made)
    return made


def after_a_restart(ledger: Ledger, clock: ManualClock) -> Ledger:
    """Return the ledger of another process, which knows what this one has kept."""
    ledger.taken()
    another = Ledger(clock)
    another.restored(LedgerEntries(dict(ledger._kept), dict(ledger._rests)))
    return another


def calls(stage: Stage, endpoint: str) -> int:
    return len(stage.simulator.log.of("twitter", endpoint))


async def poll(connector: Connector, source: str, cursor: Cursor | None = None) -> Cursor:
    pages = [page async for page in connector.poll(source, cursor)]
    return pages[-1].cursor


def allowance(connector: Connector, name: str = "reads this month") -> Allowance:
    return {each.name: each for each in connector.allowances()}[name]


# Limits of endpoints


async def test_messages_are_polled_so_that_their_fifteen_calls_last(stage: Stage) -> None:
    """Every 30 s would use up a quarter of an hour in half of it; X never has to refuse."""
    connector = connect(stage, Ledger(stage.clock), poll_every=timedelta(seconds=30))
    cursor, waited, longest = None, timedelta(), timedelta()
    for _round in range(120):
        with contextlib.suppress(RateLimited):
            cursor, waited = await poll(connector, "direct_messages", cursor), timedelta()
        stage.clock.advance(timedelta(seconds=30))
        waited += timedelta(seconds=30)
        longest = max(longest, waited)

    assert {call.status for call in stage.simulator.log.of("twitter", DM_EVENTS)} == {200}
    assert calls(stage, DM_EVENTS) >= 40
    assert longest <= timedelta(seconds=120)


async def test_a_pace_that_lasts_is_not_slowed(stage: Stage) -> None:
    """Every two minutes is less than X allows: nothing waits."""
    connector = connect(stage, Ledger(stage.clock))
    cursor = None
    for _round in range(30):
        cursor = await poll(connector, "direct_messages", cursor)
        stage.clock.advance(timedelta(minutes=2))

    assert calls(stage, DM_EVENTS) == 30


async def test_what_is_used_up_is_not_asked_for_not_even_by_another_process(
    stage: Stage,
) -> None:
    """The header of the last answer says so; the 429 need not be fetched."""
    for number in range(1_600):
        stage.ask_privately(f"Nachricht {number}", ago=timedelta(minutes=number), who=number % 9)
    ledger = Ledger(stage.clock)
    reading = connect(stage, ledger).poll("direct_messages", None)
    pages = [await anext(reading) for _page in range(15)]
    with pytest.raises(RateLimited) as raised:
        await anext(reading)
    assert calls(stage, DM_EVENTS) == len(pages) == 15
    assert raised.value.until == NOW + timedelta(minutes=15)

    restarted = connect(stage, after_a_restart(ledger, stage.clock))
    with pytest.raises(RateLimited):
        await poll(restarted, "direct_messages", pages[-1].cursor)
    assert calls(stage, DM_EVENTS) == 15

    stage.clock.advance(timedelta(minutes=15))
    pages += [page async for page in restarted.poll("direct_messages", pages[-1].cursor)]
    assert len({message.remote_id for page in pages for message in page.messages}) == 1_600


async def test_a_limit_stops_only_its_own_endpoint(stage: Stage) -> None:
    """While messages rest, mentions are read."""
    ledger = Ledger(stage.clock)
    stage.simulator.faults.switch_on("twitter", Fault.RATE_LIMIT, endpoint=DM_EVENTS, times=1)
    connector = connect(stage, ledger)
    with pytest.raises(RateLimited):
        await poll(connector, "direct_messages")

    await poll(connector, "mentions")

    with pytest.raises(RateLimited):
        await poll(connector, "direct_messages")
    assert calls(stage, DM_EVENTS) == 1


async def test_a_reply_that_x_will_not_take_is_surely_not_sent(stage: Stage) -> None:
    """A used-up limit of sending is known before; nothing is ambiguous."""
    ledger = Ledger(stage.clock)
    ledger.rest("POST /2/tweets", NOW + timedelta(hours=3))
    reply = OutgoingReply(
        key="k", thread_id="tweet:1:2", stream=Stream.MENTIONS, text="Hallo", parent_id="tweet:1",
        recipient=None, sent_after=NOW,
    )  # fmt: skip

    with pytest.raises(RateLimited) as raised:
        await connect(stage, ledger).send(reply)

    assert raised.value.until == NOW + timedelta(hours=3)
    assert calls(stage, "POST /2/tweets") == 0


async def test_money_is_no_limit_of_an_endpoint(stage: Stage) -> None:
    """Neither spent credits nor a cap rests: whoever buys more need not wait for a month."""
    for code in ("credits", "usage-capped", "usage-capped-403"):
        ledger = Ledger(stage.clock)
        switch = stage.simulator.faults.switch_on("twitter", Fault.REFUSED, code=code, times=1)
        connector = connect(stage, ledger)
        with pytest.raises(BudgetSpent):
            await poll(connector, "mentions")

        assert ledger.rests_until(MENTIONS) is None
        await poll(connector, "mentions")
        assert switch.hits == 1


# The month's reads


async def test_each_thing_is_counted_once_a_day(stage: Stage) -> None:
    """As X charges it: what an overlap or another source brings again costs nothing."""
    for number in range(4):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 2)
        stage.ask_privately(f"Privat {number}", ago=timedelta(minutes=2 + number), who=2)
    connector = connect(stage, Ledger(stage.clock))
    cursors = cursors_of(await read(connector))
    stage.clock.advance(timedelta(minutes=2))
    await read(connector, cursors)

    counts = {each.name: each.used for each in connector.allowances()}

    # Two authors, one peer, and the shop itself for its handle.
    assert counts["posts read"] == 4
    assert counts["direct messages read"] == 4
    assert counts["users read"] == 4
    assert counts["reads this month"] == 12


async def test_a_process_for_each_poll_counts_each_thing_once_a_day(stage: Stage) -> None:
    """`run --once` from cron forgets what it counted; ten cheap polls are no ten days' reads."""
    for number in range(4):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 2)
        stage.ask_privately(f"Privat {number}", ago=timedelta(minutes=2 + number), who=2)
    ledger = Ledger(stage.clock)
    cursors = cursors_of(await read(connect(stage, ledger)))
    first = allowance(connect(stage, ledger)).used
    for _poll in range(10):
        stage.clock.advance(timedelta(minutes=2))
        ledger = after_a_restart(ledger, stage.clock)
        cursors = cursors_of(await read(connect(stage, ledger), cursors))

    assert allowance(connect(stage, ledger)).used == first == 12

    stage.ask_privately("Noch etwas", ago=timedelta(minutes=1), who=3)
    ledger = after_a_restart(ledger, stage.clock)
    cursors = cursors_of(await read(connect(stage, ledger), cursors))
    assert allowance(connect(stage, ledger)).used == first + 2
    stage.clock.advance(timedelta(days=1))
    ledger = after_a_restart(ledger, stage.clock)
    await read(connect(stage, ledger), cursors)
    # Five messages and their two authors, and the shop itself: X charges anew.
    assert allowance(connect(stage, ledger)).used >= first + 2 + 8


async def test_the_next_day_counts_anew(stage: Stage) -> None:
    """X charges for each UTC day on which a thing is returned."""
    stage.clock.set(datetime(2026, 11, 20, 23, 58, tzinfo=UTC))
    stage.ask_publicly("Frage", ago=timedelta(minutes=1))
    connector = connect(stage, Ledger(stage.clock))
    cursor = await poll(connector, "mentions")
    stage.clock.advance(timedelta(minutes=4))

    await poll(connector, "mentions", cursor)

    assert allowance(connector, "posts read").used == 2


async def test_reads_and_what_they_cost_are_told_with_where_it_leads(stage: Stage) -> None:
    """Own mentions at $0.001, users at $0.010; two thirds of the month are over."""
    stage.ask_publicly("Frage", ago=timedelta(minutes=1))
    connector = connect(stage, Ledger(stage.clock), monthly_read_budget=10_000)

    await poll(connector, "mentions")

    told = allowance(connector)
    assert (told.used, told.limit, told.resets_at) == (2, 10_000, NEXT_MONTH)
    assert told.cost == pytest.approx(0.011)
    # 19.5 of 30 days.
    assert told.projected == 3
    assert told.projected_cost == pytest.approx(0.02)


async def test_writing_costs_too(stage: Stage) -> None:
    """A summoned reply, a reply with a link, and a message each have their price."""
    stage.ask_publicly("Frage", ago=timedelta(minutes=3))
    stage.ask_privately("Privat", ago=timedelta(minutes=2))
    connector = connect(stage, Ledger(stage.clock))
    told = messages_of(await read(connector))
    for message in told:
        for text in ("Morgen.", "Siehe https://shop.example/1"):
            reply = OutgoingReply(
                key="k", thread_id=message.thread_id, stream=message.stream, text=text,
                parent_id=message.remote_id, recipient=None, sent_after=NOW,
            )  # fmt: skip
            await connector.send(reply)

    costs = {each.name: each.cost for each in connector.allowances() if "written" in each.name}

    assert costs == {
        "summoned replies written": 0.01,
        "posts with a link written": 0.2,
        "direct messages written": 0.03,
    }


async def test_what_was_used_is_known_after_a_restart(stage: Stage) -> None:
    """The month's budget is the account's, not the process's."""
    stage.ask_publicly("Frage", ago=timedelta(minutes=1))
    ledger = Ledger(stage.clock)
    await poll(connect(stage, ledger), "mentions")

    restarted = connect(stage, after_a_restart(ledger, stage.clock))

    assert allowance(restarted).used == 2


async def test_what_can_be_done_without_stops_first(stage: Stage) -> None:
    """Ahead of an even pace only mentions, own posts and messages are read."""
    for number in range(20):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 9)
    connector = connect(stage, Ledger(stage.clock), monthly_read_budget=40)
    stopped = {}
    for source in connector.sources():
        try:
            await poll(connector, source.name)
        except Spared as error:
            stopped[source.name] = error

    again = NOW + LOOK_AGAIN
    assert {name: error.until for name, error in stopped.items()} == {
        "conversations": again,
        "quotes": again,
    }
    # 29 of 40 reads are used on the 20th: the pace catches up after 21.75 days, less one.
    assert all("before 2026-11-21 18:00Z" in str(error) for error in stopped.values())


async def test_when_the_month_is_spent_nothing_is_read(stage: Stage) -> None:
    """Until the next one, or until somebody allows more: who does need not wait for the month."""
    for number in range(20):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=number % 9)
    ledger = Ledger(stage.clock)
    connector = connect(stage, ledger, monthly_read_budget=20)
    await poll(connector, "mentions")
    stage.simulator.log.clear()

    for source in connector.sources():
        with pytest.raises(BudgetSpent) as raised:
            await poll(connector, source.name)
        assert raised.value.until == NOW + LOOK_AGAIN
    assert stage.simulator.log.of("twitter") == []

    stage.clock.advance(LOOK_AGAIN)
    await poll(connect(stage, ledger, monthly_read_budget=200), "mentions")
    stage.clock.set(NEXT_MONTH)
    await poll(connector, "mentions")


async def test_the_last_reads_of_a_month_are_not_overdrawn_by_a_page(stage: Stage) -> None:
    """A page is no larger than what is left, as far as X lets a page be small."""
    for number in range(60):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=2 + number), who=0)
    connector = connect(stage, Ledger(stage.clock), monthly_read_budget=30)

    with pytest.raises(BudgetSpent):
        await poll(connector, "mentions")

    assert allowance(connector).used <= 30 + 5
    sizes = [call.query["max_results"] for call in stage.simulator.log.of("twitter", MENTIONS)]
    assert sizes == ["30"]


async def test_a_quiet_day_of_messages_reads_one_small_page(stage: Stage) -> None:
    """dm_events has no since_id: what a poll sees again each day is paid for again each day."""
    for number in range(90):
        stage.ask_privately(f"Nachricht {number}", ago=timedelta(hours=2 + number // 2), who=0)
    connector = connect(stage, Ledger(stage.clock))
    cursor = await poll(connector, "direct_messages")
    stage.clock.advance(timedelta(days=1))
    stage.simulator.log.clear()

    await poll(connector, "direct_messages", cursor)

    (call,) = stage.simulator.log.of("twitter", DM_EVENTS)
    assert call.query["max_results"] == "20"


@pytest.mark.parametrize("restarts", [False, True])
async def test_old_messages_that_come_along_with_many_new_ones_are_counted(
    stage: Stage, *, restarts: bool
) -> None:
    """The page behind the first is a large one; what it shows of earlier days is paid for again."""
    for number in range(130):
        stage.ask_privately(f"Frage {number}", ago=timedelta(hours=26, minutes=number), who=0)
    ledger = Ledger(stage.clock)
    connector = connect(stage, ledger)
    cursor = await poll(connector, "direct_messages")
    stage.clock.advance(timedelta(days=1))
    cursor = await poll(connector, "direct_messages", cursor)
    assert allowance(connector, "direct messages read").used == 130 + 20
    stage.clock.advance(timedelta(minutes=10))
    for number in range(30):
        stage.ask_privately(f"Neue Frage {number}", ago=timedelta(seconds=number), who=0)
    if restarts:
        connector = connect(stage, after_a_restart(ledger, stage.clock))

    await poll(connector, "direct_messages", cursor)

    # The new ones, and of the next hundred's other ninety those that were not read today.
    assert allowance(connector, "direct messages read").used == 130 + 20 + 30 + 70


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, {"title": "Too Many Requests", "type": "about:blank", "status": 429}, RateLimited),
        (429, {"title": "UsageCapExceeded", "period": "Monthly",
               "type": "https://api.x.com/2/problems/usage-capped"}, BudgetSpent),
        (429, {"title": "UsageCapExceeded", "period": "Daily",
               "type": "https://api.twitter.com/2/problems/usage-capped"}, BudgetSpent),
        (402, {"title": "CreditsDepleted", "type": "https://api.x.com/2/problems/credits"},
         BudgetSpent),
    ],
)  # fmt: skip
async def test_both_kinds_of_429_and_402_are_told_apart(
    stage: Stage, status: int, body: Mapping[str, Any], expected: type[InboxdError]
) -> None:
    """One ends in minutes; one with its period, one when somebody pays: both are tried again."""
    application = aiohttp.web.Application()

    async def answer(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response(body, status=status)

    application.router.add_route("*", "/{path:.*}", answer)
    async with aiohttp.test_utils.TestServer(application) as server:
        connector = connect(stage, Ledger(stage.clock), api_base=str(server.make_url("/")))
        with pytest.raises(expected) as raised:
            await poll(connector, "mentions")
        await connector.close()

    assert type(raised.value) is expected
    # Whoever raises the cap is not left blind until the month is over.
    until = NOW + timedelta(hours=1) if "period" in body else None
    assert getattr(raised.value, "until", None) == until


async def test_an_answer_without_end_is_left(stage: Stage) -> None:
    """No server may fill the memory of the machine that reads it."""
    application = aiohttp.web.Application()

    async def pour(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse()
        await response.prepare(request)
        for _part in range(40):
            await response.write(b" " * 1024 * 1024)
        return response

    application.router.add_route("*", "/{path:.*}", pour)
    async with aiohttp.test_utils.TestServer(application) as server:
        connector = connect(stage, Ledger(stage.clock), api_base=str(server.make_url("/")))
        with pytest.raises(InboxdError, match="ClientPayloadError"):
            await poll(connector, "mentions")
        await connector.close()
