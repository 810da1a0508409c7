"""The X connector against the simulator, and against answers that the simulator does not give."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import traceback
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from connectors.twitter import Connector, Settings
from inboxd.connector import OutgoingReply
from inboxd.core.text import comparable
from inboxd.errors import (
    BudgetSpent,
    InboxdError,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SendRefused,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)
from inboxd.model import Author, Direction, Message, Stream, Unknown
from inboxd.simulator.faults import Fault
from inboxd.simulator.world import snowflake
from tests.contract.stage import (
    NOW,
    OVERLAP,
    WIRINGS,
    cursors_of,
    messages_of,
    patience_for,
    read,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from inboxd.clock import ManualClock
    from inboxd.connector import Connector as AnyConnector
    from inboxd.simulator.people import Network
    from tests.contract.stage import Stage

US = str(WIRINGS["twitter"].settings["user_id"])
MENTIONS = "GET /2/users/{id}/mentions"
OWN_POSTS = "GET /2/users/{id}/tweets"
DM_EVENTS = "GET /2/dm_events"
POST = "POST /2/tweets"


@pytest.fixture
def stage(staged: Callable[[Network], Stage]) -> Stage:
    return staged("twitter")


def queries(stage: Stage, endpoint: str) -> list[dict[str, object]]:
    """Return what was asked for at *endpoint*, oldest first."""
    return [dict(call.query) for call in stage.simulator.log.of("twitter", endpoint)]


def reply_to(message: Message, text: str) -> OutgoingReply:
    """Return an answer to *message*."""
    return OutgoingReply(
        key="reply-1",
        thread_id=message.thread_id,
        stream=message.stream,
        text=text,
        parent_id=message.remote_id,
        recipient=message.author,
        sent_after=message.sent_at,
    )


async def asked(stage: Stage, connector: AnyConnector, *, private: bool = False) -> Message:
    """Let a customer write and return the message as the connector delivers it."""
    ask = stage.ask_privately if private else stage.ask_publicly
    ask("Wo ist mein Paket?", ago=timedelta(minutes=5))
    told = messages_of(await read(connector))
    return next(message for message in told if message.text.endswith("Wo ist mein Paket?"))


# What a poll asks for, which is what it costs


async def test_reads_every_page_once(stage: Stage) -> None:
    """250 mentions are three requests under one bound, and the cursor moves when all are read."""
    for number in range(250):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=number), who=number % 5)

    pages = [page async for page in stage.connect().poll("mentions", None)]

    assert [len(page.messages) for page in pages] == [100, 100, 50]
    asked_for = queries(stage, MENTIONS)
    assert {query["start_time"] for query in asked_for} == {"2026-11-17T12:00:00Z"}
    assert len({query.get("pagination_token") for query in asked_for}) == len(asked_for) == 3
    assert ["rest" in page.cursor for page in pages] == [True, True, False]


async def test_resumes_behind_a_page_and_reads_what_is_new_first(stage: Stage) -> None:
    """After a crash the news come first, and the pages that were kept are not paid for twice."""
    for number in range(250):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=20 + number), who=number % 5)
    connector = stage.connect()
    first = await anext(aiter(connector.poll("mentions", None)))
    stage.clock.advance(timedelta(hours=1))
    stage.ask_publicly("Nach dem Absturz", ago=timedelta(minutes=1))
    stage.simulator.log.clear()

    rest = [page async for page in stage.connect().poll("mentions", first.cursor)]

    assert [len(page.messages) for page in rest] == [1, 100, 50]
    assert rest[0].messages[0].text.endswith("Nach dem Absturz")
    assert len(queries(stage, MENTIONS)) == 3
    kept = {message.remote_id for page in (first, *rest) for message in page.messages}
    assert len(kept) == 251


async def test_a_long_walk_looks_for_news_in_between(stage: Stage) -> None:
    """A reading that is taken up again after minutes does not keep new messages waiting."""
    for number in range(250):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=20 + number), who=number % 5)
    pages = aiter(stage.connect().poll("mentions", None))
    await anext(pages)
    stage.clock.advance(timedelta(minutes=5))
    stage.ask_publicly("Eben erst", ago=timedelta(minutes=1))

    second = await anext(pages)

    assert [message.text for message in second.messages] == ["@lavka_sever Eben erst"]
    assert sum([len(page.messages) async for page in pages]) == 150


async def test_an_older_cursor_is_understood(stage: Stage) -> None:
    """What the version before this one kept in the database goes on where it stopped."""
    for number in range(120):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=20 + number), who=number % 5)
    first = await anext(aiter(stage.connect().poll("mentions", None)))
    (left,) = first.cursor["rest"]
    old = {
        "newest_id": first.cursor["newest_id"], "read_at": first.cursor["read_at"],
        "since_id": left["since_id"], "pagination_token": left["token"], "by_time": True,
    }  # fmt: skip

    rest = [page async for page in stage.connect().poll("mentions", old)]

    assert [len(page.messages) for page in rest] == [0, 20]


async def test_a_quiet_account_costs_nothing(stage: Stage) -> None:
    """Once the newest mention is older than the overlap, nothing known is asked for again."""
    newest = stage.ask_publicly("Eine Frage", ago=timedelta(hours=5))
    connector = stage.connect()
    first = await read(connector)
    stage.clock.advance(timedelta(minutes=2))

    second = await read(connector, cursors_of(first))

    assert queries(stage, MENTIONS)[-1]["since_id"] == str(newest.number)
    assert messages_of(second, "mentions") == []


async def test_re_reads_the_overlap_before_the_last_look(stage: Stage) -> None:
    """The bound is the last poll's start less the overlap, as an id."""
    stage.ask_publicly("Eine Frage", ago=timedelta(minutes=1))
    connector = stage.connect()
    first = await read(connector)
    stage.clock.advance(timedelta(minutes=2))

    await read(connector, cursors_of(first))

    assert queries(stage, MENTIONS)[-1]["since_id"] == str(snowflake(NOW - OVERLAP) - 1)


