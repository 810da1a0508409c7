"""What an account on X needs to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from inboxd import connector as port
from inboxd.connector import Duration, Secret
from inboxd.model import Stream


class Settings(port.AccountSettings):
    """An X account, with the keys of an app and of the shop's own user (OAuth 1.0a)."""

    SUPPORTED_STREAMS: ClassVar = frozenset({Stream.MENTIONS, Stream.DIRECT_MESSAGES})

    poll_every: Duration = timedelta(minutes=2)
    api_base: str = Field("https://api.x.com", pattern="^https?://")
    user_id: str = Field(pattern=r"^\d{1,19}$", coerce_numbers_to_str=True)
    """The number of the shop's account, not its @handle."""
    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret
    monthly_read_budget: int | None = Field(None, gt=0)
    """Items that may be read in a month. Today it is only accepted: nothing counts or stops yet."""
    reply_rule: Literal["summoned", "any"] = "summoned"
    """Whom X lets the app answer in public: who mentioned or quoted it, or (Enterprise) anybody."""
