"""Which alerts are not to be told for a while."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from inboxd.core.moments import FORMS, ahead
from inboxd.core.policies import Match
from inboxd.core.silences import described
from inboxd.errors import InboxdError
from inboxd.model import Topic
from inboxd.tui.dialogs.frame import Dialog
from inboxd.tui.dialogs.picks import Picks
from inboxd.tui.haste import begin, once_written
from inboxd.tui.when import coming_moment, span

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from textual.app import ComposeResult

    from inboxd.model import CaseCard
    from inboxd.tui.session import Session

Condition = tuple[str, str]
"""What a case is, by the name of a condition of `Match`: ``("topic", "shipping")``."""

_USUAL = "2h"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be silent, until when, and why."""

    match: Match
    until: datetime
    reason: str


class SilenceDialog(Dialog[Wanted]):
    """
    Answers with conditions that hold for a case, and for others like it.

    *count* tells how many who wait now would be silent; it may take its time.
    """

    AUTO_FOCUS = "#conditions"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "silence", "Silence", priority=True)]
    DEFAULT_CSS = """
    SilenceDialog .heading { text-style: bold; }
    SilenceDialog #conditions { margin-bottom: 1; max-height: 9; }
    SilenceDialog > #frame Input { margin-bottom: 0; background: $panel; }
    SilenceDialog #understood { margin-bottom: 1; }
    SilenceDialog #count { margin-top: 1; }
    """

    def __init__(
        self, card: CaseCard, session: Session, count: Callable[[Match], Awaitable[int]]
    ) -> None:
        super().__init__(
            f"Silence what is like case {card.id}", "Tab next · Space pick · Enter do it"
        )
        self._conditions = conditions(card)
        self._session = session
        self._count = count

    def body(self) -> ComposeResult:
        """Yield the conditions, until when, why, and how many are like it."""
        yield Static("What (all that is picked must hold; of topics, one)", classes="heading")
        lines = [(each, _words(each)) for each in self._conditions]
        yield Picks(lines, usual(self._conditions), "conditions")
        yield Static("Until", classes="heading")
        yield Input(_USUAL, max_length=40, compact=True, id="until")
        yield Static("", id="understood", classes="note", markup=False)
        yield Static("Why", classes="heading")
        yield Input(placeholder="colleagues see it", max_length=500, compact=True, id="reason")
        yield Static("", id="count", markup=False)

    @property
    def match(self) -> Match:
        """Return the conditions that are picked."""
        return match_of(self.query_one("#conditions", Picks).picked)

    def on_mount(self) -> None:
        """Say what is understood so far."""
        self.count_anew()
        self.understand()

    @on(Input.Changed, "#until")
    def understand(self) -> None:
        """Say when it would end."""
        now, zone = self._session.now, self._session.tz
        try:
            at = ahead(self.query_one("#until", Input).value, now, zone)
        except ValueError as error:
            said = str(error)
            words = said if said.endswith("future") else f"not a time yet; {FORMS}"
        else:
            words = f"{coming_moment(at, now, zone)}, in {span(at - now)}"
        self.query_one("#understood", Static).update(words)

    @on(Picks.Picked)
    def count_anew(self) -> None:
        """Say how many would be silent."""
        begin(self, partial(self._say_count, self.match), "count")

    async def _say_count(self, match: Match) -> None:
        shown = self.query_one("#count", Static)
        if match == Match():
            shown.update("Pick at least one condition.")
            return
        try:
            count = await self._count(match)
        except InboxdError as error:
            shown.update(str(error))
        else:
            who = "1 case that waits" if count == 1 else f"{count} cases that wait"
            shown.update(f"Mutes the alerts of {who} now.")

    def action_silence(self) -> None:
        """Answer, where there is a condition and a time."""
        once_written(self, self._silence)

    def _silence(self) -> None:
        text = self.query_one("#until", Input).value
        try:
            until = ahead(text, self._session.now, self._session.tz)
        except ValueError:
            self.query_one("#until").focus()
            return
        reason = " ".join(self.query_one("#reason", Input).value.split())
        if described(self.match):
            self.dismiss(Wanted(self.match, until, reason))


def conditions(card: CaseCard) -> list[Condition]:
    """Return what a case is: each part may be a condition of a silence."""
    facts = [
        *[("topic", str(topic)) for topic in card.topics],
        ("kind", str(card.kind or "")),
        ("account", card.account),
        ("network", card.network),
        ("stream", str(card.stream)),
        ("urgency", str(card.urgency or "")),
        ("language", card.language),
        ("public", "public" if card.public else "private"),
    ]
    return [each for each in facts if each[1]]


def usual(found: Sequence[Condition]) -> list[Condition]:
    """Return what is picked at first: what it is about, or else its kind on its account."""
    topics = [each for each in found if each[0] == "topic" and each[1] != Topic.OTHER]
    return topics or [each for each in found if each[0] in {"kind", "account"}]


def match_of(picked: Sequence[Condition]) -> Match:
    """Return the conditions as silences have them."""
    names = {name for name, _ in picked} - {"public"}
    sets: dict[str, Any] = {
        name: frozenset(value for key, value in picked if key == name) for name in names
    }
    public = next((value == "public" for name, value in picked if name == "public"), None)
    return Match(**sets, public=public)


def _words(condition: Condition) -> str:
    name, value = condition
    return value if name == "public" else f"{name} {value}".replace("_", " ")
