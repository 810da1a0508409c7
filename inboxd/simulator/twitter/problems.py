"""X's error answers: RFC 7807 problems, as the OpenAPI document and recorded answers word them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from inboxd.simulator.faults import Fault, Switch

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASE = "https://api.twitter.com/2/problems/"
_NEWER_BASE = "https://api.x.com/2/problems/"
"""Where the types of problems live in the vocabulary of `post.fields`."""


class ProblemError(Exception):
    """An answer that is an error; the facade's middleware turns it into a response."""

    def __init__(self, status: int, body: dict[str, object]) -> None:
        super().__init__(body["title"])
        self.status = status
        self.body = body

    def response(
        self, headers: Mapping[str, str] | None = None, *, posts: bool = False
    ) -> web.Response:
        """Return the problem as it goes over the wire; X sends no Retry-After."""
        kind = str(self.body["type"])
        if posts:
            kind = kind.replace(_BASE, _NEWER_BASE)
        return web.Response(
            text=json.dumps({**self.body, "type": kind}),
            status=self.status,
            headers=headers,
            content_type="application/problem+json",
        )


class NothingFoundError(Exception):
    """A 200 that holds a partial error and no data: what was asked about is not there."""

    def __init__(self, error: dict[str, object]) -> None:
        super().__init__(error["title"])
        self.error = error


def plain(status: int, detail: str | None = None) -> ProblemError:
    """Return a problem of type about:blank, titled by the status' own phrase."""
    title = HTTPStatus(status).phrase
    return ProblemError(
        status,
        {"title": title, "type": "about:blank", "status": status, "detail": detail or title},
    )


def typed(status: int, kind: str, title: str, detail: str, **more: object) -> ProblemError:
    """Return a problem of X's own type *kind*."""
    body = {"title": title, "type": _BASE + kind, "status": status, "detail": detail}
    return ProblemError(status, {**body, **more})


def invalid(parameter: str, value: object, message: str) -> ProblemError:
    """Return the 400 for a bad parameter."""
    return typed(
        HTTPStatus.BAD_REQUEST,
        "invalid-request",
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        errors=[{"parameters": {parameter: [str(value)]}, "message": message}],
    )


def not_found(
    resource: str, parameter: str, value: str, *, posts: bool = False
) -> dict[str, object]:
    """Return the partial error for something that is not there; it travels in a 200."""
    return {
        "value": value,
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "post" if posts and resource == "tweet" else resource,
        "parameter": parameter,
        "resource_id": value,
        "type": (_NEWER_BASE if posts else _BASE) + "resource-not-found",
    }


def not_authorized(
    parameter: str, value: str, *, section: str = "data", posts: bool = False
) -> dict[str, object]:
    """Return the partial error for a post of somebody who is protected or suspended."""
    return {
        "value": value,
        "detail": f"Sorry, you are not authorized to see the Tweet with {parameter}: [{value}].",
        "title": "Authorization Error",
        "resource_type": "post" if posts else "tweet",
        "parameter": parameter,
        "resource_id": value,
        "section": section,
        "type": (_NEWER_BASE if posts else _BASE) + "not-authorized-for-resource",
    }


def unsupported_authentication(used: str, supported: str) -> ProblemError:
    """Return the 403 for the wrong sort of token, which X tells apart from a bad one."""
    return typed(
        HTTPStatus.FORBIDDEN,
        "unsupported-authentication",
        "Unsupported Authentication",
        f"Authenticating with {used} is forbidden for this endpoint.  "
        f"Supported authentication types are [{supported}].",
    )


def of_fault(switch: Switch) -> ProblemError:
    """Return the problem a switched-on fault shows itself as."""
    match switch.fault:
        case Fault.RATE_LIMIT:
            return plain(HTTPStatus.TOO_MANY_REQUESTS)
        case Fault.TOKEN_EXPIRED:
            return plain(HTTPStatus.UNAUTHORIZED)
        case Fault.PERMISSION_MISSING:
            return typed(
                HTTPStatus.FORBIDDEN,
                "oauth1-permissions",
                "Forbidden",
                "Your client app is not configured with the appropriate oauth1 app permissions "
                "for this endpoint.",
            )
        case Fault.REFUSED if switch.code in ("usage-capped", "usage-capped-403"):
            capped = HTTPStatus.TOO_MANY_REQUESTS
            return typed(
                HTTPStatus.FORBIDDEN if switch.code == "usage-capped-403" else capped,
                "usage-capped",
                "UsageCapExceeded",
                "Usage cap exceeded: Monthly product cap",
                period="Monthly",
                scope="Product",
            )
        case Fault.REFUSED:
            return typed(
                HTTPStatus.PAYMENT_REQUIRED,
                "credits",
                "CreditsDepleted",
                "Your enrolled account does not have any credits to fulfill this request.",
            )
        case _:
            return plain(switch.status)
