"""What the X connector finds beyond mentions: conversations, quotes, brand words, groups."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS30Validator
from pydantic import ValidationError

from connectors.twitter import Connector, Settings
from inboxd.connector import Known, OutgoingReply
from inboxd.errors import RateLimited, SendRefused
from inboxd.model import Attachment, Direction, Message, Stream
from inboxd.simulator.faults import Fault
from inboxd.simulator.world import BRANDS
from tests.contract.stage import WIRINGS, cursors_of, messages_of, read, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inboxd.connector import Page
    from inboxd.simulator.faults import Call
    from inboxd.simulator.people import Network
    from inboxd.simulator.world import Item
    from tests.contract.stage import Stage

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
US = str(BRANDS["twitter"].id)
SEARCH = "GET /2/tweets/search/recent"
MENTIONS = "GET /2/users/{id}/mentions"
LOOKUP = "GET /2/tweets"
BOUNDS = {"since_id", "until_id", "start_time", "end_time"}
EVERYTHING: dict[str, Any] = {
    "streams": ["mentions", "direct_messages", "search"],
    "brand_words": ["lavka sever", "лавка север"],
}


@pytest.fixture
def stage(staged: Callable[[Network], Stage]) -> Stage:
    return staged("twitter")


def write(stage: Stage, text: str, *, who: int | None = 0, minutes: int = 5, **more: Any) -> Item:
    """Let somebody write what does not name the shop's @handle (the shop itself: None)."""
    at = stage.clock.now() - timedelta(minutes=minutes)
    kind: Any = "post" if who is None else "search"
    author = None if who is None else stage.world.people[who]
    return stage.world.add("twitter", kind, text, sent_at=at, author=author, **more)


def id_of(stage: Stage, who: int) -> str:
    return str(stage.world.people[who].id_on("twitter"))


def the(messages: list[Message], words: str) -> Message:
    """Return the one message with *words*."""
    found = {message.remote_id: message for message in messages if words in message.text}
    assert len(found) == 1, (words, [message.text for message in messages])
    return next(iter(found.values()))


def asked_for(stage: Stage) -> list[str]:
    """Return the queries that were searched for."""
    return [str(call.query["query"]) for call in stage.simulator.log.of("twitter", SEARCH)]


# Conversations


async def test_a_customers_next_posts_arrive_without_the_shops_name(stage: Stage) -> None:
    """A complaint in three parts names the shop in the first one only."""
    first = stage.ask_publicly("1/3 Mein Paket fehlt", ago=timedelta(minutes=30))
    second = write(stage, "2/3 Bestellung 77", parent=first.serial)
    write(stage, "3/3 Was nun?", parent=second.serial, minutes=4)

    told = messages_of(await read(stage.connect()))

    thread = f"tweet:{first.number}:{id_of(stage, 0)}"
    parts = [the(told, words) for words in ("1/3", "2/3", "3/3")]
    assert {part.thread_id for part in parts} == {thread}
    assert {part.stream for part in parts} == {Stream.MENTIONS}
    assert parts[1].parent_id == f"tweet:{first.number}"


async def test_another_customer_in_our_conversation_has_a_thread_of_their_own(
    stage: Stage,
) -> None:
    """Who joins below an announcement without naming the shop is heard, too."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=90)
    asked = stage.world.reply(
        announced.serial, "In Rot?", sent_at=announced.sent_at, author=stage.world.people[0]
    )
    write(stage, "Das frage ich mich auch", who=1, parent=asked.serial)

    told = messages_of(await read(stage.connect()))

    joined = the(told, "frage ich mich")
    assert joined.thread_id == f"tweet:{announced.number}:{id_of(stage, 1)}"
    assert joined.direction is Direction.INBOUND


async def test_strangers_are_not_read_because_somebody_names_the_shop(stage: Stage) -> None:
    """One tag in others' conversation brings that post, and what its author adds; the rest is not paid for."""
    began = write(stage, "Welcher Laden hat gute Jacken?", who=1, minutes=60)
    for number in range(9):
        write(
            stage, f"Keiner {number}", who=2 + number % 3, parent=began.serial, minutes=50 - number
        )
    tag = stage.world.reply(
        began.serial, "@lavka_sever, frag die", sent_at=stage.clock.now() - timedelta(minutes=30),
        author=stage.world.people[0],
    )  # fmt: skip
    write(stage, "Die sind gut", parent=tag.serial, minutes=20)
    connector = stage.connect()

    pages = await read(connector)
    pages_later = await read(connector, cursors_of(pages))

    told = {message.text for message in messages_of(pages)}
    assert {text for text in told if "lavka_sever" not in text} == {"Die sind gut"}
    assert [message.text for message in messages_of(pages_later, "conversations")] == []
    (reads, *_each) = connector.allowances()
    assert reads.used <= 5