async def test_stops_reading_direct_messages_at_what_is_known(stage: Stage) -> None:
    """dm_events has no since_id: a second poll reads one page, not thirty days."""
    for number in range(120):
        stage.ask_privately(f"Nachricht {number}", ago=timedelta(minutes=number), who=number % 5)
    connector = stage.connect()
    first = [page async for page in connector.poll("direct_messages", None)]
    stage.simulator.log.clear()

    second = [page async for page in connector.poll("direct_messages", first[-1].cursor)]

    assert sum(len(page.messages) for page in first) == 120
    assert len(queries(stage, DM_EVENTS)) == len(second) == 1
    assert {m.text for m in second[0].messages} <= {f"Nachricht {number}" for number in range(11)}


async def test_never_asks_for_authors_of_own_posts(stage: Stage) -> None:
    """A user costs more to read than a post, and the author of our posts is known."""
    await read(stage.connect())

    assert queries(stage, OWN_POSTS)[0]["expansions"] == "attachments.media_keys"
    assert queries(stage, OWN_POSTS)[0]["exclude"] == "retweets"


async def test_an_edit_changes_the_message_in_place(stage: Stage) -> None:
    """X gives an edited post a new id; it is delivered under the old one, with the new text."""
    item = stage.ask_publicly("Wo ist mein Paket?", ago=timedelta(minutes=40))
    connector = stage.connect()
    first = await read(connector)
    at = stage.clock.now() + timedelta(minutes=1)
    stage.world.edit(item.serial, "@lavka_sever Wo ist mein Paket 77?", at=at)
    stage.clock.advance(timedelta(minutes=2))

    (edited,) = messages_of(await read(connector, cursors_of(first)))

    (original,) = messages_of(first)
    assert edited.remote_id == original.remote_id
    assert edited.sent_at == original.sent_at
    assert (edited.edited_at, edited.text) == (at, "@lavka_sever Wo ist mein Paket 77?")


async def test_duplicates_on_a_page_are_one_value(stage: Stage) -> None:
    """An item that X shows twice is the same message twice, which is stored once."""
    stage.ask_publicly("Eine Frage", ago=timedelta(minutes=1))
    stage.simulator.faults.switch_on("twitter", Fault.DUPLICATES)

    told = messages_of(await read(stage.connect()))

    assert len(told) == 2
    assert told[0] == told[1]


async def test_tells_before_people_write_that_a_reply_is_not_allowed(stage: Stage) -> None:
    """A post that neither names nor quotes the shop can be answered only by exempt apps."""
    at = stage.clock.now() - timedelta(minutes=1)
    author = stage.world.people[0]
    stage.world.add("twitter", "mention", "Ohne Klammeraffe", sent_at=at, author=author)

    for rule, is_open in (("summoned", False), ("any", True)):
        pages = await read(stage.connect(reply_rule=rule))

        (window,) = [window for page in pages["mentions"] for window in page.windows]
        assert (window.open, bool(window.reason)) == (is_open, not is_open)


# Sending


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
async def test_a_sent_reply_is_what_a_later_poll_delivers(stage: Stage, *, private: bool) -> None:
    """The daemon may store the result at once: the poll brings the very same message."""
    connector = stage.connect()
    question = await asked(stage, connector, private=private)
    text = "Morgen, <versprochen> & sicher: https://shop.example/?a=1&b=2"

    sent = (await connector.send(reply_to(question, text))).message

    told = messages_of(await read(connector))
    polled = next(message for message in told if message.direction is Direction.OUTBOUND)
    assert sent.text == text
    for name in ("remote_id", "thread_id", "text", "sent_at", "author", "parent_id", "url"):
        assert getattr(sent, name) == getattr(polled, name), name
    assert (sent.stream, sent.direction, sent.public) == (
        polled.stream, polled.direction, polled.public,
    )  # fmt: skip
    assert sent.thread_id == question.thread_id


