"""The X facade against the official OpenAPI documents and an independent signer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from oauthlib.oauth1 import Client as OAuth1Signer
from openapi_schema_validator import OAS30Validator
from yarl import URL

from inboxd.simulator import twitter
from inboxd.simulator.faults import Fault, Faults, RequestLog
from inboxd.simulator.world import Item, World, snowflake, snowflake_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = twitter.Credentials()
BRAND = "2244994945"
MENTIONS = "/2/users/{id}/mentions"
ALL_FIELDS = "author_id,conversation_id,created_at,referenced_tweets,in_reply_to_user_id,entities,public_metrics,lang,edit_controls,note_tweet,reply_settings"


class Shop:
    """The facade served on a loopback port, with a clock that the test moves."""

    def __init__(self) -> None:
        self.at = START
        self.world = World(7, customers=4)
        self.faults = Faults()
        self.log = RequestLog()
        self.base = ""
        self.session: aiohttp.ClientSession
        self.bearer = KEYS.bearer

    @property
    def customer(self) -> Any:
        """The customer that writes."""
        return self.world.people[0]

    def mention(self, text: str = "@lavka_sever where is my parcel?", **options: Any) -> Item:
        """Let the customer mention the shop."""
        options.setdefault("sent_at", self.at)
        return self.world.add("twitter", "mention", text, author=self.customer, **options)

    def dm(self, text: str = "hello", **options: Any) -> Item:
        """Let the customer write privately."""
        options.setdefault("sent_at", self.at)
        return self.world.add("twitter", "dm", text, author=self.customer, **options)

    async def get(self, path: str, *, status: Any = 200, **params: str) -> Any:
        """GET, and return the JSON."""
        return (await self.call("GET", path, status, params=params))[0]

    async def post(self, path: str, body: object, status: int = 201) -> Any:
        """POST JSON, and return the JSON."""
        return (await self.call("POST", path, status, json=body))[0]

    async def call(self, method: str, path: str, status: int, **options: Any) -> tuple[Any, Any]:
        """Call with the bearer token; return JSON and headers."""
        headers = {"Authorization": f"Bearer {self.bearer}"}
        url = self.base + path.replace("{id}", BRAND)
        async with self.session.request(method, url, headers=headers, **options) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return json.loads(text), answer.headers


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = twitter.app(shop.world, shop.faults, shop.log, lambda: shop.at)
    async with (
        TestServer(app, handler_cancellation=True) as server,
        aiohttp.ClientSession() as session,
    ):
        shop.base = str(server.make_url("")).rstrip("/")
        shop.session = session
        yield shop


def validate(body: object, path: str, *, document: str = "x-openapi.json", **which: str) -> None:
    """Check an answer against the official document; *which* may name method and status."""
    file = CONTRACTS / document
    if not file.exists():
        pytest.skip("the official OpenAPI documents are not beside this checkout")
    contents = json.loads(file.read_text())
    responses = contents["paths"][path][which.get("method", "get")]["responses"]
    content = responses[which.get("status", "200")]["content"]
    schema = content[which.get("media", "application/json")]["schema"]
    # The document's components travel along, so that "#/components/…" resolves.
    OAS30Validator({"allOf": [schema], "components": contents["components"]}).validate(body)


def sign(method: str, url: str, **wrong: str) -> dict[str, str]:
    """Sign with oauthlib, which shares no code with the simulator."""
    keys = {
        "client_key": KEYS.consumer_key,
        "client_secret": KEYS.consumer_secret,
        "resource_owner_key": KEYS.access_token,
        "resource_owner_secret": KEYS.access_token_secret,
        **wrong,
    }
    _url, headers, _body = OAuth1Signer(**keys).sign(url, http_method=method)
    return dict(headers)


async def test_a_mention_is_rendered_as_the_official_document_says(shop: Shop) -> None:
    """Everything that can be asked for is valid, and right."""
    first = shop.mention("@lavka_sever " + "долго " * 80)
    shop.at += timedelta(minutes=1)
    answer = shop.world.reply(first.serial, "Здравствуйте! Уже проверяем", sent_at=shop.at)
    shop.world.reply(answer.serial, "и что там?", sent_at=shop.at, author=shop.customer)

    body = await shop.get(
        MENTIONS,
        **{"tweet.fields": ALL_FIELDS, "expansions": "author_id,referenced_tweets.id,entities.mentions.username",
           "user.fields": "public_metrics,created_at,verified"},
    )  # fmt: skip

    validate(body, MENTIONS)
    newest, oldest = body["data"]
    assert newest["referenced_tweets"] == [{"type": "replied_to", "id": str(answer.number)}]
    assert newest["text"] == "@lavka_sever и что там?"
    assert newest["conversation_id"] == oldest["id"] == str(first.number)
    assert oldest["text"].endswith("…")
    assert oldest["note_tweet"]["text"] == first.text
    assert oldest["created_at"] == "2026-03-02T09:00:00.000Z"
    assert [post["id"] for post in body["includes"]["tweets"]] == [str(answer.number)]
    assert {user["username"] for user in body["includes"]["users"]} == {
        shop.customer.handle, "lavka_sever",
    }  # fmt: skip
    assert body["meta"] == {
        "result_count": 2, "newest_id": newest["id"], "oldest_id": oldest["id"],
    }  # fmt: skip


async def test_only_what_is_asked_for_is_sent(shop: Shop) -> None:
    """Without fields a post has its id, text and history, and nothing else."""
    shop.mention()

    body = await shop.get(MENTIONS)

    assert set(body["data"][0]) == {"id", "text", "edit_history_tweet_ids"}
    assert "includes" not in body


async def test_it_answers_in_the_vocabulary_it_was_asked_in(shop: Shop) -> None:
    """`post.fields` brings the renamed keys, valid by the newer document."""
    first = shop.mention()
    shop.world.reply(first.serial, "still waiting", sent_at=shop.at, author=shop.customer)

    body = await shop.get(
        MENTIONS,
        **{"post.fields": "created_at,public_metrics,note_post,conversation_id",
           "expansions": "referenced_posts,author_id"},
    )  # fmt: skip

    validate(body, MENTIONS, document="x-openapi-post-dialect.json")
    reply = body["data"][0]
    assert reply["referenced_posts"] == [{"type": "replied_to", "id": str(first.number)}]
    assert "repost_count" in reply["public_metrics"]
    assert "edit_history_post_ids" in reply
    assert [post["id"] for post in body["includes"]["posts"]] == [str(first.number)]


async def test_an_empty_page_has_no_data(shop: Shop) -> None:
    """X leaves `data` out, and clients that index into it must not be spared."""
    body = await shop.get(MENTIONS)

    assert body == {"meta": {"result_count": 0}}
    validate(body, MENTIONS)


async def test_pages_hold_every_mention_once(shop: Shop) -> None:
    """Following next_token with the same since_id brings everything newer, newest first."""
    known = shop.mention()
    wanted = []
    for number in range(23):
        shop.at += timedelta(seconds=1)
        wanted.append(str(shop.mention(f"@lavka_sever number {number}").number))

    got: list[str] = []
    token: dict[str, str] = {}
    while True:
        body = await shop.get(MENTIONS, max_results="5", since_id=str(known.number), **token)
        got += [post["id"] for post in body["data"]]
        if "next_token" not in body["meta"]:
            break
        token = {"pagination_token": body["meta"]["next_token"]}

    assert got == wanted[::-1]


async def test_mentions_reach_back_800_posts(shop: Shop) -> None:
    """What is older can no longer be read, as X documents."""
    for number in range(803):
        shop.mention(sent_at=START + timedelta(seconds=number))
    shop.at += timedelta(hours=1)
    oldest_readable = shop.world.get(4).number

    count = 0
    token: dict[str, str] = {}
    while True:
        body = await shop.get(MENTIONS, max_results="100", **token)
        count += body["meta"]["result_count"]
        if "next_token" not in body["meta"]:
            break
        token = {"pagination_token": body["meta"]["next_token"]}

    assert count == 800
    assert body["meta"]["oldest_id"] == str(oldest_readable)


async def test_a_late_delivery_has_an_older_id_than_what_was_seen(shop: Shop) -> None:
    """Ids tell when a post was made, so since_id alone loses one that is delivered late."""
    late = shop.mention(visible_at=START + timedelta(minutes=5))
    early = shop.mention(sent_at=START + timedelta(minutes=1))
    shop.at = START + timedelta(minutes=2)
    before = await shop.get(MENTIONS)
    shop.at = START + timedelta(minutes=6)
    after = await shop.get(MENTIONS)
    blind = await shop.get(MENTIONS, since_id=str(early.number))

    assert [post["id"] for post in before["data"]] == [str(early.number)]
    assert [post["id"] for post in after["data"]] == [str(early.number), str(late.number)]
    assert blind["meta"]["result_count"] == 0


async def test_an_edit_is_a_newer_post_with_its_history(shop: Shop) -> None:
    """X gives each version an id of its own; the newest stands in the timeline."""
    item = shop.mention("@lavka_sever where is it")
    shop.mention("@lavka_sever me too", sent_at=START + timedelta(minutes=1))
    shop.at = START + timedelta(minutes=2)
    shop.world.edit(item.serial, "@lavka_sever found it, sorry", at=shop.at)

    body = await shop.get(MENTIONS)

    newest = body["data"][0]
    assert newest["text"] == "@lavka_sever found it, sorry"
    assert newest["edit_history_tweet_ids"] == [str(item.number), newest["id"]]
    assert snowflake_time(int(newest["id"])) == shop.at


async def test_a_deleted_post_is_gone_and_a_lookup_says_so(shop: Shop) -> None:
    """A lookup answers 200 with what there is and a partial error for what there is not."""
    kept, gone = shop.mention(), shop.mention("@lavka_sever oops")
    shop.world.delete(gone.serial, at=shop.at)

    body = await shop.get("/2/tweets", ids=f"{kept.number},{gone.number}")

    validate(body, "/2/tweets")
    assert [post["id"] for post in body["data"]] == [str(kept.number)]
    assert body["errors"][0]["resource_id"] == str(gone.number)
    assert body["errors"][0]["type"].endswith("/resource-not-found")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_results", "4"), ("max_results", "101"), ("max_results", "ten"), ("since_id", "abc"),
        ("until_id", "12345678901234567890"), ("start_time", "yesterday"),
        ("start_time", "2026-03-02T09:00:00"), ("pagination_token", "made-up"), ("post_fields", "id"),
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_refused_by_name(shop: Shop, name: str, value: str) -> None:
    """The problem is X's invalid-request and names the parameter."""
    body = await shop.get(MENTIONS, status=400, **{name: value})

    assert body["type"].endswith("/invalid-request")
    assert name in body["errors"][0]["parameters"]
    validate(body, MENTIONS, status="default", media="application/problem+json")


