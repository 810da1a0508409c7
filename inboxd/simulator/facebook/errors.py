"""
The Graph API's errors: code, subcode, HTTP status and the JSON around them.

Codes, subcodes and statuses: developers.facebook.com/docs/graph-api/guides/error-handling
and .../messenger-platform/error-codes. A client decides by code; the status is
what the real API sends beside it, mostly 400.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_RATE_LIMITS = frozenset({4, 17, 32, 613, 80001, 80006})
_TRANSIENT = frozenset({1, 2, 1200})

_MESSAGES: Mapping[int, str] = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    3: "Application does not have the capability to make this API call",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    12: "This endpoint is deprecated for versions v22.0 and higher",
    17: "User request limit reached",
    32: "Page request limit reached",
    100: "Invalid parameter",
    102: "The session has expired",
    190: "Error validating access token",
    200: "Permissions error",
    341: "Application limit reached",
    368: "The action attempted has been deemed abusive or is otherwise disallowed",
    506: "Duplicate status message",
    551: "This person isn't available right now",
    613: "Calls to this api have exceeded the rate limit.",
    1200: "Temporary send message failure. Please try again later.",
    80001: "There have been too many calls to this Page account.",
    1609005: "The link could not be scraped",
    80006: "There have been too many messages sent from this Page account.",
}


class GraphError(Exception):
    """A failed call. *subcode* 0 means that the answer has none."""

    def __init__(self, code: int, detail: str = "", subcode: int = 0) -> None:
        super().__init__(f"(#{code}) {detail or _MESSAGES[code]}")
        self.code = code
        self.subcode = subcode

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with the code."""
        if self.code in _RATE_LIMITS and self.code < 80000:
            return 403
        if self.code == 190:
            return 401
        return {1: 500, 2: 503, 200: 403, 10: 403}.get(self.code, 400)

    def body(self, trace: str) -> Json:
        """Return the JSON; *trace* is what the real API calls fbtrace_id."""
        error: Json = {
            "message": str(self),
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": trace,
        }
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.code in _TRANSIENT | _RATE_LIMITS:
            error["is_transient"] = True
        return {"error": error}


def trace_id(call: int) -> str:
    """Return the fbtrace_id of the *call*-th request: opaque, and the same in every run."""
    return "A" + hashlib.sha256(str(call).encode()).hexdigest()[:21]


def no_such_object(identifier: str) -> GraphError:
    """Return what is answered for an id that does not exist, or may not be seen."""
    return GraphError(100, f"Unsupported get request. Object {identifier!r} does not exist", 33)
