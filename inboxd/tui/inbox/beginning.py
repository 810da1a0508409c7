"""What the inbox begins with: the view, or the search, that the command names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.queries import Known, View, parse
from inboxd.errors import UserError

if TYPE_CHECKING:
    from inboxd.config import Settings


def known(settings: Settings) -> Known:
    """Return what a search can know of the accounts."""
    accounts = settings.accounts
    return Known([each.name for each in accounts], sorted({each.network for each in accounts}))


def beginning(wanted: str, settings: Settings) -> tuple[int, str]:
    """
    Return the number of the view that is *wanted*, and what is looked for in it.

    A name is that of a view or of a saved one; whatever has a condition, or several words, is
    looked for among those who wait. Raises UserError where it is neither.
    """
    names = [*map(str, View), *(each.name for each in settings.tui.views)]
    found = [name.casefold() for name in names]
    if wanted.casefold() in found:
        return found.index(wanted.casefold()), ""
    if ":" not in wanted and not wanted.split()[1:]:
        raise UserError(
            f"there is no view {wanted!r}; there are: {', '.join(names)}; "
            "or say what is looked for, such as 'kind:complaint network:vk'"
        )
    parse(wanted, known(settings))
    return 0, wanted
