"""What stands below the editor: the state of the reply, and what it deserves a second look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.widgets import Static

from inboxd.classify.advice import Concern, quoted
from inboxd.tui.cells import even
from inboxd.tui.notices import REFUSED
from inboxd.tui.reply.replying import due

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.app import ComposeResult

    from inboxd.classify.advice import Advice
    from inboxd.tui.reply.replying import Situation
    from inboxd.tui.session import Session

_MOST = 4


class Remarks(Vertical):
    """Why something was refused, a line for the state, and one for each of the first pieces of advice."""

    DEFAULT_CSS = """
    Remarks { height: auto; padding: 0 1; }
    Remarks Static { text-wrap: nowrap; text-overflow: ellipsis; }
    Remarks #state { height: 1; }
    Remarks #advice, Remarks #refusal { height: auto; display: none; }
    Remarks #refusal { color: $text-error; text-wrap: wrap; }
    """

    def compose(self) -> ComposeResult:
        """Have the three."""
        yield Static(id="refusal", markup=False)
        yield Static(id="state", markup=False)
        yield Static(id="advice", markup=False)

    def tell(self, parts: Iterable[tuple[str, str]]) -> None:
        """Show the state: words, each with a colour's name; this is done with every key."""
        variables = self.app.theme_variables
        said = [coloured(words, tone, variables) for words, tone in parts if words]
        self.query_one("#state", Static).update(Text(" · ", "dim").join(said), layout=False)

    def refuse(self, why: str) -> None:
        """Show why something was not done; with "" nothing any more."""
        line = self.query_one("#refusal", Static)
        line.update(f"{REFUSED}{why}")
        line.display = bool(why)

    @property
    def is_refusing(self) -> bool:
        """Tell whether it is shown why something was not done."""
        return self.query_one("#refusal").display

    def advise(self, lines: Sequence[Text]) -> None:
        """Show pieces of advice."""
        shown = self.query_one("#advice", Static)
        shown.update(Text("\n").join(lines[:_MOST]))
        shown.display = bool(lines)


def coloured(words: str, tone: str, variables: Mapping[str, str]) -> Text:
    """Return *words* in the theme's colour of that name; with "" as they are."""
    return Text(words, variables.get(f"text-{tone}", "") if tone else "")


def advice_line(
    advice: Advice, situation: Situation, session: Session, variables: Mapping[str, str]
) -> Text:
    """Return a piece of advice, what follows from it, and the words that caused it."""
    mark = coloured("▲ ", "warning", variables)
    line = Text().append_text(Text("· ") if advice.told else mark).append(advice.says)
    if advice.concern is Concern.PROMISE and not advice.unsure:
        policy = session.policy(situation.state.policy)
        line.append(due(advice, policy, session.now, session.tz))
    if advice.words:
        line.append(f": {even(quoted(advice.words))}", "dim")
    return line


def marked(text: str, advice: Iterable[Advice]) -> Text:
    """Return *text* with the words marked that are advised on."""
    shown = Text(text)
    for span in (span for each in advice for span in each.words):
        # A question's words are the customer's.
        if text[span.start : span.end] == span.text:
            shown.stylize("bold underline", span.start, span.end)
    return shown
