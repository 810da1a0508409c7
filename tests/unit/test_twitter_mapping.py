"""How X's payloads become messages, in both of its vocabularies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator

from connectors.twitter.direct import read_dm_events
from connectors.twitter.found import Found, as_answer
from connectors.twitter.payloads import snowflake, time_of
from connectors.twitter.posts import Shop, read_posts
from inboxd.errors import UnexpectedPayload
from inboxd.model import Attachment, Author, Direction, Message, Stream

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
US = "2244994945"
HANDLE = "lavka_sever"
CUSTOMER = "1790000000000000001"
SENT_AT = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
RENAMED = {
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "tweets": "posts",
}
DIALECTS = {"tweet": "x-openapi.json", "post": "x-openapi-post-dialect.json"}


def new_id(seconds: int = 0) -> str:
    """Return the id of something made so many seconds after SENT_AT."""
    return str(snowflake(SENT_AT + timedelta(seconds=seconds)) + 1)


ROOT, QUESTION, ANSWER = new_id(-60), new_id(), new_id(90)


def tweet(**fields: Any) -> dict[str, Any]:
    """Return a customer's mention of the shop, with *fields* changed; None takes one away."""
    whole = {
        "id": QUESTION,
        "text": "@lavka_sever where is my parcel?",
        "author_id": CUSTOMER,
        "conversation_id": ROOT,
        "created_at": "2026-11-20T09:30:15.000Z",
        "edit_history_tweet_ids": [fields.get("id", QUESTION)],
        "entities": {"mentions": [{"start": 0, "end": 12, "username": "lavka_sever", "id": US}]},
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


def test_a_post_without_a_conversation_is_in_the_one_it_shows() -> None:
    """The field is optional: what it replies to, or else itself, is the next best."""
    alone = tweet(conversation_id=None)
    below = tweet(conversation_id=None, referenced_tweets=[{"type": "replied_to", "id": ROOT}])

    (first,), (second,) = (
        read_posts({"data": [item]}, Shop(US, HANDLE)).messages for item in (alone, below)
    )

    assert first.thread_id == f"tweet:{QUESTION}:{CUSTOMER}"
    assert second.thread_id == f"tweet:{ROOT}:{CUSTOMER}"


def answer_of_ours(**fields: Any) -> dict[str, Any]:
    """Return a reply of the shop to the customer."""
    whole = {
        "id": ANSWER,
        "text": "@anna It is on its way.",
        "author_id": US,
        "created_at": "2026-11-20T09:31:45.000Z",
        "in_reply_to_user_id": CUSTOMER,
        "referenced_tweets": [{"type": "replied_to", "id": QUESTION}],
        "entities": {"mentions": [{"start": 0, "end": 5, "username": "anna", "id": CUSTOMER}]},
    }
    return tweet(**(whole | fields))


def page(*tweets: dict[str, Any], **includes: Any) -> dict[str, Any]:
    """Return a page as X sends it, an empty one without data."""
    body: dict[str, Any] = {"data": list(tweets)} if tweets else {}
    body |= {"includes": includes} if includes else {}
    return {**body, "meta": {"result_count": len(tweets)}}


def renamed(value: Any) -> Any:
    """Return *value* in the vocabulary of API 2.167."""
    if isinstance(value, dict):
        return {RENAMED.get(name, name): renamed(inner) for name, inner in value.items()}
    return [renamed(inner) for inner in value] if isinstance(value, list) else value


def check_schema(body: Any, path: str, dialect: str = "tweet") -> None:
    """Fail unless X's own document allows *body* as an answer of *path*."""
    if not CONTRACTS.is_dir():
        pytest.skip("the networks' schemas (../shared/contracts) are not here")
    document = json.loads((CONTRACTS / DIALECTS[dialect]).read_text())
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    validator = OAS30Validator({"allOf": [schema], "components": document["components"]})
    validator.validate(body)


def read(body: Any, *, summoned_only: bool = True) -> Found:
    return read_posts(body, Shop(US, HANDLE, summoned_only=summoned_only))


def only(found: Found) -> Message:
    assert found.unknown == []
    (message,) = found.messages
    return message


ANNA = {
    "id": CUSTOMER,
    "name": "Anna K.",
    "username": "anna",
    "public_metrics": {
        "followers_count": 12_345,
        "following_count": 1,
        "tweet_count": 2,
        "post_count": 2,
        "listed_count": 0,
    },
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_reads_a_mention_in_both_vocabularies(dialect: str) -> None:
    """Names, reference, long text and media mean the same under their old and new names."""
    body = page(
        tweet(
            text="@lavka_sever where is …",
            note_tweet={"text": "@lavka_sever where is my parcel? &lt;3 &amp; thanks"},
            referenced_tweets=[{"type": "replied_to", "id": ROOT}],
            in_reply_to_user_id=US,
            attachments={"media_keys": ["3_1"]},
        ),
        users=[ANNA],
        media=[{"media_key": "3_1", "type": "photo", "url": "https://x/1.jpg", "alt_text": "box"}],
    )
    body = body if dialect == "tweet" else renamed(body)
    check_schema(body, "/2/users/{id}/mentions", dialect)

    message = only(read(body))

    assert message == Message(
        remote_id=f"tweet:{QUESTION}",
        thread_id=f"tweet:{ROOT}:{CUSTOMER}",
        stream=Stream.MENTIONS,
        direction=Direction.INBOUND,
        public=True,
        sent_at=SENT_AT,
        text="@lavka_sever where is my parcel? <3 & thanks",
        author=Author(CUSTOMER, "Anna K.", "anna", 12_345, "https://x.com/anna"),
        parent_id=f"tweet:{ROOT}",
        url=f"https://x.com/anna/status/{QUESTION}",
        attachments=(Attachment("photo", "https://x/1.jpg", "box"),),
        raw=body["data"][0],
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_of_ours_is_in_the_customers_thread(dialect: str) -> None:
    """The shop's reply is outbound, without the handle that X puts in front of it."""
    body = page(answer_of_ours())
    body = body if dialect == "tweet" else renamed(body)
    check_schema(body, "/2/users/{id}/tweets", dialect)

    message = only(read(body))

    assert message.direction is Direction.OUTBOUND
    assert message.thread_id == f"tweet:{ROOT}:{CUSTOMER}"
    assert message.parent_id == f"tweet:{QUESTION}"
    assert message.text == "It is on its way."
    assert read(body).windows == {}


def test_an_answer_in_two_parts_is_one_conversation() -> None:
    """Part two hangs below our part one and still answers the customer."""
    part_two = answer_of_ours(
        id=new_id(95),
        text="And here is the number.",
        in_reply_to_user_id=US,
        referenced_tweets=[{"type": "replied_to", "id": ANSWER}],
    )
    threads = {m.thread_id for m in read(page(part_two, answer_of_ours())).messages}
    alone = only(read(page(part_two)))

    assert threads == {f"tweet:{ROOT}:{CUSTOMER}"}
    assert alone.thread_id == f"tweet:{ROOT}:{CUSTOMER}"


def test_a_reply_that_names_itself_as_its_parent_ends() -> None:
    """A circle in what X sends does not hang the reader."""
    circle = answer_of_ours(
        in_reply_to_user_id=US,
        referenced_tweets=[{"type": "replied_to", "id": ANSWER}],
        entities=None,
    )

    assert read(page(circle)).messages == []


@pytest.mark.parametrize(
    "fields",
    [
        {"in_reply_to_user_id": None, "referenced_tweets": None},
        {"in_reply_to_user_id": None, "referenced_tweets": [{"type": "quoted", "id": QUESTION}]},
        {"in_reply_to_user_id": None, "referenced_tweets": [{"type": "retweeted", "id": ROOT}]},
    ],
    ids=["announcement", "quote", "retweet"],
)
def test_posts_of_ours_to_nobody_are_no_messages(fields: dict[str, Any]) -> None:
    """Only a reply answers: neither announcements nor quotes and retweets of ours do."""
    found = read(page(answer_of_ours(**fields)))

    assert (found.messages, found.unknown) == ([], [])


def test_a_retweet_of_ours_obliges_nobody() -> None:
    """Somebody who spreads our post asks nothing."""
    spread = tweet(
        text="RT @lavka_sever: new jackets", referenced_tweets=[{"type": "retweeted", "id": ROOT}]
    )

    found = read(page(spread))

    assert (found.messages, found.unknown) == ([], [])


def test_an_edited_post_stays_the_message_it_was() -> None:
    """X gives an edit a new id; identity and time are the first version's."""
    edited = tweet(
        id=new_id(300),
        text="@lavka_sever where is my parcel 77?",
        created_at="2026-11-20T09:35:15.000Z",
        edit_history_tweet_ids=[QUESTION, new_id(300)],
    )

    message = only(read(page(edited)))

    assert message.remote_id == f"tweet:{QUESTION}"
    assert message.sent_at == SENT_AT
    assert message.edited_at == SENT_AT + timedelta(minutes=5)


def test_without_created_at_the_id_tells_the_time() -> None:
    """Ids encode their milliseconds."""
    assert only(read(page(tweet(created_at=None)))).sent_at == SENT_AT


def test_short_links_are_shown_as_what_they_lead_to() -> None:
    """t.co says nothing to people, nor to a classifier."""
    link = {
        "start": 13,
        "end": 36,
        "url": "https://t.co/abc",
        "expanded_url": "https://shop.example/77",
    }
    linked = tweet(text="@lavka_sever see https://t.co/abc", entities={"urls": [link]})

    assert only(read(page(linked))).text == "@lavka_sever see https://shop.example/77"


def test_a_literal_entity_is_unescaped_once() -> None:
    """Who writes about HTML is not misquoted."""
    assert only(read(page(tweet(text="&amp;lt; &copy;")))).text == "&lt; &copy;"


def test_people_are_told_before_they_write_where_x_takes_no_reply() -> None:
    """Not mentioned and not quoted means no reply, unless the app is exempt."""
    stranger = page(tweet(text="lavka_sever is slow", entities=None))
    thread = f"tweet:{ROOT}:{CUSTOMER}"

    closed = read(stranger).windows[thread]

    assert not closed.open
    assert "mentioned or quoted" in closed.reason
    assert read(stranger, summoned_only=False).windows[thread].open
    assert read(page(tweet())).windows[thread].open
    assert read(page(tweet())).windows[thread].max_length == 280


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_quote_of_ours_may_be_answered(dialect: str) -> None:
    """Quoting summons as mentioning does."""
    quote = tweet(entities=None, referenced_tweets=[{"type": "quoted", "id": ROOT}])
    ours = tweet(id=ROOT, author_id=US, text="New jackets", entities=None)
    body = page(quote, tweets=[ours])
    body = body if dialect == "tweet" else renamed(body)

    assert read(body).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


def test_a_mention_that_only_the_long_text_shows_counts() -> None:
    """The entities of a cut text end where the text is cut."""
    mentions = [{"start": 290, "end": 302, "username": "lavka_sever", "id": US}]
    long = tweet(
        entities=None,
        note_tweet={"text": "…" * 290 + "@lavka_sever", "entities": {"mentions": mentions}},
    )

    assert read(page(long)).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


@pytest.mark.parametrize(
    ("fields", "words", "stream"),
    [
        ({}, (), Stream.MENTIONS),
        ({}, ("parcel",), Stream.MENTIONS),
        ({"entities": None, "text": "Lavka-Sever is slow"}, ("lavka sever",), Stream.SEARCH),
        ({"entities": None, "text": "is #lavka SEVER slow?"}, ("Lavka  Sever",), Stream.SEARCH),
        ({"entities": None, "text": "lavka severna"}, ("lavka sever",), Stream.MENTIONS),
        ({"entities": None, "text": "lavka sever"}, (), Stream.MENTIONS),
        ({"entities": None, "text": "lavka sever", "in_reply_to_user_id": US}, ("lavka sever",),
         Stream.MENTIONS),
    ],
)  # fmt: skip
def test_what_a_post_says_decides_about_its_stream(
    fields: dict[str, Any], words: tuple[str, ...], stream: Stream
) -> None:
    """Never which source brought it: several bring the same one."""
    found = read_posts(page(tweet(**fields)), Shop(US, HANDLE, words))

    assert only(found).stream is stream


@pytest.mark.parametrize("host", ["https://x.com", "https://twitter.com", "https://mobile.x.com"])
def test_a_quote_is_known_by_the_link_it_holds(host: str) -> None:
    """The quoted post need not come along, which would cost another read."""
    url = {"url": "https://t.co/1", "expanded_url": f"{host}/Lavka_Sever/status/{ROOT}"}
    quote = tweet(
        text="well https://t.co/1",
        entities={"urls": [{"start": 5, "end": 19, **url}]},
        referenced_tweets=[{"type": "quoted", "id": ROOT}],
    )
    other = {**url, "expanded_url": f"{host}/another/status/{ROOT}"}

    assert read(page(quote)).windows[f"tweet:{ROOT}:{CUSTOMER}"].open
    quote["entities"] = {"urls": [{"start": 5, "end": 19, **other}]}
    assert not read(page(quote)).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


@pytest.mark.parametrize(
    "entities",
    [None, {"mentions": [{"start": 0, "end": 12, "username": "Lavka_Sever"}]}, {}],
    ids=["none", "without ids", "empty"],
)
def test_a_mention_without_its_entity_is_one(entities: Any) -> None:
    """X may leave out what it tells beside the text."""
    assert read(page(tweet(entities=entities))).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


def test_somebody_elses_handle_is_no_mention() -> None:
    """@lavka_sever_fans is another account."""
    other = tweet(text="@lavka_sever_fans hello", entities=None)

    assert not read(page(other)).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


def test_who_lets_only_some_people_reply_is_said_before() -> None:
    """X lets those answer who are mentioned; a quote alone does not invite."""
    ours = tweet(id=ROOT, author_id=US, text="New jackets", entities=None)
    quote = tweet(
        text="well", entities=None, referenced_tweets=[{"type": "quoted", "id": ROOT}],
        reply_settings="following",
    )  # fmt: skip

    window = read(page(quote, tweets=[ours])).windows[f"tweet:{ROOT}:{CUSTOMER}"]

    assert not window.open
    assert "only some people" in window.reason
    assert read(page(tweet(reply_settings="following"))).windows[window.thread_id].open


def test_an_answer_to_several_is_in_the_threads_of_all() -> None:
    """Each customer waits in a thread of their own; the shop and the first are not "others"."""
    second, third = "1790000000000000002", "1790000000000000003"
    mentions = [
        {"start": 0, "end": 1, "username": "x", "id": user}
        for user in (CUSTOMER, second, US, third, second)
    ]
    answer = only(read(page(answer_of_ours(entities={"mentions": mentions}))))

    assert answer.thread_id == f"tweet:{ROOT}:{CUSTOMER}"
    assert answer.also_in == (f"tweet:{ROOT}:{second}", f"tweet:{ROOT}:{third}")
    assert only(read(page(tweet(entities={"mentions": mentions})))).also_in == ()


def test_a_dm_shows_the_post_that_it_shares() -> None:
    """Customers send the announcement that they ask about."""
    body = page(dm(referenced_tweets=[{"id": ROOT}]))
    check_schema(body, "/2/dm_events")

    (message,) = read_dm_events(body, US, since_id=0).messages

    assert message.attachments == (Attachment("post", f"https://x.com/i/status/{ROOT}"),)


def test_what_broke_is_kept_with_what_it_needs_to_be_read_again() -> None:
    """The error's name says what to mend; author and media come along, nobody else."""
    broken = tweet(created_at="yesterday", attachments={"media_keys": ["3_1"]})
    others = [ANNA, {**ANNA, "id": "17"}]
    media = [{"media_key": "3_1", "type": "photo"}, {"media_key": "3_2", "type": "photo"}]

    (item,) = read(page(broken, users=others, media=media)).unknown

    assert item.error.startswith("ValueError: ")
    assert item.raw == {"item": broken, "includes": {"users": [ANNA], "media": media[:1]}}
    again = as_answer({**item.raw, "item": {**broken, "created_at": None}})
    assert only(read(again)).author == Author(
        CUSTOMER, "Anna K.", "anna", 12_345, "https://x.com/anna"
    )
    assert only(read(as_answer(tweet()))).remote_id == f"tweet:{QUESTION}"


def test_a_bug_of_ours_costs_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an error that nobody thought of leaves the rest of the page alone."""
    monkeypatch.setattr("connectors.twitter.posts._also_in", lambda *_: 1 / 0)

    found = read(page(answer_of_ours(), tweet()))

    assert [message.remote_id for message in found.messages] == [f"tweet:{QUESTION}"]
    assert [item.error for item in found.unknown] == ["ZeroDivisionError: division by zero"]


def test_the_newest_message_of_a_page_decides_about_the_reply() -> None:
    """X sorts newest first; an older message does not overrule a newer one."""
    newer = tweet(id=new_id(60), text="lavka_sever is slow", entities=None)

    assert not read(page(newer, tweet())).windows[f"tweet:{ROOT}:{CUSTOMER}"].open


def dm(**fields: Any) -> dict[str, Any]:
    """Return a customer's direct message."""
    whole = {
        "id": QUESTION,
        "event_type": "MessageCreate",
        "text": "My order &amp; me",
        "sender_id": CUSTOMER,
        "dm_conversation_id": f"{US}-{CUSTOMER}",
        "created_at": "2026-11-20T09:30:15.000Z",
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_reads_direct_messages_of_both_sides(dialect: str) -> None:
    """One conversation, the customer inbound and the shop outbound, 10,000 letters allowed."""
    body = page(dm(id=ANSWER, sender_id=US, text="Found it."), dm(), users=[ANNA])
    check_schema(body, "/2/dm_events", dialect)

    found = read_dm_events(body, US, since_id=0)

    ours, theirs = found.messages
    assert (ours.direction, theirs.direction) == (Direction.OUTBOUND, Direction.INBOUND)
    assert ours.thread_id == theirs.thread_id == f"dm:{US}-{CUSTOMER}"
    assert (theirs.remote_id, theirs.text, theirs.public) == (
        f"dm:{QUESTION}",
        "My order & me",
        False,
    )
    assert theirs.author == Author(CUSTOMER, "Anna K.", "anna", 12_345, "https://x.com/anna")
    assert found.windows[theirs.thread_id].max_length == 10_000


def test_comings_and_goings_are_no_messages_and_what_is_new_is_kept() -> None:
    """Joins and leaves are ignored by name; a kind nobody knew is stored and counted."""
    body = page(
        dm(event_type="ParticipantsJoin", text=None, participant_ids=[CUSTOMER]),
        dm(event_type="ParticipantsLeave", text=None, participant_ids=[CUSTOMER]),
        dm(event_type="ReactionCreate", text=None),
    )
    check_schema(body, "/2/dm_events")

    found = read_dm_events(body, US, since_id=0)

    assert found.messages == []
    assert [(item.remote_id, item.kind) for item in found.unknown] == [
        (f"dm:{QUESTION}", "dm:ReactionCreate")
    ]


def test_events_at_or_below_the_bound_are_left_out() -> None:
    """dm_events has no since_id, so what is known comes along and is not delivered again."""
    found = read_dm_events(page(dm(id=ANSWER), dm()), US, since_id=int(QUESTION))

    assert [message.remote_id for message in found.messages] == [f"dm:{ANSWER}"]


def test_an_empty_page_has_no_data() -> None:
    """X leaves `data` out where there is nothing."""
    check_schema(page(), "/2/users/{id}/mentions")

    assert read(page()) == Found("")
    assert read_dm_events(page(), US, since_id=0) == Found("")


def test_partial_errors_are_told_unless_they_are_about_what_is_gone() -> None:
    """A deleted parent is no news; anything else that X left out is."""
    gone = {"type": "https://api.x.com/2/problems/resource-not-found", "detail": "no such tweet"}
    broken = {"type": "https://api.twitter.com/2/problems/resource-unavailable", "detail": "later"}

    assert read({**page(tweet()), "errors": [gone]}).note == ""
    assert "later" in read({**page(tweet()), "errors": [gone, broken]}).note


@pytest.mark.parametrize(
    "broken",
    [
        tweet(author_id=None),
        tweet(author_id=7),
        tweet(conversation_id=7),
        tweet(id="not-a-number"),
        tweet(id=None, edit_history_tweet_ids=None),
        tweet(text=5),
        tweet(created_at="yesterday"),
        tweet(created_at="2026-11-20T09:30:15"),
        tweet(edit_history_tweet_ids="17"),
        tweet(entities={"urls": [{"url": 1, "expanded_url": 2}]}),
        "not an object",
        None,
    ],
)
def test_one_malformed_item_spoils_nothing_else(broken: Any) -> None:
    """It is kept raw under a name of its own, and the rest of the page is delivered."""
    body = {"data": [broken, tweet(id=new_id(1))]}

    found = read(body)

    assert [message.remote_id for message in found.messages] == [f"tweet:{new_id(1)}"]
    assert [item.kind for item in found.unknown] == ["tweet:malformed"]
    assert read(body).unknown == found.unknown


def test_data_that_is_no_list_is_an_unexpected_payload() -> None:
    """No contract describes it, so nothing is made of it."""
    with pytest.raises(UnexpectedPayload):
        read({"data": {"id": "1"}})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    field=st.sampled_from([*tweet(), "note_tweet", "referenced_tweets", "attachments"]),
    value=JSON_VALUES,
)
def test_no_value_of_a_field_can_break_a_page(field: str, value: Any) -> None:
    """Whatever a field holds, the item is read, ignored or kept as unknown."""
    found = read(page({**tweet(), field: value}))

    assert len(found.messages) + len(found.unknown) <= 1


@given(where=st.sampled_from(["users", "media", "tweets"]), value=JSON_VALUES)
def test_no_include_can_break_a_page(where: str, value: Any) -> None:
    """What an item refers to may be anything at all."""
    referring = tweet(
        attachments={"media_keys": ["3_1"]}, referenced_tweets=[{"type": "quoted", "id": ROOT}]
    )
    inner = {"id": CUSTOMER, "media_key": "3_1", "name": value, "username": value, "url": value}
    for include in (value, [value], [inner], [{**inner, "id": ROOT, "author_id": value}]):
        found = read(page(referring, **{where: include}))

        assert len(found.messages) == 1


@given(st.datetimes(min_value=datetime(2011, 1, 1), max_value=datetime(2080, 1, 1)))  # noqa: DTZ001 - hypothesis wants them naive
def test_an_id_bounds_what_was_made_from_its_time_on(naive: datetime) -> None:
    """The id that stands for an instant is below that instant's ids and above those before it."""
    at = naive.replace(tzinfo=UTC)

    bound = snowflake(at)

    assert time_of(bound) < at
    assert timedelta(0) <= at - time_of(bound + 1) < timedelta(milliseconds=1)
