"""What an operator writes about a VK community: its number and its tokens."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator

from inboxd.connector import AccountSettings, Secret, WatchSettings
from inboxd.model import Stream

SITE: Final = "https://vk.com"
VK_ORIGIN: Final = "https://api.vk.ru"


def _an_origin(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError(f"must begin with https:// or http://, as {VK_ORIGIN} does")
    return value.rstrip("/") or VK_ORIGIN


class Watched(WatchSettings):
    """The wall of somebody else's community, which a service token can read."""

    BORROWED: ClassVar[tuple[str, ...]] = ("service_token", "timeout", "api_base")

    group_id: int = Field(gt=0, description="The community's number, without a minus.")
    service_token: Secret = Field(min_length=1, description="An app's service token reads walls.")
    api_base: str = VK_ORIGIN
    """Another origin to speak to: a proxy, a mock, a test server."""

    _is_an_origin = field_validator("api_base")(_an_origin)


class Settings(AccountSettings):
    """A VK community and the tokens that are there for it."""

    SUPPORTED_STREAMS: ClassVar[frozenset[Stream]] = frozenset(
        {Stream.DIRECT_MESSAGES, Stream.COMMENTS, Stream.MENTIONS, Stream.SEARCH}
    )
    WATCHED_AS: ClassVar[type[WatchSettings] | None] = Watched

    group_id: int = Field(gt=0, description="The community's number, without a minus.")
    token: Secret = Field(min_length=1, description="A community token: messages, wall, manage.")
    service_token: Secret | None = Field(
        None, min_length=1, description="Reads wall and topics back, and searches for the brand."
    )
    user_token: Secret | None = Field(
        None,
        min_length=1,
        description="Reads mentions; answers comments below photos, videos, goods and topics.",
    )
    boards: bool = Field(
        True, description="Whether the community has discussions that are to be read back."
    )
    brand_words: tuple[str, ...] = Field((), validate_default=True)
    """What the stream ``search`` looks for, which needs them: the brand as people write it."""
    api_base: str = VK_ORIGIN
    """Another origin to speak to: a proxy, a mock, a test server."""

    _is_an_origin = field_validator("api_base")(_an_origin)

    @field_validator("brand_words")
    @classmethod
    def _words_to_search_for(cls, words: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if Stream.SEARCH in info.data.get("streams", ()) and not words:
            raise ValueError('are needed by the stream "search": the brand as people write it')
        return words
