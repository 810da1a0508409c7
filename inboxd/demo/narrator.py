"""Tells what happens, as it happens: messages, answers, and what people were sent."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from rich.text import Text

from inboxd.core.text import one_line
from inboxd.model import Direction

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from rich.console import Console

    from inboxd.simulator.server import Simulator
    from inboxd.store import Store
    from inboxd.store.views import Judged


class Narrator:
    """Prints what the daemon has stored and what people were sent, as it happens."""

    def __init__(self, out: Console, simulator: Simulator, store: Store, zone: tzinfo) -> None:
        self._out = out
        self._zone = zone
        self._simulator = simulator
        self._store = store
        self._seen = self._slack = self._mail = 0

    def look(self) -> None:
        """Print what is new since the last look, in the order in which it happened."""
        for line in self._new_lines():
            self._out.print(line, overflow="ellipsis", no_wrap=True)

    def _new_lines(self) -> list[Text]:
        told = [*self._messages(), *self._posts(), *self._mails()]
        return [
            Text(f"{at.astimezone(self._zone):%H:%M} ", style="dim") + line
            for at, line in sorted(told, key=lambda each: each[0])
        ]

    def _messages(self) -> list[tuple[datetime, Text]]:
        new = list(takewhile(_is_told, self._store.views.verdicts(self._seen)))
        self._seen = new[-1].id if new else self._seen
        return [(message.sent_at, _told(message)) for message in new]

    def _posts(self) -> list[tuple[datetime, Text]]:
        posts = self._simulator.slack.messages[self._slack :]
        self._slack += len(posts)
        return [(post.at, _alert("Slack", post.versions[0].text)) for post in posts]

    def _mails(self) -> list[tuple[datetime, Text]]:
        mails = self._simulator.mail.messages[self._mail :]
        self._mail += len(mails)
        return [(mail.at, _alert("e-mail", mail.subject)) for mail in mails]


def _is_told(message: Judged) -> bool:
    """Tell whether everything about *message* is known: its verdict follows within a second."""
    return message.direction is Direction.OUTBOUND or message.kind is not None


def _told(message: Judged) -> Text:
    name = message.author.name or message.author.handle if message.author else "somebody"
    if message.direction is Direction.OUTBOUND:
        return Text(f"{message.account:8} ← {one_line(message.text, 100)}", style="green")
    verdict = ", ".join(filter(None, [message.kind, *message.topics]))
    style = "bold" if message.kind == "complaint" else ""
    line = Text(f"{message.account:8} {one_line(name, 20)}: {one_line(message.text, 80)} ", style)
    return line + Text(f"[{verdict}]", style="cyan")


def _alert(where: str, text: str) -> Text:
    return Text(f"  ▶ {where}: {one_line(text, 140)}", style="yellow")
