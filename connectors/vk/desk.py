"""What every source works with: the tokens, the clock, the times to read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.vk.shapes import unix
from inboxd.errors import PermissionMissing

if TYPE_CHECKING:
    from connectors.vk.memory import Memory
    from connectors.vk.people import People
    from connectors.vk.settings import Settings
    from connectors.vk.transport import Api
    from inboxd.clock import Clock
    from inboxd.connector import Cursor


@dataclass(frozen=True, slots=True)
class Desk:
    """One account's tokens and memory. Whatever it remembers can be asked for again."""

    settings: Settings
    clock: Clock
    community: Api
    service: Api | None
    user: Api | None
    people: People
    memory: Memory

    @property
    def group_id(self) -> int:
        """The community's number; as an author and owner it is negative."""
        return self.settings.group_id

    @property
    def reader(self) -> Api | None:
        """The token that reads walls and topics: a service token, else a user's."""
        return self.service or self.user

    def require_reader(self, what: str) -> Api:
        """Return `reader`; raise PermissionMissing where there is none."""
        if self.reader is None:
            raise PermissionMissing(f"{what} needs a service_token")
        return self.reader

    def require_user(self, what: str) -> Api:
        """Return the user token's methods; raise PermissionMissing where there is none."""
        if self.user is None:
            raise PermissionMissing(f"{what} needs a user_token")
        return self.user

    @property
    def now(self) -> int:
        """The present, in unix seconds."""
        return unix(self.clock.now())

    @property
    def horizon(self) -> int:
        """Where the backfill begins, in unix seconds."""
        return self.now - int(self.settings.backfill.total_seconds())

    @property
    def overlap(self) -> int:
        """How far behind its cursor a source re-reads, in seconds."""
        return int(self.settings.overlap.total_seconds())

    def start(self, cursor: Cursor) -> tuple[int, int]:
        """
        Return from when a source that keeps ``since`` reads, and what it keeps until it has.

        Both in unix seconds: the overlap behind the cursor, or the backfill where it is the
        first time.
        """
        since = cursor.get("since")
        if not isinstance(since, int):
            return self.horizon, self.horizon
        return since - self.overlap, since
