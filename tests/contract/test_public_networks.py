"""What the readers of somebody else's account promise that is one network's own: limits, money, keys."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vk_api
from pydantic import ValidationError

from connectors.facebook.limits import WHAT_CAN_WAIT
from connectors.twitter.settings import Watched
from connectors.vk.errors import DAILY_LIMITS
from inboxd.errors import BudgetSpent, OperatorError, PermissionMissing, RateLimited, Spared
from inboxd.model import Direction
from inboxd.simulator.facebook import PAGE_TOKEN
from inboxd.simulator.faults import Fault
from inboxd.simulator.twitter import Credentials
from tests.contract.neighbours import Neighbour, messages_of, read
from tests.contract.test_vk_parameters import validate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.clock import ManualClock
    from inboxd.simulator.server import Simulator

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
HOUR = timedelta(hours=1)
KEYS = Credentials()


@pytest.fixture
async def on_vk(simulator: Simulator, clock: ManualClock) -> AsyncIterator[Neighbour]:
    there = Neighbour("vk", simulator, clock)
    yield there
    await there.close()


@pytest.fixture
async def on_x(simulator: Simulator, clock: ManualClock) -> AsyncIterator[Neighbour]:
    there = Neighbour("twitter", simulator, clock)
    yield there
    await there.close()


@pytest.fixture
async def on_facebook(simulator: Simulator, clock: ManualClock) -> AsyncIterator[Neighbour]:
    there = Neighbour("facebook", simulator, clock)
    yield there
    await there.close()


# VK


async def test_vk_s_calls_for_others_are_counted_as_ours(on_vk: Neighbour) -> None:
    """VK counts by the token: whoever reads our own wall with it must know what is left."""
    reader = on_vk.reader()

    await read(reader)

    today = on_vk.clock.now().date()
    assert on_vk.ours.spent("service_token wall.get", today) == 1
    (share,) = reader.allowances()
    assert (share.used, share.limit) == (1, DAILY_LIMITS["wall.get"] // 20)


async def test_vk_s_share_for_others_is_never_more(on_vk: Neighbour) -> None:
    """All rivals of one token together get a twentieth of a day; then nothing is asked."""
    readers = [on_vk.reader(), on_vk.reader(name="vostok")]
    on_vk.ours.spend("wall.get for others' walls", DAILY_LIMITS["wall.get"] // 20 - 2)
    for reader in readers:
        await read(reader)
    with pytest.raises(Spared) as caught:
        await read(readers[0])

    assert len(on_vk.simulator.log.of("vk", "wall.get")) == 2
    assert caught.value.until is not None
    assert caught.value.until.date() == on_vk.clock.now().date() + timedelta(days=1)


async def test_vk_reads_nobody_else_while_our_own_wall_is_behind(on_vk: Neighbour) -> None:
    """Where our account has used its day faster than it passes, rivals wait."""
    on_vk.ours.spend("service_token wall.get", 4_000)

    with pytest.raises(RateLimited) as caught:
        await read(on_vk.reader())

    assert "wall.get" in str(caught.value)
    assert on_vk.simulator.log.of("vk", "wall.get") == []


async def test_vk_reads_posts_of_visitors_and_answers_below_them(on_vk: Neighbour) -> None:
    """What somebody writes on the rival's wall is one conversation with what is below it."""
    at = on_vk.clock.now() - 5 * HOUR
    asked = on_vk.world.add(
        "vk", "post", "Вы открыты?", sent_at=at, author=on_vk.world.people[3], wall=on_vk.shop
    )
    on_vk.answer(asked, "Да.", ago=2 * HOUR)

    found = messages_of(await read(on_vk.reader()))

    assert found["Вы открыты?"].direction is Direction.INBOUND
    assert found["Да."].thread_id == found["Вы открыты?"].thread_id


async def test_vk_s_closed_wall_is_told(on_vk: Neighbour) -> None:
    """Whoever closed the wall is unknown in the report, with VK's reason."""
    on_vk.simulator.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint="wall.get")

    with pytest.raises(PermissionMissing, match=r"wall\.get"):
        await on_vk.reader().check()


