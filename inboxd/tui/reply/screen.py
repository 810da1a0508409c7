"""Answering a case: what is answered, the editor, what is to be known, and the sending."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Footer, Static, TextArea

from inboxd import plugins
from inboxd.core.text import inert, one_line
from inboxd.errors import InboxdError
from inboxd.tui.haste import begin, is_left, once_written
from inboxd.tui.presence import AtCase
from inboxd.tui.reply.desk import ReplyDesk, undo_time
from inboxd.tui.reply.editor import Editor
from inboxd.tui.reply.remarks import Remarks, advice_line, coloured, marked
from inboxd.tui.reply.replying import (
    account,
    advice_on,
    company,
    counted,
    falls_due,
    impossible,
    meanwhile,
    recipient,
    window,
)
from inboxd.tui.reply.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.timer import Timer

    from inboxd.classify.advice import Advice
    from inboxd.desk import Done
    from inboxd.store import Mark
    from inboxd.store.presences import Presence
    from inboxd.tui.reply.replying import Situation
    from inboxd.tui.session import Session

_PAUSE_SECONDS = 0.4
"""How long nobody types before the text is looked at."""
_SAVE_SECONDS = 3.0
_NO_DAEMON = "No daemon is running: the reply waits until one does."


class ReplyScreen(AtCase):
    """
    Lets somebody write a reply to *case*, and send it.

    What is written is kept as a draft every few seconds and when the screen is left. A warning
    never keeps anybody from sending; what the network would refuse does.
    """

    DOING = "replying"
    AUTO_FOCUS = "Editor"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (116, "-wide")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "send", "Send …", key_display="^s", priority=True),
        Binding("ctrl+r,f3", "saved", "Saved replies", key_display="^r", priority=True),
        Binding("escape", "leave", "Back, the draft is kept", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    ReplyScreen {
        #to {
            height: 1; padding: 0 1; background: $panel;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        #both { height: 1fr; layout: vertical; }
        #writing { height: 1fr; }
        Talk { height: auto; max-height: 45%; }
        &.-wide #both { layout: horizontal; }
        &.-wide #writing { width: 1fr; height: 100%; }
        &.-wide Talk { width: 1fr; height: 100%; max-height: 100%; border-right: solid $panel; }
    }
    """

    def __init__(self, case: int) -> None:
        super().__init__()
        self.case = case
        self._desk: ReplyDesk
        self._mark: Mark
        self._situation: Situation | None = None
        self._others: tuple[Presence, ...] = ()
        self._text = ""
        self._kept = ""
        """The draft as it is in the database."""
        self._trouble = ""
        """Why the draft could not be kept."""
        self._warned = False
        """Whether somebody who wanted to leave was told of it."""
        self._sent = self._leaving = False
        self._pause: Timer | None = None
        self._measure: Callable[[str], int] = len

    @property
    def session(self) -> Session:
        """Return the terminal's session."""
        return self.app.session

    def compose(self) -> ComposeResult:
        """Have the conversation, the editor, and below it what is to be known."""
        yield Static(id="to", markup=False)
        with Container(id="both"):
            yield Talk()
            with Vertical(id="writing"):
                yield Editor()
                yield Remarks()
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read the case and the draft, and begin to keep both up to date."""
        self.app.clear_notifications()
        self._desk = ReplyDesk(self.session, self.case)
        try:
            self._mark = await self._desk.mark()
            draft = await self._desk.draft()
            situation = await self._look()
        except InboxdError as refusal:
            self.notify(inert(str(refusal)), severity="error", markup=False)
            self.dismiss()
            return
        editor = self.query_one(Editor)
        place = situation.place
        editor.border_title = "Your public reply" if place and place.public else "Your reply"
        # What was typed before the draft was read stands behind it.
        self._text, self._kept = f"{draft}{editor.text}", draft
        editor.set_whole(self._text)
        self.set_interval(_SAVE_SECONDS, self._keep)
        begin(self, partial(self._unless_refused, self._begin), "begin")

    async def on_unmount(self) -> None:
        """Keep what was written, however the screen is left."""
        await self._save()

    def on_changed(self) -> None:
        """Read the case anew: somebody may have written in it."""
        begin(self, partial(self._unless_refused, self._look), "look")

    def on_aged(self) -> None:
        """Show anew how much time is left."""
        if self._situation:
            self._head(self._situation)
        self._tell()

    @on(TextArea.Changed)
    def written(self) -> None:
        """Count at once, and look at the text when nobody has typed for a moment."""
        text = self.query_one(Editor).text
        if text != self._text:
            self._refuse("")
        self._text = text
        self._tell()
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._check)

    def action_leave(self) -> None:
        """
        Go back; what was written is kept as a draft. What is being queued is waited for.

        A refusal looks like something to be closed: it goes first.
        """
        if self.query_one(Remarks).is_refusing and not self._warned:
            self._refuse("")
        elif self.is_active and not (self._sent or self._leaving):
            self._leaving = True
            self.run_worker(self._leave(), group="leave")

    async def _leave(self) -> None:
        if await self.kept() and not self._sent:
            self.dismiss()
        self._leaving = False

    async def kept(self) -> bool:
        """Keep what was written; tells whether it is kept, or whether it was said before that it is not."""
        await self._save()
        if self._sent or self._text == self._kept or self._warned:
            return True
        self._warned = True
        self._refuse(f"{self._trouble}\nThe same key again leaves without it")
        return False

    def action_saved(self) -> None:
        """Offer the saved replies."""
        from inboxd.tui.reply.saved import SavedReplies, offered

        replies, situation = self.session.settings.tui.replies, self._situation
        if not situation or self._is_asking:
            return
        if not replies:
            self._refuse("No saved replies yet: add one as [[tui.replies]] in the configuration")
            return
        card = situation.card
        chosen = offered(replies, card.language, card.topics, card.network)

        def insert(text: str | None) -> None:
            if text is not None:
                self.query_one(Editor).put(text)

        self.app.push_screen(
            SavedReplies(chosen, situation.values(self.session.me), card.language), insert
        )

    def action_send(self) -> None:
        """Show the reply for a last time, with all that is to be known before it is sent."""
        once_written(self, self._begin_to_send)

    def _begin_to_send(self) -> None:
        if not self._sent:
            self._refuse("")
            self._text = self.query_one(Editor).text
            begin(self, self._send, "send")

    @property
    def _is_asking(self) -> bool:
        """Tell whether something lies above: what is typed ahead is no command."""
        return self.app.screen is not self

    async def _send(self) -> None:
        """Ask for a last time, queue the reply, and go back."""
        try:
            while text := await self._confirmed():
                # From here on no draft is saved: this one would come back after it was sent.
                self._sent = True
                leaves_at = self.session.now + undo_time(self.session.clock)
                async with self.session.turn:
                    done = await self._desk.reply(text, self._mark, leaves_at)
                if done:
                    self._go(done, leaves_at)
                    return
                self._sent = False
        except InboxdError as refusal:
            self._sent = False
            self._refuse(f"Not sent: {refusal}")

    async def _confirmed(self) -> str:
        """
        Show the reply, and what is new since one began to write; returns it if it is to be sent.

        What was shown counts as seen.
        """
        from inboxd.tui.reply.sending import LastLook

        situation, text = await self._look(), self._text.strip()
        if why := impossible(situation, text, self._length(text), self.session.now):
            self._refuse(f"Cannot be sent: {why}")
            return ""
        await self._be_here()
        # The mark first: what happens between the two is told once more, and not never.
        seen, self._mark = self._mark, await self._desk.mark()
        news = meanwhile(situation, await self._desk.news(seen), self._others)
        advice = await asyncio.to_thread(advice_on, text, situation, self.session)
        to = f"To {recipient(situation)} · {account(situation)}"
        lines = self._lines(advice, situation)
        if text != self._text.strip():
            return await self._confirmed()
        if is_left(self):
            return ""
        preview = LastLook(marked(text, advice), to, news, lines, self._no_daemon())
        confirmed: bool | None = await self.app.push_screen(preview, wait_for_dismiss=True)
        return text if confirmed else ""

    def _go(self, done: Done, leaves_at: datetime) -> None:
        """Go back to where one came from, and count the seconds down there."""
        from inboxd.tui.reply.sending import Countdown

        session, self._sent = self.session, True
        session.deeds.append((done,))
        to = self._situation.customer if self._situation else ""
        reply = done.reply or 0
        countdown = Countdown(
            to=one_line(to, 40) or "the customer",
            leaves_at=leaves_at,
            clock=session.clock,
            state=lambda: session.store.outbox.state_of(reply),
            note=self._no_daemon(),
        )
        self.pop_until_active()
        below = self.app.screen_stack[-2]
        self.dismiss()
        below.mount(countdown)

    async def _begin(self) -> None:
        """Say that one is here, and learn how the network counts."""
        await self._be_here()
        place = self._situation.place if self._situation else None
        if place and place.public:
            self._measure = await asyncio.to_thread(plugins.measure, place.network)
            self._tell()

    async def _look(self) -> Situation:
        """Read the case, and show what is new of it."""
        situation = await self._desk.read()
        if not self.is_shown:
            return situation
        before, self._situation = self._situation, situation
        session = self.session
        self._others = session.store.presences.at(self.case, session.key, session.now)
        if is_left(self):
            return situation
        self._head(situation)
        if before is None or before.messages != situation.messages:
            answered = situation.place.parent_id if situation.place else ""
            talk = self.query_one(Talk)
            talk.show(situation.messages, answered, session.now, session.tz)
        self._tell()
        return situation

    async def _unless_refused(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do what need not succeed: a database that is held for long is told, and no more."""
        try:
            await work()
        except InboxdError as error:
            self._trouble = str(error)
            self._tell()

    def _head(self, situation: Situation) -> None:
        """Show where the reply goes, and by when it is due."""
        line = Text("Reply to ").append(recipient(situation), "bold")
        words, tone = falls_due(situation, self.session)
        due_at = f" · {words}" if words else ""
        line.append_text(coloured(due_at, tone, self.app.theme_variables))
        line.append(f" · {account(situation)}", "dim")
        self.query_one("#to", Static).update(line)

    async def _keep(self) -> None:
        """Keep what was written, and say so."""
        await self._save()
        self._tell()

    async def _save(self) -> None:
        """Keep what was written, if it is not kept yet."""
        text = self._text
        if self._sent or text == self._kept:
            return
        try:
            await self._desk.keep(text)
            self._kept, self._trouble, self._warned = text, "", False
        except InboxdError as error:
            self._trouble = f"draft not saved: {error}"

    async def announce(self) -> None:
        """Say that one replies, and show who else is here; tells where that cannot be done."""
        await self._unless_refused(self._be_here)

    async def _be_here(self) -> None:
        self._others = await self.here()
        self._tell()

    async def _check(self) -> None:
        """Have the text looked at, in a thread of its own."""
        if self._situation:
            begin(self, partial(self._advise, self._situation, self._text), "advice")

    async def _advise(self, situation: Situation, text: str) -> None:
        advice = await asyncio.to_thread(advice_on, text, situation, self.session)
        if not is_left(self):
            self.query_one(Remarks).advise(self._lines(advice, situation))

    def _length(self, text: str) -> int:
        """Return how long *text* is: in public as the network counts it, else in characters."""
        place = self._situation.place if self._situation else None
        return self._measure(text) if place and place.public else len(text)

    def _no_daemon(self) -> str:
        """Return that nobody will send anything, "" if a daemon runs."""
        from inboxd.store import daemon_pid

        return "" if daemon_pid(self.session.store.path) else _NO_DAEMON

    def _tell(self) -> None:
        """Show how the reply stands: its length, until when it is taken, who else is there."""
        if not (situation := self._situation) or is_left(self):
            return
        place, kept = situation.place, self._text == self._kept
        saved = "draft saved" if self._kept.strip() else ""
        self.query_one(Remarks).tell(
            [
                counted(self._length(self._text.strip()), place.max_length if place else None),
                window(place, self.session.now, self.session.tz),
                (saved if kept else "draft not saved yet", ""),
                (one_line(self._trouble, 80), "error"),
                ("another reply is on its way" if situation.under_way else "", "warning"),
                company(self._others),
            ]
        )

    def _lines(self, advice: Sequence[Advice], situation: Situation) -> list[Text]:
        variables = self.app.theme_variables
        return [advice_line(each, situation, self.session, variables) for each in advice]

    def _refuse(self, words: str) -> None:
        """Say below the editor why something was not done, until one writes on; with "" no more."""
        self.query_one(Remarks).refuse(inert(words))
