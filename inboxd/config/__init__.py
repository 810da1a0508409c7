"""
The configuration: a TOML file in, typed settings out, or every problem in it at once.

The networks are passed in, because a configuration knows their keys and not their code.
"""

from inboxd.config.advice import advice
from inboxd.config.fields import Address
from inboxd.config.inspection import Inspected, inspect, load_receivers
from inboxd.config.loader import load
from inboxd.config.settings import (
    AnySink,
    AppriseSettings,
    ClassifierSettings,
    ConsoleSettings,
    EmailSettings,
    GeneralSettings,
    HeartbeatSettings,
    HttpSettings,
    Receivers,
    Settings,
    SlackSettings,
)
from inboxd.config.triage import ReplySettings, TuiSettings, ViewSettings

__all__ = [
    "Address",
    "AnySink",
    "AppriseSettings",
    "ClassifierSettings",
    "ConsoleSettings",
    "EmailSettings",
    "GeneralSettings",
    "HeartbeatSettings",
    "HttpSettings",
    "Inspected",
    "Receivers",
    "ReplySettings",
    "Settings",
    "SlackSettings",
    "TuiSettings",
    "ViewSettings",
    "advice",
    "inspect",
    "load",
    "load_receivers",
]