async def test_bounds_in_time_are_obeyed(shop: Shop) -> None:
    """start_time is inclusive, end_time exclusive."""
    items = [shop.mention(sent_at=START + timedelta(minutes=minute)) for minute in range(4)]
    shop.at += timedelta(hours=1)

    body = await shop.get(
        MENTIONS, start_time="2026-03-02T09:01:00Z", end_time="2026-03-02T09:03:00Z"
    )

    assert [post["id"] for post in body["data"]] == [str(items[2].number), str(items[1].number)]


async def test_own_posts_show_answers_given_with_any_tool(shop: Shop) -> None:
    """The shop's timeline has its answers, with the handle in front, and can leave them out."""
    item = shop.mention()
    shop.world.reply(item.serial, "on it", sent_at=shop.at, staff="another tool")
    shop.world.add("twitter", "post", "New tea is in", sent_at=shop.at)

    everything = await shop.get("/2/users/{id}/tweets")
    posts = await shop.get("/2/users/{id}/tweets", exclude="replies")

    validate(everything, "/2/users/{id}/tweets")
    assert [post["text"] for post in everything["data"]] == [
        "New tea is in", f"@{shop.customer.handle} on it",
    ]  # fmt: skip
    assert [post["text"] for post in posts["data"]] == ["New tea is in"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"lavka sever"', ["Lavka Sever never answers"]),
        ("lavka -never", []),
        ("(tea OR coffee) lang:en", ["coffee from the north"]),
        ("from:lavka_sever", ["New tea"]),
        ("coffee OR tea", ["New tea", "coffee from the north"]),
    ],
)
async def test_search_finds_who_names_the_brand(shop: Shop, query: str, found: list[str]) -> None:
    """Words, phrases, exclusions, OR and brackets work as in X's search language."""
    english = shop.world.new_person("guest", "Guest", language="en")
    for text in ("Lavka Sever never answers", "coffee from the north"):
        shop.world.add("twitter", "search", text, author=english, sent_at=shop.at)
    shop.world.add("twitter", "post", "New tea", sent_at=shop.at)

    body = await shop.get("/2/tweets/search/recent", query=query)

    validate(body, "/2/tweets/search/recent")
    assert [post["text"] for post in body.get("data", [])] == found


