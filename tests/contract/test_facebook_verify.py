"""What the Facebook connector takes for deleted, edited and restored, and what it never does."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.errors import RateLimited, TokenInvalid, Unavailable
from inboxd.simulator import facebook
from inboxd.simulator.faults import Fault
from tests.contract.facebook_shop import PAGE, START, Opener, Shop, known_as

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.connector import Page
    from inboxd.model import Message
    from inboxd.simulator.world import Item


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


@pytest.fixture
async def shop(open_shop: Opener) -> Shop:
    return await open_shop()


async def written_everywhere(shop: Shop) -> dict[str, tuple[Item, Message]]:
    """Let a customer write in every way; return each with the message that a poll made of it."""
    ours = shop.post("Neue Ware!", sent_at=shop.ago(hours=3))
    items = [
        shop.dm("dm", sent_at=shop.ago(hours=2)),
        shop.dm("another dm", sent_at=shop.ago(hours=1)),
        root := shop.comment(ours, "comment", sent_at=shop.ago(hours=2)),
        shop.comment(root, "reply", author=shop.world.people[1], sent_at=shop.ago(hours=1)),
        theirs := shop.post("post", author=shop.customer, sent_at=shop.ago(hours=2)),
        shop.comment(theirs, "below a post", author=shop.world.people[1]),
        mention := shop.mention("mention"),
        shop.comment(mention, "below a mention", author=shop.world.people[1]),
        review := shop.review("review"),
        shop.comment(review, "below a review"),
    ]
    lists = ("conversations", "feed", "tagged", "ratings")
    came = {each.text: each for name in lists for each in await shop.poll(name)}
    return {item.text: (item, came[item.text]) for item in items}


KINDS = (
    "dm", "comment", "reply", "post", "below a post", "mention", "below a mention", "review",
    "below a review",
)  # fmt: skip


async def test_what_is_there_is_delivered_as_it_is_now(shop: Shop) -> None:
    """Nothing is gone, and each item is the same value that the poll made of it."""
    written = await written_everywhere(shop)

    found = await shop.verify([message for _item, message in written.values()])

    assert (found.gone, found.notes, found.closed) == (set(), "", set())
    assert found.messages == {message.remote_id: message for _item, message in written.values()}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_deleted_is_gone(shop: Shop, kind: str) -> None:
    """And what stood below it, and nothing else."""
    written = await written_everywhere(shop)
    item, message = written[kind]
    shop.world.delete(item.serial, at=shop.clock.now())

    found = await shop.verify([each for _item, each in written.values()])

    below = {
        each.remote_id
        for other, each in written.values()
        if other.parent == item.serial and not other.private
    }
    assert found.gone == {message.remote_id, *below}
    assert message.remote_id not in found.messages
    assert found.closed == ({message.thread_id} & {message.remote_id})
    assert found.notes == ""


async def test_what_was_edited_comes_with_its_new_text(shop: Shop) -> None:
    """Graph tells no time of an edit, so the text alone shows it."""
    written = await written_everywhere(shop)
    for kind in KINDS:
        shop.world.edit(written[kind][0].serial, f"{kind}, edited", at=shop.clock.now())

    found = await shop.verify([message for _item, message in written.values()])

    texts = {kind: found.messages[written[kind][1].remote_id].text for kind in KINDS}
    assert texts == {kind: f"{kind}, edited" for kind in KINDS}


async def test_what_is_back_is_restored(shop: Shop) -> None:
    """A message that was deleted and is shown again says so; one still gone says nothing."""
    item, message = (await written_everywhere(shop))["comment"]
    shop.world.delete(item.serial, at=shop.clock.now())
    still = await shop.verify([message], deleted=True)
    shop.clock.advance(timedelta(minutes=1))
    shop.world.restore(item.serial, at=shop.clock.now())
    back = await shop.verify([message], deleted=True)

    assert (still.gone, still.messages) == (set(), {})
    assert back.messages[message.remote_id].restored


async def test_people_learn_how_a_thread_can_be_answered_by_now(shop: Shop) -> None:
    """Comments that were switched off since, a customer who blocked us, a thread that is back."""
    written = await written_everywhere(shop)
    (comment, asked), (dm, private) = written["comment"], written["dm"]
    shop.details[comment.serial] = {"can_comment": False}
    shop.clock.advance(timedelta(days=2))
    later = await shop.verify([asked, private])
    shop.clock.advance(timedelta(days=6))
    much_later = await shop.verify([private])
    post = written["post"][1]
    back = await shop.verify([post], deleted=True)

    assert later.closed == {asked.thread_id}
    (window,) = [w for page in later.pages for w in page.windows if w.thread_id.startswith("dm:")]
    assert window.closes_at == shop.world.get(dm.serial + 1).sent_at + timedelta(days=7)
    assert much_later.closed == {private.thread_id}
    assert [w.open for page in back.pages for w in page.windows] == [True]


async def test_a_post_of_ours_that_is_gone_takes_its_comments_along(shop: Shop) -> None:
    """The post is in no list of the Page's any more, and that list was read to its end."""
    written = await written_everywhere(shop)
    ours = shop.world.get(1)
    shop.world.delete(ours.serial, at=shop.clock.now())

    found = await shop.verify([written[kind][1] for kind in ("comment", "reply", "post")])

    assert found.gone == {written[kind][1].remote_id for kind in ("comment", "reply")}