async def test_the_same_words_to_the_same_person_are_refused(stage: Stage) -> None:
    """X takes no duplicates, and the refusal says what to do."""
    connector = stage.connect()
    question = await asked(stage, connector)
    await connector.send(reply_to(question, "Morgen."))

    with pytest.raises(SendRefused, match=r"duplicate.*word it differently"):
        await connector.send(reply_to(question, "Morgen."))


async def test_a_reply_that_is_too_long_says_how_long_x_finds_it(stage: Stage) -> None:
    """Two hundred letters may be four hundred to X, which nobody can see."""
    connector = stage.connect()
    question = await asked(stage, connector)

    with pytest.raises(SendRefused, match=r"too long.*X counts 400 of 280"):
        await connector.send(reply_to(question, "語" * 200))


async def test_who_did_not_summon_us_cannot_be_answered(stage: Stage) -> None:
    """The 403 of 2026 says so, and where to answer instead."""
    stranger = stage.world.people[0]
    item = stage.world.add("twitter", "search", "Diese Lavka!", sent_at=NOW, author=stranger)
    person = stranger.id_on("twitter")
    reply = OutgoingReply(
        key="k", thread_id=f"tweet:{item.number}:{person}", stream=Stream.MENTIONS,
        text="Was ist los?", parent_id=f"tweet:{item.number}", recipient=Author(str(person)),
        sent_after=NOW,
    )  # fmt: skip

    with pytest.raises(SendRefused, match="answer in the X app"):
        await stage.connect().send(reply)


async def test_who_takes_no_messages_is_answered_in_public(stage: Stage) -> None:
    """X lets nobody write first to people who did not allow it."""
    person = stage.world.people[0].id_on("twitter")
    reply = OutgoingReply(
        key="k", thread_id=f"dm:{US}-{person}", stream=Stream.DIRECT_MESSAGES, text="Hallo",
        parent_id=None, recipient=None, sent_after=NOW,
    )  # fmt: skip

    with pytest.raises(SendRefused, match="answer in public"):
        await stage.connect().send(reply)


async def test_a_public_reply_needs_a_post_to_hang_on(stage: Stage) -> None:
    """Without one it would be an announcement to everybody."""
    reply = OutgoingReply(
        key="k", thread_id="tweet:1:2", stream=Stream.MENTIONS, text="Hallo",
        parent_id=None, recipient=None, sent_after=NOW,
    )  # fmt: skip

    with pytest.raises(SendRefused):
        await stage.connect().send(reply)

    assert queries(stage, POST) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.DROP_AFTER, OutcomeUnknown),
        (Fault.DROP_BEFORE, OutcomeUnknown),
        (Fault.TIMEOUT, OutcomeUnknown),
        (Fault.SERVER_ERROR, OutcomeUnknown),
        (Fault.HTML, OutcomeUnknown),
        (Fault.TRUNCATED, OutcomeUnknown),
        (Fault.RATE_LIMIT, RateLimited),
        (Fault.TOKEN_EXPIRED, TokenInvalid),
        (Fault.PERMISSION_MISSING, PermissionMissing),
        (Fault.REFUSED, BudgetSpent),
    ],
)
@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
async def test_a_failed_send_says_whether_it_may_have_arrived(
    stage: Stage, fault: Fault, expected: type[InboxdError], *, private: bool
) -> None:
    """A lost answer is never mistaken for "not sent", and nothing is sent a second time."""
    connector = stage.connect(timeout=patience_for(fault))
    question = await asked(stage, connector, private=private)
    switch = stage.simulator.faults.switch_on("twitter", fault, endpoint="POST *")

    with pytest.raises(expected) as raised:
        await connector.send(reply_to(question, "Morgen."))

    assert type(raised.value) is expected
    assert switch.hits == 1


async def test_what_never_left_can_be_sent_again(stage: Stage) -> None:
    """Nobody listens: surely not sent, so the sender may simply try later."""
    question = await asked(stage, stage.connect())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connector = stage.connect(api_base=f"http://127.0.0.1:{port}")

    with pytest.raises(Unavailable, match="cannot be reached"):
        await connector.send(reply_to(question, "Morgen."))


# Errors, and what they say


async def test_a_rate_limit_says_until_when(stage: Stage) -> None:
    """X sends no Retry-After, only x-rate-limit-reset."""
    stage.simulator.faults.switch_on("twitter", Fault.RATE_LIMIT, reset_after=timedelta(minutes=7))

    with pytest.raises(RateLimited) as raised:
        await read(stage.connect())

    assert type(raised.value) is RateLimited
    assert raised.value.until == NOW + timedelta(minutes=7)


