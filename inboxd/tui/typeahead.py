"""Keys that are pressed faster than they are dealt with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from textual.screen import Screen


def once_written(screen: Screen[Any], do: Callable[[], object]) -> None:
    """
    Do something once the field that has the keys has taken all that were pressed before.

    A binding that has priority overtakes letters that are still on their way to the field: what
    is sent or kept by it would lack the last of them. Nothing is done if the screen is covered
    or left by then.
    """

    def then() -> None:
        if screen.is_current:
            do()

    (screen.focused or screen).call_later(screen.call_later, then)
