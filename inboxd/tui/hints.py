"""The last line: the keys that matter most here, and where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from inboxd.tui.cells import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual import events
    from textual.binding import ActiveBinding


class Hints(Widget):
    """Reminds of *keys*, each with a word, most important first, as far as they do something."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"hints--key", "hints--notice"}
    DEFAULT_CSS = """
    Hints {
        height: 1; background: $panel; color: $foreground 75%;
        & > .hints--key { color: $text-accent; text-style: bold; }
        & > .hints--notice { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, keys: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self._keys = keys
        self._notice = ""
        self._place = ""
        self._hints: list[tuple[ActiveBinding, Content]] | None = None
        self._ends: list[tuple[int, ActiveBinding]] = []

    def remind(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Remind of other keys from now on, or of the same as they now are."""
        self._keys, self._hints = keys, None
        self.refresh()

    def show(self, notice: str, place: str) -> None:
        """Show where one is at the end, and a *notice*, if there is one, in the place of keys."""
        if (notice, place) != (self._notice, self._place):
            self._notice, self._place = notice, place
            self.refresh()

    def notify_style_update(self) -> None:
        """Forget the colours of a theme that was."""
        super().notify_style_update()
        self._hints = None

    def render(self) -> Content:
        """Return the line."""
        room = self.size.width - cell_len(self._place) - 3
        if self._notice:
            notice = self.get_visual_style("hints--notice")
            return Content.assemble((fit(self._notice, room), notice), "  ", self._place, " ")
        if self._hints is None:
            self._hints = list(self._found())
        shown = Content(" ")
        self._ends = []
        for bound, hint in self._hints:
            if shown.cell_length + hint.cell_length > room:
                break
            shown += hint
            self._ends.append((shown.cell_length, bound))
        return shown + " " * (room + 2 - shown.cell_length) + f"{self._place} "

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        bound = next((each for end, each in self._ends if event.x < end), None)
        if bound is not None and not self._notice:
            await self.app.run_action(bound.binding.action, bound.node)

    def _found(self) -> Iterator[tuple[ActiveBinding, Content]]:
        """Yield what the keys do."""
        active = self.screen.active_bindings
        style = self.get_visual_style("hints--key")
        for key, word in self._keys:
            bound = active.get(key)
            if bound is not None and bound.enabled:
                shown = self.app.get_key_display(bound.binding)
                yield bound, Content.assemble((shown, style), f" {word}  ")
