"""Every answer that the X facade can give, held against both of X's official documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from openapi_schema_validator import OAS30Validator

from inboxd.simulator import twitter
from inboxd.simulator.faults import Fault, Faults, RequestLog
from inboxd.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from inboxd.simulator.world import Item

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = twitter.Credentials()
BRAND = "2244994945"
GROUP = 1_600_000_000_000_000_001
DIALECTS = {"tweet": "x-openapi.json", "post": "x-openapi-post-dialect.json"}
UNDOCUMENTED = {
    "POST /2/oauth2/token": "OAuth 2.0 (RFC 6749) is not in the OpenAPI documents' paths"
}
"""Endpoints that no document describes, and why they are there."""
ONE_DIALECT = {"GET /2/usage/tweets"}
"""Nothing in a request for it says which vocabulary is spoken; it answers in the older one."""
FIELDS = {
    "tweet": {
        "tweet.fields": "author_id,conversation_id,created_at,referenced_tweets,in_reply_to_user_id,"
        "entities,public_metrics,lang,edit_controls,note_tweet,reply_settings,attachments,"
        "edit_history_tweet_ids,possibly_sensitive",
        "expansions": "author_id,referenced_tweets.id,attachments.media_keys,in_reply_to_user_id",
    },
    "post": {
        "post.fields": "conversation_id,created_at,entities,public_metrics,lang,edit_controls,"
        "note_post,reply_settings,attachments,possibly_sensitive",
        "expansions": "author_id,referenced_posts,attachments.media_keys,in_reply_to_user_id",
    },
}
MORE = {"user.fields": "public_metrics,created_at", "media.fields": "alt_text,url,width"}
DM_FIELDS = {
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,text",
    "expansions": "sender_id,attachments.media_keys",
}


@pytest.fixture
def app() -> web.Application:
    """The facade over a world that has one of everything."""
    world = World(7, customers=6)
    everything(world)
    return twitter.app(world, FAULTS, RequestLog(), lambda: START, rate_limited=False)


FAULTS = Faults()


@pytest.fixture(autouse=True)
def no_faults() -> None:
    FAULTS.clear()


def everything(world: World) -> None:
    """Write one of each kind of thing that X shows."""
    minutes = iter(range(60, 0, -1))

    def at() -> datetime:
        return START - timedelta(minutes=next(minutes))

    def write(kind: Any, text: str, who: int | None = None, **more: Any) -> Item:
        author = None if who is None else world.people[who]
        return world.add("twitter", kind, text, sent_at=at(), author=author, **more)

    announced = write("post", "New tea & <coffee>: https://shop.example/tea")
    write("search", "Look at that", 1, quoted=announced.serial)
    asked = write("mention", "@lavka_sever " + "long " * 80 + "https://shop.example/77", 0)
    world.reply(asked.serial, "On its way", sent_at=at())
    edited = write("mention", "@lavka_sever with a picture", 2, media=("photo", "video"))
    world.edit(edited.serial, "@lavka_sever with two pictures", at=at())
    gone = write("mention", "@lavka_sever I take that back", 3)
    world.reply(gone.serial, "Why?", sent_at=at())
    world.delete(gone.serial, at=START)
    shy = write("mention", "@lavka_sever only for friends", 4)
    world.reply(shy.serial, "We are friends", sent_at=at())
    world.shut(world.people[4], "protected", at=START)
    private = write("dm", "see https://shop.example/1 & call me", 0, media=("photo",))
    world.reply(private.serial, "We do", sent_at=at())
    write("dm", "we are three", 1, peer=world.people[1], group=GROUP)


def calls(dialect: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return requests to every endpoint: its name, the path, and what goes along."""
    fields, world = {**FIELDS[dialect], **MORE}, World(7, customers=6)
    everything(world)
    dms = {**DM_FIELDS, **MORE}
    if dialect == "post":
        dms["post.fields"] = "created_at"
    marker = {
        name: value for name, value in fields.items() if name not in ("expansions", "media.fields")
    }
    ids = ",".join(str(item.number) for item in world.items() if not item.private)
    customer = str(world.people[0].id_on("twitter"))
    mention = next(str(i.number) for i in world.items() if i.kind == "mention")
    return [
        ("GET /2/users/me", "/2/users/me", {"params": marker}),
        ("GET /2/users/by/username/{username}", f"/2/users/by/username/{world.people[0].handle}", {"params": marker}),
        ("GET /2/users/by/username/{username}", "/2/users/by/username/nobody_at_all", {"params": marker}),
        ("GET /2/users/{id}/mentions", f"/2/users/{BRAND}/mentions", {"params": fields}),
        ("GET /2/users/{id}/mentions", "/2/users/17/mentions", {"params": marker}),
        ("GET /2/users/{id}/tweets", f"/2/users/{BRAND}/tweets", {"params": fields}),
        ("GET /2/tweets/search/recent", "/2/tweets/search/recent", {"params": {**fields, "query": "look OR long OR tea"}}),
        ("GET /2/tweets/search/recent", "/2/tweets/search/recent", {"params": {**fields, "query": "nobody"}}),
        ("GET /2/tweets", "/2/tweets", {"params": {**fields, "ids": ids}}),
        ("GET /2/tweets", "/2/tweets", {"params": {**fields, "ids": "17"}}),
        ("POST /2/tweets", "/2/tweets", {"json": {"text": "hi", "reply": {"in_reply_to_tweet_id": mention}}}),
        ("GET /2/dm_events", "/2/dm_events", {"params": dms}),
        ("GET /2/dm_events", "/2/dm_events", {"params": {**dms, "max_results": "1"}}),
        ("GET /2/dm_conversations/with/{participant_id}/dm_events", f"/2/dm_conversations/with/{customer}/dm_events", {"params": dms}),
        ("POST /2/dm_conversations/with/{participant_id}/messages", f"/2/dm_conversations/with/{customer}/messages", {"json": {"text": "hi"}}),
        ("POST /2/dm_conversations/{dm_conversation_id}/messages", f"/2/dm_conversations/{GROUP}/messages", {"json": {"text": "hi all"}}),
        ("GET /2/usage/tweets", "/2/usage/tweets", {"params": {}}),
    ]  # fmt: skip


