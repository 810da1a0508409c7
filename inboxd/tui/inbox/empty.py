"""What is said in the place of a list that is empty, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.core.queries import Query, View
from inboxd.core.text import one_line
from inboxd.tui.cells import fit
from inboxd.tui.names import author_name
from inboxd.tui.when import moment

if TYPE_CHECKING:
    from inboxd.tui.inbox.viewbar import Tab
    from inboxd.tui.session import Session

_THEN = (View.WAITING, View.DUE, View.BREACHED)
"""Views in whose place, if they are empty, it is told what comes next."""
_EMPTY = {
    View.WAITING: "Nobody is waiting.",
    View.DUE: "Nothing is due within the hour.",
    View.BREACHED: "Nobody waits longer than promised.",
    View.PROMISES: "No promise of ours is open.",
    View.MINE: "Nothing is yours. In another view, a takes a case and A assigns it.",
    View.SNOOZED: "Nothing is asleep.",
    View.PUBLIC: "Nobody waits in public.",
    View.ANSWERED: "Nothing was answered lately.",
    View.CLOSED: "Nothing is closed yet.",
    View.ALL: "No message has arrived yet. `inboxd check` tells whether accounts can be read.",
}
_UNREAD = (
    "No account has been read yet: who waits is not known.\n\n"
    "`inboxd run` reads them, i shows how it goes, `inboxd check` whether they can be read."
)


def why_empty(tab: Tab, searched: str, session: Session) -> str:
    """Return why there is nothing in the view of *tab*, where *searched* is looked for."""
    if not _was_read(session):
        return _UNREAD
    if searched:
        return f"Nothing in this view fits {one_line(searched, 60)}\n\nEsc clears the search, 0 looks at all cases."
    words = f"Nothing fits {tab.name}." if tab.query else _EMPTY[tab.view]
    return f"{words}\n\n{_next(session)}" if tab.view in _THEN else words


def _was_read(session: Session) -> bool:
    """Tell whether any account was ever read, or else cases have come from elsewhere."""
    store = session.store
    read = any(each.succeeded_at for each in store.sources.all())
    return read or bool(store.inbox.listing(Query(View.ALL), session.me, session.now).page(0, 1))


def _next(session: Session) -> str:
    """Return what is due, or wakes, next; "" if nothing does."""
    for view in (View.WAITING, View.SNOOZED):
        found = session.store.inbox.listing(Query(view), session.me, session.now).page(0, 1)
        for row in found:
            when = row.snoozed_until or row.due_at
            if when and when > session.now:
                verb = "wakes" if row.snoozed_until else "is due"
                at = moment(when, session.now, session.tz)
                return f"Next: {fit(author_name(row.author), 60).rstrip()} {verb} {at}."
    return ""