async def test_a_spent_budget_is_no_rate_limit(stage: Stage) -> None:
    """A cap ends with its period or when somebody raises it, spent credits with new ones."""
    again = NOW + timedelta(hours=1)
    for code, until in (("usage-capped", again), (None, None)):
        stage.simulator.faults.clear()
        stage.simulator.faults.switch_on("twitter", Fault.REFUSED, code=code)

        with pytest.raises(BudgetSpent) as raised:
            await read(stage.connect())

        assert raised.value.until == until


@pytest.mark.parametrize(
    "text", ["@anna Danke, erledigt", "Details: shop.example/faq und http://shop.example/."]
)
async def test_what_x_makes_of_a_reply_is_known_for_that_reply(stage: Stage, text: str) -> None:
    """By which a reply is found whose answer was lost: X cuts handles and writes links out."""
    connector = stage.connect()
    sent = await connector.send(reply_to(await asked(stage, connector), text))

    pages = [page async for page in connector.poll("own_posts", None)]

    (shown,) = [m for page in pages for m in page.messages if m.remote_id == sent.message.remote_id]
    assert shown.text != text
    assert comparable(shown.text) == comparable(text)


async def test_a_wrong_key_is_an_invalid_token(stage: Stage) -> None:
    """The simulator checks signatures, so what the other tests read was signed well."""
    with pytest.raises(TokenInvalid):
        await read(stage.connect(consumer_secret="another"))


async def test_a_dropped_connection_is_tried_again_under_a_new_signature(stage: Stage) -> None:
    """A GET is repeated by aiohttp; X takes no nonce twice, and a false 401 would cut the account off."""
    stage.simulator.faults.switch_on("twitter", Fault.DROP_AFTER, times=1)

    pages = [page async for page in stage.connect().poll("mentions", None)]

    assert len(pages) == 1
    assert len(queries(stage, MENTIONS)) == 2


async def test_no_key_is_logged_when_all_is_well(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by tweepy and oauthlib with their own loggers at DEBUG."""
    for name in (None, "tweepy", "tweepy.asynchronous.client", "oauthlib.oauth1.rfc5849"):
        caplog.set_level(logging.DEBUG, logger=name)
    connector = stage.connect()

    await connector.send(reply_to(await asked(stage, connector), "Morgen."))

    shown = " ".join(record.getMessage() for record in caplog.records)
    assert [secret for secret in stage.secrets if secret in shown] == []
    assert "oauth_signature" not in shown


async def test_check_finds_keys_of_another_account(stage: Stage) -> None:
    """Keys and user_id that do not fit together would read somebody else's mentions."""
    told = await stage.connect(user_id="17").check()

    assert not any(check.ok for check in told.streams)
    assert "not to user_id 17" in told.streams[0].text


async def test_check_tells_streams_apart(stage: Stage) -> None:
    """An app without the permission for messages still serves mentions, and check says which."""
    stage.simulator.faults.switch_on("twitter", Fault.PERMISSION_MISSING, endpoint=DM_EVENTS)

    told = await stage.connect().check()

    assert {check.stream: check.ok for check in told.streams} == {
        Stream.MENTIONS: True,
        Stream.DIRECT_MESSAGES: False,
    }


async def test_check_says_that_encrypted_chats_are_invisible(stage: Stage) -> None:
    """People must know that silence there may not be calm."""
    told = await stage.connect().check()

    dms = next(check for check in told.streams if check.stream is Stream.DIRECT_MESSAGES)
    assert dms.ok
    assert "encrypted" in dms.text


async def test_check_says_what_is_missed_without_search(stage: Stage) -> None:
    """A plan may allow mentions and nothing else; they are read, and people know what is not."""
    search = "GET /2/tweets/search/recent"
    stage.simulator.faults.switch_on("twitter", Fault.PERMISSION_MISSING, endpoint=search)

    told = await stage.connect().check()

    mentions = next(check for check in told.streams if check.stream is Stream.MENTIONS)
    assert mentions.ok
    assert "quotes, and replies that do not name the account" in mentions.text


async def test_check_pays_next_to_nothing(stage: Stage) -> None:
    """Each stream is tried with the smallest page, the search with one that is empty."""
    for number in range(20):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(hours=2 + number))
    connector = stage.connect(
        streams=["mentions", "direct_messages", "search"], brand_words=["lavka sever"]
    )

    await connector.check()

    (reads, *_each) = connector.allowances()
    assert reads.used == 1
    assert all(check.ok for check in (await connector.check()).streams)


# Answers that the simulator does not give


class Scripted:
    """A server that answers what it was told, one answer a request, and remembers the queries."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    def will_say(self, body: Any, status: int = 200, **headers: str) -> None:
        """Put an answer into the queue; a header's name is written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(
            web.Response(
                text=body if isinstance(body, str) else json.dumps(body),
                status=status,
                headers={"Content-Type": "application/json", **named},
            )
        )

    async def answer(self, request: web.Request) -> web.Response:
        """Give the next answer, to whatever was asked."""
        self.queries.append(dict(request.query))
        self.headers.append(dict(request.headers))
        return self.answers.pop(0)


