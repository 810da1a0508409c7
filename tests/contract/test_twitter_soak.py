"""Hours on X with faults, restarts, edits and late posts: what was delivered is what there is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.connector import Known
from inboxd.errors import NetworkError
from inboxd.simulator.faults import Fault
from tests.contract.stage import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.connector import Connector, Cursor, Page
    from inboxd.model import Message
    from inboxd.simulator.people import Network
    from inboxd.simulator.world import Item, World
    from tests.contract.stage import Stage

TICK = timedelta(minutes=2)
TICKS = 8 * 30
"""Eight hours."""
HARMLESS = (Fault.SERVER_ERROR, Fault.HTML, Fault.TRUNCATED, Fault.DROP_BEFORE, Fault.DROP_AFTER,
            Fault.RATE_LIMIT, Fault.DUPLICATES)  # fmt: skip
SETTINGS: dict[str, Any] = {
    "streams": ["mentions", "direct_messages", "search"],
    "brand_words": ["lavka sever"],
}


class Day:
    """Who writes what, and what the connector has told of it."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.rng = random.Random(seed)
        self.told: dict[str, Message] = {}
        self.gone: set[str] = set()
        self.cursors: dict[str, Cursor] = {}
        self.asked: list[Item] = []
        self.count = 0

    def live(self) -> None:
        """Let something happen."""
        for _event in range(self.rng.choice((0, 1, 1, 2))):
            self.rng.choice(
                (self._ask, self._ask, self._add_to, self._join, self._quote, self._complain,
                 self._message, self._answer, self._edit, self._delete)
            )()  # fmt: skip

    def _ask(self) -> None:
        self.asked.append(self._write("mention", f"@lavka_sever {self._words()}", late=True))

    def _message(self) -> None:
        self._write("dm", self._words(), late=True)

    def _complain(self) -> None:
        self._write("search", f"Lavka Sever {self._words()}", late=True)

    def _add_to(self) -> None:
        if above := self._somebodys():
            self._write("search", self._words(), author=above.author, parent=above.serial)

    def _join(self) -> None:
        if above := self._somebodys():
            self._write("search", self._words(), parent=above.serial)

    def _quote(self) -> None:
        posts = [item for item in self.stage.world.items() if item.by_brand and not item.private]
        if posts:
            self._write("search", self._words(), quoted=self.rng.choice(posts).serial)

    def _answer(self) -> None:
        if above := self._somebodys():
            self.stage.world.reply(above.serial, self._words(), sent_at=self._now())

    def _edit(self) -> None:
        if self.asked:
            item = self.rng.choice(self.asked)
            self.stage.world.edit(item.serial, f"@lavka_sever {self._words()}", at=self._now())

    def _delete(self) -> None:
        # What is deleted before anybody could have read it is nobody's to find.
        old = [item for item in self.asked if self._now() - item.sent_at > timedelta(hours=1)]
        if old:
            item = self.rng.choice(old)
            self.asked.remove(item)
            self.stage.world.delete(item.serial, at=self._now())

    def _somebodys(self) -> Item | None:
        """Return a question that a poll has had time to bring."""
        old = [item for item in self.asked if self._now() - item.visible_at > TICK * 3]
        return self.rng.choice(old) if old else None

    def _write(self, kind: Any, text: str, *, late: bool = False, **more: Any) -> Item:
        more.setdefault("author", self.rng.choice(self.stage.world.people))
        at = self._now()
        delay = timedelta(minutes=self.rng.choice((0, 0, 0, 4))) if late else timedelta()
        return self.stage.world.add(
            "twitter", kind, text, sent_at=at, visible_at=at + delay, **more
        )

    def _words(self) -> str:
        self.count += 1
        return f"Wort {self.count} <&> https://shop.example/{self.count}"

    def _now(self) -> Any:
        return self.stage.clock.now()

    async def poll(self, connector: Connector) -> None:
        """Read each source; now and then the process dies behind a page that was kept."""
        for source in connector.sources():
            try:
                async for page in connector.poll(source.name, self.cursors.get(source.name)):
                    self.take(page)
                    self.cursors[source.name] = page.cursor
                    if self.rng.random() < 0.05:
                        break
            except NetworkError:
                pass

    def take(self, page: Page) -> None:
        """Keep what a page tells, as the store would: a newer version, else the first value."""
        assert [item.error for item in page.unknown] == []
        assert page.lost == ""
        self.gone |= set(page.gone)
        for message in page.messages:
            before = self.told.get(message.remote_id)
            if before is not None and before.edited_at == message.edited_at:
                assert before == message
            elif before is None or (message.edited_at or NOW) > (before.edited_at or NOW):
                self.told[message.remote_id] = message

    def known(self) -> list[Known]:
        """Return what the store would know."""
        return [
            Known(m.remote_id, m.thread_id, m.stream, m.direction, m.sent_at, m.parent_id)
            for m in self.told.values()
        ]


def concerns_us(world: World, item: Item) -> bool:
    """Whether an item is ours to somebody, or of who talks with us; not of who joins them."""
    if item.parent is None:
        return not item.by_brand
    return item.by_brand or item.author == world.get(item.root).author


@pytest.fixture
def stage(staged: Callable[[Network], Stage]) -> Stage:
    return staged("twitter")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_after_a_hard_day_everything_is_as_it_is_on_x(stage: Stage, seed: int) -> None:
    """Every post, message, edit, deletion and thread, none extra, without reading it all again."""
    day = Day(stage, seed)
    connector = stage.connect(**SETTINGS)
    for _tick in range(TICKS):
        day.live()
        stage.clock.advance(TICK)
        if day.rng.random() < 0.1:
            stage.simulator.faults.switch_on(
                "twitter", day.rng.choice(HARMLESS), endpoint="GET *", times=day.rng.randint(1, 3),
                reset_after=timedelta(minutes=1),
            )  # fmt: skip
        if day.rng.random() < 0.05:
            await connector.close()
            connector = stage.connect(**SETTINGS)
        await day.poll(connector)
    stage.simulator.faults.clear()
    for _round in range(8):
        stage.clock.advance(TICK)
        await day.poll(connector)
    async for page in connector.verify(day.known()):
        day.take(page)

    world, now = stage.world, stage.clock.now()
    for item in world.items():
        space = "dm" if item.private else "tweet"
        name = f"{space}:{item.number}"
        if not concerns_us(world, item):
            assert name not in day.told
            continue
        assert name in day.told, (item, "was never delivered")
        message = day.told[name]
        assert (name in day.gone) == item.is_deleted(now)
        if not item.is_deleted(now):
            assert item.text_at(now).split(" ", 2)[-1].split(" https")[0] in message.text
        if not item.private:
            owner = item if not item.by_brand else world.get(item.parent or 0)
            root = world.get(item.root).number
            assert message.thread_id == f"tweet:{root}:{world.author_id(owner)}"
    assert len(day.told) == sum(concerns_us(world, item) for item in world.items())
