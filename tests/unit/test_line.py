"""What is wrong with the line: above all whether anything was sent over it."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import aiohttp
import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from inboxd.line import never_begun

_ANY: Any = None
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
RESET = ConnectionResetError(errno.ECONNRESET, "reset")
NO_WAY = OSError(errno.ENETUNREACH, "no way")


def by_requests(error: Exception) -> MaxRetryError:
    """Return an error of urllib3's as requests wraps it."""
    return MaxRetryError(_ANY, "/", error)


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(_ANY, NO_WAY),
        aiohttp.ClientConnectorDNSError(_ANY, socket.gaierror(socket.EAI_AGAIN, "later")),
        aiohttp.ClientConnectorSSLError(_ANY, ssl.SSLError(1, "wrong version")),
        aiohttp.ClientProxyConnectionError(_ANY, NO_WAY),
        aiohttp.ClientHttpProxyError(_ANY, (), status=407),
        aiohttp.ConnectionTimeoutError("to host"),
        requests.ConnectTimeout(by_requests(ConnectTimeoutError("to host"))),
        requests.ConnectionError(by_requests(NewConnectionError(_ANY, "no way"))),
        requests.exceptions.ProxyError(by_requests(NewConnectionError(_ANY, "refused"))),
        REFUSED,
    ],
    ids=repr,
)
def test_what_ended_before_a_connection_stood_was_never_begun(error: Exception) -> None:
    """Whichever library says so, and in whichever of its kinds."""
    assert never_begun(error)


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientOSError(errno.ECONNRESET, "reset"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientPayloadError("half"),
        aiohttp.SocketTimeoutError("on reading"),
        aiohttp.ServerTimeoutError(),
        TimeoutError(),
        requests.ReadTimeout(ReadTimeoutError(_ANY, "/", "on reading")),
        requests.ConnectionError(ProtocolError("broken off", RESET)),
        RESET,
    ],
    ids=repr,
)
def test_what_broke_off_later_may_have_arrived(error: Exception) -> None:
    """Doubt is never taken for certainty: a reply would go out twice."""
    assert not never_begun(error)