async def test_search_refuses_a_stale_cursor(shop: Shop) -> None:
    """A since_id older than a week is a 400 that tells the oldest id allowed."""
    stale = str(snowflake(START - timedelta(days=8)))

    body = await shop.get("/2/tweets/search/recent", status=400, query="tea", since_id=stale)

    assert "'since_id' must be a tweet id created after" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (
            {"start_time": "2026-01-01T00:00:00Z", "until_id": str(snowflake(START))},
            "in conjunction",
        ),
        ({"since_id": str(snowflake(START)), "end_time": "2026-01-01T00:00:00Z"}, "in conjunction"),
        ({"since_id": str(snowflake(START)), "until_id": str(snowflake(START))}, "less than"),
    ],
)
async def test_search_refuses_bounds_that_do_not_go_together(
    shop: Shop, bounds: dict[str, str], told: str
) -> None:
    """Ids beside times, and a bound above the other, are a 400."""
    body = await shop.get("/2/tweets/search/recent", status=400, query="tea", **bounds)

    assert told in body["errors"][0]["message"]


async def test_direct_messages_come_newest_first_with_their_conversation(shop: Shop) -> None:
    """Both sides' messages are there, under an id made of both users' ids."""
    asked = shop.dm("is the shop open?")
    shop.at += timedelta(minutes=1)
    answered = shop.world.reply(asked.serial, "yes, until 6", sent_at=shop.at)

    fields = {
        "dm_event.fields": "created_at,dm_conversation_id,sender_id,event_type,text",
        "expansions": "sender_id",
    }
    body = await shop.get("/2/dm_events", **fields)

    validate(body, "/2/dm_events")
    assert [event["id"] for event in body["data"]] == [str(answered.number), str(asked.number)]
    customer_id = shop.customer.id_on("twitter")
    ends = sorted((int(BRAND), customer_id))
    assert body["data"][0]["dm_conversation_id"] == f"{ends[0]}-{ends[1]}"
    assert [event["sender_id"] for event in body["data"]] == [BRAND, str(customer_id)]
    assert {user["id"] for user in body["includes"]["users"]} == {BRAND, str(customer_id)}


