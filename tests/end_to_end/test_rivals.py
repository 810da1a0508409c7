"""A daemon that watches others beside its own accounts: it reads them, and does nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.clock import SystemClock
from inboxd.simulator.facebook import PAGE_TOKEN
from inboxd.simulator.facebook.facade import PUBLIC_TOKEN
from inboxd.simulator.people import NETWORKS
from tests.contract.neighbours import Neighbour
from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["hook", "bot", "lead"] }]
"""
"""Whoever waited anywhere of ours would be told of at once."""
HOUR = timedelta(hours=1)
WRITES = ("wall.createComment", "messages.send", "POST *")
TEXT = "Это ужас, я подам в суд! Где мой заказ?"
NAMES = {"vk": "yug", "facebook": "zapad", "twitter": "vostok"}


def watch(shop: Shop, facebook_token: str = PUBLIC_TOKEN) -> list[Neighbour]:
    """Let there be another shop on each network, with one angry customer and one answer."""
    clock = SystemClock()
    there = [Neighbour(network, shop.simulator, clock) for network in NETWORKS]  # type: ignore[arg-type] # it is only asked for the time
    (shop.folder / "public-token").write_text(facebook_token)
    who, base = there[0].shop, f'api_base = "{shop.simulator.facebook_url}"'
    tables = (
        f'group_id = {-who.id_on("vk")}\ntokens_of = "shop-vk"',
        f'page_id = "{who.id_on("facebook")}"\ntoken = {{ file = "public-token" }}\n{base}',
        f'handle = "{who.handle}"\ntokens_of = "shop-x"\nmonthly_read_budget = 100',
    )
    text = shop.config.read_text(encoding="utf-8")
    for (network, name), table in zip(NAMES.items(), tables, strict=True):
        text += f'\n[[watch]]\nname = "{name}"\nnetwork = "{network}"\n{table}\n'
    shop.config.write_text(text, encoding="utf-8")
    for each in there:
        asked = each.ask(TEXT, ago=3 * HOUR)
        each.answer(asked, "Здравствуйте! Напишите нам на почту shop@yug.example.", ago=2 * HOUR)
        each.ask("Есть ли куртки?", ago=HOUR, who=1)
    return there


async def reported(shop: Shop) -> dict[str, dict[str, Any]]:
    """Return what `inboxd report` says of others."""
    told = (await shop.run("report", "--format", "json", "--period", "7d")).expect(0)
    return {each["name"]: each for each in json.loads(told.out)["rivals"]}


async def test_rivals_are_read_reported_and_left_alone(shop: Shop) -> None:
    """The report shows them; nobody hears of them, nothing is written, no name is kept."""
    shop.configure(STEPS)
    there = watch(shop)
    running = await shop.daemon()
    await until(
        lambda: len(shop.rows("SELECT 1 FROM rivals WHERE succeeded_at IS NOT NULL")) == 3,
        "three rivals to be read",
    )
    (await running.stop()).expect(0)

    told = await reported(shop)
    assert told.keys() == {*NAMES.values(), "Ours, in public"}
    for name in NAMES.values():
        values = {each["key"]: each["value"] for each in told[name]["figures"]}
        assert values["messages"] == 2, (name, told[name])
        assert values["response_rate"] == 0.5
        assert values["first_response_median_wall"] == pytest.approx(3_600, abs=2)
        assert values["deflection_rate"] == 1.0
        assert "public part only" in told[name]["note"]
    for table in ("messages", "cases", "waits", "alerts", "outbox", "authors", "traffic"):
        assert shop.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - names of our schema
    for network in NETWORKS:
        calls = [call for each in WRITES for call in shop.simulator.log.of(network, each)]
        assert calls == []
    kept = shop.database.read_bytes()
    for each in there:
        assert each.world.people[0].name.encode() not in kept
        assert str(each.world.people[0].id_on(each.network)).encode() not in kept
    assert shop.value("SELECT sum(amount) FROM spendings WHERE account = 'watch:vostok'") == 3
    assert shop.leaks() == []


async def test_a_rival_that_cannot_be_read_makes_no_trouble(shop: Shop) -> None:
    """The round is a good one; the log, `doctor` and the report say why it is unknown."""
    watch(shop, facebook_token=PAGE_TOKEN)
    done = (await shop.run("run", "--once")).expect(0)

    assert "rival not read" in done.err
    assert shop.value("SELECT count(*) FROM alerts") == 0
    unread = (await reported(shop))["zapad"]["figures"]
    assert {each["value"] for each in unread} == {None}
    assert "Page Public Content Access" in unread[0]["why"]
    told = (await shop.run("doctor", "--json")).out
    assert '"rival.unread"' in told
    assert '"rival.read"' in told


async def test_check_says_whether_others_can_be_read(shop: Shop) -> None:
    """Whose they are, what X may cost, and what Facebook lacks; exit 1 where one cannot be read."""
    watch(shop, facebook_token=PAGE_TOKEN)
    told = (await shop.run("check", "--online")).expect(1)

    assert "yug: Магазин «Юг» (club" in told.out
    assert "at most 100 posts a month, $0.50" in told.out
    assert "zapad: public posts: Facebook says" in told.out
