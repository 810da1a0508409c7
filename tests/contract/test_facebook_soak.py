"""Hours of a busy Page with random faults: what was delivered ends as what Facebook shows."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.errors import InboxdError
from inboxd.simulator import facebook
from inboxd.simulator.faults import Fault
from tests.contract.facebook_shop import PAGE, Opener, Shop, known_as

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.connector import Page
    from inboxd.model import Message
    from inboxd.simulator.world import Item

HOURS = 5
FAULTS = (
    Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.HTML, Fault.TRUNCATED, Fault.DROP_AFTER,
    Fault.PERMISSION_MISSING, Fault.TOKEN_EXPIRED, Fault.DUPLICATES,
)  # fmt: skip


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


@dataclass
class Kept:
    """What a store makes of the pages: the newest state of each message, and what is gone."""

    messages: dict[str, Message] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def take(self, page: Page) -> None:
        """Take a page in."""
        for message in page.messages:
            self.messages[message.remote_id] = message
            if message.restored:
                self.gone.discard(message.remote_id)
        self.gone |= set(page.gone)


@dataclass
class Life:
    """What happens on the Page, at random and the same in every run."""

    shop: Shop
    dice: random.Random
    roots: list[Item] = field(default_factory=list)
    public: list[Item] = field(default_factory=list)
    private: list[Item] = field(default_factory=list)

    def begin(self) -> None:
        """Have some posts, an ad and an album from before."""
        for number in range(4):
            self.roots.append(self.shop.post(f"Post {number}", sent_at=self.shop.ago(days=number)))
        ad, *album = (self.shop.post(f"Bild {n}", sent_at=self.shop.ago(days=9)) for n in range(3))
        self.shop.details[ad.serial] = {"list": "ads_posts"}
        for photo in album:
            story = f"{PAGE}_{album[0].number}"
            self.shop.details[photo.serial] = {"list": "photos", "page_story_id": story}
        self.roots += [ad, *album]

    def go_on(self, number: int) -> None:
        """Let one thing happen."""
        what = self.dice.choices(
            (self._asks, self._comments, self._posts, self._answers, self._edits, self._deletes),
            weights=(4, 6, 1, 4, 2, 1),
        )[0]
        what(f"{what.__name__} {number}")

    def _person(self) -> int:
        return self.dice.randrange(30)

    def _late(self) -> dict[str, object]:
        late = self.dice.random() < 0.1
        return {"visible_at": self.shop.clock.now() + timedelta(minutes=4)} if late else {}

    def _asks(self, text: str) -> None:
        person = self.shop.world.people[self._person()]
        self.private.append(self.shop.dm(text, person, **self._late()))

    def _comments(self, text: str) -> None:
        below = self.dice.choice([*self.roots, *self.public])
        if not below.is_visible(self.shop.clock.now()):
            return
        person = self.shop.world.people[self._person()]
        self.public.append(self.shop.comment(below, text, author=person, **self._late()))

    def _posts(self, text: str) -> None:
        person = self.shop.world.people[self._person()]
        kind = self.dice.choice(("post", "mention", "review"))
        if kind == "post":
            self.roots.append(self.shop.post(text, author=person))
        elif kind == "mention":
            self.roots.append(self.shop.mention(text, person))
        else:
            self.roots.append(self.shop.review(text))

    def _answers(self, text: str) -> None:
        asked = [*self.public, *self.private]
        if asked and (to := self.dice.choice(asked)).is_visible(self.shop.clock.now()):
            self.shop.answer(to, text)

    def _edits(self, text: str) -> None:
        if self.public:
            item = self.dice.choice(self.public)
            self.shop.world.edit(item.serial, text, at=self.shop.clock.now())

    def _deletes(self, _text: str) -> None:
        if self.public and self.dice.random() < 0.7:
            self.shop.world.delete(self.dice.choice(self.public).serial, at=self.shop.clock.now())
        elif self.private:
            item = self.dice.choice(self.private[-10:])
            self.shop.world.delete(item.serial, at=self.shop.clock.now())


async def look_up(shop: Shop, kept: Kept) -> None:
    """Verify everything that is kept."""
    known = [known_as(m, deleted=name in kept.gone) for name, m in kept.messages.items()]
    async for page in shop.connector.verify(known):
        kept.take(page)


async def poll_each(shop: Shop, kept: Kept, *, anew: bool = False) -> None:
    """Poll every source; one that fails is read by the next round."""
    for source in shop.connector.sources():
        cursor = None if anew else shop.cursors.get(source.name)
        try:
            async for page in shop.connector.poll(source.name, cursor):
                kept.take(page)
                shop.cursors[source.name] = json.loads(json.dumps(page.cursor))
        except InboxdError:
            continue


KINDS = {"dm": "dm", "comment": "comment", "post": "post", "mention": "post", "review": "rating"}


def name_of(shop: Shop, item: Item) -> str:
    """Return what an item is called in the store."""
    return f"{KINDS[item.kind]}:{shop.world.remote_id(item)}"


def thread_of(shop: Shop, item: Item) -> str:
    """Return the conversation that an item belongs to: a person, a customer's post, a root."""
    if item.peer is not None:
        return f"dm:t_{item.peer.id_on('facebook')}"
    root = shop.world.get(item.root)
    if not root.by_brand:
        return name_of(shop, root)
    while item.parent is not None and item.parent != root.serial:
        item = shop.world.get(item.parent)
    return name_of(shop, item)


def shown_by_facebook(shop: Shop) -> dict[str, tuple[str, str]]:
    """Return text and thread of all that customers wrote and the shop answered, by its id."""
    at = shop.clock.now()
    shown = {}
    for item in shop.world.items():
        above, there = item, item.is_visible(at)
        while there and not item.private and above.parent is not None:
            above = shop.world.get(above.parent)
            there = above.is_visible(at)
        if there and not (item.kind == "post" and item.by_brand):
            shown[name_of(shop, item)] = (item.text_at(at), thread_of(shop, item))
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_fails_in_between_the_end_is_what_facebook_shows(
    open_shop: Opener, seed: int
) -> None:
    """Every message, edit, deletion and thread, and none extra; restarts and late items too."""
    shop = await open_shop(ads=None, photos=None, app={"usage": facebook.Usage(limit=10**6)})
    dice, kept = random.Random(seed), Kept()
    life = Life(shop, dice)
    life.begin()
    await poll_each(shop, kept)
    for number in range(HOURS * 40):
        for each in range(dice.randrange(3)):
            life.go_on(10 * number + each)
        shop.faults.clear()
        if dice.random() < 0.2:
            shop.faults.switch_on("facebook", dice.choice(FAULTS), times=dice.randrange(1, 4),
                                  reset_after=timedelta(minutes=3))  # fmt: skip
        if dice.random() < 0.05:
            shop.connect()
        await poll_each(shop, kept)
        shop.clock.advance(timedelta(seconds=90))
    shop.faults.clear()
    shop.clock.advance(timedelta(minutes=16))

    await poll_each(shop, kept)
    swept = set(kept.messages)
    await poll_each(shop, kept, anew=True)
    await look_up(shop, kept)

    expected = shown_by_facebook(shop)
    there = {
        name: (m.text, m.thread_id) for name, m in kept.messages.items() if name not in kept.gone
    }
    assert there == expected
    assert expected.keys() - swept == set(), "the polls alone find everything"
    assert len(kept.gone) > 5
    assert len(expected) > 90