async def test_direct_messages_page_and_end(shop: Shop) -> None:
    """Each page goes on below the last; those of 30 days ago are gone."""
    shop.dm("too old", sent_at=START - timedelta(days=31))
    sent = [str(shop.dm(sent_at=START + timedelta(seconds=n)).number) for n in range(5)]
    shop.at += timedelta(minutes=1)
    path = f"/2/dm_conversations/with/{shop.customer.id_on('twitter')}/dm_events"

    first = await shop.get(path, max_results="3")
    second = await shop.get(path, max_results="3", pagination_token=first["meta"]["next_token"])

    validate(first, "/2/dm_conversations/with/{participant_id}/dm_events")
    assert [event["id"] for event in first["data"] + second["data"]] == sent[::-1]
    assert "next_token" not in second["meta"]


async def test_a_reply_to_a_mention_is_written_into_the_world(shop: Shop) -> None:
    """The answer is a 201 with the new id, and the thread shows it."""
    item = shop.mention()
    request = {"text": "On its way", "reply": {"in_reply_to_tweet_id": str(item.number)}}

    body = await shop.post("/2/tweets", request)

    validate(body, "/2/tweets", method="post", status="201")
    written = shop.world.children(item.serial, shop.at)
    assert [(reply.text, reply.by_brand) for reply in written] == [("On its way", True)]
    assert body["data"]["id"] == str(written[0].number)


async def test_a_reply_to_someone_who_did_not_mention_us_is_refused(shop: Shop) -> None:
    """Since 2026-02-23 a self-serve app may answer only who mentioned it."""
    item = shop.world.add(
        "twitter", "search", "Lavka Sever is slow", author=shop.customer, sent_at=shop.at
    )
    request = {"text": "Sorry!", "reply": {"in_reply_to_tweet_id": str(item.number)}}

    body = await shop.post("/2/tweets", request, 403)

    assert "not been mentioned" in body["detail"]
    assert shop.world.children(item.serial, shop.at) == []


async def test_the_same_text_to_the_same_person_is_refused(shop: Shop) -> None:
    """A blind retry of a reply shows as X's duplicate error, not as a second reply."""
    item = shop.mention()
    request = {"text": "On its way", "reply": {"in_reply_to_tweet_id": str(item.number)}}
    await shop.post("/2/tweets", request)

    body = await shop.post("/2/tweets", request, 403)

    assert "duplicate" in body["detail"]
    assert len(shop.world.children(item.serial, shop.at)) == 1


