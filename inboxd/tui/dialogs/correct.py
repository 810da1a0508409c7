"""What a customer's message really is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from inboxd.core.text import is_language
from inboxd.model import Direction, Kind, Topic, Urgency
from inboxd.store import Said
from inboxd.tui.dialogs.frame import Dialog, cases_named
from inboxd.tui.dialogs.picks import Pick, Picks
from inboxd.tui.haste import once_written

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textual.app import ComposeResult

    from inboxd.store import Store
    from inboxd.store.views import ThreadMessage

_MOST_MESSAGES = 30


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is said of *message*, or of the one that tells most of each case (None)."""

    message: int | None
    said: Said


def judged(store: Store, case: int, also: Collection[int] = ()) -> list[ThreadMessage]:
    """
    Return what can be corrected of a case: customers' judged messages, the last first.

    Of a long conversation it is the last few, and those with the numbers *also*.
    """
    inbound = [
        each.id for each in store.threads.outline(case) if each.direction is Direction.INBOUND
    ]
    wanted = {*inbound[-_MOST_MESSAGES:], *set(also).intersection(inbound)}
    return [each for each in store.views.thread(case, sorted(wanted)) if each.kind][::-1]


class CorrectDialog(Dialog[Corrected]):
    """
    Answers with the parts of a verdict that are to be others than they are.

    Of one case it begins with what was judged of *pointed_at*; of several it has no *messages*,
    and begins with nothing.
    """

    AUTO_FOCUS = "#kind"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "say", "Save", priority=True)]
    DEFAULT_CSS = """
    CorrectDialog > #frame {
        width: 76;
        Horizontal { height: auto; }
        Vertical { height: auto; width: 1fr; }
        #messages { max-height: 3; margin-bottom: 1; }
        .heading { text-style: bold; }
        .later { margin-top: 1; }
        #language { width: 8; margin: 0; background: $panel; }
    }
    """

    def __init__(
        self,
        cases: tuple[int, ...],
        messages: Sequence[ThreadMessage] = (),
        pointed_at: int | None = None,
    ) -> None:
        super().__init__(f"Correct {cases_named(cases)}", "Tab next · Space pick · Enter save")
        self._messages = {each.id: each for each in messages}
        known = pointed_at in self._messages
        self._message = pointed_at if known else next(iter(self._messages), None)

    def body(self) -> ComposeResult:
        """Yield the messages and the parts of the verdict."""
        lines = [(each.id, each.text) for each in self._messages.values()]
        yield Pick(lines, [self._message], "messages")
        before = self._before
        with Horizontal():
            with Vertical():
                yield Static("Kind", classes="heading")
                yield Pick([(each, str(each)) for each in Kind], [before.kind], "kind")
                yield Static("Urgency", classes="heading later")
                yield Pick([(each, str(each)) for each in Urgency], [before.urgency], "urgency")
                yield Static("Language", classes="heading later")
                yield Input(before.language or "", max_length=3, compact=True, id="language")
            with Vertical():
                yield Static("Topics", classes="heading")
                topics = [(each, str(each).replace("_", " ")) for each in Topic]
                yield Picks(topics, before.topics or (), "topics")
        yield Static("", classes="refusal", markup=False)

    def on_mount(self) -> None:
        """Let no message be chosen where there is no other."""
        messages = self.query_one("#messages", Pick)
        messages.display = bool(self._messages)
        messages.can_focus = len(self._messages) > 1
        self.query_one(".refusal").display = False

    @on(Picks.Picked, "#messages")
    def show_verdict(self) -> None:
        """Begin anew with what another message was judged to be."""
        (self._message,) = self.query_one("#messages", Pick).picked
        before = self._before
        self.query_one("#kind", Pick).pick([before.kind])
        self.query_one("#urgency", Pick).pick([before.urgency])
        self.query_one("#topics", Picks).pick(before.topics or ())
        self.query_one("#language", Input).value = before.language or ""

    def action_say(self) -> None:
        """Answer with what differs from the verdict."""
        once_written(self, self._say)

    def _say(self) -> None:
        before, now = self._before, self._said
        language = now.language or ""
        if language and not is_language(language):
            self._refuse(f"{language!r} is no code of a language; write ru, uk, de, en …")
        elif before.topics and not now.topics:
            self._refuse("pick at least one topic; what has none is “other”")
        elif said := _difference(now, before):
            self.dismiss(Corrected(self._message, said))
        else:
            self._refuse("nothing differs from what it counts as already")

    @property
    def _before(self) -> Said:
        """Return what the message counts as now, nothing where there is none."""
        message = self._messages.get(self._message or 0)
        if message is None:
            return Said()
        kind, urgency = Kind(str(message.kind)), message.urgency
        return Said(kind, message.topics, Urgency(urgency) if urgency else None, message.language)

    @property
    def _said(self) -> Said:
        """Return what is picked."""
        kind: tuple[Kind, ...] = self.query_one("#kind", Pick).picked
        urgency: tuple[Urgency, ...] = self.query_one("#urgency", Pick).picked
        topics: tuple[Topic, ...] = self.query_one("#topics", Picks).picked
        language = self.query_one("#language", Input).value.strip().lower()
        return Said(next(iter(kind), None), topics, next(iter(urgency), None), language)

    def _refuse(self, why: str) -> None:
        refusal = self.query_one(".refusal", Static)
        refusal.update(why)
        refusal.display = True


def _difference(now: Said, before: Said) -> Said:
    """Return the parts of *now* that say something else than *before*; an empty part says nothing."""
    topics = now.topics if set(now.topics or ()) != set(before.topics or ()) else None
    return Said(
        now.kind if now.kind != before.kind else None,
        topics or None,
        now.urgency if now.urgency != before.urgency else None,
        (now.language or None) if now.language != before.language else None,
    )
