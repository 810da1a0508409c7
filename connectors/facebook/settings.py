"""What a Page's account is configured with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from inboxd.connector import AccountSettings, Duration, Secret, WatchSettings
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAPH = "https://graph.facebook.com"
VERSION_WITH_REVIEWS = "v21.0"
"""The last version that answers recommendations; from v22.0 on there is error 12."""
REVIEWS_END = "Facebook ends reviews with Graph API v21.0, on 2027-01-21."
REVIEWS_ENDED = f'{REVIEWS_END} There is no reading them any more: take "reviews" out of this account\'s streams.'


class Watched(WatchSettings):
    """
    Somebody else's Page, of which an app reads the public feed.

    Facebook must have approved the app for the feature Page Public Content Access.
    """

    BORROWED: ClassVar[tuple[str, ...]] = (
        "token", "app_secret", "api_version", "timeout", "api_base",
    )  # fmt: skip

    page_id: str = Field(pattern="^[0-9]+$", description="The Page's number.")
    token: Secret = Field(
        min_length=1, description="Of an app or a system user with Page Public Content Access."
    )
    app_secret: Secret | None = Field(default=None, description="Sends appsecret_proof if set.")
    api_base: str = Field(default=GRAPH, pattern="^https?://")
    """Another origin to speak to: a proxy, a mock, a test server."""
    api_version: str = Field(default="v25.0", pattern=r"^v[0-9]+\.[0-9]+$")
    """The version of the Graph API."""


class Settings(AccountSettings):
    """A Page, its token and the Graph version to speak."""

    SUPPORTED_STREAMS: ClassVar = frozenset(
        {Stream.DIRECT_MESSAGES, Stream.COMMENTS, Stream.MENTIONS, Stream.REVIEWS}
    )
    WATCHED_AS: ClassVar[type[WatchSettings] | None] = Watched

    page_id: str = Field(pattern="^[0-9]+$", description="The Page's number.")
    token: Secret = Field(min_length=1, description="A Page access token.")
    app_secret: Secret | None = Field(default=None, description="Sends appsecret_proof if set.")
    poll_every: Duration = timedelta(seconds=90)
    """
    How often it is looked for news. A Page on which one person a day is active may make 4,800 calls in 24 hours. Messages,
    comments and mentions each cost one a poll: every 90 s that is 2,880 a day, 60 %, which
    leaves room for sweeps, nightly verification and answers; every 30 s it would be 8,640.
    """
    ads: bool | None = None
    """
    Whether comments on ads are read. If it is left out, they are if the token may; ``true``
    means that it must: then they are a source of their own, which fails if it may not.
    """
    photos: bool | None = None
    """The same for comments on single pictures of a post that has several."""
    api_base: str = Field(default=GRAPH, pattern="^https?://")
    """Another origin to speak to: a proxy, a mock, a test server."""
    api_version: str = Field(
        default="v25.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        description="For reviews it is v21.0, the last that has them; Facebook ends it on 2027-01-21.",
    )
    """The version of the Graph API."""

    def advice(self) -> Iterator[tuple[str, str]]:
        """Yield what is to be known of reviews: they are not to be had for long."""
        if Stream.REVIEWS in self.streams:
            yield "streams", f"has reviews. {REVIEWS_END}"
