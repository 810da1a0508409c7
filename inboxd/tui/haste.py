"""People are quicker than the machine: they type ahead, and leave before all has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.dom import DOMNode
    from textual.screen import Screen


def begin(node: DOMNode, work: Callable[[], Awaitable[object]], group: str) -> None:
    """
    Begin *work* in the place of what was begun before it in its *group*.

    It is a function, since a coroutine that is replaced before its first step was never awaited.
    """
    node.run_worker(cast("Any", work), group=group, exclusive=True)


def is_left(screen: Screen[Any]) -> bool:
    """
    Tell whether a screen has been left, or the program: nothing can be shown there any more.

    Whatever waits for the store asks afterwards. The parts of a screen go before the screen does.
    """
    return not (screen.is_attached and screen.display)


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
