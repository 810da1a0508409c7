"""The facade of X's API v2: what an inbox needs of it, as the official OpenAPI document says."""

from inboxd.simulator.twitter.credentials import Credentials
from inboxd.simulator.twitter.facade import app

__all__ = ["Credentials", "app"]
