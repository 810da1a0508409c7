"""The command line: thin commands; whatever is heavy is imported inside them."""

from inboxd.cli import cases, judging, rehearsing, service, silencing, triage
from inboxd.cli.group import main

__all__ = ["cases", "judging", "main", "rehearsing", "service", "silencing", "triage"]
