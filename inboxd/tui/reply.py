"""Answering a case: what is answered, the editor, what is to be known, and the sending."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static, TextArea

from inboxd.core.text import inert, one_line
from inboxd.errors import UserError
from inboxd.tui.cells import even
from inboxd.tui.editor import Editor
from inboxd.tui.replying import (
    company,
    counted,
    destination,
    due,
    impossible,
    read,
    window,
)
from inboxd.tui.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.timer import Timer

    from inboxd.classify.advice import Advice
    from inboxd.desk import Desk, Done
    from inboxd.store import Mark, Store
    from inboxd.store.presences import Presence
    from inboxd.tui.app import InboxApp
    from inboxd.tui.replying import Situation
    from inboxd.tui.session import Session

_UNDO = timedelta(seconds=5)
"""For how long a reply can be taken back before it leaves."""
_PAUSE_SECONDS = 0.4
"""How long nobody types before the text is looked at."""
_SAVE_SECONDS = 3.0
_PRESENT_SECONDS = 5.0
_WARNS = "▲"
_TELLS = "·"
_SHOWN_ADVICE = 4
_NO_DAEMON = "No daemon is running: the reply waits until one does."


class Replied(Message):
    """A reply to *case* was queued; *done* takes it back."""

    bubble = False

    def __init__(self, case: int, done: Done) -> None:
        super().__init__()
        self.case = case
        self.done = done


class ReplyScreen(Screen[None]):
    """
    Lets somebody write a reply to *case*, and send it.

    What is written is kept as a draft every few seconds and when the screen is left. A warning
    never keeps anybody from sending; what the network would refuse does.
    """

    AUTO_FOCUS = "Editor"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [(0, "-narrow"), (116, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "send", "Send …", key_display="^s", priority=True),
        Binding("ctrl+r,f3", "saved", "Saved replies", key_display="^r", priority=True),
        Binding("escape", "leave", "Back, draft is kept", key_display="Esc"),
        Binding("tab", "app.focus_next", "Conversation", key_display="Tab"),
    ]
    DEFAULT_CSS = """
    ReplyScreen {
        #to { height: 1; padding: 0 1; text-style: bold; background: $panel; }
        #both { height: 1fr; layout: vertical; }
        #writing { height: 3fr; }
        Talk { height: 2fr; }
        #state { height: auto; padding: 0 1; }
        #advice { height: auto; padding: 0 1; }
        &.-wide #both { layout: horizontal; }
        &.-wide #writing { width: 1fr; height: 100%; }
        &.-wide Talk { width: 1fr; height: 100%; border-right: solid $border-blurred; }
    }
    """

    def __init__(self, case: int) -> None:
        super().__init__()
        self.case = case
        self._situation: Situation | None = None
        self._mark: Mark | None = None
        self._others: tuple[Presence, ...] = ()
        self._advice: list[Advice] = []
        self._kept = ""
        """The draft as it is in the database."""
        self._sent = False
        self._pause: Timer | None = None
        self._measure: Callable[[str], int] = len

    @property
    def session(self) -> Session:
        """Return the terminal's session."""
        return cast("InboxApp", self.app).session

    def compose(self) -> ComposeResult:
        """Have the conversation, the editor, and below it what is to be known."""
        yield Static(id="to", markup=False)
        with Container(id="both"):
            yield Talk()
            with Vertical(id="writing"):
                yield Editor()
                yield Static(id="state", markup=False)
                yield Static(id="advice", markup=False)
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read the case and the draft, and begin to keep both up to date."""
        case, me = self.case, self.session.me
        try:
            self._mark = await self._ask(lambda desk, _: desk.mark(case))
            self._kept = await self.session.run(lambda store: store.drafts.of(case, me))
            await self._look()
        except UserError as refusal:
            self.notify(inert(str(refusal)), severity="error", markup=False)
            self.dismiss()
            return
        editor = self.query_one(Editor)
        editor.set_whole(self._kept)
        editor.border_title = "Your reply"
        self.set_interval(_SAVE_SECONDS, self._keep)
        self.set_interval(_PRESENT_SECONDS, self._be_here)
        self.run_worker(self._be_here())
        self.run_worker(self._load_measure())

    async def on_unmount(self) -> None:
        """Keep what was written, however the screen is left."""
        await self._keep()
        key = self.session.key
        await self.session.run(lambda store: store.presences.gone(key))

    def on_changed(self) -> None:
        """Read the case anew: somebody may have written in it."""
        self.run_worker(self._look(), group="look", exclusive=True)

    def on_aged(self) -> None:
        """Show anew how much time is left."""
        self._tell()

    @on(TextArea.Changed)
    def written(self) -> None:
        """Count at once, and look at the text when nobody has typed for a moment."""
        self._tell()
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._advise)

    def action_leave(self) -> None:
        """Go back; what was written is kept as a draft."""
        self.dismiss()

    def action_saved(self) -> None:
        """Offer the saved replies."""
        from inboxd.tui.savedreplies import SavedReplies, offered

        replies, situation = self.session.settings.tui.replies, self._situation
        if not situation:
            return
        if not replies:
            self.notify("There are none: [[tui.replies]] in the configuration.", markup=False)
            return
        card = situation.card
        chosen = offered(replies, card.language, card.topics, card.network)

        def insert(text: str | None) -> None:
            if text is not None:
                self.query_one(Editor).put(text)

        self.app.push_screen(SavedReplies(chosen, situation.values(self.session.me)), insert)

    def action_send(self) -> None:
        """Show the reply for a last time, with all that is to be known before it is sent."""
        if self._situation and not self._sent:
            self.run_worker(self._send(), group="send", exclusive=True)

    @property
    def text(self) -> str:
        """Return the reply as it would be sent."""
        return self.query_one(Editor).text.strip()

    async def _send(self) -> None:
        """Ask for a last time, queue the reply, and go back."""
        while True:
            await self._look()
            if why := self._impossible():
                self.notify(f"Cannot be sent: {why}", severity="error", markup=False)
                return
            case, me, now, seen = self.case, self.session.me, self.session.now, self._mark
            news = await self._ask(lambda desk, _: desk.news_since(case, seen, me, now))
            self._mark = await self._ask(lambda desk, _: desk.mark(case))
            self._advice = await asyncio.to_thread(self._advice_on, self.text)
            if not await self._is_confirmed(news):
                return
            try:
                done = await self._ask(self._reply)
            except _meanwhile():
                continue
            except UserError as refusal:
                self.notify(inert(str(refusal)), severity="error", markup=False)
                return
            self._go(done)
            return

    def _reply(self, desk: Desk, store: Store) -> Done:
        """Queue the reply; whatever would speak against it was shown."""
        now = self.session.now
        return desk.reply(
            self.case,
            self.text,
            self.session.me,
            now,
            leaves_at=now + _UNDO,
            anyway=True,
            seen=self._mark,
        )
