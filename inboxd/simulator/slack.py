"""A Slack workspace: incoming webhooks, the part of the Web API that alerts need, and its memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any

from aiohttp import web

from inboxd.simulator.faults import Fault, Faults, RequestLog, Switch, middleware
from inboxd.simulator.slack_rules import MAX_TEXT, Json, RefusedError, check_message
from inboxd.simulator.slack_socket import (
    APP_TOKEN,
    PATH,
    Envelope,
    Sockets,
    press_payload,
    pressed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

NETWORK = "slack"
TOKEN = "xoxb-simulated-bot"
WEBHOOK_PATH = "/services/T0SIMULATED/B0SIMULATED/simulated-webhook-secret"
CHANNELS = {"support": "C0SUPPORT", "leads": "C0LEADS", "general": "C0GENERAL"}
PEOPLE = {"lead@shop.example": "U0LEAD", "support@shop.example": "U0SUPPORT"}
NAMES = {"U0LEAD": "Anna", "U0SUPPORT": "Борис", "U0GUEST": "Guest"}
"""What people in the workspace call themselves."""
_BOT = {"user_id": "U0INBOXD", "bot_id": "B0INBOXD", "team_id": "T0SIMULATED"}
_BURST = 10

# Errors of incoming webhooks and the status each comes with (contracts: x-inboxd.incoming_webhook).
_WEBHOOK_STATUS = {
    **dict.fromkeys(
        ("action_prohibited", "posting_to_general_channel_denied", "invalid_token"), 403
    ),
    **dict.fromkeys(("channel_not_found", "no_service", "no_team"), 404),
    "channel_is_archived": 410,
}


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said from an instant on."""

    at: datetime
    text: str
    blocks: list[Json]


@dataclass(slots=True)
class Message:
    """A delivered message; *via* is "webhook" (whose poster never learns the ts) or "bot"."""

    channel: str
    ts: str
    versions: list[Version]
    via: str
    thread_ts: str | None = None
    metadata: Json | None = None
    deleted: bool = False

    @property
    def text(self) -> str:
        """The text as it reads now."""
        return self.versions[-1].text

    @property
    def blocks(self) -> list[Json]:
        """The blocks as they are now."""
        return self.versions[-1].blocks

    @property
    def at(self) -> datetime:
        """When it was first posted."""
        return self.versions[0].at


@dataclass(frozen=True, slots=True)
class Whisper:
    """An ephemeral message: what one person alone sees."""

    channel: str
    user: str
    text: str
    thread_ts: str | None