@pytest.mark.parametrize(
    ("text", "status"),
    [("я" * 280, 201), ("я" * 281, 403), ("😀" * 141, 403), ("https://shop.example/" + "a" * 300, 201),
     ("buy $AAA and $BBB", 403), ("  ", 400)],
)  # fmt: skip
async def test_the_length_of_a_post_is_counted_as_x_does(
    shop: Shop, text: str, status: int
) -> None:
    """280 letters, emoji count two, a link 23; one cashtag at most."""
    await shop.post("/2/tweets", {"text": text}, status)


async def test_a_direct_message_needs_a_conversation(shop: Shop) -> None:
    """Who never wrote cannot be written to; who did gets the message."""
    stranger = shop.world.people[1].id_on("twitter")
    asked = shop.dm()
    path = "/2/dm_conversations/with/{}/messages"

    refused = await shop.post(path.format(stranger), {"text": "hi"}, 403)
    body = await shop.post(path.format(shop.customer.id_on("twitter")), {"text": "hi"})

    assert refused["status"] == 403
    validate(body, path.format("{participant_id}"), method="post", status="201")
    thread = shop.world.dm_thread("twitter", shop.customer, shop.at)
    assert [item.serial for item in thread] == [asked.serial, asked.serial + 1]


async def test_the_account_and_its_usage_are_told(shop: Shop) -> None:
    """users/me needs a user's token, usage the app's; a post counts once a day."""
    shop.mention()
    for _poll in range(2):
        await shop.get(MENTIONS)
    me = await shop.get("/2/users/me", **{"user.fields": "public_metrics,verified_type"})
    refused = await shop.get("/2/usage/tweets", status=403)
    shop.bearer = KEYS.app_bearer
    usage = await shop.get("/2/usage/tweets")
    await shop.get("/2/users/me", status=403)

    validate(me, "/2/users/me")
    validate(usage, "/2/usage/tweets")
    assert me["data"]["id"] == BRAND
    assert refused["type"].endswith("/unsupported-authentication")
    assert usage["data"]["project_usage"] == 1


async def test_rate_limits_are_counted_in_windows(shop: Shop) -> None:
    """The 16th poll of direct messages is a 429 without Retry-After, until the window ends."""
    for left in range(14, -1, -1):
        _body, headers = await shop.call("GET", "/2/dm_events", 200)
        assert headers["x-rate-limit-remaining"] == str(left)
    body, headers = await shop.call("GET", "/2/dm_events", 429)

    assert body["type"] == "about:blank"
    assert headers["x-rate-limit-limit"] == "15"
    assert headers["x-rate-limit-reset"] == str(int((START + timedelta(minutes=15)).timestamp()))
    assert "Retry-After" not in headers
    shop.at += timedelta(minutes=15)
    await shop.get("/2/dm_events")


async def test_a_correct_signature_is_accepted_once(shop: Shop) -> None:
    """Oauthlib's signature over this server's own address opens it; a replay does not."""
    url = f"{shop.base}/2/users/{BRAND}/mentions?tweet.fields=author_id%2Clang&max_results=5"
    headers = sign("GET", url)

    statuses = []
    for _attempt in range(2):
        async with shop.session.get(URL(url, encoded=True), headers=headers) as got:
            statuses.append(got.status)

    assert statuses == [200, 401]


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "wrong"}, {"resource_owner_secret": "wrong"}, {"client_key": "wrong"},
        {"resource_owner_key": "wrong"},
    ],
)  # fmt: skip
async def test_a_wrong_signature_is_refused(shop: Shop, wrong: dict[str, str]) -> None:
    """Each of the four keys matters."""
    url = f"{shop.base}/2/users/me"

    async with shop.session.get(url, headers=sign("GET", url, **wrong)) as answer:
        assert answer.status == 401


async def test_a_signature_for_another_address_is_refused(shop: Shop) -> None:
    """A client that signs api.x.com and talks to a proxy is told so, as the real proxy would."""
    signed = sign("GET", "https://api.x.com/2/users/me")

    async with shop.session.get(f"{shop.base}/2/users/me", headers=signed) as answer:
        assert answer.status == 401
        body = json.loads(await answer.text())
    validate(body, "/2/users/me", status="default", media="application/problem+json")


