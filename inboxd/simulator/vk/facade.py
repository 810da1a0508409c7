"""VK as a local server: the API under /method/, and the Bots Long Poll under /longpoll."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from inboxd.simulator.faults import Fault, middleware
from inboxd.simulator.vk import (
    execute,
    groups,
    longpoll,
    messages,
    newsfeed,
    objects,
    things,
    wall,
)
from inboxd.simulator.vk.community import Community
from inboxd.simulator.vk.protocol import (
    DAILY,
    DailyLimit,
    Json,
    Params,
    RateLimit,
    TokenKind,
    VkError,
    authorise,
    error_body,
    require_version,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from inboxd.simulator.faults import Faults, RequestLog, Switch
    from inboxd.simulator.world import World

COMMUNITY_TOKEN = "vk1.a.community-token-of-the-simulator"
SERVICE_TOKEN = "service-token-of-the-simulator"
USER_TOKEN = "vk1.a.user-token-of-the-simulator"
TOKENS: Mapping[str, TokenKind] = MappingProxyType(
    {
        COMMUNITY_TOKEN: TokenKind.GROUP,
        SERVICE_TOKEN: TokenKind.SERVICE,
        USER_TOKEN: TokenKind.USER,
    }
)
LONG_POLL = "longpoll"
"""The long poll's name as an endpoint; a method's is its own name."""
NOT_AN_API_ERROR = "http"
"""A fault with this code answers its bare HTTP status, as a broken front end does."""
# Of the request that the task is at; aiohttp before 3.14 has no typed keys on a request.
_PARAMS: ContextVar[Mapping[str, str]] = ContextVar("params")

_METHODS: Mapping[str, Callable[[Community, Params], Any]] = {
    "groups.getById": groups.get_by_id,
    "groups.getLongPollSettings": groups.get_long_poll_settings,
    "groups.getTokenPermissions": groups.get_token_permissions,
    "groups.setLongPollSettings": groups.set_long_poll_settings,
    "messages.getByConversationMessageId": messages.get_by_conversation_message_id,
    "messages.getById": messages.get_by_id,
    "messages.getConversations": messages.get_conversations,
    "messages.getHistory": messages.get_history,
    "messages.send": messages.send,
    "newsfeed.getMentions": newsfeed.get_mentions,
    "newsfeed.search": newsfeed.search,
    "users.get": groups.users_get,
    "utils.getServerTime": groups.get_server_time,
    "wall.createComment": wall.create_comment,
    "wall.get": wall.get,
    "wall.getById": wall.get_by_id,
    "wall.getComment": wall.get_comment,
    "wall.getComments": wall.get_comments,
    **things.METHODS,
}
_FAULT_CODES = {
    Fault.RATE_LIMIT: 6,
    Fault.SERVER_ERROR: 10,
    Fault.TOKEN_EXPIRED: 5,
    Fault.PERMISSION_MISSING: 15,
}
_LONG_POLL_FAULTS = {Fault.TOKEN_EXPIRED: 2, Fault.PERMISSION_MISSING: 3}


def app(  # noqa: PLR0913 - what a facade is made of
    world: World,
    faults: Faults,
    log: RequestLog,
    now: Callable[[], datetime],
    *,
    tokens: Mapping[str, TokenKind] = TOKENS,
    refusals: Mapping[int, int] = MappingProxyType({}),
    rate_limited: bool = False,
    daily: Mapping[str, int] = DAILY,
) -> web.Application:
    """
    Return the server.

    *tokens* says which token is of which kind, *refusals* which person (VK id) cannot
    be written to and by which error (900, 901, 902). *rate_limited* counts calls in
    seconds of *now*, so it makes sense only on a clock that runs as fast as the caller.
    *daily* is how often a token may call a method in a day.
    """
    limits = RateLimit(rate_limited), DailyLimit(daily)
    api = _Api(Community(world, now, refusals), faults, tokens, *limits)
    faulty = middleware(objects.NETWORK, faults, log, now, endpoint_of=_endpoint, worded=api.worded)
    server = web.Application(middlewares=[_read_params, faulty])
    server.router.add_route("*", "/method/{name}", api.call)
    server.router.add_get("/longpoll", api.listen)
    return server


class _Api:
    """The two request handlers, around what they share."""

    def __init__(
        self,
        community: Community,
        faults: Faults,
        tokens: Mapping[str, TokenKind],
        rate: RateLimit,
        daily: DailyLimit,
    ) -> None:
        self._community = community
        self._faults = faults
        self._tokens = tokens
        self._rate = rate
        self._daily = daily

    async def call(self, request: web.Request) -> web.Response:
        """Answer one method call: HTTP 200 whether it succeeds or fails."""
        try:
            answer = self._run(request)
        except VkError as error:
            return _failed(request, error)
        if _endpoint(request) == "execute":
            return web.json_response(answer)
        if isinstance(answer, dict) and "items" in answer and self._twice(request):
            answer["items"] = [*answer["items"], *answer["items"][-1:]]
        return web.json_response({"response": answer})

    async def listen(self, request: web.Request) -> web.Response:
        """Answer one long poll."""
        answer = await longpoll.check(self._community, request.query)
        if answer.get("updates") and self._twice(request):
            answer["updates"] = answer["updates"] * 2
        return web.json_response(answer)

    def worded(self, request: web.Request, switch: Switch) -> web.StreamResponse:
        """Render a fault as VK does; its code, if it has one, is the error's."""
        if switch.code == NOT_AN_API_ERROR:
            return _bare(switch)
        if _endpoint(request) == LONG_POLL:
            return self._long_poll_fault(switch)
        code = _fault_code(switch)
        return _failed(request, VkError(code, **(_captcha(request) if code == 14 else {})))

    def _long_poll_fault(self, switch: Switch) -> web.StreamResponse:
        if switch.code is None and switch.fault not in _LONG_POLL_FAULTS:
            return _bare(switch)
        failed = int(switch.code or _LONG_POLL_FAULTS[switch.fault])
        ts = {"ts": self._community.last_seq()} if failed == 1 else {}
        return web.json_response({"failed": failed, **ts})

    def _run(self, request: web.Request) -> Any:  # noqa: ANN401 - each method has its own answer
        values = _PARAMS.get()
        name, token = request.match_info["name"], _token(request)
        require_version(values.get("v", ""))
        kind = authorise(name, token, self._tokens)
        self._rate.count(token, kind, self._community.now())
        server = f"{request.url.origin()}/longpoll"
        if name == "execute":
            call = partial(self._call_inside, token, server)
            return execute.run(Params(values).text("code"), call)
        return self._call(name, token, server, values)

    def _call_inside(self, token: str, server: str, name: str, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
        """Carry out a call of `execute`; a fault on its own name hits it there."""
        switch = self._faults.draw(objects.NETWORK, name, *_FAULT_CODES)
        if switch is not None:
            raise VkError(_fault_code(switch))
        authorise(name, token, self._tokens)
        return self._call(name, token, server, values)

    def _call(self, name: str, token: str, server: str, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
        self._daily.count(token, name, self._community.now())
        method = _METHODS.get(name) or partial(groups.get_long_poll_server, server=server)
        return method(self._community, Params(values))

    def _twice(self, request: web.Request) -> bool:
        drawn = self._faults.draw(objects.NETWORK, _endpoint(request), Fault.DUPLICATES)
        return drawn is not None


@web.middleware
async def _read_params(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Put the parameters, of the URL and of the form, where a fault too can echo them."""
    form = {name: str(value) for name, value in (await request.post()).items()}
    _PARAMS.set({**request.query, **form})
    return await handler(request)


def _fault_code(switch: Switch) -> int:
    return int(switch.code) if switch.code is not None else _FAULT_CODES[switch.fault]


def _endpoint(request: web.Request) -> str:
    return str(request.match_info.get("name", LONG_POLL))


def _token(request: web.Request) -> str:
    """Return the token: a parameter, or `Authorization: Bearer`."""
    header = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return str(_PARAMS.get().get("access_token", header))


def _failed(request: web.Request, error: VkError) -> web.Response:
    echoed = [("method", request.match_info["name"]), ("oauth", "1"), *_PARAMS.get().items()]
    return web.json_response(error_body(error, echoed))


def _bare(switch: Switch) -> web.Response:
    return web.Response(status=switch.status, text=HTTPStatus(switch.status).phrase)


def _captcha(request: web.Request) -> Json:
    sid = "239633676097"
    return {
        "captcha_sid": sid,
        "captcha_img": f"{request.url.origin()}/captcha.php?sid={sid}",
        "redirect_uri": f"{request.url.origin()}/not_robot_captcha?session_token={sid}",
    }
