"""What every reader of somebody else's account promises, whichever network it speaks to."""

from __future__ import annotations

import traceback
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.errors import (
    InboxdError,
    NetworkError,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Unavailable,
)
from inboxd.model import Direction
from inboxd.simulator.faults import Fault
from tests.contract.neighbours import WIRINGS, Neighbour, messages_of, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.clock import ManualClock
    from inboxd.simulator.server import Simulator

HOUR = timedelta(hours=1)
FAULTS: dict[Fault, type[InboxdError]] = {
    Fault.RATE_LIMIT: RateLimited,
    Fault.SERVER_ERROR: NetworkError,
    Fault.HTML: Unavailable,
    Fault.TRUNCATED: Unavailable,
    Fault.DROP_BEFORE: Unavailable,
    Fault.TOKEN_EXPIRED: TokenInvalid,
    Fault.PERMISSION_MISSING: PermissionMissing,
}


@pytest.fixture(params=sorted(WIRINGS))
async def neighbour(
    request: pytest.FixtureRequest, simulator: Simulator, clock: ManualClock
) -> AsyncIterator[Neighbour]:
    """Another shop on each network in turn."""
    there = Neighbour(request.param, simulator, clock)
    yield there
    await there.close()


async def test_reads_questions_and_answers_of_another_shop(neighbour: Neighbour) -> None:
    """A customer's words are inbound, the shop's outbound, and both are in one thread."""
    asked = neighbour.ask("|Wo bleibt mein Paket?", ago=5 * HOUR)
    neighbour.answer(asked, "|Es kommt morgen.", ago=3 * HOUR)

    found = messages_of(await read(neighbour.reader()))

    question, answer = found["Wo bleibt mein Paket?"], found["Es kommt morgen."]
    assert (question.direction, answer.direction) == (Direction.INBOUND, Direction.OUTBOUND)
    assert question.thread_id == answer.thread_id
    assert answer.sent_at - question.sent_at == 2 * HOUR
    assert question.public
    assert answer.public


async def test_learns_nobody_s_name(neighbour: Neighbour) -> None:
    """Customers of others are strangers: of them there is a number, and no name is asked for."""
    neighbour.ask("|Wo bleibt mein Paket?", ago=HOUR)

    (message,) = messages_of(await read(neighbour.reader())).values()

    if message.author is not None:  # Facebook says nothing at all
        assert message.author.name == message.author.handle == ""
        assert message.author.followers is None
    name = neighbour.world.people[0].name.split()[-1]
    assert name not in repr(message)


async def test_writes_nowhere_and_asks_for_nothing_else(neighbour: Neighbour) -> None:
    """There is no way to write; what is asked are the few endpoints that only read."""
    asked = neighbour.ask("|Wo bleibt mein Paket?", ago=HOUR)
    neighbour.answer(asked, "|Morgen.", ago=HOUR / 2)
    reader = neighbour.reader()

    await reader.check()
    await read(reader)

    assert neighbour.asked() <= WIRINGS[neighbour.network].reads
    assert not [name for name in dir(reader) if "send" in name]


async def test_goes_on_from_where_it_was(neighbour: Neighbour) -> None:
    """What comes later is found by a reader that begins anew from the cursor."""
    first = neighbour.ask("|Eins?", ago=5 * HOUR)
    pages = await read(neighbour.reader())
    neighbour.clock.advance(6 * HOUR)
    neighbour.answer(first, "|Zwei.", ago=HOUR)
    neighbour.ask("|Drei?", ago=HOUR / 2, who=1)

    later = messages_of(await read(neighbour.reader(), pages[-1].cursor))

    assert {"Zwei.", "Drei?"} <= later.keys()


async def test_every_page_s_cursor_can_be_gone_on_from(neighbour: Neighbour) -> None:
    """A daemon that is killed behind any page misses nothing when it comes back."""
    said = set()
    for number in range(120):
        neighbour.ask(f"|Frage {number}?", ago=timedelta(minutes=10 * number + 1), who=number % 12)
        said.add(f"Frage {number}?")
    whole = await read(neighbour.reader())
    assert messages_of(whole).keys() == said

    for place in range(len(whole)):
        rest = await read(neighbour.reader(), whole[place].cursor)
        heard = messages_of([*whole[: place + 1], *rest]).keys()
        assert heard == said


async def test_a_poll_that_finds_nothing_is_one_page(neighbour: Neighbour) -> None:
    """To have looked is a fact of its own."""
    pages = await read(neighbour.reader())

    assert [message for page in pages for message in page.messages] == []
    assert pages


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_are_errors_of_ours_without_a_secret(
    neighbour: Neighbour, fault: Fault
) -> None:
    """Each fault is the error that says who must act, and no token is in it."""
    neighbour.ask("|Hallo?", ago=HOUR)
    neighbour.simulator.faults.switch_on(neighbour.network, fault)

    with pytest.raises(FAULTS[fault]) as caught:
        await read(neighbour.reader())

    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args)
    assert not [one for one in WIRINGS[neighbour.network].secrets if one in told]


async def test_the_check_says_whose_account_it_is(neighbour: Neighbour) -> None:
    """Who mistyped a number sees it before a report shows somebody else's figures."""
    found = await neighbour.reader().check()

    assert any(known in found.identity for known in (neighbour.shop.name, neighbour.shop.handle))


async def test_closing_twice_is_fine(neighbour: Neighbour) -> None:
    """Whoever closes need not know whether somebody else did."""
    reader = neighbour.reader()
    await read(reader)
    await reader.close()
    await reader.close()
