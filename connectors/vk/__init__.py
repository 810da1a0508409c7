"""
VK: a community's private messages and comments.

The Bots Long Poll (community token) tells everything as it happens and is read first;
``conversations`` (community token) and ``wall`` (service token) read back what it may have
lost. API 5.199; facts are from dev.vk.com and VKCOM/vk-api-schema.
"""

from connectors.vk.connector import Connector
from connectors.vk.settings import Settings

__all__ = ["Connector", "Settings"]
