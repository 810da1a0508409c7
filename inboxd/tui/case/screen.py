"""One case: what was said, why it is what it is, and what was done."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import ContentSwitcher, OptionList, Static

from inboxd.errors import InboxdError
from inboxd.tui.acting.actions import CaseActions
from inboxd.tui.blocks import Blocks, Paragraphs
from inboxd.tui.case import facts, timeline
from inboxd.tui.case.message import Look, is_openable
from inboxd.tui.case.others import OtherCases
from inboxd.tui.case.thread import Thread, unanswered
from inboxd.tui.haste import begin, is_left
from inboxd.tui.hints import Hints
from inboxd.tui.host import Aged, Changed
from inboxd.tui.inline import content
from inboxd.tui.presence import AtCase
from inboxd.tui.tabbar import TabBar
from inboxd.tui.wrapping import Piece, tame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from textual.app import ComposeResult
    from textual.events import Resize

    from inboxd.store import Mark, Store
    from inboxd.store.inbox import OtherCase
    from inboxd.store.threads import Outline
    from inboxd.store.views import ThreadMessage
    from inboxd.tui.blocks import Part
    from inboxd.tui.session import Session

WIDE = 120
"""Columns from which on the facts have a pane of their own."""
_TABS = {"thread": "Thread", "why": "Why", "trail": "Trail", "customer": "Customer"}
_MOST_OTHERS = 50
"""How many other cases of the customer are listed."""
_HINTS = (
    ("r", "reply"), ("a", "take"), ("A", "assign"), ("z", "snooze"), ("c", "close"),
    ("n", "note"), ("e", "why"), ("h", "versions"), ("right", "tabs"), ("question_mark", "help"),
    ("l", "attachment"), ("t", "correct"), ("b", "browser"), ("left_square_bracket", "previous"),
    ("right_square_bracket", "next"), ("u", "undo"), ("escape", "back"),
)  # fmt: skip
"""What the last line reminds of, most important first."""


class CaseScreen(CaseActions, AtCase):
    """Shows *case*: its facts above or beside, its conversation and what else there is in tabs."""

    DOING = "reading"
    DEFAULT_CSS = """
    CaseScreen {
        #head { height: auto; max-height: 8; padding: 0 1; background: $panel; link-style: none; }
        #body { height: 1fr; }
        #tabs { width: 1fr; height: 1fr; }
        #tabs Blocks { width: 1fr; height: 1fr; padding: 0; }
        #pane { display: none; width: 48; height: 1fr; background: $surface; border-left: vkey $panel; }
        &.wide #pane { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("left", "turn(-1)", "Previous tab", show=False, priority=True),
        Binding("right", "turn(1)", "Next tab", show=False, priority=True),
        Binding("e", "show_tab('why')", "Why"),
        Binding("h", "versions", "Earlier versions"),
        Binding("w", "whole", "Whole texts", show=False),
        Binding("l", "attachment", "Open an attachment", show=False),
        Binding("left_square_bracket", "neighbour(-1)", "Previous case", show=False),
        Binding("right_square_bracket", "neighbour(1)", "Next case", show=False),
    ]

    def __init__(self, case: int) -> None:
        super().__init__()
        self.case = case
        self._tab = "thread"
        self._known: facts.Known | None = None
        self._outline: Sequence[Outline] = ()
        self._thread: Thread | None = None
        self._seen: frozenset[int] | None = None
        """The messages that were there when the case was opened."""
        self._notes = 0
        self._automatic: Mapping[int, str] = {}
        self._mark: Mark | None = None
        self._others: Sequence[OtherCase] | None = None
        self._versions = self._whole = False
        self._explained = False

    def meant(self) -> tuple[int, ...]:
        """Return the case, unless it is gone."""
        return () if self._known is None or self._known.is_merged else (self.case,)

    def seen(self, case: int) -> Mark | None:
        """Return how far the case had come when it was read."""
        return self._mark if case == self.case else None

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="head")
        yield TabBar(id="bar")
        with Horizontal(id="body"):
            with ContentSwitcher(initial="thread", id="tabs"):
                yield Blocks(id="thread")
                yield Blocks(id="why")
                yield Blocks(id="trail")
                yield OtherCases(id="customer")
            yield Blocks(id="pane")
        yield Hints(_HINTS)

    def on_mount(self) -> None:
        """Read the case, unless it was left before it was there."""
        if not self.is_shown:
            return
        self.set_class(self.app.size.width >= WIDE, "wide")
        self.query_one("#pane").can_focus = False
        self.read()
        self.query_one("#thread").focus()

    def read(self) -> None:
        """Read the case anew, and show it where it was."""
        before = self._mark, self._known, self._outline
        # First, so that what happens while it is being read counts as not seen.
        self._mark = self.session.store.meanwhile.mark(self.case)
        self._known = facts.read(self.session, self.case)
        self._show_facts()
        self._show_thread()
        self._show_trail()
        self._show_tabs()
        if before != (self._mark, self._known, self._outline):
            begin(self, partial(self._read_the_rest, self.case), "rest")
            if self._tab == "why":
                self._explain()

    def _show_facts(self) -> None:
        """Show what is known, and how much time is left."""
        if not self.is_shown:
            return
        known, session = self._known, self.session
        if known is None:
            gone = f"Case {self.case} is not in the database any more."
            self.query_one("#head", Static).update(Content.styled(gone, "bold"))
            return
        lines = facts.head(known, session, wide=self.has_class("wide"))
        self.query_one("#head", Static).update(Content("\n").join(map(content, lines)))
        self.query_one("#pane", Blocks).show(Paragraphs(facts.pane(known, session)), at=0)

    def _show_thread(self) -> None:
        """Show the conversation: first at the newest message that nobody has answered."""
        store = self.session.store
        self._outline = store.threads.outline(self.case)
        outgoing = store.threads.outgoing(self.case)
        first = self._seen is None
        if self._seen is None:
            self._seen = frozenset(each.id for each in self._outline)
        self._thread = Thread(self._outline, outgoing, self._messages, self._look())
        at = self._thread.newest_waiting() if first else None
        self.query_one("#thread", Blocks).show(self._thread, at=at)

    def _messages(self, numbers: Sequence[int]) -> Sequence[ThreadMessage]:
        return self.session.store.views.thread(self.case, numbers)

    def _look(self) -> Look:
        known, session = self._known, self.session
        public = known is not None and known.setting.public
        seen = self._seen or frozenset()
        return Look(
            now=session.now,
            tz=session.tz,
            waiting=unanswered(known, self._outline) if known else frozenset(),
            new=frozenset(each.id for each in self._outline if each.id not in seen),
            automatic=self._automatic,
            names=session.store.threads.names(self.case) if public else {},
            versions=self._versions,
            whole=self._whole,
        )

    def _show_trail(self) -> None:
        session = self.session
        entries = session.store.views.trail(self.case)
        self._notes = sum(entry.what == timeline.NOTE for entry in entries)
        parts = timeline.trail(entries, session.now, session.tz)
        self.query_one("#trail", Blocks).show(Paragraphs(parts))

    async def _read_the_rest(self, case: int) -> None:
        """Read what takes longer: the customer's other cases, and which answers were automatic."""
        session = self.session
        rules, now, tz = session.settings.rules, session.now, session.tz

        def work(store: Store) -> tuple[Sequence[OtherCase], Mapping[int, str]]:
            others = store.inbox.authors_cases(case, _MOST_OTHERS, now)
            return others, automatic_answers(store, rules, case, now)

        from inboxd.explain import automatic_answers

        with suppress(InboxdError):
            others, automatic = await session.run(work)
            if not self._shows(case):
                return
            self._others = others
            self.query_one(OtherCases).tell(others, now, tz)
            self._show_tabs()
            if automatic != self._automatic:
                self._automatic = automatic
                self._show_thread()

    def _shows(self, case: int) -> bool:
        """Tell whether *case* is still what this screen is for: it may have been left meanwhile."""
        return case == self.case and not is_left(self)

    def _explain(self) -> None:
        """Have the explanation made: of a long conversation that may take a second."""
        if not self._explained:
            reading: list[Part] = [([Piece("Reading …", "muted")], (Piece(" "),), None)]
            self.query_one("#why", Blocks).show(Paragraphs(reading), at=0)
        begin(self, partial(self._read_explanation, self.case), "explanation")

    async def _read_explanation(self, case: int) -> None:
        from inboxd.explain import explain

        session = self.session
        rules, now, tz = session.settings.rules, session.now, session.tz
        try:
            sections = await session.run(lambda store: explain(store, rules, case, now, tz))
            parts = timeline.explanation(sections)
        except InboxdError as error:
            parts = [([Piece(tame(str(error)), "muted")], (Piece(" "),), None)]
        if self._shows(case):
            at = None if self._explained else 0
            self._explained = True
            self.query_one("#why", Blocks).show(Paragraphs(parts), at=at)

    def _show_tabs(self) -> None:
        many: dict[str, object] = {
            "thread": len(self._outline),
            "customer": len(self._others or ()),
        }
        if self._notes:
            many["trail"] = f"✎{self._notes}"
        names = {tab: f"{name} {many.get(tab) or ''}".rstrip() for tab, name in _TABS.items()}
        self.query_one(TabBar).tell(names, self._tab)

    def action_show_tab(self, tab: str) -> None:
        """Bring a tab to the front."""
        self._tab = tab
        self.query_one("#tabs", ContentSwitcher).current = tab
        self.query_one(f"#{tab}").focus()
        self._show_tabs()
        if tab == "why":
            self._explain()

    def action_turn(self, step: int) -> None:
        """Bring the tab beside this one to the front."""
        tabs = list(_TABS)
        self.action_show_tab(tabs[(tabs.index(self._tab) + step) % len(tabs)])

    def action_versions(self) -> None:
        """Show, or hide, what edited messages said before."""
        self._versions = not self._versions
        self._show_thread()

    def action_whole(self) -> None:
        """Show long texts to their end, or their beginnings only."""
        self._whole = not self._whole
        self._show_thread()

    def action_open_link(self, link: str) -> None:
        """Open an address in the browser, or another case."""
        name, _, number = link.partition(":")
        if name == "case" and number.isdecimal():
            self.app.open_case(int(number))
        elif is_openable(link):
            self.app.run_worker(self.browse(self.case, link, "The attachment"))

    def action_attachment(self) -> None:
        """Open the attachment that is in sight, or ask which one."""
        from inboxd.tui.dialogs.attachment import AttachmentDialog

        def answered(url: str | None) -> None:
            if url:
                self.action_open_link(url)

        thread = self.query_one("#thread", Blocks)
        links = self._thread.links(thread.in_sight()) if self._thread else []
        if len(links) == 1:
            answered(links[0][1])
        elif links:
            self.app.push_screen(AttachmentDialog(links), answered)
        else:
            self.tell("No message in sight has an attachment that can be opened.")

    def action_neighbour(self, step: int) -> None:
        """Show the case that stands beside this one in the list."""
        case = self.app.neighbour(self.case, step)
        if case is None:
            self.tell("There is no other case in the list that way.")
        else:
            self.look_at(case)

    def look_at(self, case: int) -> None:
        """Show another case in the place of this one."""
        self.case, self._seen, self._automatic = case, None, {}
        self._versions = self._whole = self._explained = False
        self._others = None
        self.read()
        self.attend()

    @on(OptionList.OptionSelected)
    def _open_other(self, event: OptionList.OptionSelected) -> None:
        if event.option_id:
            self.app.open_case(int(event.option_id))

    def action_back(self) -> None:
        """Leave the case."""
        self.dismiss()

    @on(Changed)
    def _read_anew(self) -> None:
        self.read()

    @on(Aged)
    def _show_time(self) -> None:
        now = self.session.now
        if self._known is not None:
            at = self.session.store.presences.at(self.case, self.session.key, now)
            self._known = replace(self._known, others=at)
        self._show_facts()
        if self._thread and _day(self._thread.look.now, self.session) != _day(now, self.session):
            self._show_thread()
            self._show_trail()

    def attend(self) -> None:
        """Let others know who reads this case, if there is one."""
        if self._known is not None:
            super().attend()

    def on_screen_resume(self) -> None:
        """Read what has changed while another screen was in front."""
        self.attend()
        if self._known is not None:
            self.read()

    def on_resize(self, event: Resize) -> None:
        """Give the facts a pane where there is room."""
        self.set_class(event.size.width >= WIDE, "wide")
        # What is laid out anew while the sizes are being told would keep its old height.
        self.call_after_refresh(self._show_facts)


def _day(at: datetime, session: Session) -> date:
    return at.astimezone(session.tz).date()
