"""The versions of the Graph API: which there are, and which one serves a call."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from inboxd.simulator.facebook.errors import GraphError

# developers.facebook.com/docs/graph-api/changelog, as of 2026-11; the day each ends.
_AVAILABLE_UNTIL: dict[tuple[int, int], date] = {
    (21, 0): date(2027, 1, 21),
    (22, 0): date(2027, 5, 20),
    (23, 0): date(2027, 10, 8),
    (24, 0): date(2028, 2, 18),
    (25, 0): date(2028, 7, 29),
    (26, 0): date.max,
}
_VERSION = re.compile(r"v(\d{1,3})\.(\d)")


def serving(named: str, at: datetime) -> tuple[int, int]:
    """
    Return the version that serves a call for the version *named*, "" being none.

    No version, and one that has ended, are served by the oldest there is. Raises error
    100 for one that does not exist.
    """
    today = at.astimezone(UTC).date()
    oldest = min(version for version, last in _AVAILABLE_UNTIL.items() if today < last)
    if not named:
        return oldest
    found = _VERSION.fullmatch(named)
    version = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if found is None or version > max(_AVAILABLE_UNTIL):
        raise GraphError(100, f"Unknown version {named!r}")
    return max(version, oldest)
