"""Everything that a customer can write on Facebook, and every way that the shop answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from inboxd.errors import PermissionMissing, TokenInvalid, UnexpectedPayload
from inboxd.model import Attachment, Direction, Stream
from inboxd.simulator.facebook import PAGE_TOKEN
from inboxd.simulator.faults import Fault
from tests.contract.facebook_shop import PAGE, Opener, Shop, reply_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.model import ReplyWindow
    from inboxd.simulator.world import Item


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


@pytest.fixture
async def shop(open_shop: Opener) -> Shop:
    return await open_shop()


async def windows(shop: Shop, source: str) -> dict[str, ReplyWindow]:
    """Return how threads can be answered, by thread."""
    return {one.thread_id: one for page in await shop.pages(source) for one in page.windows}


# Messages


async def test_stickers_files_and_shares_arrive_with_their_addresses(shop: Shop) -> None:
    """A message without words is a message, and what it consists of can be opened."""
    message = shop.dm("")
    shop.details[message.serial] = {
        "sticker": "https://scontent.example/s.png",
        "attachments": {
            "data": [
                {"id": "1", "mime_type": "image/png", "name": "riss.png",
                 "image_data": {"url": "https://scontent.example/riss.png"}},
                {"id": "2", "mime_type": "audio/mpeg", "name": "a.mp3",
                 "file_url": "https://scontent.example/a.mp3"},
            ]
        },
        "shares": {"data": [{"link": "https://www.facebook.com/stories/7", "name": "Story"}]},
    }  # fmt: skip

    (came,) = await shop.poll("conversations")

    assert came.text == ""
    assert came.attachments == (
        Attachment("sticker", "https://scontent.example/s.png"),
        Attachment("image", "https://scontent.example/riss.png", "riss.png"),
        Attachment("audio", "https://scontent.example/a.mp3", "a.mp3"),
        Attachment("share", "https://www.facebook.com/stories/7", "Story"),
    )


async def test_one_customer_has_one_id_in_public_and_in_private(shop: Shop) -> None:
    """So a private message after a public complaint is known to be theirs."""
    shop.dm("privat")
    shop.comment(shop.post(), "öffentlich")
    shop.mention("anderswo")
    shop.review("Nie wieder")

    came = [
        m for name in ("conversations", "feed", "tagged", "ratings") for m in await shop.poll(name)
    ]

    assert {message.author and message.author.remote_id for message in came} == {
        str(shop.customer.id_on("facebook"))
    }


async def test_more_new_messages_than_graph_shows_are_a_loss(shop: Shop) -> None:
    """They were written since the last read, nobody will ever read them here, and people learn it."""
    shop.dm("vorher")
    await shop.poll("conversations")
    shop.clock.advance(timedelta(hours=1))
    for age in range(25):
        shop.dm(f"dm {age}", sent_at=shop.ago(minutes=age))

    pages = await shop.pages("conversations", shop.cursors["conversations"])

    assert len([message for page in pages for message in page.messages]) == 20
    assert len([unknown for page in pages for unknown in page.unknown]) == 5
    assert any("facebook.com" in page.lost for page in pages)


@pytest.mark.parametrize("cursor", [None, "later"])
async def test_a_conversation_that_cannot_be_read_on_stops_no_other(
    open_shop: Opener, cursor: str | None
) -> None:
    """Graph may answer with an error where the newest twenty end."""
    at = "2026-03-02T08:00:00+0000"
    messages = {
        "data": [{"id": "m_9", "created_time": at, "message": "neu"}],
        "paging": {"cursors": {"after": "B"}, "next": "https://x/?after=B"},
    }
    threads: list[dict[str, Any]] = [
        {"id": f"t_{n}", "updated_time": at, "messages": messages if n == 1 else {"data": []}}
        for n in (1, 2)
    ]
    paging = {"cursors": {"after": "C"}, "next": "https://x/?after=C"}
    gone = {"error": {"message": "deleted", "type": "x", "code": 100, "error_subcode": 33}}
    third = {"data": [{"id": "m_1", "created_time": at, "message": "auch neu"}]}
    rest = {"data": [{"id": "t_3", "updated_time": at, "messages": third}]}
    connector = await open_shop.script(
        (200, {"data": threads, "paging": paging}),
        (400, gone),
        (200, rest),
        (200, {"data": threads}),  # the first page once more
    )
    start = {"floor": "2026-03-01T00:00:00+00:00", "newest": "2026-03-02T07:00:00+00:00"}

    pages = [p async for p in connector.poll("conversations", start if cursor else None)]

    assert [m.text for page in pages for m in page.messages] == ["neu", "auch neu"]
    assert any("facebook.com" in page.note for page in pages)
    assert any(page.lost for page in pages) is (cursor is not None)
    assert [page.unknown for page in pages if page.unknown] == []


async def test_a_loss_is_told_once(open_shop: Opener) -> None:
    """While the overlap goes back to it the same conversation cannot be read on, but lost is old."""
    new = {"created_time": AT, "message": "neu", "from": {"id": "24"}}
    paging = {"cursors": {"after": "B"}, "next": "https://x/?after=B"}
    thread = {
        "id": "t_1",
        "updated_time": AT,
        "messages": {"data": [{"id": f"m_{n}", **new} for n in range(20)], "paging": paging},
    }
    bare = {"id": "t_2", "updated_time": AT}
    graph = PlainGraph({f"{PAGE}/conversations": {"data": [thread, bare]}})
    shop = await open_shop.reading(graph.app(), overlap="2h")
    cursor = {"floor": "2026-03-01T00:00:00+00:00", "newest": "2026-03-02T07:00:00+00:00"}

    first = await shop.pages("conversations", cursor)
    second = await shop.pages("conversations", first[-1].cursor)

    assert [bool(page.lost) for page in first] == [False, True, True]
    assert [page.lost or page.note for page in second if page.lost or page.note] == []


async def test_messages_that_were_read_before_graph_hid_them_are_no_loss(shop: Shop) -> None:
    """Inside the overlap they come without their words, and were stored with them."""
    for age in range(15):
        shop.dm(f"first {age}", sent_at=shop.ago(seconds=age))
    await shop.poll("conversations")
    shop.clock.advance(timedelta(minutes=1))
    for age in range(15):
        shop.dm(f"second {age}", sent_at=shop.ago(seconds=age))

    pages = await shop.pages("conversations", shop.cursors["conversations"])

    assert [page.lost or page.note for page in pages if page.lost or page.note] == []
    assert [unknown for page in pages for unknown in page.unknown] == []
    assert {f"second {age}" for age in range(15)} <= {m.text for p in pages for m in p.messages}


# Comments


async def test_an_answer_is_for_whom_it_names(shop: Shop) -> None:
    """Below a root comment all replies look alike; the tags tell them apart."""
    root = shop.comment(shop.post(), "Wo ist mein Paket?")
    other = shop.world.people[1]
    reply = shop.comment(root, "Meines auch nicht!", author=other)
    named, plain = shop.answer(reply, "Boris: unterwegs."), shop.answer(root, "Für alle: bald.")
    psid = str(other.id_on("facebook"))
    shop.details[named.serial] = {
        "message_tags": [
            {"id": psid, "name": "Boris", "type": "user", "offset": 0, "length": 5},
            {"id": PAGE, "name": "Lavka", "type": "page", "offset": 7, "length": 5},
        ]
    }
    shop.details[reply.serial] = {"message_tags": [{"id": PAGE, "type": "page"}]}

    came = {message.text: message for message in await shop.poll("feed")}

    assert came[named.text].addressees == (psid,)
    assert came[plain.text].addressees == ()
    assert came[reply.text].addressees == ()


async def test_a_comment_that_takes_no_answer_says_so_beforehand(shop: Shop) -> None:
    """And what can be done instead; one that does is open."""
    post = shop.post()
    closed, open_ = shop.comment(post, "Betrug!"), shop.comment(post, "Schön!")
    shop.details[closed.serial] = {"can_comment": False, "can_reply_privately": True}

    told = await windows(shop, "feed")

    shut = told[f"comment:{shop.world.remote_id(closed)}"]
    assert not shut.open
    assert "private message" in shut.reason
    assert told[f"comment:{shop.world.remote_id(open_)}"].open


async def test_a_comment_that_only_the_page_sees_is_private(shop: Shop) -> None:
    """`is_private`, as Facebook has it for what goes between the two alone."""
    comment = shop.comment(shop.post(), "Meine Nummer ist …")
    shop.details[comment.serial] = {"is_private": True}

    (came,) = await shop.poll("feed")

    assert not came.public


async def test_an_edit_found_by_a_sweep_is_delivered(shop: Shop) -> None:
    """Below an old post nothing moves to the top, and the sweep reads it all the same."""
    old = shop.post(sent_at=shop.ago(days=300))
    for number in range(120):
        shop.post(f"Post {number}", sent_at=shop.ago(days=4, minutes=number))
    await shop.poll("feed")
    comment = shop.comment(old, "erste Fassung")
    shop.clock.advance(timedelta(minutes=15))
    assert "erste Fassung" in await shop.texts("feed")
    shop.world.edit(comment.serial, "zweite Fassung", at=shop.clock.now())
    shop.clock.advance(timedelta(minutes=15))

    assert "zweite Fassung" in await shop.texts("feed")


# Ads and pictures


def on_an_ad(shop: Shop, text: str = "Ist das echt?") -> Item:
    """Let a customer comment on an ad that is in no feed."""
    ad = shop.post("Nur heute!", sent_at=shop.ago(days=30))
    shop.details[ad.serial] = {"list": "ads_posts"}
    return shop.comment(ad, text)


def on_a_picture(shop: Shop, text: str = "Und in Blau?", *, pictures: int = 2) -> Item:
    """Let a customer comment on a picture, one of several or the only one of a post."""
    made = [shop.post(f"Bild {n}", sent_at=shop.ago(days=30)) for n in range(pictures)]
    for each in made:
        shop.details[each.serial] = {"list": "photos", "page_story_id": f"{PAGE}_{made[0].number}"}
    return shop.comment(made[0], text)


@pytest.mark.parametrize("asked", [None, True])
async def test_comments_on_ads_and_pictures_arrive_with_their_answers(
    open_shop: Opener,
    asked: bool | None,  # noqa: FBT001
) -> None:
    """With the feed if the token may, or as sources of their own; each root is a thread."""
    shop = await open_shop(ads=asked, photos=asked)
    for comment in (on_an_ad(shop), on_a_picture(shop)):
        shop.answer(comment, f"Antwort auf {comment.text}")
    lists = [
        source.name for source in shop.connector.sources() if Stream.COMMENTS in source.streams
    ]

    came = {message.text: message for name in lists for message in await shop.poll(name)}

    assert lists == (["feed", "ads_posts", "photos"] if asked else ["feed"])
    for text in ("Ist das echt?", "Und in Blau?"):
        assert came[text].thread_id == came[text].remote_id
        answer = came[f"Antwort auf {text}"]
        assert (answer.thread_id, answer.direction) == (came[text].thread_id, Direction.OUTBOUND)
    sent = await shop.connector.send(reply_to(came["Ist das echt?"]))
    assert sent.message.thread_id == came["Ist das echt?"].thread_id


async def test_a_picture_alone_in_its_post_shares_the_posts_comments(open_shop: Opener) -> None:
    """The feed brings them; under another id they would be there twice."""
    shop = await open_shop(photos=True)
    on_a_picture(shop, pictures=1)
    on_a_picture(shop, "Und in Rot?", pictures=3)

    assert await shop.texts("photos") == ["Und in Rot?"]


@pytest.mark.parametrize("endpoint", ["GET ads_posts", "GET photos"])
@pytest.mark.parametrize("code", ["200", "10", "100"])
async def test_a_list_that_nobody_asked_for_may_be_refused(
    open_shop: Opener, endpoint: str, code: str
) -> None:
    """It is noted, asked for again after a day, and disturbs nothing."""
    shop = await open_shop(ads=None, photos=None)
    shop.comment(shop.post(), "Hallo?")
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint=endpoint, code=code)

    first = await shop.pages("feed")
    asked = len(shop.calls(endpoint))
    shop.clock.advance(timedelta(hours=1))
    second = await shop.pages("feed", first[-1].cursor)

    assert [message.text for page in first for message in page.messages] == ["Hallo?"]
    assert any("Not read" in page.note for page in first)
    assert [page.note for page in second if page.note] == []
    assert len(shop.calls(endpoint)) == asked
    shop.clock.advance(timedelta(hours=24))
    await shop.pages("feed", second[-1].cursor)
    assert len(shop.calls(endpoint)) == 2 * asked


async def test_what_was_written_while_a_list_was_refused_is_not_lost(open_shop: Opener) -> None:
    """It comes once the token may read the list, as far as a first read goes back."""
    shop = await open_shop(ads=None)
    await shop.poll("feed")
    shop.clock.advance(timedelta(minutes=16))
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="GET ads_posts")
    await shop.poll("feed")
    on_an_ad(shop)
    shop.faults.clear()
    shop.comment(shop.post(), "etwas anderes")
    shop.clock.advance(timedelta(hours=12))
    assert "Ist das echt?" not in await shop.texts("feed")
    shop.clock.advance(timedelta(hours=13))

    assert "Ist das echt?" in await shop.texts("feed")


async def test_a_list_that_was_asked_for_must_be_readable(open_shop: Opener) -> None:
    """It fails alone, and names the permission."""
    shop = await open_shop(ads=True)
    shop.comment(shop.post(), "Hallo?")
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="GET ads_posts")

    with pytest.raises(PermissionMissing, match="ads_management"):
        await shop.poll("ads_posts")
    assert await shop.texts("feed") == ["Hallo?"]


async def test_what_an_unread_list_missed_comes_with_the_next_sweep(open_shop: Opener) -> None:
    """A failing server costs time and no comment."""
    shop = await open_shop(ads=None, photos=None)
    await shop.poll("feed")
    shop.clock.advance(timedelta(minutes=16))
    on_an_ad(shop)
    shop.faults.switch_on("facebook", Fault.SERVER_ERROR, endpoint="GET ads_posts")
    shop.comment(shop.post(), "gerade eben")
    assert "Ist das echt?" not in await shop.texts("feed")
    shop.faults.clear()
    shop.clock.advance(timedelta(minutes=40))
    shop.comment(shop.post(), "später")

    assert "Ist das echt?" in await shop.texts("feed")


async def test_a_refused_token_is_told_by_extra_lists_too(open_shop: Opener) -> None:
    """Only what concerns that list alone is passed over."""
    shop = await open_shop(ads=None)
    shop.faults.switch_on("facebook", Fault.TOKEN_EXPIRED, endpoint="GET ads_posts")

    with pytest.raises(TokenInvalid):
        await shop.poll("feed")


# Reviews


async def test_an_answer_to_a_review_is_seen(shop: Shop) -> None:
    """Below its story, with whatever tool; else every review would wait for ever."""
    review = shop.review("Nie wieder")
    await shop.poll("ratings")
    shop.clock.advance(timedelta(hours=2))
    shop.answer(review, "Das tut uns leid.")

    answer = next(m for m in await shop.poll("ratings") if m.text == "Das tut uns leid.")

    assert answer.direction is Direction.OUTBOUND
    assert answer.thread_id == answer.parent_id == f"rating:{shop.world.remote_id(review)}"
    assert answer.stream is Stream.REVIEWS


async def test_an_answer_to_an_old_review_is_found_by_the_sweep(shop: Shop) -> None:
    """Beyond the newest page of reviews, none of which moves to the top."""
    old = shop.review("Nie wieder", sent_at=shop.ago(days=2))
    for number in range(40):
        shop.review(f"Gut {number}", sent_at=shop.ago(days=1, minutes=number))
    await shop.poll("ratings")
    shop.answer(old, "Das tut uns leid.")
    shop.clock.advance(timedelta(minutes=15))

    assert "Das tut uns leid." in await shop.texts("ratings")


async def test_a_review_can_be_answered_below_its_story(shop: Shop) -> None:
    """And people are told what to do if Facebook should refuse it."""
    shop.review("Nie wieder")
    told = await windows(shop, "ratings")
    (review,) = await shop.poll("ratings")

    result = await shop.connector.send(reply_to(review))

    assert told[review.thread_id].open
    assert "facebook.com" in told[review.thread_id].reason
    (polled,) = [m for m in await shop.poll("ratings") if m.remote_id == result.message.remote_id]
    assert result.message == replace(polled, raw={}, url="", author=result.message.author)


async def test_a_server_that_refuses_stories_shows_reviews_without_answers(
    open_shop: Opener,
) -> None:
    """Half is better than none."""
    refused = {"error": {"message": "no field comments", "type": "x", "code": 100}}
    review = {
        "created_time": "2026-03-02T08:00:00+0000",
        "open_graph_story": {"id": 9},
        "review_text": "Gut",
    }
    paging = {"cursors": {"after": "B"}, "next": "https://x/?after=B"}
    connector = await open_shop.script(
        (400, refused), (200, {"data": [review], "paging": paging}), (200, {"data": [review]})
    )

    pages = [page async for page in connector.poll("ratings", None)]

    assert [message.text for page in pages for message in page.messages] == ["Gut", "Gut"]


# Servers that know little more than what the contract recommends to call


BEYOND = (
    "is_unsupported", "message_tags", "is_private", "can_comment", "can_reply_privately",
    "full_picture", "parent{id,",
)  # fmt: skip
"""Fields that the contract's objects have and its recommended calls do not ask for."""
AT = "2026-03-02T08:00:00+0000"


