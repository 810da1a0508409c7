"""What Facebook allows: counted, obeyed before the limit, kept over restarts; and its token."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from connectors.facebook import Connector, Settings
from connectors.facebook.limits import QUIET_PAGE
from connectors.facebook.transport import LARGEST_ANSWER
from inboxd.errors import RateLimited, Unavailable
from inboxd.model import Stream
from inboxd.simulator import facebook
from inboxd.simulator.faults import Fault
from tests.contract.facebook_shop import PAGE, SECRET, Opener, Shop, reply_to, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVERY_SOURCE = ("conversations", "feed", "tagged", "ratings")


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


async def poll_all(shop: Shop) -> dict[str, str]:
    """Poll every source; return what went wrong."""
    wrong = {}
    for source in EVERY_SOURCE:
        try:
            await shop.poll(source)
        except RateLimited as error:
            wrong[source] = str(error)
    return wrong


async def test_a_quiet_page_can_be_polled_all_day(open_shop: Opener) -> None:
    """By the default settings a day costs well below the 4,800 calls of one active person."""
    shop = await open_shop(
        streams=("direct_messages", "comments", "mentions"), ads=None, photos=None
    )
    every = Settings.model_fields["poll_every"].default
    shop.post(sent_at=shop.ago(days=1))
    rounds = timedelta(hours=2) // every
    for _ in range(rounds):
        for source in EVERY_SOURCE[:3]:
            await shop.poll(source)
        shop.clock.advance(every)

    a_day = len(shop.calls()) * 12

    assert shop.connector.allowances()[0].used == len(shop.calls())
    assert 2500 < a_day < QUIET_PAGE * 0.7


async def test_sweeps_of_a_large_page_are_rarer(open_shop: Opener) -> None:
    """They may cost a tenth of what a quiet Page has, however many posts there are."""
    shop = await open_shop()
    for number in range(1100):
        shop.post(f"Post {number}", sent_at=shop.ago(days=9, minutes=number))
    for _ in range(2 * 60 // 5):
        await shop.poll("feed")
        shop.clock.advance(timedelta(minutes=5))

    beyond_the_first = [call for call in shop.calls("GET feed") if "after" in call.query]

    assert len(beyond_the_first) == 10 * 4  # every 36 minutes, 12 pages each


async def test_sweeps_of_very_many_pictures_are_rarer(open_shop: Opener) -> None:
    """So are those of a list that is read beside the feed, and the feed's are not because of them."""
    shop = await open_shop(ads=None, photos=None, app={"pages": {"photos": facebook.Pages(most=1)}})
    for number in range(10):
        picture = shop.post(f"Bild {number}", sent_at=shop.ago(days=30, minutes=number))
        shop.details[picture.serial] = {"list": "photos", "page_story_id": f"{PAGE}_{number}"}
    for _ in range(2 * 60 // 5):
        await shop.poll("feed")
        shop.clock.advance(timedelta(minutes=5))

    # Ten pages: every thirty minutes. One of ads: with each sweep of the feed.
    assert len(shop.calls("GET photos")) == 10 * 4
    assert len(shop.calls("GET ads_posts")) == 8


async def test_what_can_wait_waits_before_anything_else(open_shop: Opener) -> None:
    """From 80 per cent on there are no sweeps, and new messages still come."""
    shop = await open_shop(app={"usage": facebook.Usage(limit=1000, silent=0)})
    old = shop.post(sent_at=shop.ago(days=400))
    for number in range(130):
        shop.post(f"Post {number}", sent_at=shop.ago(days=5, minutes=number))
    await shop.poll("feed")
    shop.clock.advance(timedelta(minutes=20))
    shop.connector._meter.note({"X-Page-Usage": json.dumps({"call_count": 83})}, "polling")
    shop.comment(old, "unter einem alten Beitrag")
    shop.comment(shop.post(), "eben erst")
    shop.log.clear()

    eased = await shop.texts("feed")
    shop.clock.advance(timedelta(minutes=6))
    swept = await shop.texts("feed")

    assert eased == ["eben erst"]
    assert "unter einem alten Beitrag" in swept


@pytest.mark.parametrize("restart", [False, True])
async def test_polling_pauses_near_the_limit_and_a_restart_knows_it(
    open_shop: Opener,
    restart: bool,  # noqa: FBT001
) -> None:
    """What is left is for people's replies."""
    shop = await open_shop(app={"usage": facebook.Usage(limit=10, silent=0)})
    shop.dm("Hallo?")
    for _ in range(9):
        shop.clock.advance(timedelta(seconds=1))
        (message,) = await shop.poll("conversations")
    if restart:
        entries = shop.ledger.taken()
        shop.connect()
        shop.ledger.restored(entries)

    wrong = await poll_all(shop)

    assert wrong.keys() == set(EVERY_SOURCE)
    assert len(shop.calls()) == 9
    await shop.connector.send(reply_to(message))


async def test_messengers_own_allowance_stops_only_messages(open_shop: Opener) -> None:
    """Comments and reviews have another."""
    shop = await open_shop(app={"usage": facebook.Usage(limit=4, silent=0, kind="messenger")})
    shop.comment(shop.post(), "Hallo?")
    for _ in range(4):
        await shop.poll("conversations")

    wrong = await poll_all(shop)

    assert wrong.keys() == {"conversations"}


@pytest.mark.parametrize(("code", "paused"), [("613", {"conversations"}), ("80006", {"conversations"}),
                                              ("80001", set(EVERY_SOURCE)), ("4", set(EVERY_SOURCE)),
                                              ("32", set(EVERY_SOURCE))])  # fmt: skip
async def test_a_refusal_pauses_what_it_concerns(
    open_shop: Opener, code: str, paused: set[str]
) -> None:
    """Until the time that Facebook tells, and no longer."""
    shop = await open_shop()
    # A refusal of Messenger's own comes without the usage of the whole Page.
    graph = Refusing(int(code), minutes=40, messenger=paused == {"conversations"})
    shop.connector = Connector(
        settings(await open_shop.serve(graph.app())), shop.clock, shop.ledger
    )
    shop.opened.append(shop.connector)

    with pytest.raises(RateLimited) as raised:
        await shop.poll("conversations")
    graph.refuses = False

    assert raised.value.until == shop.clock.now() + timedelta(minutes=40)
    assert (await poll_all(shop)).keys() == paused
    shop.clock.advance(timedelta(minutes=40))
    assert await poll_all(shop) == {}


class Refusing:
    """A server that refuses with a code of its own, and then answers with nothing."""

    def __init__(self, code: int, *, minutes: int, messenger: bool) -> None:
        self.refuses = True
        self._code = code
        use = {"type": "messenger" if messenger else "pages", "call_count": 100,
               "estimated_time_to_regain_access": minutes}  # fmt: skip
        self._headers = {"X-Business-Use-Case-Usage": json.dumps({PAGE: [use]})}

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        return app

    async def _answer(self, _request: web.Request) -> web.Response:
        if not self.refuses:
            return web.json_response({"data": []})
        error = {"message": "too often", "type": "OAuthException", "code": self._code}
        return web.json_response({"error": error}, status=403, headers=self._headers)


async def test_conversations_are_asked_for_twice_a_second_at_most(open_shop: Opener) -> None:
    """Facebook refuses the third; the connector waits instead, in the room's time."""
    shop = await open_shop()
    for number, person in enumerate(shop.world.people):
        shop.dm(f"dm {number}", person, sent_at=shop.ago(minutes=number))
    began = time.monotonic()
    for _ in range(2):
        await shop.pages("conversations")  # two pages each, and the first once more
    took = time.monotonic() - began

    assert took >= 1
    assert len(shop.calls("GET conversations")) == 6


async def test_what_is_too_much_at_once_is_asked_for_in_parts(open_shop: Opener) -> None:
    """Error 1 for a large page, and the smaller one is answered."""
    error = {"error": {"message": "reduce the amount of data", "type": "x", "code": 1}}
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["limit"])
        too_much = int(request.query["limit"]) > 25
        return web.json_response(
            error if too_much else {"data": []}, status=500 if too_much else 200
        )

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    shop = await open_shop()
    connector = Connector(settings(await open_shop.serve(app)), shop.clock)
    shop.opened.append(connector)

    pages = [page async for page in connector.poll("feed", None)]

    assert len(pages) == 1
    assert asked == ["100", "25"]


