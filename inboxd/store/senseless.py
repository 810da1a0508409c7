"""Telling a database that another program has changed from a bug of ours."""

from __future__ import annotations

from traceback import walk_tb

from inboxd.errors import DatabaseError

_SENSELESS = (ValueError, LookupError, TypeError)
"""What is raised where a value means nothing to who reads it."""


def senseless(error: Exception) -> DatabaseError | None:
    """Return what is told where the store could not make sense of what it has read; else None."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    ours = [name for name in modules if name.startswith("inboxd.")]
    # What the core cannot count with, the store has given to it.
    read_in = next((name for name in reversed(ours) if not name.startswith("inboxd.core")), "")
    if not (isinstance(error, _SENSELESS) and read_in.startswith("inboxd.store")):
        return None
    return DatabaseError(
        f"something here is not as inboxd writes it ({type(error).__name__} in {read_in}): "
        "has another program changed the database?"
    )
