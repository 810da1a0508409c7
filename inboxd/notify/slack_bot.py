"""The Slack sink for bots: one message a case, kept up to date, with its history below it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from inboxd.errors import InboxdError, OutcomeUnknown, SinkRefused
from inboxd.model import Tone
from inboxd.notify.sink import Delivery, Receipt, Sink
from inboxd.notify.slack_api import Body, WebApi, in_full_or_short
from inboxd.notify.slack_blocks import forms
from inboxd.notify.slack_errors import SlackRefused
from inboxd.notify.together import present_of, summary_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import tzinfo

    from inboxd.clock import Clock
    from inboxd.config import SlackSettings
    from inboxd.model import Alert

EVENT_TYPE = "inboxd_alert"
_ASKED_FOR = "asked_for"
"""In a receipt: the channel as the settings named it."""
# Slack's clock and ours may disagree; an alert is never older in Slack than this.
_CLOCK_SKEW_SECONDS = 3_600
_PAGE = 200
# What Slack says when the message that a thread hangs on was deleted, or takes no replies.
_NO_THREAD = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)

# It knows the client_msg_id, and has no message of it (any more), or one in another channel.
_FIRST_IS_GONE = frozenset({"duplicate_message_not_found", "duplicate_channel_not_found"})

_log = structlog.get_logger(__name__)


class BotSink(Sink):
    """
    Posts as a bot: the first alert of a thread as a message, later ones as replies below it.

    Every message carries its alert's key as metadata, by which `find` recognises it.
    """

    idempotent = False

    def __init__(self, settings: SlackSettings, clock: Clock, tz: tzinfo) -> None:
        if settings.token is None:
            raise ValueError(f"sink {settings.name} has neither a webhook_url nor a token")
        self.name = settings.name
        self._channel = settings.channel
        self._api = WebApi(
            settings.name, settings.token, settings.api_base, settings.timeout, clock
        )
        # Where nobody listens there is nothing to press.
        self._buttons = settings.name if settings.app_token else ""
        self._clock = clock
        self._tz = tz

    async def deliver(self, delivery: Delivery) -> Receipt:
        """
        Post what is told, below the thread's first one if there is one, and bring that up to date.

        The update is a comfort: when it fails, the alert is delivered all the same.
        """
        now = self._clock.now()
        told = forms(summary_of(delivery, now, self._tz), self._buttons)
        receipt = await in_full_or_short(partial(self._post, delivery), *told)
        if (head := self._head_of(delivery)) is not None:
            try:
                await self.refresh(head, delivery)
            except InboxdError as error:
                _log.warning("slack update failed", sink=self.name, error=str(error))
        return receipt

    async def check(self) -> str:
        """Ask Slack whose token it is; whether the channel takes messages, only a message tells."""
        told = await self._api.read("auth.test", {})
        return f"Slack knows the token: {told.get('user', '?')} in {told.get('team', '?')}"

    def continues(self, head: Receipt) -> bool:
        """Tell whether *head* is a message in the channel that the settings name."""
        if not head.keys() >= {"channel", "ts"}:
            return False
        return self._channel in {head["channel"], head.get(_ASKED_FOR)}

    async def refresh(self, message: Receipt, delivery: Delivery) -> None:
        """Write a message anew: the first of a thread with all cases of it, others with their own."""
        now = self._clock.now()
        is_head = message == delivery.head
        present = present_of(delivery, now, self._tz) if is_head else None
        summary = present or summary_of(delivery, now, self._tz)
        await in_full_or_short(partial(self._update, message), *forms(summary, self._buttons))

    async def find(self, delivery: Delivery) -> Receipt | None:
        """
        Look for the alert's key in its thread, or in the channel since the alert was made.

        Needs the scope channels:history (groups:history in a private channel); without it the
        outcome stays unknown.
        """
        try:
            async for posted in self._candidates(delivery):
                if _key_of(posted) == delivery.key:
                    return self._receipt(self._channel_of(delivery), str(posted["ts"]))
        except SinkRefused as error:
            raise OutcomeUnknown(f"cannot look for alert {delivery.key}: {error}") from error
        return None

    async def _update(self, message: Receipt, content: Body) -> None:
        # chat.update defaults to parse=client, which would make @channel and URLs live.
        there = {"channel": message["channel"], "ts": message["ts"], "parse": "none"}
        await self._api.write("chat.update", content | there)

    async def _post(self, delivery: Delivery, content: Body) -> Receipt:
        body = content | {
            "channel": self._channel_of(delivery),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": delivery.key}},
            # Slack's own apps use it against double posts. What it does for bots is documented
            # nowhere, so nothing here relies on it. Two sinks may share an alert, not an id.
            "client_msg_id": str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"inboxd:{self.name}/{delivery.key}")
            ),
        }
        if (head := self._head_of(delivery)) is not None:
            below = {"thread_ts": head["ts"], "reply_broadcast": any(map(_rings, delivery.alerts))}
            try:
                return await self._posted(body | below)
            except SlackRefused as refusal:
                if refusal.code not in _NO_THREAD:
                    raise
        return await self._posted(body)

    async def _posted(self, body: Body) -> Receipt:
        try:
            response = await self._api.write("chat.postMessage", body)
        except SlackRefused as refusal:
            if refusal.code not in _FIRST_IS_GONE or "client_msg_id" not in body:
                raise
            nameless = {key: value for key, value in body.items() if key != "client_msg_id"}
            return await self._posted(nameless)
        channel, ts = response.get("channel"), response.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise OutcomeUnknown(f"sink {self.name}: Slack took the message but does not say where")
        return self._receipt(channel, ts)

    def _receipt(self, channel: str, ts: str) -> Receipt:
        """Return where a message is; Slack answers with a channel's id where it was named."""
        named = {} if channel == self._channel else {_ASKED_FOR: self._channel}
        return {"channel": channel, "ts": ts} | named

    async def _candidates(self, delivery: Delivery) -> AsyncIterator[Mapping[str, Any]]:
        """Yield what could be the alert: the thread's replies, or else the channel's messages."""
        since = delivery.alerts[0].created_at.timestamp() - _CLOCK_SKEW_SECONDS
        window: Body = {
            "channel": self._channel_of(delivery),
            "oldest": f"{since:.6f}",
            "limit": _PAGE,
            "include_all_metadata": True,
        }
        if (head := self._head_of(delivery)) is not None:
            below = window | {"ts": head["ts"]}
            try:
                async for posted in self._api.messages("conversations.replies", below):
                    yield posted
            except SlackRefused as refusal:
                if refusal.code not in _NO_THREAD:
                    raise
            else:
                return
        async for posted in self._api.messages("conversations.history", window):
            yield posted

    def _channel_of(self, delivery: Delivery) -> str:
        """Return where the delivery goes, by its id where that is known."""
        head = self._head_of(delivery)
        return self._channel if head is None else head["channel"]

    def _head_of(self, delivery: Delivery) -> Receipt | None:
        """Return the thread's first message, unless it is elsewhere, or another kind of sink's."""
        head = delivery.head
        return head if head is not None and self.continues(head) else None


def _rings(alert: Alert) -> bool:
    """
    Tell whether people who do not follow the thread must hear of *alert*, too.

    They must of a broken target; and of a warning about no case, whose thread may be months old.
    """
    return alert.tone is Tone.BREACH or (alert.tone is Tone.WARNING and alert.case is None)


def _key_of(posted: Mapping[str, Any]) -> object:
    """Return the alert's key that a message carries, None where it is nobody's alert."""
    metadata = posted.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return (metadata.get("event_payload") or {}).get("key")