async def test_an_answer_without_an_end_is_cut(open_shop: Opener) -> None:
    """A broken server fills no memory."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(LARGEST_ANSWER // (1 << 20) + 2):
            await response.write(b" " * (1 << 20))
        return response

    app = web.Application()
    app.router.add_get("/{tail:.*}", endless)
    shop = await open_shop()
    connector = Connector(settings(await open_shop.serve(app)), shop.clock)
    shop.opened.append(connector)

    with pytest.raises(Unavailable, match="32 MiB"):
        [page async for page in connector.poll("feed", None)]


async def test_a_proxy_of_the_environment_is_used(
    open_shop: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers often reach the world through one alone."""
    seen = []

    async def forward(request: web.Request) -> web.Response:
        seen.append(str(request.url))
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", forward)
    monkeypatch.setenv("http_proxy", await open_shop.serve(app))
    monkeypatch.setenv("no_proxy", "")
    connector = Connector(settings("http://graph.example"), (await open_shop()).clock)

    [page async for page in connector.poll("conversations", None)]

    await connector.close()
    assert seen[0].startswith("http://graph.example/v21.0/")


async def test_a_poll_that_is_left_off_leaves_nothing_behind(open_shop: Opener) -> None:
    """Its pages can be closed between two of them; the next poll reads all of it again."""
    shop = await open_shop(ads=None)
    for number in range(120):
        shop.post(f"visitor {number}", author=shop.customer, sent_at=shop.ago(minutes=number))
    pages: Any = shop.connector.poll("feed", None)
    first = await anext(pages)
    await pages.aclose()

    again = await shop.pages("feed", first.cursor)

    assert len({message.remote_id for page in again for message in page.messages}) == 120


