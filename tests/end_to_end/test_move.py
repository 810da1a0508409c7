"""Promises about a shop that goes on on another server, as docs/data.md says how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault
from tests.end_to_end.shop import opened, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.shop import Shop

AT_ONCE = """
first_response = "1s"
steps = [{ at = "100%", to = ["hook"] }]
"""
GENERAL = 'alert_to = ["night"]'
REPLY = "Уже в пути, будет завтра."
_FAILING = "SELECT count(*) FROM outbox WHERE state = 'pending' AND attempts > 0"


@pytest.mark.slow
async def test_a_shop_goes_on_on_another_server(shop: Shop, tmp_path: Path) -> None:
    """What was still to be sent leaves from there, once, and nobody is told anything again."""
    shop.configure(AT_ONCE, general=GENERAL)
    daemon = await shop.daemon()
    shop.write("facebook", "private", "Где мой заказ?", who=1)
    await until(lambda: len(shop.told("hook")) == 1, "the first alert")
    shop.simulator.faults.switch_on("slack", Fault.SERVER_ERROR)
    shop.write("vk", "private", "Пришло разбитым!", who=2)
    await until(lambda: shop.value(_FAILING), "an alert that does not go out")
    beside = shop.say("backup", "--last", str(tmp_path / "move.db")).expect(1)
    assert f"inboxd runs (process {daemon.process.pid}); stop it first" in beside.err
    (await daemon.stop()).expect(0)
    shop.say("reply", "1", REPLY).expect(0)
    shop.say("backup", "--last", str(tmp_path / "move.db")).expect(0)
    for command in (["run"], ["run", "--once"], ["reply", "1", "Второй ответ"]):
        assert "moved to another server" in (await shop.run(*command)).expect(1).err
    left = json.loads((await shop.run("doctor", "--json")).expect(1).out)
    assert "database.left" in {finding["code"] for finding in left}
    shop.simulator.faults.clear()

    async with opened(tmp_path / "there", shop.simulator) as there:
        there.configure(AT_ONCE, general=GENERAL)
        moved = there.say("restore", str(tmp_path / "move.db"), "--json").expect(0)
        assert json.loads(moved.out).items() >= {"moved": True, "settled": 2, "doubtful": 0}.items()
        daemon = await there.daemon()
        await until(lambda: there.said_by_shop(REPLY), "the reply")
        await until(lambda: there.settled and len(there.told("hook")) >= 2, "the second alert")
        there.write("vk", "private", "И где деньги?", who=3)
        await until(lambda: len(there.told("hook")) >= 4, "an alert of what is new")
        (await there.run("doctor")).expect(0)
        (await daemon.stop()).expect(0)

    assert len(there.said_by_shop(REPLY)) == 1
    assert sorted(case for case, _ in there.told("hook")) == [1, 1, 2, 3]
    assert there.value("SELECT count(*) FROM outbox WHERE uncertain") == 0
    assert there.intact()
