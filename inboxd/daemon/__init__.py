"""Wires everything together: jobs and workers. The only package that does."""

from inboxd.daemon.daemon import Daemon, RoundResult
from inboxd.daemon.wiring import connected, metrics_for

__all__ = ["Daemon", "RoundResult", "connected", "metrics_for"]