async def test_an_answer_to_us_in_others_conversation_is_found_without_our_name(
    stage: Stage,
) -> None:
    """Whoever replies to our reply is heard, and so is what they add below their own post."""
    began = write(stage, "Welcher Laden hat gute Jacken?", who=1, minutes=60)
    ours = stage.world.reply(
        began.serial, "Wir!", sent_at=stage.clock.now() - timedelta(minutes=50)
    )
    answer = write(stage, "Auch in Rot?", who=2, parent=ours.serial, minutes=40)
    write(stage, "Und in Blau?", who=2, parent=answer.serial, minutes=30)
    write(stage, "Gute Frage", who=1, parent=ours.serial, minutes=25)
    write(stage, "Ich nehme Grau", who=3, parent=began.serial, minutes=20)

    connector = stage.connect()
    pages = await read(connector)
    # Who joined is learned from the first answer; another process reads what they add.
    later = await read(stage.connect(), cursors_of(pages))

    told = [*messages_of(pages), *messages_of(later)]
    heard = {message.text for message in told if message.direction is Direction.INBOUND}
    # Whom we answered talks with us, and so what we answered belongs to it.
    assert heard == {began.text, "Auch in Rot?", "Und in Blau?", "Gute Frage"}


async def test_an_answer_below_an_old_post_of_ours_makes_its_conversation_followed(
    stage: Stage,
) -> None:
    """Our post is older than anything that was read; a reply to it tells that it is ours."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=60 * 24 * 20)
    answer = write(stage, "In Rot?", parent=announced.serial, minutes=9)
    joined = write(stage, "Das frage ich mich auch", who=1, parent=answer.serial)

    pages = await read(stage.connect())
    later = await read(stage.connect(), cursors_of(pages))

    told = [*messages_of(pages, "conversations"), *messages_of(later, "conversations")]
    assert {message.text for message in told} == {answer.text, joined.text}


async def test_conversations_stay_followed_from_poll_to_poll(stage: Stage) -> None:
    """What is added an hour later is found, by another process as well, and paid for once."""
    first = stage.ask_publicly("Mein Paket fehlt", ago=timedelta(hours=2))
    before = cursors_of(await read(stage.connect()))
    for number in range(2):
        stage.clock.advance(timedelta(hours=1))
        write(stage, f"Nachtrag {number}", parent=first.serial, minutes=15)
        stage.simulator.log.clear()

        pages = await read(stage.connect(), before)

        before = cursors_of(pages)
        found = messages_of(pages, "conversations")
        assert [message.text for message in found] == [f"Nachtrag {number}"]
    assert all("since_id" in c.query for c in stage.simulator.log.of("twitter", SEARCH))


async def test_a_search_leaves_out_what_mentions_bring(stage: Stage) -> None:
    """A mention costs a fifth of what a search returns, so no search returns one."""
    stage.ask_publicly("Wo ist mein Paket?", ago=timedelta(minutes=30))

    pages = await read(stage.connect(**EVERYTHING))

    queries = asked_for(stage)
    assert queries
    assert all("-@lavka_sever" in query and "-is:retweet" in query for query in queries)
    assert all("-from:lavka_sever" in query and len(query) <= 512 for query in queries)
    for source in ("conversations", "quotes", "search"):
        assert messages_of(pages, source) == []


async def test_many_conversations_are_few_queries(stage: Stage) -> None:
    """Several fit into the 512 characters that X takes; nothing is asked once for each."""
    for number in range(40):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=20 + number), who=number % 5)

    await read(stage.connect())

    queries = [query for query in asked_for(stage) if "conversation_id:" in query]
    assert len(queries) == 7
    named = re.findall(r"conversation_id:(\d+)", " ".join(queries))
    assert len(named) == len(set(named)) == 40


async def test_searches_that_are_never_read_to_the_end_do_not_pile_up(stage: Stage) -> None:
    """A budget may allow a page or two at a time, and each new talk makes new queries of all."""
    for number in range(40):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=20 + number), who=number % 5)
    connector: Any = stage.connect()
    cursors, left, heard = cursors_of(await read(connector)), [0], set[str]()
    for number in range(12):
        stage.clock.advance(timedelta(hours=1))
        first = stage.ask_publicly("Und jetzt?", ago=timedelta(minutes=30), who=number % 5)
        write(stage, f"Nachtrag {number}", who=number % 5, parent=first.serial)
        cursors |= cursors_of({"mentions": await pages_of(connector, "mentions", cursors)})
        async with aclosing(connector.poll("conversations", cursors["conversations"])) as reading:
            for _page in range(3):
                page = await anext(reading)
                heard |= {message.text for message in page.messages}
                cursors["conversations"] = page.cursor
        left.append(len(page.cursor.get("rest", ())))
    assert max(left) <= 30

    for _poll in range(2):
        pages = await pages_of(connector, "conversations", cursors)
        heard |= {message.text for page in pages for message in page.messages}
        cursors["conversations"] = pages[-1].cursor

    assert heard == {f"Nachtrag {number}" for number in range(12)}


async def pages_of(connector: Any, source: str, cursors: Mapping[str, Any]) -> list[Page]:
    """Return what one poll of a source brings, from where it stands."""
    return [page async for page in connector.poll(source, cursors[source])]


async def test_a_process_that_died_in_between_forgets_no_conversation(stage: Stage) -> None:
    """The mention was stored, the cursor of the conversations was not: it is learned again."""
    connector = stage.connect(overlap=timedelta(0))
    cursors = cursors_of(await read(connector))
    stage.clock.advance(timedelta(minutes=5))
    first = stage.ask_publicly("Mein Paket fehlt", ago=timedelta(minutes=4))
    mentions = [page async for page in connector.poll("mentions", cursors["mentions"])]
    cursors["mentions"] = mentions[-1].cursor
    stage.clock.advance(timedelta(minutes=5))
    write(stage, "Ich warte", parent=first.serial, minutes=2)

    pages = await read(stage.connect(overlap=timedelta(0)), cursors)

    assert [message.text for message in messages_of(pages, "conversations")] == ["Ich warte"]


async def test_what_has_been_quiet_for_a_week_is_followed_no_longer(stage: Stage) -> None:
    """X searches seven days back, so an older conversation is not asked for."""
    stage.ask_publicly("Mein Paket fehlt", ago=timedelta(minutes=30))
    connector = stage.connect()
    pages = await read(connector)
    assert pages["conversations"][-1].cursor["followed"]
    stage.clock.advance(timedelta(days=8))

    pages = await read(connector, cursors_of(pages))

    assert pages["conversations"][-1].cursor["followed"] == {}


async def test_searching_that_fails_stops_no_mention(stage: Stage) -> None:
    """The plan may not have search at all."""
    stage.simulator.faults.switch_on("twitter", Fault.RATE_LIMIT, endpoint=SEARCH)
    stage.ask_publicly("Mein Paket fehlt", ago=timedelta(minutes=30))
    connector = stage.connect()

    mentions = [page async for page in connector.poll("mentions", None)]

    assert len(mentions[0].messages) == 1
    with pytest.raises(RateLimited):
        [page async for page in connector.poll("conversations", None)]


async def test_who_has_no_search_can_do_without(stage: Stage) -> None:
    """A plan without it must not be an alarm for ever."""
    connector = stage.connect(follow_conversations=False)

    await read(connector)
    told = await connector.check()

    assert asked_for(stage) == []
    assert [source.name for source in connector.sources()] == [
        "own_posts", "mentions", "direct_messages",
    ]  # fmt: skip
    assert all(check.ok for check in told.streams)


# Quotes


async def test_a_quote_of_ours_is_a_mention_that_may_be_answered(stage: Stage) -> None:
    """Quoting summons as naming does, though no mention brings it."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=90)
    write(stage, "Wer braucht das", quoted=announced.serial)
    connector = stage.connect()

    pages = await read(connector)

    quote = the(messages_of(pages, "quotes"), "Wer braucht das")
    assert quote.stream is Stream.MENTIONS
    assert quote.text == f"Wer braucht das https://x.com/lavka_sever/status/{announced.number}"
    (window,) = [window for page in pages["quotes"] for window in page.windows]
    assert window.open
    await connector.send(reply_to(quote, "Viele!"))


