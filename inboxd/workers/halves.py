"""Judging a batch in which something may be more than a judge can take: by halves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from inboxd.errors import is_shortage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger(__name__)

Subject = TypeVar("Subject")
Said = TypeVar("Said")


def by_halves(
    judge: Callable[[Sequence[Subject]], list[Said]],
    batch: Sequence[Subject],
    unknown: Said,
    crashed: str,
) -> list[Said]:
    """
    Return what *judge* says of each in *batch*.

    What crashes it is found by halves, logged as *crashed*, and *unknown*: it must not hold up
    the others. Where the machine is short of something that is raised: no text is at fault.
    """
    try:
        return judge(batch)
    except Exception as error:
        if is_shortage(error):
            raise
        if len(batch) == 1:
            log.exception(crashed)
            return [unknown]
        middle = len(batch) // 2
        return [
            said
            for half in (batch[:middle], batch[middle:])
            for said in by_halves(judge, half, unknown, crashed)
        ]
