"""What the keys of a screen do, as the screen itself says: for the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App
    from textual.binding import ActiveBinding, Binding
    from textual.dom import DOMNode


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that can be done here, the keys that do it, and whose they are."""

    description: str
    action: str
    node: DOMNode
    bindings: tuple[Binding, ...]

    def runner(self, app: App[None]) -> Callable[[], object]:
        """Return what does it when called."""
        return lambda: app.call_later(app.run_action, self.action, self.node)


def by_meaning(active: Mapping[str, ActiveBinding]) -> list[Meaning]:
    """
    Return what the *active* bindings do, each with all its keys, in the order of the bindings.

    What has no description is for those who know.
    """
    found: dict[tuple[str, str], Meaning] = {}
    for node, binding, enabled, _ in active.values():
        if not (enabled and binding.description):
            continue
        known = found.get((binding.action, binding.description))
        bindings = (*known.bindings, binding) if known else (binding,)
        found[binding.action, binding.description] = Meaning(
            binding.description, binding.action, node, bindings
        )
    return list(found.values())