async def test_who_goes_on_below_a_quote_of_theirs_is_followed_at_once(stage: Stage) -> None:
    """Quotes are read before conversations are, so no restart comes between finding and following."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=90)
    quote = write(stage, "Wer braucht das", quoted=announced.serial, minutes=60)
    write(stage, "Ich jedenfalls nicht", parent=quote.serial, minutes=30)

    pages = await read(stage.connect())

    assert the(messages_of(pages, "conversations"), "jedenfalls").thread_id == (
        f"tweet:{quote.number}:{id_of(stage, 0)}"
    )


async def test_a_quote_that_says_the_brands_name_is_one_message_in_one_stream(
    stage: Stage,
) -> None:
    """Quotes, the search and the conversation that it begins bring it, and call it the same."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=90)
    write(stage, "Lavka Sever, wer braucht das", quoted=announced.serial)

    told = messages_of(await read(stage.connect(**EVERYTHING)))

    found = [message for message in told if "wer braucht das" in message.text]
    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    assert found[0].stream is Stream.MENTIONS


# Brand words


async def test_the_brands_name_is_found_without_an_at(stage: Stage) -> None:
    """People complain about a shop more often than to it; X lets no app answer that."""
    write(stage, "Diese Lavka Sever antwortet nie")
    write(stage, "Ничего не понимаю, Лавка Север?", who=1)
    write(stage, "Lavka im Norden", who=2)

    pages = await read(stage.connect(**EVERYTHING))

    found = messages_of(pages, "search")
    assert {message.stream for message in found} == {Stream.SEARCH}
    assert {message.text for message in found} == {
        "Diese Lavka Sever antwortet nie", "Ничего не понимаю, Лавка Север?",
    }  # fmt: skip
    windows = [window for page in pages["search"] for window in page.windows]
    assert len(windows) == 2
    assert not any(window.open for window in windows)
    assert all("X app" in window.reason for window in windows)