class PlainGraph:
    """A Graph that answers what it has, and refuses whatever names a field that it has not."""

    def __init__(self, answers: dict[str, Any], *unknown: str) -> None:
        self.answers = answers
        self.unknown = unknown
        self.asked: list[tuple[str, str]] = []

    def app(self) -> web.Application:
        """Return it as an application."""
        app = web.Application()
        app.router.add_get("/{version}/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        path, fields = request.match_info["path"], request.query.get("fields", "")
        self.asked.append((path, fields))
        named = next((name for name in self.unknown if name in fields), "")
        error = {"type": "OAuthException", "code": 100}
        if named:
            error["message"] = f"(#100) Tried accessing nonexisting field ({named})"
        elif path in self.answers:
            return web.json_response(self.answers[path])
        else:
            error |= {"message": "Unsupported get request.", "error_subcode": 33}
        return web.json_response({"error": error}, status=400)


async def test_fields_that_a_server_does_not_know_cost_nobody_a_message(
    open_shop: Opener,
) -> None:
    """What is not necessary is left out then, wherever it is asked for, and asked no more."""
    written = {"created_time": AT, "message": "Hallo?", "from": {"id": "24", "name": "Anna"}}
    thread = {"id": "t_2", "updated_time": AT, "messages": {"data": [{"id": "m_1", **written}]}}
    paging = {"cursors": {"after": "B"}, "next": "https://x/?after=B"}
    post = {
        "id": f"{PAGE}_7",
        "created_time": AT,
        "from": {"id": PAGE},
        "comments": {"data": [{"id": "7_8", **written}], "paging": paging},
    }
    answers = {
        f"{PAGE}/conversations": {"data": [thread]},
        f"{PAGE}/feed": {"data": [post]},
        f"{PAGE}_7/comments": {"data": [{"id": "7_9", **written}]},
    }
    graph = PlainGraph(answers, *BEYOND)
    shop = await open_shop.reading(graph.app())

    came = [await shop.poll(name) for name in ("conversations", "feed") for _ in range(2)]

    assert {m.remote_id for some in came for m in some} == {
        "dm:m_1", "comment:7_8", "comment:7_9",
    }  # fmt: skip
    refused = [path for path, fields in graph.asked if any(name in fields for name in BEYOND)]
    assert refused == [f"{PAGE}/conversations", f"{PAGE}/feed"]


async def test_an_answer_to_a_reply_is_seen_in_the_thread_of_the_root(
    open_shop: Opener,
) -> None:
    """The parent's parent is asked for, since it may stand on no page that is read."""
    answer = {
        "id": "7_10",
        "created_time": AT,
        "message": "Kommt morgen.",
        "from": {"id": PAGE},
        "parent": {"id": "7_9", "parent": {"id": "7_8"}},
    }
    post = {"id": f"{PAGE}_7", "created_time": AT, "from": {"id": PAGE}}
    graph = PlainGraph({f"{PAGE}/feed": {"data": [{**post, "comments": {"data": [answer]}}]}})
    shop = await open_shop.reading(graph.app())

    (came,) = await shop.poll("feed")

    assert (came.thread_id, came.parent_id) == ("comment:7_8", "comment:7_9")
    assert "parent{id,parent{id}}" in graph.asked[0][1]


async def test_mentions_come_without_what_a_server_does_not_list_below_them(
    open_shop: Opener,
) -> None:
    """Half is better than none."""
    post = {"id": "9_7", "created_time": AT, "message": "@Lavka?"}
    graph = PlainGraph({f"{PAGE}/tagged": {"data": [post]}}, *BEYOND, "updated_time", "comments")
    shop = await open_shop.reading(graph.app())

    assert await shop.texts("tagged") == ["@Lavka?"]


async def test_a_check_tells_what_is_not_read_below_mentions(open_shop: Opener) -> None:
    """They are read all the same, so the stream is not closed."""
    answers = {PAGE: {"id": PAGE}, "me": {"id": PAGE}, f"{PAGE}/tagged": {"data": []}}
    graph = PlainGraph(answers, *BEYOND, "updated_time", "comments")
    shop = await open_shop.reading(graph.app(), streams=("mentions",))

    (told,) = (await shop.connector.check()).streams

    assert told.ok
    assert "without what is written below" in told.text


@pytest.mark.parametrize("source", ["tagged", "ratings"])
@pytest.mark.parametrize("code", ["100", "100/33"])
async def test_a_refusal_of_the_moment_ends_no_reading_of_comments(
    open_shop: Opener, source: str, code: str
) -> None:
    """Simpler words are kept to where they were answered, and are no help where nothing is."""
    shop = await open_shop(streams=("mentions", "reviews"))
    named = {"tagged": shop.mention("@Lavka?"), "ratings": shop.review("Nie wieder")}
    shop.comment(named[source], "Und ich auch")
    calls = None if code == "100" else 1
    shop.faults.switch_on(
        "facebook", Fault.PERMISSION_MISSING, endpoint=f"GET {source}", code=code, times=calls
    )
    with pytest.raises(UnexpectedPayload):
        await shop.poll(source)
    shop.faults.clear()

    assert "Und ich auch" in await shop.texts(source)


async def test_a_conversation_listed_without_its_messages_is_asked_for_them(
    open_shop: Opener,
) -> None:
    """That they are not in the list does not mean that there are none."""
    thread = {"id": "t_2", "updated_time": AT, "link": "/1/inbox/2/"}
    written = {"id": "m_1", "created_time": AT, "message": "Hallo?", "from": {"id": "24"}}
    answers = {f"{PAGE}/conversations": {"data": [thread]}, "t_2/messages": {"data": [written]}}
    shop = await open_shop.reading(PlainGraph(answers).app())

    (came,) = await shop.poll("conversations")

    assert (came.remote_id, came.thread_id, came.text) == ("dm:m_1", "dm:t_2", "Hallo?")
    assert came.url == "https://www.facebook.com/1/inbox/2/"


async def test_a_conversation_whose_messages_cannot_be_read_stops_no_other(
    open_shop: Opener,
) -> None:
    """People are told where to look; the rest arrives."""
    written = {"id": "m_1", "created_time": AT, "message": "Hallo?", "from": {"id": "24"}}
    threads = [
        {"id": "t_1", "updated_time": AT},
        {"id": "t_2", "updated_time": AT, "messages": {"data": [written]}},
    ]
    shop = await open_shop.reading(PlainGraph({f"{PAGE}/conversations": {"data": threads}}).app())

    pages = await shop.pages("conversations")

    assert [message.text for page in pages for message in page.messages] == ["Hallo?"]
    assert "without its messages" in " ".join(page.note for page in pages)


async def test_a_review_without_a_story_is_a_review(open_shop: Opener) -> None:
    """Its author and its time name it; where it could be answered Graph does not say."""
    row = {
        "created_time": AT,
        "has_review": True,
        "recommendation_type": "negative",
        "review_text": "Nie wieder",
        "reviewer": {"id": 321, "name": "Rita"},
    }
    shop = await open_shop.reading(PlainGraph({f"{PAGE}/ratings": {"data": [row]}}).app())

    pages = await shop.pages("ratings")
    (review,) = [message for page in pages for message in page.messages]
    found = await shop.verify([review])

    assert (review.text, review.author and review.author.remote_id) == ("Nie wieder", "321")
    assert review.remote_id == review.thread_id == "rating:of-321-1772438400"
    assert [window.open for page in pages for window in page.windows] == [False]
    assert (found.gone, list(found.messages)) == (set(), [review.remote_id])


# Quarantine


async def test_what_is_quarantined_can_be_read_again(open_shop: Opener) -> None:
    """A payload keeps where it stood, so that a later version puts it into its thread."""
    at = "2026-03-02T08:00:00+0000"
    broken: dict[str, Any] = {"id": "m_1", "created_time": at, "from": {"id": 24}, "message": 7}
    thread = {
        "id": "t_2",
        "updated_time": at,
        "link": "/1/inbox/2/",
        "messages": {"data": [broken]},
    }
    below = {"id": "8_9", "created_time": at, "message": ["?"]}
    mention = {"id": "7_8", "created_time": at, "message": "@Lavka", "comments": {"data": [below]}}
    connector = await open_shop.script((200, {"data": [thread]}), (200, {"data": [mention]}))
    pages = [
        page
        for name in ("conversations", "tagged")
        for page in [each async for each in connector.poll(name, None)]
    ]

    private, public = (
        replace(item, raw={**item.raw, "message": "Hallo?"})
        for page in pages
        for item in page.unknown
    )

    assert connector.reread(pages[0].unknown[0]).unknown == [pages[0].unknown[0]]
    (dm,), (comment,) = connector.reread(private).messages, connector.reread(public).messages
    assert (dm.remote_id, dm.thread_id, dm.text) == ("dm:m_1", "dm:t_2", "Hallo?")
    assert dm.url == "https://www.facebook.com/1/inbox/2/"
    assert (comment.thread_id, comment.stream) == ("post:7_8", Stream.MENTIONS)
    assert "inboxd" not in comment.raw


async def test_an_answer_that_nobody_understands_is_kept_whole(open_shop: Opener) -> None:
    """For the quarantine, and without the token."""
    connector = await open_shop.script((200, {"data": 7, "token": PAGE_TOKEN}))

    with pytest.raises(UnexpectedPayload) as raised:
        [page async for page in connector.poll("conversations", None)]

    assert raised.value.raw == {"data": 7, "token": "***"}