@dataclass(slots=True)
class Workspace:
    """
    What people in the simulated Slack would see: every message in order of arrival.

    *whispers* were shown to one person alone; *sockets* are how the app hears of pressed buttons.
    """

    messages: list[Message] = field(default_factory=list)
    whispers: list[Whisper] = field(default_factory=list)
    sockets: Sockets = field(default_factory=Sockets)
    _last: int = 0
    _pressed: int = 0

    async def press(
        self, message: Message, label: str, user: str = "U0LEAD", *, line: int = 0
    ) -> Envelope:
        """Let *user* press what says *label* below a message (on which *line*, if on several)."""
        self._pressed += 1
        action = pressed(message.blocks, label, line)
        name = NAMES[user].lower()
        channel = next(name for name, number in CHANNELS.items() if number == message.channel)
        payload = press_payload(
            user={"id": user, "username": name, "name": name, "team_id": _BOT["team_id"]},
            channel={"id": message.channel, "name": channel},
            message=_rendered(message, metadata=False),
            action=action,
            action_ts=f"{1_790_000_000 + self._pressed}.{self._pressed:06}",
            team={"id": _BOT["team_id"], "domain": "shop"},
        )
        return await self.sockets.send(payload)

    def post(self, channel: str, version: Version, via: str, body: Json) -> Message:
        """Add a message under a ts of its own: seconds with six decimals, as text."""
        self._last = max(self._last + 1, round(version.at.timestamp() * 1_000_000))
        ts = f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"
        message = Message(
            channel,
            ts,
            [version],
            via,
            thread_ts=body.get("thread_ts"),
            metadata=body.get("metadata"),
        )
        self.messages.append(message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        """Return a message that was not deleted."""
        for message in self.messages:
            if (message.channel, message.ts, message.deleted) == (channel, ts, False):
                return message
        return None

    def visible(self, channel: str) -> list[Message]:
        """Return what a channel shows, threads aside, oldest first."""
        return [
            message
            for message in self.messages
            if message.channel == channel
            and not message.deleted
            and message.thread_ts in (None, message.ts)
        ]


def app(
    workspace: Workspace,
    faults: Faults,
    log: RequestLog,
    now: Callable[[], datetime],
    *,
    rate_limited: bool = True,
) -> web.Application:
    """Return the server; endpoints are "webhook" and the Web API's method names."""
    facade = _Facade(workspace, now, limited=rate_limited)
    wear = middleware(NETWORK, faults, log, now, endpoint_of=_endpoint, worded=facade.worded)
    application = web.Application(middlewares=[wear], client_max_size=1024 * 1024)
    application.router.add_post("/services/{team}/{service}/{secret}", facade.webhook)
    application.router.add_route("*", "/api/{method}", facade.call)
    application.router.add_get(PATH, workspace.sockets.serve)
    return application


def _endpoint(request: web.Request) -> str:
    if request.path == PATH:
        return "socket"
    return request.match_info.get("method", "webhook")


class _Facade:
    """The webhook and the methods."""

    def __init__(self, workspace: Workspace, now: Callable[[], datetime], *, limited: bool) -> None:
        self._workspace = workspace
        self._limited = limited
        self._now = now
        self._tokens: dict[str, tuple[float, datetime]] = {}
        self._methods: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.info": self._info,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "chat.postEphemeral": self._whisper,
            "users.lookupByEmail": self._lookup,
            "users.info": self._user,
        }

    async def webhook(self, request: web.Request) -> web.Response:
        """Take a webhook's message into #support and answer "ok", without a ts."""
        if request.path != WEBHOOK_PATH:
            return _webhook_refusal("no_service")
        channel = CHANNELS["support"]
        if (wait := self._wait(channel)) > 0:
            return _too_many(wait, webhook=True)
        try:
            body = await _body(request)
            self._workspace.post(channel, self._version(body), "webhook", body)
        except RefusedError as refusal:
            return _webhook_refusal(refusal.code)
        return web.Response(text="ok")

    async def call(self, request: web.Request) -> web.Response:
        """Carry out a method; a refusal is a 200 with ok false."""
        if request.match_info["method"] == "apps.connections.open":
            return await self._open(request)
        method = self._methods.get(request.match_info["method"])
        if method is None:
            return _failure("unknown_method")
        try:
            body = await _body(request)
            _check_token(request, body, TOKEN)
            if request.match_info["method"] == "chat.postMessage":
                wait = self._wait(_channel(body))
                if wait > 0:
                    return _too_many(wait)
            return web.json_response({"ok": True, **method(body)})
        except RefusedError as refusal:
            return _failure(refusal.code, *refusal.details)

    async def _open(self, request: web.Request) -> web.Response:
        """Return where to connect; of all methods the only one that wants the app's own token."""
        try:
            _check_token(request, await _body(request), APP_TOKEN)
        except RefusedError as refusal:
            return _failure(refusal.code)
        address = self._workspace.sockets.address(f"{request.scheme}://{request.host}")
        return web.json_response({"ok": True, "url": address})

    def worded(self, request: web.Request, switch: Switch) -> web.Response:
        """Render a switched-on fault as the Web API or a webhook does."""
        webhook = _endpoint(request) == "webhook"
        if switch.fault is Fault.RATE_LIMIT:
            return _too_many(ceil(switch.reset_after.total_seconds()), webhook=webhook)
        if switch.fault is Fault.SERVER_ERROR:
            body = {"ok": False, "error": "internal_error"}
            if webhook:
                return web.Response(text="rollup_error", status=switch.status)
            return web.json_response(body, status=switch.status)
        code = switch.code or {
            Fault.TOKEN_EXPIRED: "invalid_token" if webhook else "token_expired",
            Fault.PERMISSION_MISSING: "action_prohibited" if webhook else "missing_scope",
        }.get(switch.fault, "channel_not_found")
        return _webhook_refusal(code) if webhook else _failure(code)

    def _wait(self, channel: str) -> int:
        """Spend one of a channel's tokens (one a second, bursts of ten); else seconds to wait."""
        if not self._limited:
            return 0
        now = self._now()
        left, since = self._tokens.get(channel, (float(_BURST), now))
        left = min(_BURST, left + (now - since) / timedelta(seconds=1))
        if left < 1:
            return max(1, ceil(1 - left))
        self._tokens[channel] = (left - 1, now)
        return 0

    def _version(self, body: Json) -> Version:
        text = body.get("text") or ""
        if not isinstance(text, str):
            raise RefusedError("invalid_payload")
        blocks = check_message(text, body.get("blocks"), body.get("attachments"))
        return Version(self._now(), text[:MAX_TEXT], blocks)

    def _auth_test(self, _body: Json) -> Json:
        return {"url": "https://shop.slack.example/", "team": "Shop", "user": "inboxd", **_BOT}

    def _post_message(self, body: Json) -> Json:
        message = self._workspace.post(_channel(body), self._version(body), "bot", body)
        return {"channel": message.channel, "ts": message.ts, "message": _rendered(message)}

    def _update(self, body: Json) -> Json:
        message = self._own(body, "cant_update_message")
        message.versions.append(self._version(body))
        message.metadata = body.get("metadata", message.metadata)
        return {"channel": message.channel, "ts": message.ts, "text": message.text,
                "message": _rendered(message)}  # fmt: skip

    def _delete(self, body: Json) -> Json:
        message = self._own(body, "cant_delete_message")
        message.deleted = True
        return {"channel": message.channel, "ts": message.ts}

    def _own(self, body: Json, refusal: str) -> Message:
        """Return the bot's message that the call names; ids only, as Slack wants."""
        channel = body.get("channel")
        if channel not in CHANNELS.values():
            raise RefusedError("channel_not_found")
        message = self._workspace.find(str(channel), str(body.get("ts")))
        if message is None:
            raise RefusedError("message_not_found")
        if message.via != "bot":
            raise RefusedError(refusal)
        return message

    def _info(self, body: Json) -> Json:
        channel = _channel(body)
        name = next(name for name, channel_id in CHANNELS.items() if channel_id == channel)
        flags = {"is_channel": True, "is_archived": False, "is_member": True, "is_private": False}
        return {"channel": {"id": channel, "name": name, **flags}}

    def _lookup(self, body: Json) -> Json:
        email = str(body.get("email", "")).lower()
        if email not in PEOPLE:
            raise RefusedError("users_not_found")
        profile = {"email": email}
        return {"user": {"id": PEOPLE[email], "team_id": _BOT["team_id"], "profile": profile}}

    def _user(self, body: Json) -> Json:
        user = str(body.get("user", ""))
        if user not in NAMES:
            raise RefusedError("user_not_found")
        profile = {"display_name": NAMES[user], "real_name": f"{NAMES[user]} of the shop"}
        return {"user": {"id": user, "name": NAMES[user].lower(), "profile": profile}}

    def _whisper(self, body: Json) -> Json:
        user, channel = str(body.get("user", "")), body.get("channel")
        if channel not in CHANNELS.values():
            raise RefusedError("channel_not_found")
        if user not in NAMES:
            raise RefusedError("user_not_in_channel")
        version = self._version(body)
        whisper = Whisper(str(channel), user, version.text, body.get("thread_ts"))
        self._workspace.whispers.append(whisper)
        return {"message_ts": f"{version.at.timestamp():.6f}"}

    def _history(self, body: Json) -> Json:
        """Return a channel's messages newest first; the cursor is the ts to go on below."""
        below = min(str(body.get("cursor") or "~"), str(body.get("latest") or "~"))
        oldest = str(body.get("oldest") or "0")
        found = [
            message
            for message in reversed(self._workspace.visible(_channel(body)))
            if oldest < message.ts < below
        ]
        return _page(found, body)

    def _replies(self, body: Json) -> Json:
        """Return a thread, its first message included, oldest first; the cursor is the ts above."""
        channel = _channel(body)
        head = self._workspace.find(channel, str(body.get("ts")))
        if head is None:
            raise RefusedError("thread_not_found")
        above = max(str(body.get("cursor") or "0"), str(body.get("oldest") or "0"))
        found = [
            message
            for message in self._workspace.messages
            if (message.channel, message.deleted) == (channel, False)
            and head.ts in (message.ts, message.thread_ts)
            and message.ts > above
        ]
        return _page(found, body)