async def test_a_post_is_the_same_message_whichever_source_brings_it(stage: Stage) -> None:
    """In our conversation and with the brand's name: found twice, one value."""
    announced = write(stage, "Neue Jacken!", who=None, minutes=30)
    joined = write(stage, "In Rot?", who=0, parent=announced.serial, minutes=20)
    write(stage, "Lavka Sever schweigt", who=1, parent=joined.serial)

    pages = await read(stage.connect(**EVERYTHING))

    found = {
        source: the(messages_of(pages, source), "schweigt")
        for source in ("conversations", "search")
    }
    assert found["conversations"] == found["search"]
    assert found["search"].stream is Stream.SEARCH
    assert all(len(values) == 1 for values in versions_of(messages_of(pages)).values())


async def test_an_older_post_does_not_close_what_a_newer_one_opened(stage: Stage) -> None:
    """First the brand's name, then the @handle, in one conversation: it may be answered."""
    first = write(stage, "Lavka Sever schweigt", minutes=40)
    handle = stage.world.brand("twitter").handle
    at = stage.clock.now() - timedelta(minutes=5)
    author = stage.world.people[0]
    stage.world.add(
        "twitter", "mention", f"@{handle} hallo?", sent_at=at, author=author, parent=first.serial
    )

    pages = await read(stage.connect(**EVERYTHING))

    windows = [window for its in pages.values() for page in its for window in page.windows]
    assert [window.open for window in windows] == [True]


