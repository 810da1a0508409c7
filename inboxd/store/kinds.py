"""Kinds of waits as SQL names them."""

from __future__ import annotations

from inboxd.core.waits import WaitKind

OWED = f"({', '.join(repr(str(kind)) for kind in WaitKind if kind.is_owed)})"
"""The kinds that begin with an answer of ours: a constant, for ``kind IN …``."""