@pytest.mark.parametrize("endpoint", ["GET comments", "GET feed", "GET node", "GET tagged"])
@pytest.mark.parametrize("code", [None, "10", "100/33"])
async def test_what_may_not_be_read_is_never_gone(
    shop: Shop, endpoint: str, code: str | None
) -> None:
    """No permission, and Graph's answer that does not tell a missing one from a missing thing."""
    written = await written_everywhere(shop)
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint=endpoint, code=code)

    found = await shop.verify([message for _item, message in written.values()])

    assert found.gone == set()


@pytest.mark.parametrize("code", ["10", "200", "368", "100"])
async def test_only_that_there_is_no_such_thing_makes_it_gone(shop: Shop, code: str) -> None:
    """It is in no list any more, but asked for by itself Graph gives another reason."""
    written = await written_everywhere(shop)
    for kind in ("comment", "below a post", "below a mention"):
        shop.world.delete(written[kind][0].serial, at=shop.clock.now())
    for endpoint in ("GET node", "batch GET node"):
        shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint=endpoint, code=code)
    public = [message for _item, message in written.values() if message.public]

    found = await shop.verify(public)

    assert found.gone == set()
    assert "cannot be looked up" in found.notes


async def test_a_token_that_sees_single_things_no_more_deletes_nothing(shop: Shop) -> None:
    """Everything that is asked for by itself is 100/33, but the lists still show it."""
    written = await written_everywhere(shop)
    for endpoint in ("GET node", "batch GET node", "GET comments", "batch GET comments"):
        shop.faults.switch_on(
            "facebook", Fault.PERMISSION_MISSING, endpoint=endpoint, code="100/33"
        )

    found = await shop.verify([written[kind][1] for kind in ("comment", "reply", "post")])

    assert found.gone == set()
    assert found.messages.keys() == {written["post"][1].remote_id}
    assert "2 messages cannot be looked up" in found.notes


@pytest.mark.parametrize("missing", ["feed", "ads_posts"])
async def test_a_vanished_post_is_proven_by_every_list_it_may_have_stood_in(
    open_shop: Opener, missing: str
) -> None:
    """An account that reads comments on ads needs the list of ads, too, to call one gone."""
    shop = await open_shop(ads=True)
    ad = shop.post("Nur heute!", sent_at=shop.ago(hours=2))
    shop.details[ad.serial] = {"list": "ads_posts"}
    shop.comment(ad, "Ist das Betrug?")
    await shop.poll("feed")
    (message,) = await shop.poll("ads_posts")
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint=f"GET {missing}")
    shop.world.delete(ad.serial, at=shop.clock.now())

    unread = await shop.verify([message])
    shop.faults.clear()
    read = await shop.verify([message])

    assert (unread.gone, read.gone) == (set(), {message.remote_id})


async def test_messages_behind_the_newest_twenty_are_never_gone(shop: Shop) -> None:
    """Graph says of them that they are deleted, and lists them without their words."""
    items = [shop.dm(f"dm {age}", sent_at=shop.ago(minutes=age)) for age in range(20)]
    came = await shop.poll("conversations")
    shop.clock.advance(timedelta(minutes=30))
    for age in range(10):
        shop.dm(f"later {age}", sent_at=shop.ago(minutes=age))
    shop.world.delete(items[4].serial, at=shop.clock.now())

    found = await shop.verify(came)

    assert found.gone == {f"dm:{shop.world.remote_id(items[4])}"}
    assert len(found.messages) == 10
    assert found.notes == ""


async def test_a_list_that_ends_at_twenty_messages_proves_nothing(open_shop: Opener) -> None:
    """If Graph does not even list what is older, its silence is no sign."""
    rows = [
        {"id": f"m_{n}", "created_time": f"2026-03-02T08:{n:02}:00+0000", "message": "?"}
        for n in range(59, 39, -1)
    ]
    thread = {"id": "t_1", "link": "/1/inbox/2/", "messages": {"data": rows}}
    gone = {"error": {"message": "?", "type": "x", "code": 100, "error_subcode": 33}}
    await open_shop.script((200, thread), (400, gone))
    shop = open_shop.shops[-1]
    old = known_as(await _a_message(open_shop), remote_id="dm:m_7", thread_id="dm:t_1")

    (page,) = [page async for page in shop.connector.verify([old])]

    assert page.gone == []
    assert "cannot be looked up" in page.note