@pytest.mark.parametrize("bearer", ["wrong", ""])
async def test_a_wrong_bearer_token_is_refused(shop: Shop, bearer: str) -> None:
    """401, whatever the path."""
    shop.bearer = bearer

    await shop.get("/2/users/me", status=401)


@pytest.mark.parametrize(
    ("fault", "code", "status", "kind"),
    [
        (Fault.RATE_LIMIT, None, 429, "about:blank"),
        (Fault.SERVER_ERROR, None, 503, "about:blank"),
        (Fault.TOKEN_EXPIRED, None, 401, "about:blank"),
        (Fault.PERMISSION_MISSING, None, 403, "oauth1-permissions"),
        (Fault.REFUSED, None, 402, "credits"),
        (Fault.REFUSED, "usage-capped", 429, "usage-capped"),
    ],
)
async def test_faults_speak_as_x_does(
    shop: Shop, fault: Fault, code: str | None, status: int, kind: str
) -> None:
    """A switched-on fault is a valid problem, hits as often as told, and only its endpoint."""
    shop.faults.switch_on("twitter", fault, endpoint="GET */mentions", times=1, code=code)

    await shop.get("/2/users/me")
    body = await shop.get(MENTIONS, status=status)
    await shop.get(MENTIONS)

    assert body["type"].endswith(kind)
    validate(body, MENTIONS, status="default", media="application/problem+json")


async def test_a_lost_answer_leaves_the_reply_written(shop: Shop) -> None:
    """The connection breaks after the request was carried out: the client cannot know."""
    item = shop.mention()
    shop.faults.switch_on("twitter", Fault.DROP_AFTER, endpoint="POST /2/tweets", times=1)
    request = {"text": "On its way", "reply": {"in_reply_to_tweet_id": str(item.number)}}

    with pytest.raises(aiohttp.ClientConnectionError):
        await shop.post("/2/tweets", request)

    assert [reply.text for reply in shop.world.children(item.serial, shop.at)] == ["On its way"]
    assert shop.log.of("twitter", "POST /2/tweets")[-1].status is None


async def test_a_connection_dropped_before_writes_nothing(shop: Shop) -> None:
    """The other lost answer: nothing was carried out."""
    shop.faults.switch_on("twitter", Fault.DROP_BEFORE, times=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await shop.post("/2/tweets", {"text": "hello"})

    assert shop.world.items() == []


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED])
async def test_what_is_not_json_comes_with_status_200(shop: Shop, fault: Fault) -> None:
    """A proxy's page and a cut answer look like success until they are read."""
    shop.faults.switch_on("twitter", fault, times=1)

    with pytest.raises(json.JSONDecodeError):
        await shop.get("/2/users/me", status=200)


async def test_a_hanging_request_ends_with_its_client(shop: Shop) -> None:
    """Nothing is answered until the client gives up, and nothing is left running."""
    shop.faults.switch_on("twitter", Fault.TIMEOUT, times=1)

    with pytest.raises(TimeoutError):
        await shop.call("GET", "/2/users/me", 200, timeout=aiohttp.ClientTimeout(total=0.05))
    await shop.get("/2/users/me")


async def test_duplicates_show_each_post_twice(shop: Shop) -> None:
    """A page that repeats itself is still a valid page."""
    item = shop.mention()
    shop.faults.switch_on("twitter", Fault.DUPLICATES, times=1)

    body = await shop.get(MENTIONS)

    assert [post["id"] for post in body["data"]] == [str(item.number)] * 2
    validate(body, MENTIONS)


async def test_the_log_masks_secrets_and_keeps_paging(shop: Shop) -> None:
    """A test can read what was asked for, and no token."""
    await shop.get(MENTIONS, status=400, pagination_token="made-up")
    await shop.post("/2/tweets", {"text": "hello", "access_token": "secret"})

    asked, written = shop.log.of("twitter")
    assert asked.query == {"pagination_token": "made-up"}
    assert asked.status == 400
    assert written.body == {"text": "hello", "access_token": "***"}


async def test_any_text_goes_through(shop: Shop) -> None:
    """NUL, right-to-left marks and 100 KB arrive as they were written."""
    text = "@lavka_sever \x00 \u202eabc\u202c " + "ж" * 100_000
    shop.mention(text)

    body = await shop.get(MENTIONS, **{"tweet.fields": "note_tweet"})

    assert body["data"][0]["note_tweet"]["text"] == text
