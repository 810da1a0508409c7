"""The inbox: who waits, what is due next first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.markup import escape
from textual.widgets import Input, Static

from inboxd.core.queries import Query, Unfinished, parse
from inboxd.errors import InboxdError, UserError
from inboxd.tui.acting.actions import CaseActions
from inboxd.tui.haste import is_left
from inboxd.tui.hints import Hints
from inboxd.tui.host import Aged, Changed
from inboxd.tui.inbox.beginning import beginning, known
from inboxd.tui.inbox.caselist import CaseList
from inboxd.tui.inbox.empty import why_empty
from inboxd.tui.inbox.legend import legend
from inboxd.tui.inbox.places import Looker, parted
from inboxd.tui.inbox.preview import Preview
from inboxd.tui.inbox.rows import heading, layout
from inboxd.tui.inbox.searchbar import SearchBar
from inboxd.tui.inbox.viewbar import ViewBar, tabs
from inboxd.tui.inbox.window import NoCases
from inboxd.tui.standing.line import StatusLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual import events
    from textual.app import ComposeResult

    from inboxd.store import Mark, Store
    from inboxd.store.inbox import InboxRow, Listing
    from inboxd.tui.acting.outcome import Undoable
    from inboxd.tui.help import Section

_ROOM_FOR_PREVIEW = 36
"""From so many lines on the list can spare some."""
_REST_SECONDS = 0.08
"""How long the selection must rest before more is told of the case: not at every line of many."""
_HINTS = (
    ("enter", "open"), ("r", "reply"), ("a", "take"), ("z", "snooze"), ("c", "close"),
    ("slash", "search"), ("question_mark", "help"), ("space", "mark"), ("A", "assign"),
    ("u", "undo"), ("i", "status"), ("v", "overview"), ("q", "quit"),
)  # fmt: skip
"""What the last line reminds of, most important first, if it can be done here."""

_SEARCH_HINTS = (("enter", "to the list"), ("escape", "clear"), ("right", "complete"))


class InboxScreen(CaseActions):
    """Lists the cases of one view at a time, and keeps up with what happens to them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        *(Binding(str((n + 1) % 10), f"view({n})", show=False) for n in range(10)),
        Binding("tab", "turn(1)", "Next view", show=False),
        Binding("shift+tab", "turn(-1)", "Previous view", show=False),
        Binding("escape", "clear", "Clear search and marks", show=False),
    ]
    DEFAULT_CSS = """
    InboxScreen {
        & #heading { height: 1; color: $foreground 50%; background: $surface; }
        & #empty { height: 1fr; display: none; content-align: center middle; text-align: center; color: $foreground 65%; }
        &.empty #empty { display: block; }
        &.empty CaseList { height: 0; min-height: 0; }
        &.low Preview { display: none; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._tab = 0
        self._seen_at: dict[int, int | None] = {}
        self._query: Query | None = None
        self._minute = -1
        self._notice = ""
        self._marks: dict[int, Mark] = {}

    @property
    def cases(self) -> CaseList:
        """Return the list."""
        return self.query_one(CaseList)

    def compose(self) -> ComposeResult:
        """Make the parts, from top to bottom."""
        settings = self.session.settings
        self._tabs = tabs(settings.tui.views)
        self._known = known(settings)
        yield ViewBar(self._tabs)
        yield SearchBar(self._known)
        yield Static(id="heading", markup=False)
        yield CaseList(self.session)
        yield Static(id="empty", markup=False)
        yield Preview(self.session)
        yield StatusLine()
        yield Hints(_HINTS)

    def on_mount(self) -> None:
        """Begin with what is wanted."""
        wanted, settings = self.app.first_view, self.session.settings
        self._tab, looked_for = (0, "") if wanted is None else beginning(wanted, settings)
        self._pause = self.set_interval(_REST_SECONDS, self._rest, pause=True)
        self.cases.focus()
        self.query_one(SearchBar).write(looked_for)
        self.query_one(ViewBar).choose(self._tab)

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns as wide as they are, and see whether a case can be previewed."""
        self.set_class(event.size.height < _ROOM_FOR_PREVIEW, "low")
        columns = heading(layout(event.size.width - 1))
        self.query_one("#heading", Static).update(columns)

    def on_screen_resume(self) -> None:
        """Show the first view, or take notice of what happened while another screen was shown."""
        self._look()

    @on(Changed)
    def _changed(self) -> None:
        self._look()

    @on(Aged)
    def _aged(self) -> None:
        """Show ages anew; once a minute also what has become late, or has woken, meanwhile."""
        minute = int(self.session.now.timestamp()) // 60
        if minute == self._minute:
            self._accompany()
            self.cases.age()
        else:
            self._look()

    @on(SearchBar.Asked)
    def _asked(self) -> None:
        self._look()

    @on(SearchBar.Left)
    def _left_search(self) -> None:
        self.cases.focus()

    @on(ViewBar.Chosen)
    def _chose(self, event: ViewBar.Chosen) -> None:
        self.action_view(event.number)

    @on(CaseList.Opened)
    def _opened(self, event: CaseList.Opened) -> None:
        self.app.open_case(event.case)

    @on(CaseList.Selected)
    def _selected(self) -> None:
        """Tell of the selected case once the selection rests: a key paints the list alone."""
        if not self.cases.moved:
            self._notice = ""
        self._pause.reset()
        self._pause.resume()

    @on(CaseList.Marked)
    def _rest(self) -> None:
        """Show what the selected case says, and where it is."""
        self._pause.pause()
        self._remember()
        self.query_one(Hints).show(self._notice, self._position())
        if not self.has_class("low"):
            self.query_one(Preview).show(self.cases.row)

    def _remember(self) -> None:
        """Keep how far the cases have come that may be acted upon, as a person sees them now."""
        marked = self.cases.marks
        self._marks = {case: mark for case, mark in self._marks.items() if case in marked}
        unknown = marked - self._marks.keys()
        if self.cases.case is not None and self.cases.case not in marked:
            unknown.add(self.cases.case)
        if unknown:
            self._marks.update(self.session.store.meanwhile.marks(unknown))

    def on_descendant_focus(self) -> None:
        """Remind of the keys that count where one writes, or else of those of the list."""
        searching = isinstance(self.focused, Input)
        self.query_one(Hints).remind(_SEARCH_HINTS if searching else _HINTS)

    def meant(self) -> tuple[int, ...]:
        """Return the marked cases of the list, or else the selected one."""
        return self.cases.chosen()

    def seen(self, case: int) -> Mark | None:
        """Return how far a case had come when it was marked, or its line was last shown."""
        return self._marks.get(case)

    def acted(self, done: Sequence[Undoable]) -> None:
        """Take the marks away from what is done, and show the rest as it now is."""
        self.cases.unmark()
        super().acted(done)

    def neighbour(self, case: int, step: int) -> int | None:
        """Return the case *step* lines below another, and select it: one comes back to it."""
        found = self.cases.neighbour(case, step)
        if found is not None:
            self.cases.select(found)
        return found

    def legend(self) -> Sequence[Section]:
        """Return what the digits and the signs of this screen mean."""
        return legend(self._tabs)

    def views(self) -> Iterator[SystemCommand]:
        """Yield for the palette what shows another view."""
        for number, tab in enumerate(self._tabs):
            told = f"Key: {tab.key}" if tab.key else "A saved view"
            name = escape(f"View: {tab.name}")
            yield SystemCommand(name, told, partial(self.action_view, number))

    def action_search(self) -> None:
        """Let a person write what is looked for."""
        self.query_one(SearchBar).begin()

    def action_clear(self) -> None:
        """Look for nothing any more; where nothing was looked for, mark nothing any more."""
        search = self.query_one(SearchBar)
        if search.text:
            search.clear()
        else:
            self.cases.unmark()

    def action_view(self, number: int) -> None:
        """Show another view; what is looked for stays."""
        self._seen_at[self._tab] = self.cases.case
        self._tab = number
        self.query_one(ViewBar).choose(number)
        self._look()

    def action_turn(self, step: int) -> None:
        """Show the next view or the previous one."""
        self.action_view((self._tab + step) % len(self._tabs))

    def _look(self) -> None:
        """Find what is to be seen as it is now."""
        self._minute = int(self.session.now.timestamp()) // 60
        tab, search = self._tabs[self._tab], self.query_one(SearchBar)
        try:
            query = parse(f"{tab.query} {search.text}", self._known, tab.view)
            search.complain("")
            if self._query is None:
                session = self.session
                self._show(query, session.store.inbox.listing(query, session.me, session.now))
            else:
                self._find(query)
        except Unfinished as hint:
            search.complain(str(hint), calm=True)
        except UserError as problem:
            search.complain(str(problem))
            if not search.text:
                # The saved view is wrong: the cases of another must not seem to be its own.
                self.cases.show(NoCases())
                self._query = None
                self._tell()
        self._count()
        self._accompany()

    @work(exclusive=True, group="find")
    async def _find(self, query: Query) -> None:
        """Find the cases of *query*; who asks again before they are found gets only the last."""
        session = self.session
        me, now = session.me, session.now

        def found(store: Store) -> Listing:
            listing = store.inbox.listing(query, me, now)
            len(listing)  # they are counted here, and not where keys are waited for
            return listing

        try:
            listing = session.store.inbox.adopted(await session.run(found))
        except InboxdError as problem:
            if not is_left(self):
                self.query_one(SearchBar).complain(str(problem))
        else:
            if not is_left(self):
                self._show(query, listing)

    def _show(self, query: Query, listing: Listing) -> None:
        """List what was found: in its place, if it was looked for before."""
        if query != self._query:
            self._query = query
            self.cases.show(listing, self._seen_at.get(self._tab))
        elif self.cases.renew(listing) is not None and self.cases.left:
            self._notice = self._parted(self.cases.left)
        self._tell()

    def _parted(self, before: InboxRow) -> str:
        """Return what has become of a case that was selected and is no more where it was."""
        session, now, number = self.session, self.session.now, before.case_id
        after = next(iter(session.store.inbox.rows([number], now)), None)
        mark = self._marks.get(number)
        news = tuple(session.store.meanwhile.since(mark)) if mark else ()
        words = parted(before, after, Looker(session.me, now, session.tz, news))
        place = self.cases.listing.place(number)
        if place is None:
            return f"{words}."
        return f"{words} and is further {'up' if place < self.cases.at else 'down'} now."

    def _accompany(self) -> None:
        """Show who else is at which case."""
        session = self.session
        others = session.store.presences.others(session.key, session.now)
        self.cases.accompany(
            {
                case: tuple(f"{each.actor} {each.doing}" for each in there)
                for case, there in others.items()
            }
        )

    @work(exclusive=True, group="count")
    async def _count(self) -> None:
        session = self.session
        try:
            counts = await session.run(lambda store: store.inbox.counts(session.me, session.now))
        except InboxdError as problem:
            self._notice = str(problem)
            if not is_left(self):
                self._rest()
        else:
            if not is_left(self):
                self.query_one(ViewBar).count(counts)

    def _tell(self) -> None:
        """Show what goes with the list: its beginning, its end, and the selected case."""
        cases = self.cases
        empty = not len(cases.listing)
        if empty:
            tab, searched = self._tabs[self._tab], self.query_one(SearchBar).text
            self.query_one("#empty", Static).update(why_empty(tab, searched, self.session))
        self.set_class(empty, "empty")
        cut = cases.listing.cut
        limit = f" among the newest {cut:,} messages" if cut else ""
        self.query_one(SearchBar).tell(f"{len(cases.listing):,} found{limit}")
        self._rest()

    def _position(self) -> str:
        """Return where the selection is, and how many cases are marked, here or only elsewhere."""
        cases = self.cases
        place = [f"{cases.at + 1:,} of {len(cases.listing):,}"] if cases.row else []
        if cases.marks:
            here = len(cases.listing.among(cases.marks))
            words = f"{here} marked" if here else f"{len(cases.marks)} marked elsewhere"
            place.insert(0, words)
        return " · ".join(place)