async def test_a_conversation_that_cannot_be_asked_for_is_looked_up_in_the_list(
    open_shop: Opener,
) -> None:
    """The list of conversations shows the newest messages, too."""
    rows = [{"id": "m_8", "created_time": "2026-03-02T06:00:00+0000", "message": "?"}]
    thread = {"id": "t_1", "link": "/1/inbox/2/", "messages": {"data": rows}}
    gone = {"error": {"message": "?", "type": "x", "code": 100, "error_subcode": 33}}
    connector = await open_shop.script((400, gone), (200, {"data": [thread]}), (400, gone))
    old = known_as(await _a_message(open_shop), remote_id="dm:m_7", thread_id="dm:t_1")
    there = known_as(await _a_message(open_shop), remote_id="dm:m_8", thread_id="dm:t_1")

    (page,) = [page async for page in connector.verify([old, there])]

    assert page.gone == ["dm:m_7"]
    assert [message.remote_id for message in page.messages] == ["dm:m_8"]


async def test_a_conversation_that_cannot_be_read_on_proves_nothing(open_shop: Opener) -> None:
    """Behind the newest twenty Graph may have an error and no list."""
    rows = [
        {"id": f"m_{n}", "created_time": f"2026-03-02T08:{n:02}:00+0000", "message": "?"}
        for n in range(59, 54, -1)
    ]
    paging = {"cursors": {"after": "B"}, "next": "https://x/?after=B"}
    thread = {"id": "t_1", "messages": {"data": rows, "paging": paging}}
    gone = {"error": {"message": "?", "type": "x", "code": 100, "error_subcode": 33}}
    connector = await open_shop.script((200, thread), (400, gone), (400, gone))
    old = known_as(await _a_message(open_shop), remote_id="dm:m_7", thread_id="dm:t_1")

    (page,) = [page async for page in connector.verify([old])]

    assert page.gone == []


@pytest.mark.parametrize(
    "answer",
    [{"id": "t_1", "messages": {"data": 7}}, {"id": "t_1", "messages": 7}, {"id": 7}, [], b"{",
     {"id": "t_1", "messages": {"data": [7, {}, {"id": True}, {"id": "m_7", "created_time": "?"}]}}],
)  # fmt: skip
async def test_an_answer_of_no_known_shape_deletes_nothing(open_shop: Opener, answer: Any) -> None:
    """It is noted, or ends the look as an answer that is none."""
    strange = {"error": {"message": "?", "type": "x", "code": 4711}}
    connector = await open_shop.script((200, answer), (400, strange))
    old = known_as(await _a_message(open_shop), remote_id="dm:m_7", thread_id="dm:t_1")
    told: list[Page] = []

    with suppress(Unavailable):
        await collect(told, connector.verify([old]))

    assert [name for page in told for name in page.gone] == []


async def _a_message(open_shop: Opener) -> Message:
    shop = await open_shop()
    shop.dm("Hallo?", sent_at=shop.ago(hours=1))
    (message,) = await shop.poll("conversations")
    return message


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOKEN_EXPIRED, TokenInvalid),
        (Fault.RATE_LIMIT, RateLimited),
        (Fault.SERVER_ERROR, Unavailable),
    ],
)
@pytest.mark.parametrize("endpoint", ["*", "POST batch", "batch GET node"])
async def test_a_look_that_fails_as_a_whole_says_so(
    shop: Shop, fault: Fault, error: type[Exception], endpoint: str
) -> None:
    """Then nothing is gone either, however far it came."""
    written = await written_everywhere(shop)
    for kind in ("comment", "reply"):
        shop.world.delete(written[kind][0].serial, at=shop.clock.now())
    shop.faults.switch_on("facebook", fault, endpoint=endpoint)
    if (fault, endpoint) == (Fault.SERVER_ERROR, "POST batch"):
        shop.faults.switch_on("facebook", fault, endpoint="GET node")
    told: list[Page] = []

    with pytest.raises(error):
        await collect(told, shop.connector.verify([known_as(m) for _i, m in written.values()]))

    assert [name for page in told for name in page.gone] == []


async def collect(told: list[Page], pages: AsyncIterator[Page]) -> None:
    """Keep the pages that come before an error."""
    async for page in pages:
        told.append(page)  # noqa: PERF401 - those before an error are wanted


