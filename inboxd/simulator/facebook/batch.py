"""
Batches: several GETs as one POST to the root.

Rules: developers.facebook.com/docs/graph-api/batch-requests. At most 50; each is answered as if
it had come alone, with its status and its body as a text, in order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from inboxd.simulator.facebook.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Single:
    """One call of a batch."""

    identifier: str
    edge: str
    query: Mapping[str, str]


def calls(query: Mapping[str, Any]) -> list[Single]:
    """Return the calls of a batch; raise error 100 for what is none, or too large."""
    raw = query.get("batch")
    try:
        listed = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        listed = None
    if not isinstance(listed, list) or not listed:
        raise GraphError(100, "Param batch must be a non-empty array")
    if len(listed) > AT_ONCE:
        raise GraphError(
            100, f"Too many requests in batch message. Maximum batch size is {AT_ONCE}"
        )
    return [_single(one) for one in listed]


def answer(status: int, body: object, query: Mapping[str, Any]) -> dict[str, object]:
    """Return how a call of a batch is answered; with headers unless they are not wanted."""
    told: dict[str, object] = {"code": status, "body": json.dumps(body)}
    if str(query.get("include_headers", "true")).lower() != "false":
        told["headers"] = [{"name": "Content-Type", "value": "application/json; charset=UTF-8"}]
    return told


def _single(one: object) -> Single:
    if not isinstance(one, dict) or one.get("method") != "GET":
        raise GraphError(100, "Only GET is simulated in a batch")
    url = urlsplit(str(one.get("relative_url", "")))
    identifier, _, edge = url.path.strip("/").partition("/")
    return Single(identifier, edge, dict(parse_qsl(url.query)))
