"""`inboxd demo`: what a newcomer sees first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

FIGURES = {
    "messages in",
    "complaints found",
    "answered in time",
    "breached",
    "still waiting",
    "promised by us",
    "alerts",
}
BEHIND_A_PROXY = {"HTTP_PROXY": "http://127.0.0.1:9"}
_FIGURE = re.compile(r"^  ([a-z ]+[a-z]) +(\d+)", re.MULTILINE)


@pytest.mark.slow
async def test_the_demo_plays_a_day_tells_its_figures_and_leaves_a_folder_to_work_with(
    shop: Shop,
) -> None:
    """It needs no configuration, no token and no proxy, and what it keeps is an ordinary inboxd."""
    kept = shop.folder / "kept"
    demo = await shop.start("demo", "--seconds", "10", "--keep", str(kept), env=BEHIND_A_PROXY)
    ended = (await demo.end(timedelta(seconds=60))).expect(0)

    assert ended.err == ""
    told, _, closing = ended.out.partition("Delivered to people")
    assert "▶ Slack: " in told
    assert "▶ e-mail: " in told
    figures = {name: int(figure) for name, figure in _FIGURE.findall(closing)}
    assert figures.keys() == FIGURES, closing
    slack, mails = (
        int(number) for number in re.findall(r"(\d+) in Slack, (\d+) by e-mail", closing)[0]
    )
    assert closing.count(" Slack C0") == slack > 0
    assert closing.count(" e-mail lead@shop.example") == mails > 0
    waiting = await shop.run("-c", str(kept / "config.toml"), "waiting")
    lines = waiting.expect(0).out.splitlines()
    heading_and_count = 2
    assert len(lines) - heading_and_count == figures["still waiting"]
    modes = {path.name: path.stat().st_mode & 0o777 for path in kept.iterdir()}
    private = ("config.toml", "inboxd.db", "inboxd.log")
    assert {name: modes[name] for name in private} == dict.fromkeys(private, 0o600)
    assert shop.leaks() == []
