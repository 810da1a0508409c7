"""The endpoints of X's API v2 over the simulated world, as an aiohttp application."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from inboxd.simulator.faults import Fault, Faults, RequestLog, Switch, middleware
from inboxd.simulator.twitter import parameters, posts, problems, writing
from inboxd.simulator.twitter.credentials import Caller, Credentials, Gate
from inboxd.simulator.twitter.limits import Limits, RateLimitedError
from inboxd.simulator.twitter.render import Renderer, conversation_id
from inboxd.simulator.twitter.search import QueryError, compile_query
from inboxd.simulator.world import snowflake, snowflake_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from inboxd.simulator.people import Network, Person
    from inboxd.simulator.twitter.posts import Post
    from inboxd.simulator.world import World

_T = TypeVar("_T")

NETWORK: Network = "twitter"
_MENTIONS_REACH = 800
_OWN_REACH = 3_200
_SEARCH_REACH = timedelta(days=7)
_USER_ONLY = ("OAuth 1.0a User Context, OAuth 2.0 User Context", "OAuth 2.0 Application-Only")
_APP_ONLY = ("OAuth 2.0 Application-Only", "OAuth 1.0a User Context")
_NEEDS_USER = frozenset((
    "GET /2/users/me", "GET /2/dm_events", "POST /2/tweets",
    "GET /2/dm_conversations/with/{participant_id}/dm_events",
    "POST /2/dm_conversations/with/{participant_id}/messages",
    "POST /2/dm_conversations/{dm_conversation_id}/messages",
))  # fmt: skip
_NEEDS_APP = frozenset(("GET /2/usage/tweets",))
_TOKEN = "POST /2/oauth2/token"
_MONTHLY_CAP = 3_000_000


def app(  # noqa: PLR0913 - the parts every facade is made of
    world: World,
    faults: Faults,
    log: RequestLog,
    now: Callable[[], datetime],
    *,
    credentials: Credentials | None = None,
    rate_limited: bool = True,
) -> web.Application:
    """
    Return the facade.

    Endpoints are named for `Faults` as "GET /2/users/{id}/mentions". *rate_limited* False
    lifts X's rate limits, for benchmarks.
    """
    facade = _Facade(world, faults, now, credentials or Credentials(), limited=rate_limited)
    wear = middleware(NETWORK, faults, log, now, endpoint_of=_endpoint, worded=facade.worded)
    application = web.Application(middlewares=[wear, facade.admit], client_max_size=1024 * 1024)
    for name, handler in facade.handlers().items():
        method, _, path = name.partition(" ")
        application.router.add_route(method, path, handler)
    return application


def _endpoint(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {request.path if resource is None else resource.canonical}"


class _Facade:
    """The handlers; each reads its parameters, asks the world and renders."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        now: Callable[[], datetime],
        credentials: Credentials,
        *,
        limited: bool,
    ) -> None:
        self._world = world
        self._faults = faults
        self._now = now
        self._gate = Gate(credentials, now)
        self._limits = Limits(now, enforced=limited)
        self._read: set[tuple[str, int]] = set()

    def handlers(self) -> dict[str, Callable[[web.Request], Awaitable[web.Response]]]:
        """Return the handler of each endpoint, by its name."""
        return {
            "GET /2/users/me": self.me,
            "GET /2/users/by/username/{username}": self.user,
            "GET /2/users/{id}/mentions": self.mentions,
            "GET /2/users/{id}/tweets": self.timeline,
            "GET /2/tweets/search/recent": self.search,
            "GET /2/tweets": self.lookup,
            "POST /2/tweets": self.create_post,
            "GET /2/dm_events": self.dm_events,
            "GET /2/dm_conversations/with/{participant_id}/dm_events": self.dm_events,
            "POST /2/dm_conversations/with/{participant_id}/messages": self.create_dm,
            "POST /2/dm_conversations/{dm_conversation_id}/messages": self.create_group_dm,
            "POST /2/oauth2/token": self.token,
            "GET /2/usage/tweets": self.usage,
        }

    @web.middleware
    async def admit(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Check who calls and how often, and word every error as X does."""
        endpoint = _endpoint(request)
        headers: dict[str, str] = {}
        try:
            headers = self._let_in(endpoint, request)
            response = await handler(request)
        except RateLimitedError as problem:
            return problem.response(problem.headers)
        except problems.ProblemError as problem:
            return problem.response(headers, posts="post.fields" in request.query)
        except problems.NothingFoundError as nothing:
            return web.json_response({"errors": [nothing.error]}, headers=headers)
        except web.HTTPNotFound:
            return problems.plain(404).response()
        except web.HTTPMethodNotAllowed:
            return problems.plain(405).response()
        response.headers.update(headers)
        return response

    def _let_in(self, endpoint: str, request: web.Request) -> dict[str, str]:
        """Return the headers that say how often the caller may still ask."""
        if endpoint == _TOKEN:
            return {}
        caller = self._gate.caller(request)
        _check_caller(endpoint, caller)
        return self._limits.take(endpoint, caller)

    def worded(self, _request: web.Request, switch: Switch) -> web.Response:
        """Render a switched-on fault; a rate limit tells when it ends in x-rate-limit-reset."""
        headers = {}
        if switch.fault is Fault.RATE_LIMIT:
            reset = int((self._now() + switch.reset_after).timestamp())
            headers = {
                "x-rate-limit-limit": "300",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": str(reset),
            }
        return problems.of_fault(switch).response(headers)

    async def me(self, request: web.Request) -> web.Response:
        """Return the account the token belongs to."""
        parameters.check_names(request, parameters.USER)
        renderer = Renderer(self._world, self._now(), parameters.read_query(request))
        return web.json_response({"data": renderer.user(None)})

    async def user(self, request: web.Request) -> web.Response:
        """Return somebody by their screen name; of nobody, X answers a 200 with errors alone."""
        parameters.check_names(request, parameters.USER)
        name = request.match_info["username"]
        query = parameters.read_query(request)
        renderer = Renderer(self._world, self._now(), query)
        if name.lower() == self._world.brand("twitter").handle.lower():
            return web.json_response({"data": renderer.user(None)})
        person = self._world.person_by_handle(name)
        if person is None:
            missing = problems.not_found("user", "username", name, posts=query.posts)
            return web.json_response({"errors": [missing]})
        return web.json_response({"data": renderer.user(person)})

    async def mentions(self, request: web.Request) -> web.Response:
        """Return who mentioned the account, newest first; X reaches back 800 posts, no further."""
        parameters.check_names(request, parameters.TIMELINE)
        at = self._now()
        if self._owner(request) is not None:
            return self._timeline(request, (), at, reach=_MENTIONS_REACH)
        found = posts.newest_first(self._world, ("mention",), at)
        return self._timeline(request, found, at, reach=_MENTIONS_REACH)

    async def timeline(self, request: web.Request) -> web.Response:
        """Return what a user wrote, replies among it unless excluded."""
        parameters.check_names(request, parameters.OWN_TIMELINE)
        at = self._now()
        owner = self._owner(request)
        without_replies = "replies" in request.query.get("exclude", "").split(",")
        found = (
            post
            for post in posts.newest_first(self._world, posts.PUBLIC, at)
            if post.item.author == owner and not (without_replies and post.item.parent)
        )
        reach = _MENTIONS_REACH if without_replies else _OWN_REACH
        return self._timeline(request, found, at, reach=reach)

    async def search(self, request: web.Request) -> web.Response:
        """Return the posts of the last seven days that match a query."""
        parameters.check_names(request, parameters.SEARCH)
        text = request.query.get("query", "")
        if not 1 <= len(text) <= 512:
            raise problems.invalid("query", text, "The `query` must have 1 to 512 characters")
        try:
            matches = compile_query(self._world, text)
        except QueryError as error:
            raise problems.invalid("query", text, str(error)) from error
        at = self._now()
        self._check_search_window(request, at - _SEARCH_REACH)
        found = (
            post
            for post in posts.newest_first(self._world, posts.PUBLIC, at)
            if post.made_at > at - _SEARCH_REACH and matches(post)
        )
        return self._timeline(request, found, at, smallest=10)

    async def lookup(self, request: web.Request) -> web.Response:
        """Return up to 100 posts by id; the missing ones are partial errors in a 200."""
        parameters.check_names(request, parameters.LOOKUP)
        ids = list(filter(None, request.query.get("ids", "").split(",")))
        if not 1 <= len(ids) <= 100:
            raise problems.invalid("ids", ",".join(ids), "`ids` must name 1 to 100 posts")
        at = self._now()
        query = parameters.read_query(request)
        renderer = Renderer(self._world, at, query)
        data, missing = [], []
        for text in ids:
            post = posts.find(self._world, parameters.checked_id("ids", text), at)
            if post is None:
                missing.append(problems.not_found("tweet", "ids", text, posts=query.posts))
            elif self._world.shut_at(post.item.author, at):
                missing.append(problems.not_authorized("ids", text, posts=query.posts))
            else:
                self._count(post.id, at)
                data.append(renderer.post(post))
        extras = renderer.extras()
        errors = [*extras.pop("errors", []), *missing]
        body: dict[str, Any] = {"data": data} if data else {}
        return web.json_response(body | extras | ({"errors": errors} if errors else {}))

    async def dm_events(self, request: web.Request) -> web.Response:
        """Return direct messages of 30 days, newest first: all, or those with one person."""
        parameters.check_names(request, parameters.DM_EVENTS)
        token = request.query.get("pagination_token")
        window = parameters.read_window(request, smallest=1, default=100, token=token)
        participant = request.match_info.get("participant_id")
        peer_id = None
        if participant is not None:
            peer_id = parameters.checked_id("participant_id", participant)
        types = request.query.get("event_types", "MessageCreate").split(",")
        at = self._now()
        page, more = posts.direct_messages(self._world, at, window, peer_id=peer_id)
        if "MessageCreate" not in types:
            page, more = [], False
        renderer = Renderer(self._world, at, parameters.read_query(request))
        shown = self._with_duplicates(request, page)
        data = [renderer.dm_event(item) for item in shown]
        meta: dict[str, Any] = {"result_count": len(data)}
        if more:
            meta["next_token"] = parameters.pack_token(page[-1].number)
        body: dict[str, Any] = {"data": data} if data else {}
        return web.json_response(body | renderer.extras() | {"meta": meta})

    async def create_post(self, request: web.Request) -> web.Response:
        """Write a post or a reply."""
        at = self._now()
        item = writing.write_post(self._world, await _json(request), at)
        post = posts.current(item, at)
        renderer = Renderer(self._world, at, parameters.read_query(request))
        data = {
            "id": str(post.id),
            "text": renderer.text_of(post),
            "edit_history_tweet_ids": [str(post.id)],
        }
        return web.json_response({"data": data}, status=201)

    async def create_dm(self, request: web.Request) -> web.Response:
        """Write a direct message."""
        participant = parameters.checked_id("participant_id", request.match_info["participant_id"])
        peer = self._world.person_by_id(NETWORK, participant)
        item = writing.write_dm(self._world, peer, await _json(request), self._now())
        data = {
            "dm_conversation_id": conversation_id(self._world, item),
            "dm_event_id": str(item.number),
        }
        return web.json_response({"data": data}, status=201)

    async def create_group_dm(self, request: web.Request) -> web.Response:
        """Write a direct message into a thread by its id."""
        conversation = request.match_info["dm_conversation_id"]
        body = await _json(request)
        item = writing.write_to_group(self._world, conversation, body, self._now())
        data = {"dm_conversation_id": conversation, "dm_event_id": str(item.number)}
        return web.json_response({"data": data}, status=201)

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a refresh token, which works once, for a pair of new tokens."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        status, body = self._gate.refresh(form, request.headers.get("Authorization", ""))
        return web.json_response(body, status=status)

    async def usage(self, request: web.Request) -> web.Response:
        """Return how many posts were read this month; a post counts once a UTC day."""
        parameters.check_names(request, parameters.USAGE)
        parameters.read_integer(request, "days", 1, 90, 7)
        month = self._now().strftime("%Y-%m")
        used = sum(day.startswith(month) for day, _post in self._read)
        data = {
            "cap_reset_day": 1,
            "project_cap": _MONTHLY_CAP,
            "project_id": "1",
            "project_usage": used,
        }
        return web.json_response({"data": data})

    def _timeline(
        self,
        request: web.Request,
        found: Iterable[Post],
        at: datetime,
        *,
        reach: int | None = None,
        smallest: int = 5,
    ) -> web.Response:
        token = request.query.get("pagination_token") or request.query.get("next_token")
        window = parameters.read_window(request, smallest=smallest, default=10, token=token)
        page, more = posts.page(islice(found, reach), window)
        renderer = Renderer(self._world, at, parameters.read_query(request))
        for post in page:
            self._count(post.id, at)
        data = [renderer.post(post) for post in self._with_duplicates(request, page)]
        meta: dict[str, Any] = {"result_count": len(data)}
        if page:
            meta |= {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}
        if more:
            meta["next_token"] = parameters.pack_token(page[-1].id)
        body: dict[str, Any] = {"data": data} if data else {}
        return web.json_response(body | renderer.extras() | {"meta": meta})

    def _owner(self, request: web.Request) -> Person | None:
        """Return whose timeline was asked for, None for the shop's own."""
        text = request.match_info["id"]
        owner = parameters.checked_id("id", text)
        if owner == self._world.brand(NETWORK).id:
            return None
        person = self._world.person_by_id(NETWORK, owner)
        if person is None:
            missing = problems.not_found("user", "id", text, posts="post.fields" in request.query)
            raise problems.NothingFoundError(missing)
        return person

    def _check_search_window(self, request: web.Request, oldest: datetime) -> None:
        parameters.check_bounds(request)
        since = parameters.read_id(request, "since_id")
        if since is not None and snowflake_time(since) < oldest:
            limit = snowflake(oldest)
            raise problems.invalid(
                "since_id", since, f"'since_id' must be a tweet id created after [{limit}]"
            )

    def _with_duplicates(self, request: web.Request, page: list[_T]) -> list[_T]:
        if page and self._faults.draw(NETWORK, _endpoint(request), Fault.DUPLICATES):
            return [entry for entry in page for _copy in range(2)]
        return page

    def _count(self, post_id: int, at: datetime) -> None:
        self._read.add((at.strftime("%Y-%m-%d"), post_id))


def _check_caller(endpoint: str, caller: Caller) -> None:
    if caller == "app" and endpoint in _NEEDS_USER:
        raise problems.unsupported_authentication(_USER_ONLY[1], _USER_ONLY[0])
    if caller == "user" and endpoint in _NEEDS_APP:
        raise problems.unsupported_authentication(_APP_ONLY[1], _APP_ONLY[0])


async def _json(request: web.Request) -> object:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise problems.invalid("body", "", "The request body is not valid JSON") from error