@pytest.mark.parametrize(
    "grant",
    [
        facebook.Grant(scopes=("pages_messaging", "pages_manage_metadata", "pages_show_list")),
        facebook.Grant(data_access_expires_at=START - timedelta(days=1)),
    ],
)
async def test_a_token_that_people_are_hidden_from_deletes_nothing(
    open_shop: Opener, grant: facebook.Grant
) -> None:
    """Lists then look as if nobody had written; the token is asked about, once."""
    shop = await open_shop(app={"grant": grant})
    written = await written_everywhere(shop)
    for item, _message in written.values():
        shop.world.delete(item.serial, at=shop.clock.now())

    found = await shop.verify([message for _item, message in written.values()])

    assert found.gone == set()
    assert "cannot be looked up" in found.notes
    asked = [call for call in shop.calls("POST batch") if "debug_token" in str(call.body)]
    assert len(asked) == 1


async def test_a_batch_that_nobody_answers_is_asked_call_by_call(shop: Shop) -> None:
    """A proxy may know plain calls only."""
    written = await written_everywhere(shop)
    for kind in ("comment", "post"):
        shop.world.delete(written[kind][0].serial, at=shop.clock.now())
    shop.faults.switch_on("facebook", Fault.SERVER_ERROR, endpoint="POST batch", code="http",
                          status=404)  # fmt: skip

    found = await shop.verify([message for _item, message in written.values()])

    assert {written[kind][1].remote_id for kind in ("comment", "post")} <= found.gone


async def test_a_look_costs_a_call_for_each_list_and_not_for_each_message(shop: Shop) -> None:
    """Sixty comments below two posts are two calls."""
    posts = [shop.post(sent_at=shop.ago(hours=5)) for _ in range(2)]
    for number in range(60):
        shop.comment(posts[number % 2], f"comment {number}", sent_at=shop.ago(minutes=number))
    came = await shop.poll("feed")
    shop.log.clear()

    found = await shop.verify(came)

    assert len(found.messages) == 60
    assert len(shop.calls()) == 2


async def test_many_conversations_are_looked_up_by_the_page(shop: Shop) -> None:
    """The list shows 25 in a call; one that is not among the latest is asked for by itself."""
    people = shop.world.people
    for number in range(30):
        shop.dm(f"dm {number}", people[number], sent_at=shop.ago(minutes=60 - number))
    came = await shop.poll("conversations")
    for number in range(30, 40):
        shop.dm("later", people[number])
    shop.log.clear()

    found = await shop.verify(came)

    assert (found.gone, found.notes) == (set(), "")
    assert len(found.messages) == 30
    assert len(shop.calls()) == 2


@pytest.mark.parametrize(("days", "gone"), [(1, 1), (31, 0)])
async def test_a_conversation_that_is_listed_no_more_is_gone(
    shop: Shop, days: int, gone: int
) -> None:
    """If it is not among all that are listed, and not so old that it need not be."""
    item = shop.dm("Hallo?")
    shop.dm("Auch hallo?", shop.world.people[1])
    came = [message for message in await shop.poll("conversations") if message.text == "Hallo?"]
    shop.world.delete(item.serial, at=shop.clock.now())
    shop.clock.advance(timedelta(days=days))

    found = await shop.verify(came)

    assert len(found.gone) == gone


async def test_a_comment_on_a_picture_is_looked_up_below_the_picture(open_shop: Opener) -> None:
    """Its id begins with the picture's number, which is no post's."""
    shop = await open_shop(photos=True)
    photo, other = (shop.post("Jacke", sent_at=shop.ago(hours=2)) for _ in range(2))
    for item in (photo, other):
        shop.details[item.serial] = {"list": "photos", "page_story_id": f"{PAGE}_1"}
    comments = [shop.comment(photo, "Passt nicht!"), shop.comment(photo, "Doch.")]
    came = await shop.poll("photos")
    shop.world.delete(comments[0].serial, at=shop.clock.now())

    found = await shop.verify(came)

    assert found.gone == {f"comment:{shop.world.remote_id(comments[0])}"}
    assert len(found.messages) == 1


async def test_looking_up_waits_when_calls_are_scarce(open_shop: Opener) -> None:
    """From 80 per cent on they are kept for what is new."""
    shop = await open_shop(app={"usage": facebook.Usage(limit=10, silent=0)})
    shop.dm("Hallo?")
    came: Any = []
    for _ in range(8):
        came.append(await shop.poll("conversations"))
        shop.clock.advance(timedelta(seconds=1))

    with pytest.raises(RateLimited, match="80 %"):
        await shop.verify(came[0])

    assert len(shop.calls()) == 8
