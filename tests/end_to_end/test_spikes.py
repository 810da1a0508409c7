"""A courier breaks down: thirty customers complain, and the colleagues see one thing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.people import NETWORKS

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

GENERAL = 'blind_after = 1000\nalert_to = ["night"]'
TELLING = """
first_response = "1s"
steps = [{ at = "100%", to = ["hook", "bot", "lead"] }]

[spikes]
to = ["hook", "bot", "lead"]

[[digests]]
name = "morning"
at = "00:00"
to = ["bot", "night"]
"""
COMPLAINTS = (
    "Заказ {n} обещали привезти вчера, курьер так и не приехал. Где моя посылка?!",
    "Третью неделю жду доставку заказа {n}, никто не отвечает. Безобразие.",
    "Кур'єр не привіз замовлення {n}, чекаю вже п'ятий день. Жах!",
    "Mein Paket {n} ist seit zwei Wochen nicht geliefert worden. Unverschämt!",
    "My order {n} was meant to be delivered on Friday and the courier never came. Awful.",
)


async def once(shop: Shop) -> None:
    (await shop.run("run", "--once")).expect(0)


def change(shop: Shop, sql: str, *values: object) -> None:
    """Do to the database what time would have done."""
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute(sql, values)


def shown(shop: Shop) -> list[tuple[str, str]]:
    """Return what the bot's channel shows now: each message's title, and all of its text."""
    return [
        (message.blocks[0]["text"]["text"], str(message.blocks))
        for message in shop.simulator.slack.messages
        if message.via == "bot"
    ]


async def test_thirty_complaints_about_one_thing_are_one_thing_to_know(shop: Shop) -> None:
    """One head in the channel and one mail, which count, quote, and in the end say that it is over."""
    shop.configure(TELLING, general=GENERAL)
    await once(shop)
    # VK tells the second only, and what was sent before the first read is history.
    await asyncio.sleep(1)
    for number in range(35):
        text = COMPLAINTS[number % 5].format(n=48_000 + number)
        network = NETWORKS[number % len(NETWORKS)]
        shop.write(network, "private", text, who=number)
    await once(shop)

    count = shop.value(
        "SELECT count(*) FROM messages WHERE kind = 'complaint' AND topics LIKE '%shipping%'"
    )
    assert count >= 30
    begins = f"🔴 {count} complaints about shipping in 1h, what is usual is not known yet"
    heads = [title for title, _ in shown(shop) if "complaints about" in title]
    assert heads == [begins]
    (mail,) = [
        mail for mail in shop.simulator.mail.to("lead@shop.example") if "complaints" in mail.subject
    ]
    assert mail.subject == begins
    assert "shop-vk: " in mail.text
    folded = shop.value("SELECT count(DISTINCT case_id) FROM alerts WHERE thread = 'gathering:1'")
    assert folded == count
    assert shop.settled

    for case, in shop.rows("SELECT DISTINCT case_id FROM alerts WHERE thread = 'gathering:1' AND case_id"
                           " ORDER BY 1 LIMIT 20"):  # fmt: skip
        shop.say("close", str(case), "--as", "anna").expect(0)
    await once(shop)
    (present,) = [text for title, text in shown(shop) if "complaints about" in title]
    assert f"Waiting: {count - 20}" in present

    change(shop, "UPDATE messages SET sent_at = replace(sent_at, substr(sent_at, 1, 13), ?)",
           f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H}")  # fmt: skip
    change(shop, "UPDATE spikes SET since = '2000-01-01T00:00:00.000Z'")
    await once(shop)
    change(shop, "UPDATE spikes SET calm_since = '2020-01-01T00:00:00.000Z'")
    await once(shop)
    titles = [title for title, _ in shown(shop)]
    assert [title for title in titles if "as usual again" in title]
    assert titles[1].startswith(f"✅ Over: complaints about shipping, {count} customers in ")
    assert shop.settled
    assert {*shop.slack_keys().values()} == {*shop.message_ids().values()} == {1}


async def test_the_digest_comes_once_however_often_a_round_is_run(shop: Shop) -> None:
    """With how everything stands, to those who asked for it."""
    shop.configure(TELLING, general=GENERAL)
    await once(shop)
    await once(shop)
    (mail,) = shop.simulator.mail.to("night@shop.example")
    assert mail.subject.startswith("🔔 ")
    for label in (
        "Waiting: ",
        "Answered yesterday: ",
        "Accounts: 3 read",
        "Not read for a while yesterday: ",
        shop.origin,
    ):
        assert label in mail.text
    assert len([title for title, _ in shown(shop) if title == mail.subject]) == 1
