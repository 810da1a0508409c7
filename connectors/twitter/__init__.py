"""X (Twitter): what people write to the shop there, and what the shop answers."""

from connectors.twitter.connector import Connector
from connectors.twitter.settings import Settings

__all__ = ["Connector", "Settings"]