@pytest.fixture
async def scripted(stage: Stage) -> AsyncIterator[tuple[Scripted, Connector]]:
    script = Scripted()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", script.answer)
    server = TestServer(application)
    await server.start_server()
    connector = stage.connect(api_base=str(server.make_url("/proxy")))
    assert isinstance(connector, Connector)
    yield script, connector
    await connector.close()
    await server.close()


def problem(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a problem under X's newer host name."""
    return {"type": f"https://api.x.com/2/problems/{kind}", "title": "No", **fields}


def refused(parameter: str, message: str) -> dict[str, Any]:
    """Return the body of the 400 that X gives to a parameter."""
    errors = [{"parameters": {parameter: ["1"]}, "message": message}]
    return problem("invalid-request", detail="One or more parameters was invalid.", errors=errors)


async def pages_of(connector: Connector, cursor: Any = None) -> list[Any]:
    return [page async for page in connector.poll("mentions", cursor)]


def known_until(at: datetime) -> dict[str, str]:
    return {"newest_id": str(snowflake(at)), "read_at": at.isoformat()}


EMPTY = {"meta": {"result_count": 0}}


async def test_a_forgotten_since_id_is_asked_for_by_time(
    scripted: tuple[Scripted, Connector],
) -> None:
    """X takes no id that is too old; its time does, as far as X goes back, and says so."""
    script, connector = scripted
    script.will_say(refused("since_id", "'since_id' must be a tweet id created after [x]."), 400)
    script.will_say(EMPTY)

    (page,) = await pages_of(connector, known_until(NOW - timedelta(days=4)))

    assert "since_id" in script.queries[0]
    assert script.queries[1]["start_time"] == "2026-11-16T11:50:00Z"
    assert "since_id" not in script.queries[1]
    assert "read again from 2026-11-16" in page.note
    assert page.lost == ""
    assert "rest" not in page.cursor


async def test_what_x_no_longer_shows_is_told_as_lost(
    scripted: tuple[Scripted, Connector],
) -> None:
    """After forty days of absence nobody may believe that nothing was written meanwhile."""
    script, connector = scripted
    script.will_say(refused("since_id", "'since_id' must be a tweet id created after [x]."), 400)
    script.will_say(EMPTY)

    (page,) = await pages_of(connector, known_until(NOW - timedelta(days=40)))

    assert script.queries[1]["start_time"] == "2026-11-13T12:05:00Z"
    assert "from 2026-10-11 11:50Z to 2026-11-13 12:05Z" in page.lost
    assert page.restarted


async def test_more_mentions_than_x_shows_are_told_as_lost(
    scripted: tuple[Scripted, Connector],
) -> None:
    """800 newest, and behind them an empty 200: what was written before nobody can read."""
    script, connector = scripted
    for number in range(8):
        posts = [
            {"id": str(snowflake(NOW - timedelta(minutes=number * 100 + each))), "text": "hi",
             "author_id": "1", "conversation_id": "1"}
            for each in range(100)
        ]  # fmt: skip
        meta = {"result_count": 100, **({"next_token": f"t{number}"} if number < 7 else {})}
        script.will_say({"data": posts, "meta": meta})

    pages = await pages_of(connector, known_until(NOW - timedelta(days=2)))

    assert [bool(page.lost) for page in pages] == [False] * 7 + [True]
    assert "from 2026-11-18 11:50Z to 2026-11-19 22:41Z" in pages[-1].lost


async def test_a_forgotten_page_begins_its_stretch_again(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Page tokens age; without theirs the rest is asked for below the last post that was read."""
    script, connector = scripted
    script.will_say(EMPTY)
    script.will_say(refused("pagination_token", "The token is not valid."), 400)
    script.will_say(EMPTY)
    left = {"since_id": "17", "until_id": "99", "by_time": False, "token": "old"}

    pages = await pages_of(connector, {**known_until(NOW), "rest": [left]})

    assert [query.get("pagination_token") for query in script.queries] == [None, "old", None]
    assert [query["since_id"] for query in script.queries[1:]] == ["17", "17"]
    assert [query.get("until_id") for query in script.queries] == [None, None, "99"]
    assert pages[-1].cursor["newest_id"] == str(snowflake(NOW))


async def test_a_token_that_x_always_refuses_is_no_endless_loop(
    scripted: tuple[Scripted, Connector],
) -> None:
    """A stretch is begun again once in a poll; who refuses again is believed."""
    script, connector = scripted
    for _time in range(2):
        script.will_say({"meta": {"result_count": 0, "next_token": "new"}})
        script.will_say(refused("pagination_token", "The token is not valid."), 400)

    with pytest.raises(UnexpectedPayload):
        await pages_of(connector)


async def test_a_page_that_names_itself_as_the_next_is_an_error(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Nobody pays for one page for ever."""
    script, connector = scripted
    script.will_say({"meta": {"result_count": 0, "next_token": "same"}})
    script.will_say({"meta": {"result_count": 0, "next_token": "same"}})

    with pytest.raises(UnexpectedPayload):
        await pages_of(connector)


async def test_pages_that_go_in_a_circle_are_left(scripted: tuple[Scripted, Connector]) -> None:
    """Each page is paid for, so none is asked for twice in one reading."""
    script, connector = scripted
    for token in ("one", "two", "one", "two", "one"):
        script.will_say({"meta": {"result_count": 0, "next_token": token}})

    with pytest.raises(UnexpectedPayload, match="circle"):
        await pages_of(connector)


async def test_an_empty_page_in_the_middle_is_not_the_end(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Only a missing next_token says that there is no more."""
    script, connector = scripted
    script.will_say({"meta": {"result_count": 0, "next_token": "a"}})
    script.will_say({"meta": {"result_count": 0, "next_token": "b"}})
    script.will_say(EMPTY)

    assert len(await pages_of(connector)) == 3


async def test_a_cursor_that_nobody_wrote_counts_as_none(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Reading the backfill once more loses nothing."""
    script, connector = scripted
    script.will_say(EMPTY)

    await pages_of(connector, {"newest_id": "?"})

    assert "start_time" in script.queries[0]


async def test_a_time_from_the_future_does_not_blind_the_connector(
    scripted: tuple[Scripted, Connector],
) -> None:
    """One impossible id must not hide everything that comes after it."""
    script, connector = scripted
    future = str(snowflake(NOW + timedelta(days=3650)))
    tweet = {"id": future, "author_id": "1", "conversation_id": future, "text": "hi"}
    script.will_say({"data": [tweet], "meta": {"result_count": 1}})
    script.will_say(EMPTY)
    (first,) = await pages_of(connector)

    await pages_of(connector, first.cursor)

    assert script.queries[1]["since_id"] == str(snowflake(NOW - OVERLAP) - 1)


ANSWERS: list[tuple[Any, int, type[InboxdError]]] = [
    ({"title": "Unauthorized", "type": "about:blank", "status": 401}, 401, TokenInvalid),
    ({"errors": [{"code": 89, "message": "Invalid or expired token."}]}, 401, TokenInvalid),
    (problem("client-forbidden", reason="client-not-enrolled"), 403, PermissionMissing),
    ({"errors": [problem("resource-not-found", detail="no user")]}, 200, PermissionMissing),
    (problem("usage-capped", period="Monthly"), 403, BudgetSpent),
    ({"title": "CreditsDepleted", "type": "about:blank"}, 402, BudgetSpent),
    ("<html>busy</html>", 429, RateLimited),
    ("<html>Access denied</html>", 403, Unavailable),
    ("<html>Access denied</html>", 401, Unavailable),
    ("", 503, Unavailable),
    ({"title": "Over capacity"}, 503, Unavailable),
    ("[]", 200, Unavailable),
    ("[" * 100_000, 200, Unavailable),
    ({"errors": None, "detail": None}, 500, Unavailable),
    ({"errors": 7, "error": {}}, 400, UnexpectedPayload),
    ({"data": "text"}, 200, UnexpectedPayload),
]


@pytest.mark.parametrize(("body", "status", "expected"), ANSWERS)
async def test_every_answer_is_an_error_that_says_who_must_act(
    scripted: tuple[Scripted, Connector], body: Any, status: int, expected: type[InboxdError]
) -> None:
    """Recorded problems under both host names, proxies' pages and sheer nonsense."""
    script, connector = scripted
    script.will_say(body, status)

    with pytest.raises(expected) as raised:
        await pages_of(connector)

    assert type(raised.value) is expected


@pytest.mark.parametrize(
    ("body", "status"),
    [(problem("client-forbidden", reason="client-not-enrolled"), 403), ("", 404)],
)
@pytest.mark.parametrize("source", ["conversations", "quotes"])
async def test_a_plan_without_search_is_no_trouble(
    scripted: tuple[Scripted, Connector], stage: Stage, source: str, body: Any, status: int
) -> None:
    """What search only adds is left out, said in the log, and asked for again some hours later."""
    script, connector = scripted
    script.will_say({"data": {"id": US, "name": "Lavka", "username": "lavka_sever"}})
    if source == "conversations":
        number = str(snowflake(NOW - timedelta(hours=1)) + 1)
        post = {"id": number, "author_id": US, "conversation_id": number, "text": "Neu!"}
        script.will_say({"data": [post]})
        script.will_say(EMPTY)
    script.will_say(body, status)

    (page,) = [page async for page in connector.poll(source, None)]
    asked = len(script.queries)
    (again,) = [page async for page in connector.poll(source, page.cursor)]

    assert "search" in page.note
    assert "follow_conversations = false" in page.note
    assert again.note == ""
    assert len(script.queries) == asked
    stage.clock.advance(timedelta(hours=6))
    for _query in range(2):
        script.will_say(EMPTY)
    assert [page async for page in connector.poll(source, again.cursor)]
    assert "query" in script.queries[asked]


async def test_brand_words_without_search_need_a_person(
    scripted: tuple[Scripted, Connector], stage: Stage
) -> None:
    """Who asks for the stream "search" hears that the plan has none, however X says it."""
    script, _connector = scripted
    connector = stage.connect(
        api_base=_connector._settings.api_base,
        streams=["mentions", "search"],
        brand_words=["lavka sever"],
    )
    script.will_say({"data": {"id": US, "name": "Lavka", "username": "lavka_sever"}})
    script.will_say("", 404)

    with pytest.raises(PermissionMissing):
        [page async for page in connector.poll("search", None)]


async def test_a_daily_limit_ends_when_its_own_window_does(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Two windows may be used up; the later one counts."""
    script, connector = scripted
    soon, late = int(NOW.timestamp()) + 60, int(NOW.timestamp()) + 3600
    script.will_say(
        {"title": "Too Many Requests", "type": "about:blank"},
        429,
        x_rate_limit_remaining="12",
        x_rate_limit_reset=str(soon),
        x_user_limit_24hour_remaining="0",
        x_user_limit_24hour_reset=str(late),
    )

    with pytest.raises(RateLimited) as raised:
        await pages_of(connector)

    assert raised.value.until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "body",
    [
        {"data": None, "includes": None, "meta": None, "errors": None},
        {"data": [], "meta": {"result_count": 0, "next_token": ""}},
        {"meta": {"result_count": 0, "next_token": None}},
        {},
    ],
)
@pytest.mark.parametrize("source", ["mentions", "direct_messages"])
async def test_nothing_is_said_in_many_ways(
    scripted: tuple[Scripted, Connector], body: Any, source: str
) -> None:
    """An empty page has no data, none of it, or a null, and its next page no name."""
    script, connector = scripted
    script.will_say(body)

    (page,) = [page async for page in connector.poll(source, known_until(NOW))]

    assert (page.messages, page.unknown) == ([], [])
    assert len(script.queries) == 1


async def test_a_forgotten_since_id_may_be_named_in_the_detail_alone(
    scripted: tuple[Scripted, Connector],
) -> None:
    """As some answers have it; an unread cursor would stop the source for good."""
    script, connector = scripted
    told = "Invalid 'since_id':'1'. 'since_id' must be a tweet id created after 2026-11-13T12:00Z."
    script.will_say(problem("invalid-request", detail=told), 400)
    script.will_say(EMPTY)

    await pages_of(connector, known_until(NOW - timedelta(days=4)))

    assert "start_time" in script.queries[1]


async def test_a_redirect_is_not_followed(scripted: tuple[Scripted, Connector]) -> None:
    """A signature is not carried to wherever somebody points."""
    script, connector = scripted
    script.will_say("", 302, Location="/elsewhere")

    with pytest.raises(Unavailable):
        await pages_of(connector)

    assert len(script.queries) == 1


async def test_json_under_a_wrong_name_is_read(scripted: tuple[Scripted, Connector]) -> None:
    """A proxy that mislabels answers does not blind the connector."""
    script, connector = scripted
    script.will_say(EMPTY, Content_Type="text/plain")

    assert len(await pages_of(connector)) == 1


async def test_a_lost_id_is_a_lost_answer(scripted: tuple[Scripted, Connector]) -> None:
    """A 201 without the id of what was posted must not lead to a second post."""
    script, connector = scripted
    script.will_say({"data": {"text": "Morgen."}}, 201)
    reply = OutgoingReply(
        key="k", thread_id="tweet:1:2", stream=Stream.MENTIONS, text="Morgen.",
        parent_id="tweet:1", recipient=None, sent_after=NOW,
    )  # fmt: skip

    with pytest.raises(OutcomeUnknown):
        await connector.send(reply)


async def test_a_literal_entity_is_sent_as_it_was_written(
    scripted: tuple[Scripted, Connector],
) -> None:
    """Who explains HTML to a customer is stored as saying what was said."""
    script, connector = scripted
    script.will_say({"data": {"id": "7", "text": "Write &amp;lt; there"}}, 201)
    reply = OutgoingReply(
        key="k", thread_id="tweet:1:2", stream=Stream.MENTIONS, text="Write &lt; there",
        parent_id="tweet:1", recipient=None, sent_after=NOW,
    )  # fmt: skip

    assert (await connector.send(reply)).message.text == "Write &lt; there"


def shown_by(error: BaseException | None) -> str:
    """Return all that a careless log line could print of an error and what hangs on it."""
    if error is None:
        return ""
    below = shown_by(error.__cause__) + shown_by(error.__context__)
    return "".join(traceback.format_exception(error)) + repr(error) + below


async def test_errors_show_nothing_of_the_request(
    scripted: tuple[Scripted, Connector], stage: Stage
) -> None:
    """Not the signature either, and not in anything that hangs on the error."""
    script, connector = scripted
    script.will_say({"title": "Unauthorized"}, 401)

    with pytest.raises(TokenInvalid) as raised:
        await pages_of(connector)

    shown = shown_by(raised.value)
    assert "oauth_signature" in script.headers[0]["Authorization"]
    assert [secret for secret in (*stage.secrets, "oauth_") if secret in shown] == []


async def test_an_answer_that_is_no_http_shows_nothing_of_the_request(stage: Stage) -> None:
    """The error that aiohttp raises there has the request's headers in its repr."""

    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connector = stage.connect(api_base=f"http://127.0.0.1:{port}")

    async with server:
        with pytest.raises(Unavailable) as raised:
            await read(connector)

    shown = shown_by(raised.value)
    assert [secret for secret in (*stage.secrets, "oauth_") if secret in shown] == []


# Quarantine


async def test_what_broke_is_read_again_without_asking_anybody(
    scripted: tuple[Scripted, Connector],
) -> None:
    """After it is mended here, the item as it was kept becomes its message."""
    script, connector = scripted
    post = {"id": "7", "author_id": "17", "conversation_id": "7", "text": "hi", "created_at": "?"}
    user = {"id": "17", "name": "Anna", "username": "anna"}
    script.will_say({"data": [post], "includes": {"users": [user]}, "meta": {"result_count": 1}})
    (page,) = await pages_of(connector)
    (item,) = page.unknown
    assert connector.reread(item).unknown == [item]

    del item.raw["item"]["created_at"]
    (message,) = connector.reread(item).messages

    assert message.remote_id == "tweet:7"
    assert message.author == Author("17", "Anna", "anna", None, "https://x.com/anna")
    assert len(script.queries) == 1


@pytest.mark.parametrize(
    ("remote_id", "raw", "read_as"),
    [
        ("tweet:7", {"id": "7", "author_id": "17", "conversation_id": "7", "text": "hi"}, "tweet:7"),
        ("dm:8", {"id": "8", "event_type": "MessageCreate", "sender_id": "17", "text": "hi",
                  "dm_conversation_id": "17-2244994945"}, "dm:8"),
        ("tweet:9", {"value": None}, None),
        ("answer:0", {"data": 7}, None),
    ],
)  # fmt: skip
def test_bare_items_of_earlier_versions_are_read_again(
    stage: Stage, remote_id: str, raw: dict[str, Any], read_as: str | None
) -> None:
    """Once they were kept without what is around them; what is still not understood stays."""
    item = Unknown(remote_id, "tweet:malformed", raw)

    page = stage.connect().reread(item)

    assert [message.remote_id for message in page.messages] == ([read_as] if read_as else [])
    assert list(page.unknown) == ([] if read_as else [item])


async def test_an_answer_without_sense_is_kept_whole(
    scripted: tuple[Scripted, Connector],
) -> None:
    """For the quarantine, so that somebody can see what X sent."""
    script, connector = scripted
    script.will_say({"data": {"id": "1"}, "meta": {}})

    with pytest.raises(UnexpectedPayload) as raised:
        await pages_of(connector)

    assert raised.value.raw == {"data": {"id": "1"}, "meta": {}}


# Settings


async def test_a_proxy_of_the_environment_is_used(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many servers reach the world through one only."""
    monkeypatch.setenv("http_proxy", stage.simulator.twitter_url)
    connector = stage.connect(api_base="http://api.x.invalid")

    await connector.check()

    assert stage.simulator.log.of("twitter", "GET /2/users/me")[0].status == 200


def test_settings_want_every_key_and_show_none() -> None:
    """A missing key is named; the others are not shown."""
    wiring = dict(WIRINGS["twitter"].settings)
    del wiring["access_token_secret"]

    with pytest.raises(ValidationError, match="access_token_secret") as raised:
        Settings(name="x", network="twitter", **wiring)

    assert wiring["consumer_secret"] not in str(raised.value)


def test_settings_default_to_x_itself_and_two_minutes(clock: ManualClock) -> None:
    """What design.md promises, and no call to anybody when a connector is made."""
    settings = Settings(name="x", network="twitter", **WIRINGS["twitter"].settings)

    Connector(settings, clock)

    assert settings.api_base == "https://api.x.com"
    assert settings.poll_every == timedelta(minutes=2)
    assert settings.reply_rule == "summoned"
    assert WIRINGS["twitter"].settings["access_token_secret"] not in repr(settings)


async def test_a_slow_answer_does_not_stop_the_event_loop(stage: Stage) -> None:
    """While X lets one call hang, everything else goes on."""
    stage.simulator.faults.switch_on("twitter", Fault.TIMEOUT)
    connector = stage.connect(timeout=timedelta(seconds=0.3))

    hanging = asyncio.create_task(read(connector))
    await asyncio.sleep(0.05)

    assert not hanging.done()
    with pytest.raises(Unavailable):
        await hanging