async def test_a_new_word_replays_no_history(stage: Stage) -> None:
    """Whoever adds a word wants to hear of it from now on, not alarms about last week."""
    write(stage, "Kaufhaus Nord ist zu", minutes=60 * 30)
    cursors = cursors_of(await read(stage.connect(**EVERYTHING)))
    stage.clock.advance(timedelta(minutes=5))
    write(stage, "Kaufhaus Nord macht auf", minutes=2)
    more = {**EVERYTHING, "brand_words": [*EVERYTHING["brand_words"], "kaufhaus nord"]}

    pages = await read(stage.connect(**more), cursors)

    assert [m.text for m in messages_of(pages, "search")] == ["Kaufhaus Nord macht auf"]


async def test_more_words_than_a_query_holds_are_several_queries(stage: Stage) -> None:
    """512 characters are X's limit for self-serve apps; every word is looked for."""
    words = [f"Kaufhaus Nordwest Filiale {number}" for number in range(40)]
    write(stage, "Die Kaufhaus Nordwest Filiale 39 ist zu")

    pages = await read(stage.connect(streams=["search"], brand_words=words))

    queries = [query for query in asked_for(stage) if "Filiale" in query]
    assert len(queries) == 3
    assert max(map(len, queries)) <= 512
    assert len(messages_of(pages, "search")) == 1


async def test_a_pause_of_more_than_a_week_is_told(stage: Stage) -> None:
    """X refuses to search behind seven days: what was written before is lost, and said to be."""
    connector = stage.connect(**EVERYTHING)
    cursors = cursors_of(await read(connector))
    stage.clock.advance(timedelta(days=9))
    write(stage, "Lavka Sever schweigt")

    pages = [page async for page in stage.connect(**EVERYTHING).poll("search", cursors["search"])]

    assert "cannot be read any more" in pages[0].lost
    assert [message.text for message in pages[0].messages] == ["Lavka Sever schweigt"]


async def walk_of_several_pages(stage: Stage, ago: timedelta) -> Any:
    """Return the cursor of a search of which the first page alone was read."""
    for number in range(150):
        minutes = int(ago / timedelta(minutes=1)) + number
        write(stage, f"Lavka Sever schweigt {number}", minutes=minutes, who=number % 5)
    poll = stage.connect(**EVERYTHING).poll("search", None)
    cursor = (await anext(poll)).cursor
    await poll.aclose()  # type: ignore[attr-defined]
    assert cursor["rest"][0]["token"]
    return cursor


async def test_a_first_search_goes_on_though_its_next_page_is_forgotten(stage: Stage) -> None:
    """X takes no start_time beside an until_id: what was asked by time goes on by ids."""
    cursor = await walk_of_several_pages(stage, timedelta(hours=1))
    cursor["rest"][0]["token"] = "gone"
    stage.simulator.log.clear()

    pages = [page async for page in stage.connect(**EVERYTHING).poll("search", cursor)]

    assert len({m.remote_id for page in pages for m in page.messages}) == 50
    assert "rest" not in pages[-1].cursor
    asked = stage.simulator.log.of("twitter", SEARCH)
    assert [set(call.query) & BOUNDS for call in asked][-1] == {"since_id", "until_id"}


