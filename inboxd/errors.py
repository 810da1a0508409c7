"""
The tree of errors: one class for each person or thing that must act.

::

    InboxdError
    ├── UserError                 the person at the keyboard: exit 2, no traceback
    │   └── ConfigError           a list of problems, each with its path
    ├── OperatorError             who runs the server
    │   ├── DatabaseError         cannot be opened, or is not ours
    │   │   ├── DatabaseUnavailable   full or read-only: goes on when that is over
    │   │   │   └── DatabaseLocked    another program keeps it
    │   │   ├── DatabaseDamaged   must not be written to; a backup is needed
    │   │   ├── DatabaseLost      another file than the one that was opened: start anew
    │   │   ├── DatabaseLeft      it moved to another server: nothing is written here any more
    │   │   ├── DatabaseOlder     not yet migrated, and only to be read
    │   │   └── DatabaseNewer     a newer inboxd has migrated it
    │   ├── TokenInvalid          a network refuses the token: disconnected until renewed
    │   ├── PermissionMissing     the token works but lacks a scope
    │   └── SinkRefused           an alert receiver refuses for good
    ├── NetworkError              nobody: wait, then try again
    │   ├── Unavailable           no answer, a broken answer, a 5xx
    │   └── RateLimited           asked too often: wait until a time
    │       ├── BudgetSpent       paid for and used up: wait for the next period
    │       └── Spared            not asked, by our own choice: nothing is wrong
    ├── SendRefused               the author of a reply: it cannot be delivered as it is
    ├── OutcomeUnknown            a send whose answer was lost: look before sending again
    └── UnexpectedPayload         us: a shape no contract describes; kept for repair

Connectors and sinks translate what their SDKs raise into these, with ``from``. No text in
here may carry a token: write what failed, not the URL it failed at.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class InboxdError(Exception):
    """Everything that inboxd raises on purpose."""


class UserError(InboxdError):
    """The command as given cannot be carried out; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file: where, and what to do about it."""

    path: str
    text: str

    def __str__(self) -> str:
        """Return the line that a person reads: ``accounts[1].poll_evry is unknown; …``."""
        return f"{self.path} {self.text}" if self.path else self.text


class ConfigError(UserError):
    """A configuration that cannot be used, with *every* problem that was found in it."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{source} has {count}:{lines}")


class OperatorError(InboxdError):
    """Who runs the server must act; waiting does not help."""


class DatabaseError(OperatorError):
    """The database cannot be opened, is not ours, or comes from a newer inboxd."""


class DatabaseUnavailable(DatabaseError):
    """It cannot be used now, and may be later without anybody touching inboxd."""


class DatabaseLocked(DatabaseUnavailable):
    """Another program has kept the database for longer than anybody waits."""


class DatabaseDamaged(DatabaseError):
    """SQLite finds no sense in the file: what is written to it now makes it worse."""


class DatabaseLost(DatabaseError):
    """The file was moved, deleted or replaced while in use: only a new start finds what is there."""


class DatabaseLeft(DatabaseError):
    """The database moved to another server: whatever is written here is seen by nobody."""


class DatabaseOlder(DatabaseError):
    """The database was not migrated to this version yet, by somebody who only reads it."""


class DatabaseNewer(DatabaseError):
    """A newer inboxd has migrated the database."""


class TokenInvalid(OperatorError):
    """The network refuses the account's token. The only error that disconnects an account."""


class PermissionMissing(OperatorError):
    """The token is good but may not do this; the text names the missing scope."""


class SinkRefused(OperatorError):
    """An alert receiver refuses this message, or every message, for good."""


class NetworkError(InboxdError):
    """The other side is at fault or busy: the same call may go through later."""


class Unavailable(NetworkError):
    """No answer, a broken answer or a server error."""


class RateLimited(NetworkError):
    """
    The other side says "too often".

    *until* is an aware UTC instant, or None where the network does not tell.
    """

    def __init__(self, text: str, until: datetime | None = None) -> None:
        super().__init__(text)
        self.until = until


class BudgetSpent(RateLimited):
    """A paid allowance is used up: asking again before *until* is pointless."""


class Spared(RateLimited):
    """
    Not asked for now, to leave enough of an allowance for later or for what matters more.

    Nothing failed, so nobody is told, unless it lasts.
    """


class SendRefused(InboxdError):
    """The network will not deliver this reply; the text says why and what to do instead."""


class OutcomeUnknown(InboxdError):
    """A send whose answer was lost: it may have been delivered, so it is not simply repeated."""


class UnexpectedPayload(InboxdError):
    """
    The network answered in a shape that no contract describes.

    *raw* is the answer, as far as there was one, for the quarantine; never with a token in it.
    """

    def __init__(self, text: str, raw: object = None) -> None:
        super().__init__(text)
        self.raw = raw


_LACKING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC}


def is_shortage(error: BaseException) -> bool:
    """
    Tell whether the machine had not enough of something: memory, files, threads, room.

    It is nobody's bug, and what was not done for it is to be tried again.
    """
    if isinstance(error, RuntimeError):
        return "can't start new thread" in str(error)
    lacking = isinstance(error, OSError) and error.errno in _LACKING
    return lacking or isinstance(error, MemoryError)