def _page(found: list[Message], body: Json) -> Json:
    limit = min(int(body.get("limit") or 100), 999)
    metadata = str(body.get("include_all_metadata", "")).lower() in ("1", "true")
    shown = [_rendered(message, metadata=metadata) for message in found[:limit]]
    more = len(found) > limit
    cursor = {"next_cursor": shown[-1]["ts"] if more else ""}
    return {"messages": shown, "has_more": more, "response_metadata": cursor}


def _rendered(message: Message, *, metadata: bool = True) -> Json:
    body: Json = {"type": "message", "ts": message.ts, "text": message.text}
    if message.via == "bot":
        body |= {"user": _BOT["user_id"], "bot_id": _BOT["bot_id"], "team": _BOT["team_id"]}
    else:
        body |= {"subtype": "bot_message", "bot_id": "B0SIMULATED"}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    if metadata and message.metadata:
        body["metadata"] = message.metadata
    if len(message.versions) > 1:
        edited = f"{message.versions[-1].at.timestamp():.6f}"
        body["edited"] = {"user": _BOT["user_id"], "ts": edited}
    return body


def _channel(body: Json) -> str:
    """Return the id of the channel a call names, by id or by #name."""
    given = str(body.get("channel", ""))
    channel = CHANNELS.get(given.removeprefix("#"), given)
    if channel not in CHANNELS.values():
        raise RefusedError("channel_not_found")
    return channel


