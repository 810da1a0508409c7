"""Saved replies, to be put into the editor: what fits the case comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList, Static

from inboxd.core.saved import filled
from inboxd.core.text import LANGUAGE_NAMES, inert
from inboxd.tui.dialogs.chooser import Choice, Chooser

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from textual.app import ComposeResult

    from inboxd.config import ReplySettings
    from inboxd.model import Topic


def offered(
    replies: Sequence[ReplySettings], language: str, topics: Collection[Topic], network: str
) -> list[ReplySettings]:
    """Return the saved *replies*, those that fit best first, else in the file's order."""

    def misfit(reply: ReplySettings) -> tuple[int, int, int]:
        return (
            _misfit(bool(reply.language), fits=reply.language == language),
            _misfit(bool(reply.network), fits=network in reply.network),
            _misfit(bool(reply.topic), fits=not {*topics}.isdisjoint(reply.topic)),
        )

    return sorted(replies, key=misfit)


def _misfit(given: bool, *, fits: bool) -> int:  # noqa: FBT001 - what is said, and whether it fits
    return (0 if fits else 2) if given else 1


class SavedReplies(Chooser[str]):
    """Answers with the text of a saved reply, its variables filled."""

    HINTS = "↑↓ choose · Enter insert it"
    DEFAULT_CSS = """
    SavedReplies > #frame {
        width: 90;
        #preview { height: auto; max-height: 9; margin-top: 1; scrollbar-size-vertical: 1; }
        #preview > Static { border-left: thick $accent; padding: 0 1; }
    }
    """

    def __init__(
        self, replies: Sequence[ReplySettings], values: Mapping[str, str], language: str
    ) -> None:
        super().__init__("Saved replies", "words of its name or text")
        self._replies = replies
        self._values = values
        self._language = language

    def choices(self, typed: str) -> Sequence[Choice[str]]:
        """Return those that have all the words that are typed."""
        words = typed.casefold().split()
        return [
            Choice(
                inert(filled(reply.text, self._values)), reply.name, _note(reply, self._language)
            )
            for reply in self._replies
            if all(word in f"{reply.name}\n{reply.text}".casefold() for word in words)
        ]

    def marked_first(self, typed: str) -> int | None:
        """Return none where all are in other languages: one Enter would insert the wrong one."""
        language = self._replies[0].language
        return 0 if typed or language in {"", self._language} else None

    def refusal(self, typed: str) -> str:
        """Return that there is none."""
        del typed
        return "no saved reply has these words"

    def body(self) -> ComposeResult:
        """Yield the field and the names, and the text of the one that is marked."""
        yield from super().body()
        with VerticalScroll(id="preview", can_focus=False):
            yield Static(id="text", markup=False)

    @on(Input.Changed)
    def forget(self) -> None:
        """Show no text until one is marked again."""
        self.query_one("#text", Static).update("")

    @on(OptionList.OptionHighlighted)
    def preview(self, event: OptionList.OptionHighlighted) -> None:
        """Show the text of the marked one as it would be inserted."""
        self.query_one("#text", Static).update(Text(self._offered[event.option_index].value))


def _note(reply: ReplySettings, language: str) -> str:
    """Return what a saved reply is for; that it is in another language than the customer's is told."""
    topics = [topic.replace("_", " ") for topic in reply.topic]
    named = LANGUAGE_NAMES.get(reply.language, reply.language)
    other = reply.language and reply.language != language
    return " · ".join(filter(None, [*reply.network, *topics, f"▲ in {named}" if other else named]))
