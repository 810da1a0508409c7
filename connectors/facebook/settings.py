"""What a Page's account is configured with."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from inboxd.connector import AccountSettings, Secret
from inboxd.model import Stream

GRAPH = "https://graph.facebook.com"


class Settings(AccountSettings):
    """A Page, its token and the Graph version to speak."""

    SUPPORTED_STREAMS: ClassVar = frozenset(
        {Stream.DIRECT_MESSAGES, Stream.COMMENTS, Stream.MENTIONS, Stream.REVIEWS}
    )

    page_id: str = Field(pattern="^[0-9]+$", description="The Page's number.")
    token: Secret = Field(min_length=1, description="A Page access token.")
    app_secret: Secret | None = Field(default=None, description="Sends appsecret_proof if set.")
    api_base: str = GRAPH
    api_version: str = Field(
        default="v25.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        description='Reviews need "v21.0", which Facebook ends on 2027-01-21.',
    )