@pytest.mark.skipif(not CONTRACTS.exists(), reason="the official schemas are not here")
async def test_vk_is_asked_what_its_schema_lets_a_service_token_ask(
    on_vk: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, token and each parameter are of the official schema; names are not asked for."""
    schema = json.loads((CONTRACTS / "vk-inbox-schema.json").read_text(encoding="utf-8"))
    made: list[tuple[str, dict[str, Any]]] = []
    send = vk_api.VkApi.method

    def record(api: Any, method: str, values: dict[str, Any], **options: Any) -> Any:
        made.append((method, dict(values)))
        return send(api, method, values, **options)

    monkeypatch.setattr(vk_api.VkApi, "method", record)
    on_vk.answer(on_vk.ask("Где?", ago=HOUR), "Тут.", ago=HOUR / 2)
    reader = on_vk.reader()
    await reader.check()
    await read(reader)

    assert {method for method, _ in made} == {"groups.getById", "wall.get", "wall.getComments"}
    for method, values in made:
        told = schema["methods"][method]
        assert "service" in told["access_token_type"]
        assert not values.keys() & {"extended", "fields"}
        validate(schema, told["parameters"], values)


# X


async def test_x_reads_within_the_month_s_budget(on_x: Neighbour) -> None:
    """When it is used up nothing is asked, and the error says until when."""
    for number in range(40):
        on_x.ask(f"Frage {number}?", ago=number * HOUR)
    reader = on_x.reader(monthly_read_budget=25)

    with pytest.raises(BudgetSpent, match="25 reads"):
        await read(reader)

    whole = reader.allowances()[0]
    assert whole.limit == 25
    assert 25 <= whole.used <= 35  # X gives no smaller page than ten
    asked = len(on_x.simulator.log.of("twitter"))
    with pytest.raises(BudgetSpent):
        await read(reader)
    assert len(on_x.simulator.log.of("twitter")) == asked


async def test_x_s_budget_is_spread_over_the_month(on_x: Neighbour) -> None:
    """A busy week does not make a rival invisible for the rest of the month: it waits meanwhile."""
    on_x.clock.set(on_x.clock.now().replace(day=2))
    for number in range(60):
        on_x.ask(f"Frage {number}?", ago=number * HOUR / 2)
    reader = on_x.reader(monthly_read_budget=100)
    pages = await read(reader)

    with pytest.raises(Spared, match="even pace: nothing is read before"):
        await read(reader, pages[-1].cursor)


async def test_x_brings_no_users_which_would_cost_twice_a_post(on_x: Neighbour) -> None:
    """Posts alone are paid for; what is ours is counted apart."""
    on_x.answer(on_x.ask("Wo?", ago=2 * HOUR), "Da.", ago=HOUR)
    reader = on_x.reader()
    await read(reader)

    names = {each.name: each.used for each in reader.allowances()}
    assert names == {"reads this month": 2, "posts read": 2}
    assert on_x.ours.spent("posts read", on_x.clock.now().date()) == 0


async def test_x_looks_a_number_up_only_where_no_post_tells_it(on_x: Neighbour) -> None:
    """A mention names it for nothing; without one it is asked for, once."""
    customer = on_x.world.people[0]
    handle = on_x.shop.handle
    asked = on_x.world.add(
        "twitter", "post", "Kennt jemand gute Jacken?", author=customer,
        sent_at=on_x.clock.now() - 3 * HOUR,
    )  # fmt: skip
    on_x.answer(asked, "Wir!", ago=2 * HOUR)
    first = messages_of(await read(reader := on_x.reader()))
    await read(reader)
    asked_for = on_x.simulator.log.of("twitter", "GET /2/users/by/username/{username}")
    on_x.ask("Wo ist mein Paket?", ago=HOUR)
    await read(on_x.reader())

    assert [message.direction for message in first.values()] == [Direction.OUTBOUND]
    assert len(asked_for) == 1
    assert len(on_x.simulator.log.of("twitter", "GET /2/users/by/username/{username}")) == 1
    assert handle


async def test_x_may_be_read_with_an_account_s_keys(on_x: Neighbour) -> None:
    """The four keys of OAuth 1.0a search as well as an app's token does."""
    on_x.ask("|Wo?", ago=HOUR)
    keys = {
        "consumer_key": KEYS.consumer_key, "consumer_secret": KEYS.consumer_secret,
        "access_token": KEYS.access_token, "access_token_secret": KEYS.access_token_secret,
        "bearer_token": None,
    }  # fmt: skip

    assert "Wo?" in messages_of(await read(on_x.reader(**keys)))


async def test_x_s_wrong_number_is_told(on_x: Neighbour) -> None:
    """Figures of somebody else would look as right as any."""
    with pytest.raises(OperatorError, match="correct its user_id"):
        await on_x.reader(user_id="17").check()


async def test_x_s_unknown_handle_is_told(on_x: Neighbour) -> None:
    """A slip of the pen in the name is an error, not an account that nobody writes to."""
    with pytest.raises(OperatorError):
        await on_x.reader(handle="nobody_at_all").check()


async def test_x_tells_what_lies_too_far_back(on_x: Neighbour) -> None:
    """X searches seven days back; whoever was not read for ten has a hole in it."""
    pages = await read(on_x.reader())
    on_x.clock.advance(timedelta(days=10))

    later = await read(on_x.reader(), pages[-1].cursor)

    assert "cannot be read any more" in "".join(page.lost for page in later)


def test_x_wants_something_to_read_with() -> None:
    """What is missing is told with what may be given."""
    with pytest.raises(ValidationError, match="lacks a bearer_token; give one, or tokens_of"):
        Watched(name="yug", network="twitter", handle="yug")


# Facebook


async def test_facebook_wants_the_feature_for_it(on_facebook: Neighbour) -> None:
    """A Page token reads its own Page; the error names what Facebook must approve."""
    reader = on_facebook.reader(token=PAGE_TOKEN)

    for attempt in (reader.check, lambda: read(reader)):
        with pytest.raises(PermissionMissing, match="needs Page Public Content Access") as caught:
            await attempt()
        assert "error 10" in str(caught.value)


@pytest.mark.parametrize("code", ["10", "200"])
async def test_facebook_s_refusals_are_known_by_their_code(
    on_facebook: Neighbour, code: str
) -> None:
    """Error 10 and error 200 are both a missing permission."""
    on_facebook.simulator.faults.switch_on("facebook", Fault.PERMISSION_MISSING, code=code)

    with pytest.raises(PermissionMissing, match="needs Page Public Content Access"):
        await read(on_facebook.reader())


async def test_facebook_names_nobody_but_the_page(on_facebook: Neighbour) -> None:
    """Who writes below others' posts is not told; an answer is known by the Page's number."""
    asked = on_facebook.ask("|Wo?", ago=3 * HOUR)
    on_facebook.answer(asked, "|Da.", ago=2 * HOUR)
    on_facebook.answer(asked, "|Wirklich?", ago=HOUR, by=on_facebook.world.people[4])

    found = messages_of(await read(on_facebook.reader()))

    assert {text: each.direction for text, each in found.items()} == {
        "Wo?": Direction.INBOUND, "Da.": Direction.OUTBOUND, "Wirklich?": Direction.INBOUND,
    }  # fmt: skip
    assert [each.author for each in found.values() if each.direction is Direction.INBOUND] == [
        None, None,
    ]  # fmt: skip
    assert len({each.thread_id for each in found.values()}) == 1


async def test_facebook_is_asked_for_no_right_of_ours(on_facebook: Neighbour) -> None:
    """What only a Page's own token may ask (can_hide, is_private, names) would spoil the answer."""
    on_facebook.ask("|Wo?", ago=HOUR)
    await read(on_facebook.reader())

    (call,) = on_facebook.simulator.log.of("facebook", "GET feed")
    fields = str(call.query["fields"])
    assert "comments" in fields
    assert not [word for word in ("can_", "is_private", "name", "email") if word in fields]


async def test_facebook_is_left_to_us_where_we_are_told_to_ease_off(
    on_facebook: Neighbour,
) -> None:
    """What can wait of ours comes before all of others'."""
    on_facebook.ours.rest(WHAT_CAN_WAIT, on_facebook.clock.now() + HOUR)

    with pytest.raises(Spared):
        await read(on_facebook.reader())

    assert on_facebook.simulator.log.of("facebook") == []
