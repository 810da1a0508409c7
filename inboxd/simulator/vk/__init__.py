"""VK API 5.199 and its Bots Long Poll, as a local server."""

from inboxd.simulator.vk.facade import (
    COMMUNITY_TOKEN,
    LONG_POLL,
    NOT_AN_API_ERROR,
    SERVICE_TOKEN,
    TOKENS,
    USER_TOKEN,
    app,
)
from inboxd.simulator.vk.protocol import TokenKind

__all__ = [
    "COMMUNITY_TOKEN",
    "LONG_POLL",
    "NOT_AN_API_ERROR",
    "SERVICE_TOKEN",
    "TOKENS",
    "USER_TOKEN",
    "TokenKind",
    "app",
]
