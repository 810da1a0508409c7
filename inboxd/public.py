"""
The second port: how what is public of somebody else's account is read, and nothing else.

A network offers it by a third public class beside ``Settings`` and ``Connector``:
``PublicReader``, a subclass of :class:`PublicReader`, whose settings are what its ``Settings``
name in ``WATCHED_AS``. It has no way to write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from inboxd.clock import Clock
    from inboxd.connector import Allowance, Cursor, Ledger, Page


@dataclass(frozen=True, slots=True)
class PublicCheck:
    """Whom a watched account belongs to, and what people should know of how it is read."""

    identity: str
    text: str = ""


class PublicReader(ABC):
    """
    One account of somebody else's on one network.

    Every method may raise only the errors of :mod:`inboxd.errors`, and none may block the event
    loop. What must survive a restart is in the cursor.
    """

    network: ClassVar[str]

    @abstractmethod
    def __init__(
        self,
        settings: Any,  # noqa: ANN401 - its own WatchSettings
        clock: Clock,
        ledger: Ledger | None = None,
        ours: Ledger | None = None,
    ) -> None:
        """
        Remember the settings; speak to nobody before the first call.

        *ours* is the ledger of the account of ours whose tokens are used: what networks count by
        the token is counted there, and whoever is read by them leaves most of it to us.
        """

    @abstractmethod
    def poll(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """
        Yield what customers wrote in public and what was answered, from *cursor* on.

        Outbound is what the watched account itself wrote. As with a connector's sources, each
        page's cursor may be kept once the page is stored, and a poll that finds nothing yields
        one page. Authors have an id and no name.
        """

    def allowances(self) -> Sequence[Allowance]:
        """Return how much of what it may use is used, from the ledgers alone."""
        return ()

    @abstractmethod
    async def check(self) -> PublicCheck:
        """Ask whose account it is; raises why it cannot be read."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections and threads; safe to call twice."""
