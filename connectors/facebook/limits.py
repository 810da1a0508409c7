"""How much of what Facebook allows is used, by the headers of its answers; pure."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.facebook.shapes import integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.model import Json

NEAR_THE_LIMIT = 90
"""Per cent of an allowance at which polling pauses: the rest is kept for people's replies."""
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)


def usage(headers: Mapping[str, str]) -> tuple[int, timedelta | None]:
    """
    Return the highest share of an allowance used, in per cent, and when it is regained.

    The headers are often absent, and not always JSON; there is no Retry-After. App and Page
    usage are objects; business use cases are lists of them by id, with a time in minutes.
    """
    found: list[Json] = []
    for name in ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage"):
        try:
            json.loads(headers.get(name, "{}"), object_hook=found.append)
        except (ValueError, RecursionError):
            continue
    keys = ("call_count", "total_time", "total_cputime")
    share = max((integer(each.get(key)) for each in found for key in keys), default=0)
    regain = (integer(each.get("estimated_time_to_regain_access")) for each in found)
    minutes = min(max(regain, default=0), LONGEST_PAUSE // timedelta(minutes=1))
    return share, timedelta(minutes=minutes) if minutes > 0 else None
