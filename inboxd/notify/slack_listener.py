"""From pressed buttons in Slack to what somebody wants: who may, and what they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from inboxd.errors import InboxdError
from inboxd.notify.buttons import Press, wish_in
from inboxd.notify.inert import one_line
from inboxd.notify.slack_api import WebApi
from inboxd.notify.slack_blocks import escaped
from inboxd.notify.slack_buttons import OPEN
from inboxd.notify.slack_socket import Socket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.config import SlackSettings
    from inboxd.notify.buttons import Hear
    from inboxd.notify.slack_socket import Hearing

log = structlog.get_logger(__name__)

_NAMES_LAST = timedelta(days=1)
_LONGEST_NAME = 80
_NOT_ALLOWED = (
    "Nothing has changed: only those whom inboxd's configuration names (allowed) may do that. "
    "Ask whoever runs inboxd."
)
_STRANGE = "This button belongs to another inboxd, or to a sink that it does not have any more."
_FAILED = "Nothing has changed: inboxd could not do it just now. Please try again."


class SlackListener:
    """
    Hears of pressed buttons for all *sinks* of one Slack app, and gives them to who carries them out.

    Slack tells any one of an app's connections, so that there is one for all of them.
    """

    def __init__(self, sinks: Sequence[SlackSettings], clock: Clock) -> None:
        first = sinks[0]
        if first.app_token is None:
            raise ValueError(f"sink {first.name} has no app_token")
        self.sinks = tuple(sink.name for sink in sinks)
        self._settings = {sink.name: sink for sink in sinks}
        self._apis = {sink.name: _api(sink, clock) for sink in sinks}
        app = WebApi(first.name, first.app_token, first.api_base, first.timeout, clock)
        self._socket = Socket(first.name, app, first.timeout, clock)
        self._clock = clock
        self._names: dict[str, tuple[str, datetime]] = {}

    @property
    def hearing(self) -> Hearing:
        """Whether presses are heard just now."""
        return self._socket.hearing

    @property
    def memory(self) -> str:
        """The name by which the database keeps since when people know that nothing is heard."""
        return f"unheard:{','.join(self.sinks)}"

    async def check(self) -> None:
        """Ask Slack whether the app_token works; raises InboxdError where it does not."""
        await self._socket.check()

    async def run(self, hear: Hear) -> None:
        """Listen until cancelled; *hear* carries out what those may ask for who are allowed."""

        async def handle(envelope: Mapping[str, Any]) -> None:
            payload = envelope.get("payload")
            if envelope.get("type") == "interactive" and isinstance(payload, dict):
                for action in _actions_of(payload):
                    await self._take(payload, action, hear)

        await self._socket.run(handle)

    async def _take(
        self, payload: Mapping[str, Any], action: Mapping[str, Any], hear: Hear
    ) -> None:
        value = _value_of(action)
        user, channel, ts = _place_of(payload)
        wish = wish_in(value)
        if value in ("", OPEN) or not (user and channel and ts):
            return
        sink = self._settings.get(wish[4]) if wish else None
        if wish is None or sink is None:
            log.warning("strange button pressed", user=user)
            await self._tell(self.sinks[0], payload, _STRANGE)
        elif user not in sink.allowed:
            log.warning("button refused", sink=sink.name, user=user, case=wish[1])
            await self._tell(sink.name, payload, _NOT_ALLOWED)
        else:
            key = "/".join((channel, ts, user, value, str(action.get("action_ts"))))
            await self._carry_out(Press(key, *wish, ts), user, payload, hear)

    async def _carry_out(
        self, press: Press, user: str, payload: Mapping[str, Any], hear: Hear
    ) -> None:
        try:
            answer = await hear(press, await self._name(press.sink, user))
        except Exception as error:
            answer = _FAILED
            if isinstance(error, InboxdError):
                log.warning("press failed", sink=press.sink, case=press.case, text=str(error))
            else:
                log.exception("press crashed", sink=press.sink, case=press.case)
        else:
            log.info("button pressed", sink=press.sink, case=press.case, wish=press.wish, user=user)
        if answer:
            await self._tell(press.sink, payload, answer)

    async def _name(self, sink: str, user: str) -> str:
        """Return what *user* is called in Slack, or the id where Slack does not tell."""
        now = self._clock.now()
        name, known_at = self._names.get(user, ("", now))
        if name and now - known_at < _NAMES_LAST:
            return name
        try:
            found = await self._apis[sink].read("users.info", {"user": user})
        except InboxdError as error:
            log.info("slack name unknown", sink=sink, user=user, text=str(error))
            return name or f"slack:{user}"
        name = _name_in(found.get("user")) or f"slack:{user}"
        self._names[user] = name, now
        return name

    async def _tell(self, sink: str, payload: Mapping[str, Any], text: str) -> None:
        """Tell whoever pressed a button, and nobody else; what fails is a pity and no more."""
        user, channel, _ = _place_of(payload)
        body = {"channel": channel, "user": user, "text": escaped(text)}
        container = payload.get("container")
        if isinstance(container, dict) and isinstance(container.get("thread_ts"), str):
            body["thread_ts"] = container["thread_ts"]
        try:
            await self._apis[sink].write("chat.postEphemeral", body)
        except InboxdError as error:
            log.warning("slack answer not delivered", sink=sink, text=str(error))


def listeners(sinks: Sequence[SlackSettings], clock: Clock) -> list[SlackListener]:
    """Return a listener for each Slack app among *sinks*."""
    apps: dict[tuple[str, str], list[SlackSettings]] = {}
    for sink in sinks:
        if sink.app_token is not None:
            apps.setdefault((sink.app_token.get_secret_value(), sink.api_base), []).append(sink)
    return [SlackListener(of_app, clock) for of_app in apps.values()]


def _api(sink: SlackSettings, clock: Clock) -> WebApi:
    if sink.token is None:
        raise ValueError(f"sink {sink.name} has an app_token and no token")
    return WebApi(sink.name, sink.token, sink.api_base, sink.timeout, clock)


def _actions_of(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what was pressed; nothing where the payload is of another kind, or odd."""
    actions = payload.get("actions")
    if payload.get("type") != "block_actions" or not isinstance(actions, list):
        return
    yield from (action for action in actions if isinstance(action, dict))


def _value_of(action: Mapping[str, Any]) -> str:
    """Return what a button or the chosen option of a menu carries."""
    option = action.get("selected_option")
    value = option.get("value") if isinstance(option, dict) else action.get("value")
    return value if isinstance(value, str) else ""


def _place_of(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return who pressed, in which channel, below which message; "" for what is not told."""
    user, container = (payload.get(name) for name in ("user", "container"))
    user = user if isinstance(user, dict) else {}
    container = container if isinstance(container, dict) else {}
    found = (user.get("id"), container.get("channel_id"), container.get("message_ts"))
    one, two, three = (each if isinstance(each, str) else "" for each in found)
    return one, two, three


def _name_in(user: object) -> str:
    """Return what a user wants to be called, or else is."""
    profile = user.get("profile") if isinstance(user, dict) else None
    profile = profile if isinstance(profile, dict) else {}
    named = (profile.get("display_name"), profile.get("real_name"))
    return next(
        (one_line(each, _LONGEST_NAME) for each in named if isinstance(each, str) and each), ""
    )