def _check_token(request: web.Request, body: Json, wanted: str) -> None:
    """Check the bearer token, or the `token` field that form bodies may carry."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = "" if request.content_type == "application/json" else str(body.get("token", ""))
    if not token:
        raise RefusedError("not_authed")
    if token in (TOKEN, APP_TOKEN) and token != wanted:
        raise RefusedError("not_allowed_token_type")
    if token != wanted:
        raise RefusedError("invalid_auth")


async def _body(request: web.Request) -> Json:
    """Read a JSON, form (with JSON inside) or query body."""
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read())
        except ValueError as error:
            raise RefusedError("invalid_payload") from error
        if not isinstance(body, dict):
            raise RefusedError("invalid_payload")
        return body
    form: dict[str, Any] = {**request.query, **await request.post()}
    if "payload" in form:
        form |= _inner_json("payload", form["payload"])
    for name in ("blocks", "attachments", "metadata"):
        if isinstance(form.get(name), str):
            form[name] = _inner_json(name, form[name])
    return form


def _inner_json(name: str, text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except ValueError as error:
        codes = {"payload": "invalid_payload", "blocks": "invalid_blocks_format"}
        raise RefusedError(codes.get(name, "invalid_arguments")) from error


def _failure(code: str, *details: str) -> web.Response:
    body: Json = {"ok": False, "error": code}
    if details:
        body |= {"errors": list(details), "response_metadata": {"messages": list(details)}}
    return web.json_response(body)


def _webhook_refusal(code: str) -> web.Response:
    return web.Response(text=code, status=_WEBHOOK_STATUS.get(code, 400))


def _too_many(seconds: int, *, webhook: bool = False) -> web.Response:
    headers = {"Retry-After": str(seconds)}
    status = HTTPStatus.TOO_MANY_REQUESTS
    if webhook:
        return web.Response(text="rate_limited", status=status, headers=headers)
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=status, headers=headers)
