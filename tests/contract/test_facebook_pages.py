"""Lists whose pages are short, empty or all of one second: only a missing `next` ends them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from connectors.facebook.passes import MOST
from connectors.facebook.public import PublicReader
from connectors.facebook.settings import Watched
from inboxd.simulator.facebook import Pages
from inboxd.simulator.faults import Fault
from tests.contract.facebook_shop import PAGE, START, Opener, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SOON = 20
"""Seconds after which a poll has no end."""


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


def broadcast(shop: Shop, people: int) -> set[str]:
    """Let so many customers have been written to in one second; return what they had asked."""
    for number in range(people):
        person = shop.world.people[number]
        shop.dm(f"Frage {number}", person, sent_at=shop.ago(hours=2, minutes=number))
    for person in shop.world.people[:people]:
        shop.world.add("facebook", "dm", "Wir ziehen um!", peer=person, sent_at=shop.ago(minutes=9))
    return {f"Frage {number}" for number in range(people)}


# Conversations


async def test_a_message_to_everybody_in_one_second_leaves_a_poll_an_end(
    open_shop: Opener,
) -> None:
    """More than a page of conversations then changed at once, and none is older than another."""
    shop = await open_shop()
    asked = broadcast(shop, 30)

    async with asyncio.timeout(SOON):
        came = await shop.texts("conversations")

    assert {*came} == {*asked, "Wir ziehen um!"}
    assert shop.cursors["conversations"]["newest"] == shop.ago(minutes=9).isoformat()
    assert len(shop.calls("GET conversations")) == 4  # all of it, and all of it once more


async def test_one_who_writes_again_meanwhile_is_read_though_all_share_a_second(
    open_shop: Opener,
) -> None:
    """It moves from the second page to the top of the first, which was read already."""
    shop = await open_shop()
    asked = broadcast(shop, 30)
    asker = shop.world.dm_peers("facebook", shop.clock.now())[-1]
    came: list[str] = []
    async with asyncio.timeout(SOON):
        async for page in shop.connector.poll("conversations", None):
            if not came:
                shop.clock.advance(timedelta(hours=1))
                shop.dm("Und wohin?", asker)
            came += [message.text for message in page.messages]

    assert {*came} == {*asked, "Wir ziehen um!", "Und wohin?"}


async def test_a_page_whose_cursor_moved_to_the_top_leads_in_no_circle(open_shop: Opener) -> None:
    """Behind the last of the second page then comes the first page again, and not the third."""
    shop = await open_shop(app={"pages": {"conversations": Pages(most=2)}})
    for number in range(6):
        shop.dm(f"Frage {number}", shop.world.people[number], sent_at=shop.ago(minutes=9 - number))
    came: list[str] = []
    async with asyncio.timeout(SOON):
        async for page in shop.connector.poll("conversations", None):
            came += [message.text for message in page.messages]
            if came[-1:] == ["Frage 2"]:
                shop.dm("Hallo?", shop.world.people[2])

    assert {*came} == {"Hallo?", *(f"Frage {number}" for number in range(6))}
    assert page.cursor["newest"] == shop.ago(minutes=4).isoformat()


@pytest.mark.parametrize("pages", [Pages(unseen=25), Pages(unseen=24), Pages(most=1)])
async def test_short_and_empty_pages_of_conversations_are_read_on(
    open_shop: Opener, pages: Pages
) -> None:
    """The first page with nothing or with one conversation, and all pages with one."""
    shop = await open_shop(app={"pages": {"conversations": pages}})
    for number in range(3):
        shop.dm(f"Frage {number}", shop.world.people[number], sent_at=shop.ago(minutes=number))

    async with asyncio.timeout(SOON):
        came = await shop.texts("conversations")

    assert {*came} == {"Frage 0", "Frage 1", "Frage 2"}
    assert shop.cursors["conversations"]["newest"] == shop.clock.now().isoformat()


# Posts


async def test_an_empty_first_page_of_posts_keeps_no_cursor_back(open_shop: Opener) -> None:
    """What is known as new begins where the first post is shown."""
    shop = await open_shop(app={"pages": {"feed": Pages(unseen=100)}})
    shop.post("Habt ihr offen?", author=shop.customer)

    assert await shop.texts("feed") == ["Habt ihr offen?"]
    assert shop.cursors["feed"]["newest"] == shop.clock.now().isoformat()


async def test_comments_behind_those_that_may_not_be_seen_are_read(open_shop: Opener) -> None:
    """The page that comes with the post shows none of its comments, and has a next."""
    shop = await open_shop(app={"pages": {"comments": Pages(unseen=10)}})
    shop.comment(shop.post(), "Habt ihr offen?")

    assert await shop.texts("feed") == ["Habt ihr offen?"]


def album(shop: Shop, post: str, *texts: str) -> None:
    """Let customers comment on each picture of a post of the shop's, an empty text for none."""
    for number, text in enumerate(texts):
        picture = shop.post(f"{post} {number}", sent_at=shop.ago(days=30))
        shop.details[picture.serial] = {"list": "photos", "page_story_id": f"{PAGE}_{post}"}
        if text:
            shop.comment(picture, text)