@pytest.fixture
async def ask(app: web.Application) -> AsyncIterator[Any]:
    async with TestServer(app) as server, aiohttp.ClientSession() as session:

        async def call(name: str, path: str, options: dict[str, Any]) -> tuple[int, str, Any]:
            bearer = KEYS.app_bearer if "usage" in name else KEYS.bearer
            headers = {"Authorization": f"Bearer {bearer}"}
            url = server.make_url(path)
            method = name.split(maxsplit=1)[0]
            async with session.request(method, url, headers=headers, **options) as answer:
                return answer.status, answer.content_type, json.loads(await answer.text())

        yield call


def validate(body: object, name: str, status: int, media: str, dialect: str) -> None:
    """Fail unless X's own document allows *body* as that answer of the endpoint *name*."""
    file = CONTRACTS / DIALECTS[dialect]
    if not file.exists():
        pytest.skip("the official OpenAPI documents are not beside this checkout")
    document = json.loads(file.read_text())
    method, _, path = name.partition(" ")
    responses = document["paths"][path][method.lower()]["responses"]
    content = responses.get(str(status), responses["default"])["content"]
    schema = content[media]["schema"]
    wrapped = {"allOf": [schema], "components": document["components"]}
    OAS30Validator(wrapped).validate(body)


def endpoints_of(app: web.Application) -> set[str]:
    """Return the names of everything the facade serves."""
    routes = (route for route in app.router.routes() if route.method != "HEAD")
    return {f"{route.method} {route.resource.canonical}" for route in routes if route.resource}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_endpoint_is_held_against_the_documents(app: web.Application, dialect: str) -> None:
    """A new handler is validated below, or says why no document describes it."""
    asked = {name for name, _path, _options in calls(dialect)}

    assert endpoints_of(app) == asked | UNDOCUMENTED.keys()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_answer_is_one_that_the_document_allows(ask: Any, dialect: str) -> None:
    """Posts, users, media, messages and partial errors, in the vocabulary they were asked in."""
    for name, path, options in calls(dialect):
        if dialect == "post" and name in ONE_DIALECT:
            continue
        status, media, body = await ask(name, path, options)

        assert status in (200, 201), (name, body)
        validate(body, name, status, media, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_answers_have_everything_in_them(ask: Any, dialect: str) -> None:
    """What is validated above is not an empty page: each kind of thing is there."""
    seen = ""
    for name, path, options in calls(dialect):
        seen += json.dumps((await ask(name, path, options))[2])

    words = {
        "tweet": ["note_tweet", "referenced_tweets", '"tweets"', "edit_history_tweet_ids"],
        "post": ["note_post", "referenced_posts", '"posts"', "edit_history_post_ids"],
    }[dialect]
    both = ["resource-not-found", "not-authorized-for-resource", "media_keys", '"media"',
            '"quoted"', "expanded_url", "&amp;", "&lt;", "next_token", str(GROUP)]  # fmt: skip
    assert [word for word in [*words, *both] if word not in seen] == []


REFUSALS: list[tuple[Fault, str | None]] = [
    (Fault.RATE_LIMIT, None), (Fault.SERVER_ERROR, None), (Fault.TOKEN_EXPIRED, None),
    (Fault.PERMISSION_MISSING, None), (Fault.REFUSED, None), (Fault.REFUSED, "usage-capped"),
    (Fault.REFUSED, "usage-capped-403"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "code"), REFUSALS)
async def test_every_refusal_is_a_problem_that_the_document_knows(
    ask: Any, fault: Fault, code: str | None
) -> None:
    """
    Limits, money, tokens and permissions, of every endpoint.

    The newer document lists no problem of type about:blank, though X sends them: these are held
    against the older one.
    """
    FAULTS.switch_on("twitter", fault, code=code)

    for name, path, options in calls("tweet"):
        status, media, body = await ask(name, path, options)

        assert status >= 400
        assert body["status"] == status
        validate(body, name, status, media, "tweet")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_refused_parameter_is_a_problem_in_either_vocabulary(
    ask: Any, dialect: str
) -> None:
    """The host in a problem's type goes with the vocabulary."""
    for name, path, options in calls(dialect):
        if "params" not in options or name in ONE_DIALECT:
            continue
        bad = {"params": {**options["params"], "made_up": "1"}}
        status, media, body = await ask(name, path, bad)

        assert status == 400
        validate(body, name, status, media, dialect)
        host = {"tweet": "https://api.twitter.com/", "post": "https://api.x.com/"}[dialect]
        assert body["type"].startswith(host)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"refresh_token": KEYS.refresh_token}, 200, None),
        ({"refresh_token": "used up"}, 400, "invalid_request"),
        ({"refresh_token": KEYS.refresh_token, "client_id": "other"}, 401, "unauthorized_client"),
        ({"refresh_token": KEYS.refresh_token, "grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)  # fmt: skip
async def test_the_token_endpoint_answers_as_rfc_6749_says(
    app: web.Application, form: dict[str, str], status: int, error: str | None
) -> None:
    """A pair of tokens for a good refresh token (section 5.1), else a named error (5.2)."""
    whole = {"grant_type": "refresh_token", "client_id": KEYS.client_id, **form}
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as session,
        session.post(server.make_url("/2/oauth2/token"), data=whole) as answer,
    ):
        body = await answer.json()
        assert answer.status == status

    if error:
        assert body["error"] == error
    else:
        assert {"token_type", "expires_in", "access_token", "refresh_token"} <= body.keys()


async def test_a_refresh_token_works_once_and_an_access_token_for_two_hours() -> None:
    """Who uses one up without keeping what came for it stands before a closed door."""
    clock = [START]
    world = World(7, customers=1)
    app = twitter.app(world, Faults(), RequestLog(), lambda: clock[0])
    form = {"grant_type": "refresh_token", "client_id": KEYS.client_id}
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        token, me = server.make_url("/2/oauth2/token"), server.make_url("/2/users/me")
        form["refresh_token"] = KEYS.refresh_token
        async with session.post(token, data=form) as answer:
            pair = await answer.json()
        async with session.post(token, data=form) as answer:
            again = answer.status
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        statuses = []
        for _look in range(2):
            async with session.get(me, headers=headers) as answer:
                statuses.append(answer.status)
            clock[0] += timedelta(hours=2)

    assert again == 400
    assert statuses == [200, 401]
