"""
What screens may ask of the application that they are in, and the pulse that keeps them up to date.

The application opens the screens, and so it knows them; they know it as a :class:`Host`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App, ScreenStackError
from textual.css.query import NoMatches
from textual.message import Message
from textual.worker import WorkerFailed

from inboxd.core.text import inert
from inboxd.errors import DatabaseError
from inboxd.store.senseless import senseless

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.timer import Timer

    from inboxd.tui.session import Session

_LOOK_EVERY_SECONDS = 1.0
"""How often it is asked whether somebody else has changed the database: a pragma, no query."""
_TRY_AGAIN_SECONDS = 2.0
"""How long after a failure the database is read again."""
_TROUBLE_SECONDS = 10.0
_AGE_EVERY_SECONDS = 10.0
"""How often ages and times that are left are shown anew."""


class Changed(Message):
    """The database is not as it was: what is shown is to be read again, in its place."""

    bubble = False


class Aged(Message):
    """Time has passed: ages and times that are left are to be shown anew; nothing was written."""

    bubble = False


class Host(App[None]):
    """Shows what is in the database of its *session*, and what becomes of it."""

    first_view: str | None
    """The view that was asked for when it was started."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._version = session.store.version()
        self._again: Timer | None = None

    def open_case(self, case: int) -> None:
        """Show one case on a screen of its own."""
        raise NotImplementedError

    def open_reply(self, case: int) -> None:
        """Let somebody write a reply to a case."""
        raise NotImplementedError

    def neighbour(self, case: int, step: int) -> int | None:
        """Return, and select, the case *step* lines below another in the inbox; None at its ends."""
        raise NotImplementedError

    def action_status(self) -> None:
        """Show how everything stands."""
        raise NotImplementedError

    def keep_up(self) -> None:
        """Begin to look for changes, and to let ages grow."""
        self.set_interval(_LOOK_EVERY_SECONDS, self.look)
        self.set_interval(_AGE_EVERY_SECONDS, lambda: self._post(Aged))

    def look(self) -> None:
        """Tell whoever is to be seen if the database has changed since the last look."""
        version = self.session.store.version()
        if version != self._version:
            self._version = version
            self._post(Changed)
        self.session.store.confirm()

    def endures(self, error: Exception) -> bool:
        """
        Tell what is the matter with the database, if *error* is about it, and read again soon.

        It returns whether it is, or comes of the end of it all. Whoever is in the middle of writing
        an answer loses nothing.
        """
        if isinstance(error, ScreenStackError) and not self.is_running:
            return True  # A key, or a timer, that comes while the program ends finds no screen.
        trouble = self._trouble(error)
        if trouble is None:
            return False
        words = inert(str(trouble))
        if all(each.message != words for each in self._notifications):
            self.notify(words, severity="error", timeout=_TROUBLE_SECONDS, markup=False)
        if self._again is None:
            self._again = self.set_timer(_TRY_AGAIN_SECONDS, self._read_again)
        return True

    def _trouble(self, error: Exception) -> DatabaseError | None:
        store = self.session.store
        try:
            with store.explained():
                raise error.error if isinstance(error, WorkerFailed) else error  # noqa: TRY301 - to explain it
        except DatabaseError as trouble:
            return trouble
        except Exception as unknown:  # noqa: BLE001 - whose bug it is depends on the file
            try:
                store.confirm()
            except DatabaseError as trouble:
                return trouble
            return senseless(unknown)

    def _read_again(self) -> None:
        self._again = None
        self._post(Changed)

    def _post(self, news: type[Changed | Aged]) -> None:
        """Tell the foremost screen, and what is to be seen behind a dialog."""
        for screen in reversed(self.screen_stack):
            screen.post_message(news())
            if not screen.is_modal:
                return

    async def _dispatch_action(
        self, namespace: DOMNode, action_name: str, params: tuple[object, ...]
    ) -> bool:
        try:
            return await super()._dispatch_action(namespace, action_name, params)
        except Exception as error:
            # A key that comes while the program ends finds a screen of which nothing is left.
            gone = isinstance(error, NoMatches) and not namespace.children
            if not gone and not self.endures(error):
                raise
        return True

    def _handle_exception(self, error: Exception) -> None:
        if not self.endures(error):
            super()._handle_exception(error)
