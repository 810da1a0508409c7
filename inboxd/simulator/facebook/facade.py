"""The Graph API of Facebook as a local server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from inboxd.simulator.facebook import batch, expand, nodes, versions, writing
from inboxd.simulator.facebook.access import Credentials, Grant, Usage, bearer
from inboxd.simulator.facebook.errors import GraphError, no_such_object, trace_id
from inboxd.simulator.facebook.view import View
from inboxd.simulator.faults import WORDED, Fault, middleware

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from inboxd.simulator.facebook.errors import Json
    from inboxd.simulator.facebook.paging import Pages
    from inboxd.simulator.faults import Faults, RequestLog, Switch
    from inboxd.simulator.world import World

PAGE_TOKEN = "EAAG-page-token-of-the-simulator"
PUBLIC_TOKEN = "EAAG-app-token-with-page-public-content-access"
NODE = "node"
"""The name of an object itself in an endpoint: "GET node"; an edge has its own, "GET feed"."""
BATCH = "batch"
"""The name of the root in an endpoint: "POST batch"."""
NOT_AN_API_ERROR: Final = "http"
"""A fault with this code answers its bare HTTP status, as a broken front end does."""

_FAULTS: Mapping[Fault, tuple[int, int]] = {
    Fault.RATE_LIMIT: (80001, 0),
    Fault.SERVER_ERROR: (2, 0),
    Fault.TOKEN_EXPIRED: (190, 463),
    Fault.PERMISSION_MISSING: (200, 0),
}


def app(  # noqa: PLR0913 - what a facade is made of
    world: World,
    faults: Faults,
    log: RequestLog,
    now: Callable[[], datetime],
    *,
    token: str = PAGE_TOKEN,
    app_secret: str = "",
    refusals: Mapping[int, int] = MappingProxyType({}),
    usage: Usage | None = None,
    grant: Grant | None = None,
    details: Mapping[int, Json] = MappingProxyType({}),
    pages: Mapping[str, Pages] = MappingProxyType({}),
) -> web.Application:
    """
    Return the server.

    With an *app_secret*, calls need the appsecret_proof. *refusals* says which person
    (page-scoped id) cannot be written to and by which error (551, 10 …); *usage* counts
    the calls, and refuses them where it is told to; *grant* is what debug_token tells. What
    the world does not know of an item is in *details*, by serial: fields as Graph writes them
    (message_tags, attachment, sticker …), and in `list` whether a post is no post of the feed
    but one of "ads_posts" or of "photos". *pages* cuts the lists of an edge in another way.
    """
    credentials = Credentials(token, app_secret, PUBLIC_TOKEN)
    graph = _Graph(
        world,
        now,
        faults,
        credentials,
        refusals,
        usage or Usage(),
        grant or Grant(),
        details,
        pages,
    )
    faulty = middleware(nodes.NETWORK, faults, log, now, endpoint_of=endpoint, worded=graph.worded)
    server = web.Application(middlewares=[faulty])
    version = r"/{version:v\d+\.\d+}"
    for path in ("/", version, f"{version}/"):
        server.router.add_post(path, graph.answer_batch)
    for path in ("/{id}", "/{id}/{edge}"):
        server.router.add_route("*", version + path, graph.answer)
        server.router.add_route("*", path, graph.answer)
    return server


def endpoint(request: web.Request) -> str:
    """Return the name that faults and the log know a call by: its method and its edge."""
    inner = request.match_info.get("edge", NODE if "id" in request.match_info else BATCH)
    return f"{request.method} {inner}"


@dataclass(frozen=True, slots=True)
class _Graph:
    """The request handler, around what calls share."""

    _world: World
    _now: Callable[[], datetime]
    _faults: Faults
    _credentials: Credentials
    _refusals: Mapping[int, int]
    _usage: Usage
    _grant: Grant
    _details: Mapping[int, Json]
    _pages: Mapping[str, Pages]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call, well or with an error."""
        self._usage.count(self._now())
        try:
            query = {**request.query, **await _body(request)}
            answer = self._run(request, query)
        except GraphError as error:
            return self._failed(error)
        if "data" in answer and self._faults.draw(
            nodes.NETWORK, endpoint(request), Fault.DUPLICATES
        ):
            answer["data"] = [*answer["data"], *answer["data"][-1:]]
        return web.json_response(answer, headers=self._usage.headers(self._page_id))

    async def answer_batch(self, request: web.Request) -> web.Response:
        """Answer several calls, each well or with an error of its own; each counts."""
        try:
            query = {**request.query, **await _body(request)}
            self._credentials.check(bearer(request, query), query)
            singles = batch.calls(query)
        except GraphError as error:
            self._usage.count(self._now())
            return self._failed(error)
        answers = [self._in_batch(request, single, query) for single in singles]
        return web.json_response(answers, headers=self._usage.headers(self._page_id))

    def worded(self, _request: web.Request, switch: Switch) -> web.StreamResponse:
        """Render a fault as Facebook does; a code is CODE or CODE/SUBCODE."""
        if switch.code == NOT_AN_API_ERROR:
            return web.Response(status=switch.status, text=HTTPStatus(switch.status).phrase)
        self._usage.count(self._now())
        code, subcode = _error_of(switch)
        response = self._failed(GraphError(code, subcode=subcode))
        if switch.fault is Fault.SERVER_ERROR:
            response.set_status(switch.status)
        if switch.fault is Fault.RATE_LIMIT:
            response.headers.update(self._usage.exhausted(self._page_id, switch.reset_after))
        return response

    @property
    def _page_id(self) -> str:
        return str(self._world.brand(nodes.NETWORK).id)

    def _in_batch(
        self, request: web.Request, single: batch.Single, query: Mapping[str, Any]
    ) -> Json | None:
        """Return one answer of a batch; null where it is not got to in time."""
        self._usage.count(self._now())
        named = f"GET {single.edge or NODE}"
        if self._faults.draw(nodes.NETWORK, f"batch {named}", Fault.TIMEOUT):
            return None
        try:
            self._fail(f"batch {named}")
            together = {**single.query, "access_token": bearer(request, query)}
            told = self._read(request, single.identifier, single.edge, together)
        except GraphError as error:
            return batch.answer(error.status, error.body(trace_id(self._usage.calls)), query)
        return batch.answer(HTTPStatus.OK, told, query)

    def _fail(self, endpoint: str) -> None:
        """Raise the error of a fault that is on for a call of a batch."""
        if (switch := self._faults.draw(nodes.NETWORK, endpoint, *WORDED)) is not None:
            code, subcode = _error_of(switch)
            raise GraphError(code, subcode=subcode)

    def _run(self, request: web.Request, query: Mapping[str, Any]) -> Json:
        edge, identifier = request.match_info.get("edge", ""), request.match_info["id"]
        if request.method == "GET":
            self._credentials.check(bearer(request, query), query)
            return self._read(request, identifier, edge, query)
        view = self._view(request)
        self._credentials.check(bearer(request, query), query)
        self._usage.refuse(edge, view.at)
        if request.method != "POST":
            raise GraphError(100, "Unsupported method")
        return self._write(view, nodes.find(view, identifier), edge, query)

    def _view(self, request: web.Request) -> View:
        now = self._now()
        version = versions.serving(request.match_info.get("version", ""), now)
        return View(self._world, now, version, self._details)

    def _read(
        self, request: web.Request, identifier: str, edge: str, query: Mapping[str, Any]
    ) -> Json:
        view = self._view(request)
        self._usage.refuse(edge, view.at)
        if identifier == "debug_token":
            return self._token_told(query)
        node = nodes.find(view, identifier)
        if nodes.is_foreign(node) != self._credentials.is_public(bearer(request, query)):
            raise GraphError(10, nodes.NO_PUBLIC_ACCESS)
        base = f"{request.url.origin()}/v{view.version[0]}.{view.version[1]}"
        expander = expand.Expander(base, bearer(request, query), self._pages)
        return _read(expander, node, edge, query)

    def _token_told(self, query: Mapping[str, Any]) -> Json:
        if query.get("input_token") != self._credentials.page_token:
            raise GraphError(100, "The access token could not be decrypted")
        return self._grant.told(self._page_id)

    def _write(self, view: View, node: nodes.Node, edge: str, query: Mapping[str, Any]) -> Json:
        if edge == "messages" and isinstance(node, nodes.PageNode):
            return writing.send_message(view, query, self._refusals)
        if edge == "comments":
            return writing.write_comment(view, node, query)
        if not edge:
            return writing.update_comment(view, node, query)
        raise no_such_object(node.id)

    def _failed(self, error: GraphError) -> web.Response:
        return web.json_response(
            error.body(trace_id(self._usage.calls)),
            status=error.status,
            headers=self._usage.headers(self._page_id),
        )


def _error_of(switch: Switch) -> tuple[int, int]:
    """Return the code and subcode of a fault."""
    if switch.code is None:
        return _FAULTS[switch.fault]
    code, subcode = f"{switch.code}/0".split("/")[:2]
    return int(code), int(subcode)


def _read(expander: expand.Expander, node: nodes.Node, edge: str, query: Mapping[str, Any]) -> Json:
    asked = expand.read(query.get("fields"))
    if not edge:
        return expander.node(node, asked)
    if edge not in node.edges():
        raise GraphError(100, f"Tried accessing nonexistent field ({edge})")
    return expander.edge(node, edge, query, asked)


async def _body(request: web.Request) -> Mapping[str, Any]:
    """Return the parameters of a body, JSON or a form; raise error 100 for broken JSON."""
    if not request.body_exists:
        return {}
    if request.content_type != "application/json":
        return dict(await request.post())
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise GraphError(100, "The request body is no JSON") from None
    return body if isinstance(body, dict) else {}
