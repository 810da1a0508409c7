"""Promises about buttons in Slack, kept by the real program: pressed there, done here, shown there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from inboxd.simulator.slack import Message, Workspace
    from tests.end_to_end.shop import Shop

STEPS = """
first_response = "1h"
steps = [{ at = "1s", to = ["bot", "lead"] }]
"""
BUTTONS = """token = { env = "SLACK_TOKEN" }
app_token = { env = "SLACK_APP_TOKEN" }
allowed = ["U0LEAD", "U0SUPPORT"]"""


@pytest.fixture
def workspace(shop: Shop) -> Workspace:
    """The Slack of a shop whose bot has buttons."""
    shop.configure(STEPS)
    text = shop.config.read_text()
    shop.config.write_text(text.replace('token = { env = "SLACK_TOKEN" }', BUTTONS))
    return shop.simulator.slack


async def told_of_one(shop: Shop, workspace: Workspace) -> Message:
    """A customer writes, and the bot tells of it."""
    shop.write("vk", "private", "Where is my order? It is awful!", who=1)
    await until(lambda: bots(workspace), "the bot's message")
    return bots(workspace)[0]


def bots(workspace: Workspace) -> list[Message]:
    return [message for message in workspace.messages if message.via == "bot"]


def text_of(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


async def test_a_press_is_done_and_shown(shop: Shop, workspace: Workspace) -> None:
    """And what is done by a command after that is shown as well; no secret is written anywhere."""
    daemon = await shop.daemon()
    await workspace.sockets.connected()
    message = await told_of_one(shop, workspace)

    assert (await workspace.press(message, "Acknowledge", "U0SUPPORT")).taken

    await until(lambda: "taken by Борис" in text_of(message), "the message to show it")
    assert shop.rows("SELECT actor, action FROM actions") == [("Борис", "ack")]
    (await shop.run("snooze", "1", "2h", "--as", "anna")).expect(0)
    await until(lambda: "by anna" in text_of(message), "the message to show the snooze")
    (await shop.run("close", "1", "--as", "anna")).expect(0)
    await until(lambda: "closed by anna" in text_of(message), "the message to show the end")
    assert '"button"' not in text_of(message)
    assert (await daemon.stop()).code == 0
    assert workspace.sockets.connections == []
    assert workspace.sockets.problems == []
    assert shop.leaks() == []


async def test_a_kill_after_a_press_loses_nothing(shop: Shop, workspace: Workspace) -> None:
    """Slack delivers it again to the next daemon: it is done once, and shown."""
    daemon = await shop.daemon()
    await workspace.sockets.connected()
    message = await told_of_one(shop, workspace)
    pressed = await workspace.press(message, "Snooze 1 h")
    daemon.kill()
    await daemon.end()
    versions = len(message.versions)

    await shop.daemon()
    await workspace.sockets.connected()
    assert (await workspace.sockets.send({}, again=pressed)).taken

    await until(lambda: "snoozed until" in text_of(message), "the message to show it")
    assert len(message.versions) <= versions + 1
    assert shop.rows("SELECT actor, action FROM actions") == [("Anna", "snooze")]


async def test_a_dead_app_token_stops_nothing_and_is_told(shop: Shop, workspace: Workspace) -> None:
    """By the other sinks, by `check --online` and by `doctor`; who waits is still told of."""
    shop.config.write_text(
        shop.config.read_text().replace('env = "SLACK_APP_TOKEN"', 'env = "X_TOKEN"')
    )
    before = datetime.now(UTC)
    daemon = await shop.daemon()
    await told_of_one(shop, workspace)
    await until(
        lambda: any("not heard of" in mail.subject for mail in shop.simulator.mail.messages),
        "the lead to hear of it",
    )
    assert shop.all_read_since(before)
    found = json.loads((await shop.run("doctor", "--online", "--json")).expect(1).out)
    troubles = [each["text"] for each in found if each["what"] == "bot buttons"]
    assert any("invalid_auth" in trouble for trouble in troubles)
    checked = (await shop.run("check", "--online")).expect(1)
    assert "connections:write" in checked.out
    assert (await daemon.stop()).code == 0
    assert shop.leaks() == []


async def test_a_single_round_listens_to_nobody(shop: Shop, workspace: Workspace) -> None:
    """It is over before anybody could press; but it shows what a command did."""
    await shop.run("run", "--once")
    shop.write("vk", "private", "Where is my order?", who=1)
    await shop.run("run", "--once")
    await until(lambda: shop.value("SELECT count(*) FROM cases"), "a case")
    for _ in range(5):
        if not bots(workspace):
            await shop.run("run", "--once")
    shop.say("ack", "1", "--as", "anna").expect(0)
    await shop.run("run", "--once")
    assert "taken by anna" in text_of(bots(workspace)[0])
    assert workspace.sockets.opened == 0
    (await shop.run("check", "--online")).expect(0)
