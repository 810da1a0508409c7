"""What the keys of a screen do, as the screen itself says: for the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.binding import ActiveBinding
    from textual.dom import DOMNode


_ONLY_KEYS = {"command_palette", "turn(1)", "turn(-1)"}
"""What is had by other names in a list of names: the list itself, and each tab."""


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

    @property
    def rank(self) -> int:
        """Return what comes first: what the screen is for, what concerns its parts, then the rest."""
        if isinstance(self.node, App):
            return 2
        return 0 if isinstance(self.node, Screen) else 1

    @property
    def is_command(self) -> bool:
        """Tell whether somebody may look for it by its name; for moving about, keys are there."""
        if self.action in _ONLY_KEYS:
            return False
        return isinstance(self.node, App | Screen) or any(each.show for each in self.bindings)


def by_meaning(active: Mapping[str, ActiveBinding]) -> list[Meaning]:
    """
    Return what the *active* bindings do, each with all its keys, in the order of the bindings.

    What has no description is for those who know, and so are Textual's own: to scroll sideways,
    or to delete a word.
    """
    found: dict[tuple[str, str], Meaning] = {}
    for node, binding, enabled, _ in active.values():
        if not (enabled and binding.description and _meaning(binding) in _ours(type(node))):
            continue
        known = found.get((binding.action, binding.description))
        bindings = (*known.bindings, binding) if known else (binding,)
        found[binding.action, binding.description] = Meaning(
            binding.description, binding.action, node, bindings
        )
    return list(found.values())


def _meaning(binding: Binding) -> tuple[str, str]:
    return binding.action, binding.description


@cache
def _ours(kind: type) -> frozenset[tuple[str, str]]:
    """Return what the bindings mean that our part of a class has."""
    ours = [each for each in kind.__mro__ if not each.__module__.startswith("textual.")]
    found = [Binding.make_bindings(each.__dict__.get("BINDINGS", ())) for each in ours]
    return frozenset(_meaning(binding) for bindings in found for binding in bindings)