@pytest.mark.parametrize("pages", [Pages(most=2), Pages(most=1), Pages(unseen=98)])
async def test_pictures_of_one_post_on_two_short_pages_have_company(
    open_shop: Opener, pages: Pages
) -> None:
    """And those that are alone in their posts have none, wherever a page ends."""
    shop = await open_shop(app={"pages": {"photos": pages}}, photos=True)
    album(shop, "1", "ganz unten")
    album(shop, "2", "Und in Rot?", "Und in Blau?")
    album(shop, "3", "ganz oben")

    assert {*await shop.texts("photos")} == {"Und in Rot?", "Und in Blau?"}


async def test_a_picture_at_the_end_of_the_list_has_no_company_beyond_it(open_shop: Opener) -> None:
    """As many pictures as a page may hold, and no page more: those at its ends are alone."""
    shop = await open_shop(photos=True)
    album(shop, "1", "ganz unten")
    album(shop, "2", "Und in Rot?", *[""] * 97)
    album(shop, "3", "ganz oben")

    assert await shop.texts("photos") == ["Und in Rot?"]


async def test_a_picture_that_is_shown_twice_is_no_company_for_itself(open_shop: Opener) -> None:
    """A list that is read while it grows may repeat one."""
    shop = await open_shop(photos=True)
    album(shop, "1", "Und in Rot?")
    shop.faults.switch_on("facebook", Fault.DUPLICATES)

    assert await shop.texts("photos") == []


class Rival:
    """Somebody else's Page: its posts, on two pages of which the first is empty."""

    def __init__(self, changed: Callable[[], datetime]) -> None:
        self.calls = 0
        self._changed = changed

    async def reader(self, open_shop: Opener) -> PublicReader:
        """Return who reads it; the opener closes its server."""
        app = web.Application()
        app.router.add_get("/{tail:.*}", self._answer)
        shop = await open_shop.reading(app)
        facts = {"name": "yug", "network": "facebook", "page_id": PAGE, "token": "of-the-app"}
        watched = Watched.model_validate({**facts, "api_base": shop.settings.api_base})
        return PublicReader(watched, shop.clock)

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        if "after" not in request.query:
            paging = {"cursors": {"after": "B"}, "next": "https://x/?after=B"}
            return web.json_response({"data": [], "paging": paging})
        at = self._changed().isoformat()
        post = {"id": f"{PAGE}_7", "created_time": "2026-03-01T09:00:00+0000", "message": "?"}
        return web.json_response({"data": [{**post, "updated_time": at}]})


async def test_a_rivals_feed_that_begins_with_an_empty_page_has_an_end(open_shop: Opener) -> None:
    """Read once more, for what moved, and then left."""
    rival = Rival(lambda: START)
    reader = await rival.reader(open_shop)

    async with asyncio.timeout(SOON):
        pages = [page async for page in reader.poll(None)]
    await reader.close()

    assert rival.calls == 4
    assert {message.text for page in pages for message in page.messages} == {"?"}
    assert pages[-1].cursor["newest"] == START.isoformat()


async def test_a_list_that_never_stands_still_is_left_and_read_again(open_shop: Opener) -> None:
    """Another instant at each call: what came is delivered, and nothing is taken for read."""
    rival = Rival(lambda: START - timedelta(hours=5, minutes=-rival.calls))
    reader = await rival.reader(open_shop)

    async with asyncio.timeout(SOON):
        pages = [page async for page in reader.poll(None)]
    await reader.close()

    assert rival.calls == 2 * MOST
    assert pages[-1].cursor == pages[0].cursor
    assert "next poll" in pages[-1].note
    assert {message.text for page in pages for message in page.messages} == {"?"}
