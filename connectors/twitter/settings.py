"""What an account on X needs to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from inboxd import connector as port
from inboxd.connector import Duration, LocalPath, Secret
from inboxd.model import Stream

_OAUTH_1 = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_OAUTH_2 = ("client_id", "refresh_token", "token_file")
_LONGEST_WORD = 300
"""X takes queries of 512 characters, and who must not be found takes some of them."""
_KEYS = (*_OAUTH_1, *_OAUTH_2, "client_secret")


class KeySettings(BaseModel):
    """Where X is spoken to and with which keys, be the account ours or somebody else's."""

    consumer_key: Secret | None = None
    """Of OAuth 1.0a: the app's API key."""
    consumer_secret: Secret | None = None
    """Of OAuth 1.0a: the app's API key secret."""
    access_token: Secret | None = None
    """Of OAuth 1.0a; with OAuth 2.0 one that may be used until X refuses it."""
    access_token_secret: Secret | None = None
    """Of OAuth 1.0a: the secret beside the user's access token."""
    client_id: Secret | None = None
    """Of OAuth 2.0: the app's client id."""
    client_secret: Secret | None = None
    """Of OAuth 2.0, where the app is a confidential client."""
    refresh_token: Secret | None = None
    """The first one. Each can be used once; those that follow are kept in *token_file*."""
    token_file: LocalPath | None = None
    """Where inboxd keeps the tokens of OAuth 2.0 (0600); relative to the configuration's folder."""
    api_base: str = Field("https://api.x.com", pattern="^https?://")
    """Another origin to speak to: a proxy, a mock, a test server."""

    @property
    def given(self) -> set[str]:
        """The names of those that are there."""
        return {name for name in _KEYS if getattr(self, name) is not None}


class Watched(KeySettings, port.WatchSettings):
    """
    Somebody else's account on X, found by search: what mentions it, and what it replies.

    Read with the *bearer_token* of an app of yours, or with the keys of an account of yours
    (*tokens_of*). X takes money for each post that it returns.
    """

    BORROWED: ClassVar[tuple[str, ...]] = (*_KEYS, "timeout", "api_base")

    handle: str = Field(pattern="^[A-Za-z0-9_]{1,15}$", description="Without the @.")
    """Its name on X."""
    user_id: str | None = Field(None, pattern=r"^\d{1,19}$", coerce_numbers_to_str=True)
    """Its number, which is looked up (at $0.010) where it is not given and no post tells it."""
    monthly_read_budget: int = Field(500, gt=0)
    """Posts that may be read of it in a calendar month (UTC), beside those of your own accounts."""
    bearer_token: Secret | None = None
    """Of an app: it reads what is public, and can do nothing else."""
    refresh_token: Secret | None = None
    """The first one, where no account has it: else say *tokens_of*, for each can be used once."""

    @model_validator(mode="after")
    def _something_to_read_with(self) -> Self:
        if self.bearer_token or self.given >= {*_OAUTH_1} or self.given >= {*_OAUTH_2}:
            return self
        raise ValueError(
            "lacks a bearer_token; give one, or tokens_of = the name of an account of yours on X"
        )


class Settings(KeySettings, port.AccountSettings):
    """
    An X account, with the keys of an app and of the shop's own user.

    Either the four keys of OAuth 1.0a, which do not expire, or OAuth 2.0: *client_id* and
    *refresh_token*, with *client_secret* if the app is a confidential client.
    """

    # What pydantic shows of a wrong input is the whole account, keys included.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    SUPPORTED_STREAMS: ClassVar = frozenset(
        {Stream.MENTIONS, Stream.DIRECT_MESSAGES, Stream.SEARCH}
    )
    WATCHED_AS: ClassVar[type[port.WatchSettings] | None] = Watched

    poll_every: Duration = timedelta(minutes=2)
    """How often it is looked for news; X charges for what it returns, not for looking."""
    brand_words: tuple[str, ...] = Field((), validate_default=True)
    """What the stream ``search`` looks for, which needs them: the brand as people write it."""
    user_id: str = Field(pattern=r"^\d{1,19}$", coerce_numbers_to_str=True)
    """The number of the shop's account, not its @handle."""
    monthly_read_budget: int | None = Field(None, gt=0)
    """Posts, users and DM events that may be read in a calendar month (UTC)."""
    follow_conversations: bool = True
    """Whether X is searched for quotes, and for replies that do not name the account."""
    reply_rule: Literal["summoned", "any"] = "summoned"
    """Whom X lets the app answer in public: who mentioned or quoted it, or (Enterprise) anybody."""

    @property
    def has_oauth_2(self) -> bool:
        """Whether requests carry a token that must be refreshed, instead of a signature."""
        return self.client_id is not None

    @model_validator(mode="after")
    def _one_set_of_keys(self) -> Self:
        given = self.given
        if given & {*_OAUTH_2, "client_secret"}:
            if mixed := sorted(given & {*_OAUTH_1} - {"access_token"}):
                raise ValueError(
                    f"has keys of OAuth 2.0 and of OAuth 1.0a ({', '.join(mixed)}); keep one set"
                )
            if missing := [name for name in _OAUTH_2 if name not in given]:
                raise ValueError(
                    f"lacks {', '.join(missing)}; OAuth 2.0 needs {', '.join(_OAUTH_2)}"
                )
        elif missing := [name for name in _OAUTH_1 if name not in given]:
            raise ValueError(
                f"lacks {', '.join(missing)}; give {', '.join(_OAUTH_1)} (OAuth 1.0a), "
                f"or {', '.join(_OAUTH_2)} (OAuth 2.0)"
            )
        return self

    @field_validator("brand_words")
    @classmethod
    def _words_to_search_for(cls, words: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if Stream.SEARCH in info.data.get("streams", ()) and not words:
            raise ValueError(
                'has the stream "search" but no brand_words; name what to look for, '
                'such as brand_words = ["lavka sever"]'
            )
        if any(len(word) > _LONGEST_WORD for word in words):
            raise ValueError(f"has words longer than {_LONGEST_WORD} characters")
        return words