async def test_what_lies_wholly_behind_reach_is_lost_and_left(stage: Stage) -> None:
    """A rest that X can no longer be asked for must not stop what comes after it."""
    cursor = await walk_of_several_pages(stage, timedelta(days=2))
    stage.clock.advance(timedelta(days=8))
    write(stage, "Lavka Sever lebt")

    pages = [page async for page in stage.connect(**EVERYTHING).poll("search", cursor)]

    assert [m.text for page in pages for m in page.messages] == ["Lavka Sever lebt"]
    assert "cannot be read any more" in pages[-1].lost
    assert "rest" not in pages[-1].cursor


async def test_what_lies_half_behind_reach_is_read_as_far_as_x_goes(stage: Stage) -> None:
    """The rest of a search that was left is asked for from where X can still be asked."""
    cursor = await walk_of_several_pages(stage, timedelta(days=2))
    stage.clock.advance(timedelta(days=4, hours=21, minutes=45))

    pages = [page async for page in stage.connect(**EVERYTHING).poll("search", cursor)]

    assert 0 < len({m.remote_id for page in pages for m in page.messages}) < 50
    assert sum("cannot be read any more" in page.lost for page in pages) == 1
    assert "rest" not in pages[-1].cursor


async def test_weeks_of_quiet_are_no_loss(stage: Stage) -> None:
    """The newest post is older than X searches back, and everything since was looked at."""
    write(stage, "Lavka Sever schweigt")
    first = stage.ask_publicly("Mein Paket fehlt", ago=timedelta(minutes=30))
    write(stage, "Nachtrag", parent=first.serial)
    stage.ask_privately("Wo?", ago=timedelta(minutes=30))
    connector = stage.connect(**EVERYTHING)
    cursors = cursors_of(await read(connector))
    for _day in range(40):
        stage.clock.advance(timedelta(days=1))

        pages = await read(connector, cursors)

        assert [page.lost for its in pages.values() for page in its if page.lost] == []
        cursors = cursors_of(pages)


async def test_a_restart_does_not_read_what_is_known_again(stage: Stage) -> None:
    """Conversations are learned from what the mentions read anyway."""
    stage.ask_publicly("Mein Paket fehlt", ago=timedelta(days=2))
    cursors = cursors_of(await read(stage.connect()))
    stage.clock.advance(timedelta(days=1))
    cursors = cursors_of(await read(stage.connect(), cursors))
    stage.simulator.log.clear()
    stage.clock.advance(timedelta(minutes=2))

    await read(stage.connect(), cursors)

    assert len(stage.simulator.log.of("twitter", MENTIONS)) == 1


def test_a_search_for_nothing_is_a_mistake_in_the_configuration() -> None:
    """The stream needs words, and says which setting they go into."""
    wiring = {**WIRINGS["twitter"].settings, "streams": ["search"]}

    with pytest.raises(ValidationError, match="brand_words"):
        Settings(name="x", network="twitter", **wiring)


async def test_search_alone_reads_no_mentions(stage: Stage) -> None:
    """What is not configured is not paid for; the shop's own answers are still seen."""
    connector = stage.connect(streams=["search"], brand_words=["lavka sever"])

    await read(connector)

    assert [source.name for source in connector.sources()] == ["own_posts", "search"]
    assert stage.simulator.log.of("twitter", MENTIONS) == []


# Answers


async def test_the_second_part_of_an_answer_is_for_the_same_customer(stage: Stage) -> None:
    """Part two comes a poll later and names nobody: what it hangs below says whom it is for."""
    asked = stage.ask_publicly("Wo?", ago=timedelta(hours=3))
    part_one = stage.answer(asked, "Im Lager.", ago=timedelta(hours=2))
    connector = stage.connect()
    cursors = cursors_of(await read(connector))
    stage.clock.advance(timedelta(hours=1))
    part_two = stage.world.add(
        "twitter", "post", "Und hier die Nummer.", sent_at=stage.clock.now() - timedelta(minutes=1),
        parent=part_one.serial,
    )  # fmt: skip
    later = [page async for page in stage.connect().poll("own_posts", cursors["own_posts"])]

    found = the([message for page in later for message in page.messages], "Nummer")
    assert found.thread_id == f"tweet:{asked.number}:{id_of(stage, 0)}"
    assert found.remote_id == f"tweet:{part_two.number}"