# The token


async def test_check_tells_until_when_the_token_works(open_shop: Opener) -> None:
    """The sooner of its own end and the end of its access to data, with what to do."""
    ends = datetime(2026, 4, 1, tzinfo=UTC)
    later = ends + timedelta(days=30)
    secret = {"app_secret": SECRET}
    for grant, said in (
        (facebook.Grant(expires_at=ends, data_access_expires_at=later), "new Page token"),
        (facebook.Grant(expires_at=later, data_access_expires_at=ends), "agree again"),
        (facebook.Grant(data_access_expires_at=ends), "agree again"),
    ):
        shop = await open_shop(app={"grant": grant, **secret}, **secret)
        check = await shop.connector.check()
        assert check.expires_at == ends
        assert said in check.renewal
    assert all(each.ok for each in check.streams)


async def test_a_token_without_an_end_has_none(open_shop: Opener) -> None:
    """0 is never."""
    check = await (await open_shop()).connector.check()

    assert (check.expires_at, check.renewal, check.end_is_told) == (None, "", True)


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (facebook.Grant(kind="USER"), "token of kind USER"),
        (facebook.Grant(owner="777"), "belongs to 777"),
    ],
)
async def test_a_token_of_somebody_else_is_told(
    open_shop: Opener, grant: facebook.Grant, said: str
) -> None:
    """A person's, or another Page's: no stream is fine, and each says why."""
    check = await (await open_shop(app={"grant": grant})).connector.check()

    assert len(check.streams) == 4
    for each in check.streams:
        assert not each.ok
        assert said in each.text


async def test_missing_scopes_are_named_for_each_stream(open_shop: Opener) -> None:
    """Also what only answering needs, which no read shows."""
    scopes = ("pages_messaging", "pages_manage_metadata", "pages_read_engagement",
              "pages_read_user_content")  # fmt: skip
    shop = await open_shop(app={"grant": facebook.Grant(scopes=scopes)})

    told = {each.stream: each for each in (await shop.connector.check()).streams}

    assert told[Stream.DIRECT_MESSAGES].text == ""
    assert "2027-01-21" in told[Stream.REVIEWS].text
    assert "pages_manage_engagement" in told[Stream.COMMENTS].text
    assert all(each.ok for each in told.values())


async def test_check_tells_what_is_read_only_if_the_token_may(open_shop: Opener) -> None:
    """Comments on ads are missing without failing, and that must be known."""
    shop = await open_shop(ads=None)
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="GET ads_posts")

    told = {each.stream: each for each in (await shop.connector.check()).streams}

    assert told[Stream.COMMENTS].ok
    assert "ads_management" in told[Stream.COMMENTS].text


async def test_a_token_that_may_not_ask_about_itself_is_tried(open_shop: Opener) -> None:
    """Whose it is comes from /me, and of its end nothing is said."""
    shop = await open_shop()
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="POST batch")

    check = await shop.connector.check()

    assert check.expires_at is None
    assert all(each.ok for each in check.streams)


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.PERMISSION_MISSING])
async def test_that_facebook_says_nothing_of_a_token_is_not_taken_for_no_end(
    open_shop: Opener, fault: Fault
) -> None:
    """Whoever heard that it ends must not hear that it was renewed."""
    shop = await open_shop()
    shop.faults.switch_on("facebook", fault, endpoint="POST batch")

    check = await shop.connector.check()

    assert (check.expires_at, check.end_is_told) == (None, False)


async def test_the_token_is_asked_about_in_no_url(open_shop: Opener) -> None:
    """It stands in the body of a POST."""
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, (await request.read()).decode()))
        return web.json_response({"id": PAGE, "name": "Lavka", "data": []})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    shop = await open_shop()
    connector = Connector(settings(await open_shop.serve(app)), shop.clock)
    shop.opened.append(connector)

    await connector.check()

    assert [url for _method, url, _body in seen if facebook.PAGE_TOKEN in url] == []
    assert any("debug_token" in body and facebook.PAGE_TOKEN in body for _m, _u, body in seen)
