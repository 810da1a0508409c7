"""How everything stands, in one line: what is wrong first, what is well only counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from textual import getters
from textual.content import Content
from textual.widget import Widget

from inboxd.core.standing import Standing
from inboxd.core.text import one_line
from inboxd.errors import BudgetSpent, DatabaseError, PermissionMissing, TokenInvalid
from inboxd.tui.enduring import Enduring
from inboxd.tui.haste import begin
from inboxd.tui.host import Host
from inboxd.tui.standing.summary import is_running_out, look, share
from inboxd.tui.when import brief_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from inboxd.tui.session import Session
    from inboxd.tui.standing.summary import AccountSummary, Summary

_LOOK_EVERY_SECONDS = 1.0
"""How often it is asked whether the database has changed: a pragma, no query."""
_AGE_AFTER = timedelta(seconds=10)
_BETWEEN = "   "
_LONGEST_NAME = 20
_WORTH_TELLING = 0.5
"""From which share on it is told how much of an allowance is used."""
_SLOW = timedelta(minutes=1)

WRONG, UNEASY, WELL, QUIET = "$text-error", "$text-warning", "$text-success", "$foreground-muted"
"""The theme's colours, of which each has a sign of its own."""
SIGNS = {WRONG: "✗", UNEASY: "▲", WELL: "●", QUIET: "◌"}
TONES = {
    Standing.REFUSED: WRONG,
    Standing.BLIND: WRONG,
    Standing.DEAF: UNEASY,
    Standing.LATE: UNEASY,
    Standing.RESTING: QUIET,
    Standing.FIRST: QUIET,
    Standing.FRESH: WELL,
}
_REFUSALS = {
    TokenInvalid.__name__: "token",
    PermissionMissing.__name__: "permission",
    BudgetSpent.__name__: "budget",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the line tells, if there is room: its sign, and what it says."""

    tone: str
    text: str
    sign: bool = True

    @property
    def content(self) -> Content:
        """Return it as it is shown."""
        if not self.sign:
            return Content.styled(self.text, QUIET)
        calm = self.tone in {WELL, QUIET}
        return Content.assemble(
            (SIGNS[self.tone], self.tone), " ", (self.text, "" if calm else f"bold {self.tone}")
        )


def name_of(name: str) -> str:
    """Return the name of an account or a sink as far as there is room for one."""
    return one_line(name, _LONGEST_NAME)


def age(since: datetime, now: datetime) -> str:
    """Return how long ago *since* was, in one unit."""
    past = max(now - since, timedelta())
    return brief_span(past) if past >= _SLOW else f"{past.seconds}s"


def account_in_words(account: AccountSummary, now: datetime, tz: tzinfo) -> str:
    """Return how an account stands, in as few words as can be."""
    worst, name = account.worst, name_of(account.name)
    if worst is None:
        return f"{name} not read yet"
    state = worst.state
    since = state.succeeded_at or state.failing_since
    ago = f" {age(since, now)}" if since else ""
    match worst.standing:
        case Standing.REFUSED:
            return f"{name} {_REFUSALS.get(state.error_class, 'refused')}"
        case Standing.RESTING:
            until = f" till {state.retry_at.astimezone(tz):%H:%M}" if state.retry_at else ""
            return f"{name} rests{until}"
        case Standing.FIRST:
            return f"{name} first read"
        case Standing.FRESH:
            return f"{name}{ago}"
    return f"{name} {worst.standing}{ago}"


def items(summary: Summary, tz: tzinfo, *, counted: bool) -> list[Item]:
    """Return what there is to tell, in order; *counted* merges the accounts that are well."""
    fresh = [each for each in summary.accounts if each.standing is Standing.FRESH]
    merged = counted and len(fresh) > 1
    accounts = [
        Item(TONES[each.standing], account_in_words(each, summary.now, tz))
        for each in sorted(summary.accounts, key=lambda each: list(Standing).index(each.standing))
        if not (merged and each in fresh)
    ]
    if merged:
        accounts.append(Item(WELL, f"{len(fresh)} accounts fresh"))
    found = [*_daemon(summary), *accounts, *_delivery(summary), *_asides(summary)]
    if summary.heard_at:
        found.append(Item(QUIET, _clock(summary.heard_at, summary.now, tz), sign=False))
    found += _budgets(summary)
    order = (WRONG, UNEASY)
    return sorted(found, key=lambda each: order.index(each.tone) if each.tone in order else 2)


def _daemon(summary: Summary) -> Iterator[Item]:
    if summary.daemon is not None:
        return
    if summary.by_timer and summary.polled_at:
        yield Item(QUIET, f"no daemon, read {age(summary.polled_at, summary.now)} ago")
    else:
        yield Item(WRONG, "no daemon")


def _delivery(summary: Summary) -> Iterator[Item]:
    for sink in summary.refusing:
        yield Item(WRONG, f"{name_of(sink)} takes no alerts")
    oldest = summary.oldest
    if oldest and summary.now - oldest > _SLOW:
        yield Item(UNEASY, f"outbox {summary.queued}, oldest {age(oldest, summary.now)}")
    else:
        yield Item(QUIET, f"outbox {summary.queued}", sign=False)


def _budgets(summary: Summary) -> Iterator[Item]:
    """Yield each allowance that will not last; where all will, the most used one, once half is gone."""
    limited = [
        (part, account, allowance)
        for account in summary.accounts
        for allowance in account.allowances
        if (part := share(allowance)) is not None
    ]
    short = [each for each in limited if is_running_out(each[2])]
    used = [each for each in limited if each[0] >= _WORTH_TELLING]
    most = [max(used, key=lambda each: each[0])] if used else []
    for part, account, _ in short or most:
        tone = UNEASY if short else QUIET
        yield Item(tone, f"{name_of(account.name)} budget {part:.0%}", sign=bool(short))


def _asides(summary: Summary) -> Iterator[Item]:
    if summary.spikes:
        yield Item(UNEASY, f"spike: {', '.join(summary.spikes)}")
    if summary.silences:
        yield Item(UNEASY, f"{summary.silences} silence{'s' if summary.silences > 1 else ''}")


def _clock(at: datetime, now: datetime, tz: tzinfo) -> str:
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    return f"news {local:%H:%M}" if local.date() == today else f"news {local.day} {local:%b}"


def line(summary: Summary, tz: tzinfo, width: int) -> Content:
    """Return the line that fits into *width* cells: nothing is cut through, the last is left out."""
    told = items(summary, tz, counted=False)
    if _width(told) > width:
        told = items(summary, tz, counted=True)
    shown = list(told)
    while len(shown) > 1 and _width(shown) + len(_more(told, shown)) > width:
        shown.pop()
    more = Content.styled(_more(told, shown), QUIET)
    return Content(_BETWEEN).join(each.content for each in shown) + more


def _more(told: Sequence[Item], shown: Sequence[Item]) -> str:
    """Return how many things that are wrong there is no room for; others need not be told."""
    left = sum(each.tone in {WRONG, UNEASY} for each in told[len(shown) :])
    return f"{_BETWEEN}+{left}" if left else ""


def _width(shown: Sequence[Item]) -> int:
    return sum(each.content.cell_length for each in shown) + len(_BETWEEN) * (len(shown) - 1)


class StatusLine(Enduring, Widget):
    """
    Shows in one line how everything stands, and keeps it up to date by itself.

    A screen needs to do no more than to compose it below what takes the room that is left. It is
    not docked, for it would lie upon a Footer.
    """

    app = getters.app(Host)
    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._summary: Summary | None = None
        self._trouble = ""
        self._version = 0

    @property
    def _session(self) -> Session:
        return self.app.session

    def on_mount(self) -> None:
        """Read for the first time, which takes less than the first paint, and begin to look."""
        session = self._session
        self._version = session.store.version()
        self._summary = look(session.settings, session.store, session.now)
        self.set_interval(_LOOK_EVERY_SECONDS, self.look)

    def look(self) -> None:
        """Read anew if the database has changed or time has passed; not where nobody sees it."""
        version = self._session.store.version()
        passed = self._summary is None or self._session.now - self._summary.now >= _AGE_AFTER
        if self.screen.is_current and (passed or version != self._version):
            self._version = version
            begin(self, self.read, "status line")

    async def read(self) -> None:
        """Read how everything stands, and show it; a database that cannot be read is told."""
        settings, now = self._session.settings, self._session.now
        try:
            self._summary = await self._session.run(lambda store: look(settings, store, now))
            self._trouble = ""
        except DatabaseError as error:
            self._trouble = str(error)
        self.refresh()

    def on_click(self) -> None:
        """Show the details."""
        self.app.action_status()

    def render(self) -> Content:
        """Return the line."""
        if self._trouble or self._summary is None:
            return Item(WRONG, one_line(self._trouble, self.size.width - 2)).content
        return line(self._summary, self._session.tz, self.size.width)