async def test_what_stands_above_is_looked_up_only_where_nobody_is_named(stage: Stage) -> None:
    """The same process remembers its own posts; only another one has to pay for a look."""
    asked = stage.ask_publicly("Wo?", ago=timedelta(hours=3))
    part_one = stage.answer(asked, "Im Lager.", ago=timedelta(hours=2))
    connector = stage.connect()
    cursors = cursors_of(await read(connector))
    stage.world.add(
        "twitter", "post", "Und hier die Nummer.", sent_at=stage.clock.now(), parent=part_one.serial
    )

    [page async for page in connector.poll("own_posts", cursors["own_posts"])]
    assert stage.simulator.log.of("twitter", LOOKUP) == []

    [page async for page in stage.connect().poll("own_posts", cursors["own_posts"])]
    assert len(stage.simulator.log.of("twitter", LOOKUP)) == 1


async def test_one_answer_to_two_customers_is_in_both_threads(stage: Stage) -> None:
    """X keeps a thread for each of them, and the answer names both."""
    asked = stage.ask_publicly("Wann?", ago=timedelta(hours=3))
    other = stage.world.people[1]
    stage.world.add(
        "twitter", "mention", "@lavka_sever ja, wann?", author=other, parent=asked.serial,
        sent_at=stage.clock.now() - timedelta(hours=2),
    )  # fmt: skip
    stage.answer(
        asked, f"@{stage.world.people[0].handle} @{other.handle} Morgen.", ago=timedelta(hours=1)
    )

    told = messages_of(await read(stage.connect()))

    answer = the(told, "Morgen.")
    assert answer.text == "Morgen."
    assert answer.thread_id == f"tweet:{asked.number}:{id_of(stage, 0)}"
    assert answer.also_in == (f"tweet:{asked.number}:{id_of(stage, 1)}",)


# Direct messages


async def test_a_group_is_one_conversation_and_can_be_answered(stage: Stage) -> None:
    """Its number is the conversation's, whoever writes."""
    group = 1_600_000_000_000_000_001
    for who in (0, 1):
        stage.ask_privately(f"Hier ist {who}", ago=timedelta(minutes=9 - who), who=who, group=group)
    connector = stage.connect()
    told = messages_of(await read(connector), "direct_messages")

    assert {message.thread_id for message in told} == {f"dm:{group}"}
    sent = await connector.send(reply_to(told[0], "Hallo ihr beiden"))

    assert sent.message.thread_id == f"dm:{group}"
    again = messages_of(await read(connector), "direct_messages")
    assert the(again, "ihr beiden").thread_id == f"dm:{group}"


async def test_attachments_of_messages_and_posts_are_told(stage: Stage) -> None:
    """A photo of what arrived broken says more than the text."""
    stage.ask_privately("So kam es an", ago=timedelta(minutes=9), media=("photo",))
    stage.ask_publicly("Kaputt", ago=timedelta(minutes=9), media=("photo", "video"))

    told = messages_of(await read(stage.connect()))

    (photo,) = the(told, "So kam es an").attachments
    assert (photo.type, photo.title) == ("photo", "a photo")
    assert photo.url.startswith("https://")
    kinds: list[Attachment] = list(the(told, "Kaputt").attachments)
    assert [kind.type for kind in kinds] == ["photo", "video"]


# Everything at once


