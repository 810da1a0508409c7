"""One daemon at a time works on a database; commands may at any time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop


async def test_a_second_daemon_is_refused_by_name_and_the_first_goes_on(shop: Shop) -> None:
    """Neither `run` nor `run --once` joins in; the text says which process to stop."""
    daemon = await shop.daemon()
    for arguments in (["run"], ["run", "--once"]):
        refused = (await shop.run(*arguments)).expect(1)
        assert f"process {daemon.process.pid}" in refused.err
    written = shop.write("vk", "private", "Вы здесь?", who=0)
    await until(
        lambda: shop.value("SELECT count(*) FROM messages WHERE text = ?", written.text),
        "the first daemon to read on",
    )
    (await daemon.stop()).expect(0)
    (await shop.run("run", "--once")).expect(0)


@pytest.mark.slow
async def test_people_work_on_cases_while_the_daemon_does(shop: Shop) -> None:
    """What a command does takes effect at once and survives everything that the daemon writes."""
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    shop.write_everywhere("Чому ніхто не відповідає?", sent_at=a_minute_ago)
    daemon = await shop.daemon()

    listed = json.loads(shop.say("waiting", "--json").expect(0).out)
    assert sorted(case["case"] for case in listed) == [1, 2, 3, 4, 5, 6]
    for arguments in (
        ["ack", "1", "--as", "olena"],
        ["snooze", "2", "2h", "--as", "olena"],
        ["close", "3", "--reason", "spam", "--as", "olena"],
        ["close", "4", "--as", "olena"],
        ["reopen", "4", "--as", "olena"],
        ["reply", "5", "Вибачте! Вже дивимось."],
    ):
        shop.say(*arguments).expect(0)
    await until(lambda: shop.outbox("reply IS NOT NULL") == {"sent": 1}, "the reply to leave")
    said = shop.say("show", "5").expect(0).out
    why = shop.say("explain", "1").expect(0).out

    assert "Чому ніхто не відповідає?" in said
    assert "Вже дивимось." in said
    assert "olena" in why
    listed = json.loads(shop.say("waiting", "--json").expect(0).out)
    states = {case["case"]: (case["acknowledged_by"], case["snoozed_until"]) for case in listed}
    assert states.keys() == {1, 2, 4, 6}
    assert states[1] == ("olena", None)
    assert states[2][1] is not None
    assert daemon.alive
    (await daemon.stop()).expect(0)
