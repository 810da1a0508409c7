"""The end of the demo's day: every alert that people got, the figures, and a short scorecard."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from inboxd.core.scorecard.basis import Basis
from inboxd.core.scorecard.periods import parse_period
from inboxd.core.text import one_line
from inboxd.plan import fingerprint
from inboxd.report.brief import facts
from inboxd.report.material import Request, read

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from inboxd.config import Settings
    from inboxd.simulator.server import Simulator
    from inboxd.store import Store


@dataclass(slots=True)
class Closing:
    """The end of the day: every alert that people got, the figures, and how the shop answered."""

    out: Console
    simulator: Simulator
    store: Store
    settings: Settings

    def tell(self, now: datetime) -> None:
        """Print the alerts, then the summary."""
        self._alerts()
        self._summary(now)
        self._scorecard(now)

    def _alerts(self) -> None:
        self.out.print(Text("\nDelivered to people", style="bold"))
        for post in self.simulator.slack.messages:
            self._line(post.at, f"Slack {post.channel}", post.versions[0].text)
        for mail in self.simulator.mail.messages:
            self._line(mail.at, f"e-mail {', '.join(mail.recipients)}", mail.subject)

    def _line(self, at: datetime, where: str, text: str) -> None:
        zone = self.settings.general.timezone
        self.out.print(
            Text(f"  {at.astimezone(zone):%H:%M} {where}: {one_line(text, 140)}"),
            overflow="ellipsis",
            no_wrap=True,
        )

    def _summary(self, now: datetime) -> None:
        figures = self.store.views.figures(now)
        found, real, right = self._complaints(now)
        slack, mail = len(self.simulator.slack.messages), len(self.simulator.mail.messages)
        breached = figures["late"] + figures["overdue"]
        lines = [
            ("messages in", str(figures["inbound"])),
            ("complaints found", f"{found} ({right} of the {real} that were written as such)"),
            ("answered in time", str(figures["in_time"])),
            (
                "breached",
                f"{breached} ({figures['late']} answered late, {figures['overdue']} still waiting)",
            ),
            (
                "still waiting",
                f"{figures['waiting']} ({figures['unanswered']} of them for an answer)",
            ),
            (
                "promised by us",
                f"{figures['promised']} ({figures['kept']} kept, {figures['unkept']} overdue)",
            ),
            ("alerts", f"{slack} in Slack, {mail} by e-mail"),
        ]
        self.out.print(Text("\nThe day in figures", style="bold"))
        for name, value in lines:
            self.out.print(Text(f"  {name:18} {value}"))

    def _scorecard(self, now: datetime) -> None:
        """Print what `inboxd report` says first of the day."""
        general = self.settings.general
        basis = Basis(general.timezone, self.settings.policies, fingerprint(self.settings))
        day = Request(parse_period("today", now, general.timezone))
        card = read(self.store, self.settings, basis, day, now).scorecard()
        self.out.print(Text("\nHow the shop answered", style="bold"))
        for label, value in facts(card):
            self.out.print(Text(f"  {label}: {value}"))

    def _complaints(self, now: datetime) -> tuple[int, int, int]:
        """Return how many complaints were found, how many there were, and how many are both."""
        truth = Counter(
            item.text_at(now) for item in self.simulator.world.items() if item.truth == "complaint"
        )
        found = [
            message.text for message in self.store.views.verdicts(0) if message.kind == "complaint"
        ]
        right = sum((Counter(found) & truth).values())
        return len(found), truth.total(), right