async def test_reading_it_all_again_is_the_same(stage: Stage) -> None:
    """Reconciling polls every source from the start: the very same values."""
    first = stage.ask_publicly("Mein Paket fehlt: https://shop.example/77", ago=timedelta(hours=5))
    write(stage, "Nachtrag & mehr", parent=first.serial)
    write(stage, "Lavka Sever schweigt", who=1)
    announced = write(stage, "Neue Jacken!", who=None, minutes=90)
    write(stage, "Wer braucht das", who=2, quoted=announced.serial)
    stage.answer(first, "Kommt", ago=timedelta(hours=1))
    connector = stage.connect(**EVERYTHING)

    once = messages_of(await read(connector))
    again = messages_of(await read(connector))
    anew = messages_of(await read(stage.connect(**EVERYTHING)))

    assert len({message.remote_id for message in once}) == 5
    for other in (again, anew):
        assert {message.remote_id for message in other} == {m.remote_id for m in once}
    versions = versions_of([*once, *again, *anew])
    assert {len(values) for values in versions.values()} == {1}


async def test_only_what_the_document_allows_is_asked_for(stage: Stage) -> None:
    """Names, values and sizes of every parameter, in every source and look-up."""
    file = CONTRACTS / "x-openapi.json"
    if not file.exists():
        pytest.skip("the official OpenAPI documents are not beside this checkout")
    paths = json.loads(file.read_text())
    for number in range(130):
        stage.ask_publicly(f"Frage {number}", ago=timedelta(minutes=30 + number), who=number % 5)
        stage.ask_privately(f"Privat {number}", ago=timedelta(minutes=30 + number), who=number % 5)
    connector = stage.connect(**EVERYTHING)
    pages = await read(connector)
    await read(connector, cursors_of(pages))
    await connector.check()
    edited = stage.world.items()[0]
    stage.world.edit(edited.serial, "@lavka_sever Anders", at=stage.clock.now())
    told = messages_of(pages)
    known = [Known(m.remote_id, m.thread_id, m.stream, m.direction, m.sent_at) for m in told]
    [page async for page in connector.verify(known)]

    calls = [call for call in stage.simulator.log.of("twitter") if call.method == "GET"]

    assert {call.endpoint for call in calls} == {
        "GET /2/users/me", MENTIONS, "GET /2/users/{id}/tweets", "GET /2/dm_events", SEARCH, LOOKUP,
    }  # fmt: skip
    wrong = [problem for call in calls for problem in problems_of(call, paths)]
    assert wrong == []


def problems_of(call: Call, document: Any) -> list[str]:
    """Return what of a request X's document does not allow."""
    path = call.endpoint.partition(" ")[2]
    found, allowed = [], {}
    for named in document["paths"][path]["get"]["parameters"]:
        parameter = resolved(named, document)
        allowed[parameter["name"]] = parameter["schema"]
    for name, value in call.query.items():
        schema = resolved(allowed.get(name), document)
        if schema is None:
            found.append(f"{path} has no {name}")
            continue
        values: list[Any] = [str(value)]
        if schema["type"] == "array":
            values, items = str(value).split(","), resolved(schema["items"], document) or {}
            if len(values) > schema.get("maxItems", 100):
                found.append(f"{path} {name} has {len(values)} values")
            schema = items
        elif schema["type"] == "integer":
            values = [int(str(value))]
        validator = OAS30Validator(schema)
        found += [f"{path} {name}={each}" for each in values if not validator.is_valid(each)]
    return found


def resolved(schema: Any, document: Any) -> Any:
    """Follow a reference into the document's components."""
    if schema is not None and "$ref" in schema:
        _root, _components, kind, name = schema["$ref"].split("/")
        return document["components"][kind][name]
    return schema


async def test_a_stranger_is_refused_by_x_as_the_window_said(stage: Stage) -> None:
    """What the window tells before is what X does."""
    write(stage, "Lavka Sever schweigt")
    connector = stage.connect(**EVERYTHING)
    (found,) = messages_of(await read(connector), "search")
    assert isinstance(connector, Connector)

    with pytest.raises(SendRefused, match="answer in the X app"):
        await connector.send(reply_to(found, "Was ist los?"))


def reply_to(message: Message, text: str) -> OutgoingReply:
    return OutgoingReply(
        key="reply-1", thread_id=message.thread_id, stream=message.stream, text=text,
        parent_id=message.remote_id, recipient=message.author, sent_after=message.sent_at,
    )  # fmt: skip
