"""The Slack sink for incoming webhooks: post and forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.errors import OutcomeUnknown
from inboxd.notify.sink import Delivery, Receipt, Sink
from inboxd.notify.slack_api import Webhook, in_full_or_short
from inboxd.notify.slack_blocks import forms
from inboxd.notify.slack_bot import BotSink
from inboxd.notify.together import summary_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from inboxd.clock import Clock
    from inboxd.config import SlackSettings


class WebhookSink(Sink):
    """
    Posts through an incoming webhook.

    A webhook answers "ok" and nothing else: no thread, no update in place, and a lost answer
    stays lost.
    """

    idempotent = False

    def __init__(self, name: str, webhook: Webhook, clock: Clock, tz: tzinfo) -> None:
        self.name = name
        self._webhook = webhook
        self._clock = clock
        self._tz = tz

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Post what is told as a message of its own."""
        summary = summary_of(delivery, self._clock.now(), self._tz)
        await in_full_or_short(self._webhook.post, *forms(summary))
        return {"key": delivery.key}

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Raise OutcomeUnknown: a webhook can write, not read."""
        raise OutcomeUnknown(
            f"sink {self.name}: whether alert {delivery.key} arrived cannot be told; "
            "a webhook does not let inboxd look, a bot token would"
        )


def build_slack(settings: SlackSettings, clock: Clock, tz: tzinfo) -> Sink:
    """Return the sink that the settings ask for: a webhook where there is one, else a bot."""
    if settings.webhook_url is None:
        return BotSink(settings, clock, tz)
    webhook = Webhook(settings.name, settings.webhook_url, settings.timeout, clock)
    return WebhookSink(settings.name, webhook, clock, tz)
