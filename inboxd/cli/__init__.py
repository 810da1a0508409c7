"""The command line: thin commands; whatever is heavy is imported inside them."""

from inboxd.cli import (
    asking,
    auditing,
    cases,
    completing,
    failing,
    forgetting,
    judging,
    keeping,
    moving,
    rehearsing,
    reporting,
    service,
    silencing,
    triage,
)
from inboxd.cli.group import main

__all__ = [
    "asking",
    "auditing",
    "cases",
    "completing",
    "failing",
    "forgetting",
    "judging",
    "keeping",
    "main",
    "moving",
    "rehearsing",
    "reporting",
    "service",
    "silencing",
    "triage",
]
