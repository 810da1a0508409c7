"""Tells what happens, as it happens: messages, answers, and what people were sent."""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING

from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from inboxd.core.text import one_line
from inboxd.model import Direction
from inboxd.terminal import WIDE, waiting_table

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from rich.console import Console
    from rich.live import Live

    from inboxd.simulator.server import Simulator
    from inboxd.store import Store
    from inboxd.store.views import Judged

_ON_SCREEN = 14
"""Lines in each half of the live screen."""


class Narrator:
    """Prints what the daemon has stored and what people were sent, as it happens."""

    def __init__(self, out: Console, simulator: Simulator, store: Store, zone: tzinfo) -> None:
        self._out = out
        self._zone = zone
        self._simulator = simulator
        self._store = store
        self._seen = self._slack = self._mail = 0

    def look(self, now: datetime) -> None:
        """Print what is new since the last look, in the order in which it happened."""
        del now
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


class LiveNarrator(Narrator):
    """Shows who waits, and below it what happened last, on a screen that keeps its place."""

    def __init__(
        self, out: Console, simulator: Simulator, store: Store, zone: tzinfo, live: Live
    ) -> None:
        super().__init__(out, simulator, store, zone)
        self._live = live
        self._lines: deque[Text] = deque(maxlen=_ON_SCREEN)

    def look(self, now: datetime) -> None:
        """Bring the screen up to date."""
        self._lines.extend(self._new_lines())
        waiting = self._store.views.waiting()
        title = f"{now.astimezone(self._zone):%H:%M} · {len(waiting)} waiting"
        news = Text("\n", no_wrap=True, overflow="ellipsis").join(self._lines)
        self._live.update(
            Group(
                Panel(
                    waiting_table(waiting[:_ON_SCREEN], now, wide=self._out.width >= WIDE),
                    title=title,
                    title_align="left",
                ),
                Panel(news, title="what happens", title_align="left"),
            ),
            refresh=True,
        )
