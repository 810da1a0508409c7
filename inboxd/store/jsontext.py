"""Raw payloads as JSON text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_READABLE = json.JSONEncoder(default=str, ensure_ascii=False)


def json_text(raw: Mapping[str, Any]) -> str | None:
    """Return *raw* as JSON that people can read; escaped where UTF-8 cannot carry it."""
    if not raw:
        return None
    text = _READABLE.encode(raw)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(raw, default=str)
    return text
