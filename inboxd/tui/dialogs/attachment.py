"""Which of several attachments is to be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.tui.dialogs.chooser import Choice, Chooser

if TYPE_CHECKING:
    from collections.abc import Sequence


class AttachmentDialog(Chooser[str]):
    """Answers with the address of one of *links*, each of which has a title (or "")."""

    def __init__(self, links: Sequence[tuple[str, str]]) -> None:
        super().__init__("Open an attachment", "a part of its title or address")
        self._links = links

    def choices(self, typed: str) -> Sequence[Choice[str]]:
        """Return those in which *typed* occurs."""
        wanted = typed.casefold()
        return [
            Choice(url, title or url, url if title else "")
            for title, url in self._links
            if wanted in f"{title} {url}".casefold()
        ]
