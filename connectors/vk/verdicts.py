"""What is to be looked up, where it stands, and what a complete reading proves of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.vk.boards import COMMENTS_PAGE
from inboxd.errors import UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from inboxd.connector import Known
    from inboxd.model import Message

_ID = re.compile(r"([a-z_]+):(-?[0-9]{1,18})_([0-9]{1,18})")
_BELOW = re.compile(r"@([0-9]{1,18})$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stored message with what its names say of where it stands."""

    known: Known
    kind: str
    owner: int
    number: int
    below: int | None
    root: int | None

    @classmethod
    def of(cls, known: Known) -> Wanted | None:
        """Return what can be looked up by its name, else None."""
        name, thread = _ID.fullmatch(known.remote_id), _ID.match(known.thread_id)
        if name is None:
            return None
        below = _BELOW.search(known.thread_id)
        post = int(below[1]) if below else None
        if thread is not None and thread[1] == "wall_post":
            return cls(known, name[1], int(name[2]), int(name[3]), int(thread[3]), None)
        root = int(thread[3]) if thread is not None else None
        return cls(known, name[1], int(name[2]), int(name[3]), post, root)


@dataclass(slots=True)
class Verdicts:
    """What is known by now of some stored messages."""

    present: list[Message] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def settle(self, wanted: Iterable[Wanted], found: dict[str, Message]) -> None:
        """Sort *wanted* by whether a complete reading *found* them."""
        for each in wanted:
            message = found.get(each.known.remote_id)
            if message is None:
                self.gone.append(each.known.remote_id)
            else:
                back = each.known.deleted and not message.deleted
                as_stored = replace(message, stream=each.known.stream, restored=back)
                self.present.append(as_stored)

    def settle_listed(
        self, wanted: Sequence[Wanted], found: dict[str, Message], total: int, what: str
    ) -> None:
        """
        Sort *wanted* by whether they were *found* among the *total* of comments that VK counts.

        VK counts all levels, whether it shows them or not: only when as many were found is what
        is not among them gone. Whether it counts the stubs of deleted ones is not known, so none
        stands for a comment that is not shown.
        """
        live = sum(not message.deleted for message in found.values())
        if live < total and not all_found(wanted, found):
            self.notes.append(f"{what} were shown only in part")
            wanted = [each for each in wanted if each.known.remote_id in found]
        self.settle(wanted, found)


def goes_on(items: Sequence[object], offset: int, total: object) -> bool:
    """
    Whether a list may go on behind the page at *offset*.

    Raises UnexpectedPayload for a list that says it has items and shows none: it has not been
    read, and what it does not show is not gone.
    """
    if not items and not offset and total != 0:
        raise UnexpectedPayload(f"of {total} comments none is shown", {"count": total})
    return bool(items) and not (isinstance(total, int) and offset + COMMENTS_PAGE >= total)


def all_found(wanted: Iterable[Wanted], found: Mapping[str, Message]) -> bool:
    """Whether nothing is left to be found."""
    return all(each.known.remote_id in found for each in wanted)


def is_placed(wanted: Wanted) -> bool:
    """Whether it is known which post it is or stands below."""
    return wanted.kind == "wall_post" or wanted.below is not None
