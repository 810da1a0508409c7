"""
The line to other hosts: by which proxy, on whose certificates, and what is wrong with it.

Every speaker asks here, so that one environment means the same to all of them, though the
libraries below them read it each in its own way (docs/security.md).
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from inboxd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROXIES = ("http", "https")
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_SYSTEM = {
    errno.ECONNREFUSED: "nobody listens at {}",
    errno.ECONNRESET: "{} broke the connection off",
    errno.EPIPE: "{} broke the connection off",
    errno.EHOSTUNREACH: "there is no way to {}",
    errno.ENETUNREACH: "there is no way to {}",
    errno.ETIMEDOUT: "{} does not answer in time",
}


def proxy_for(url: str) -> str | None:
    """
    Return the proxy that the environment names for *url*, None for the direct way.

    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case of letters. A proxy without
    a scheme is an http:// one, as with curl. Raises Unavailable for one that cannot be used:
    around it would not be where the operator wants the tokens to go.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        found = urlsplit(proxy)
        usable = found.scheme in _PROXIES and found.hostname and found.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Unavailable(
            f"the proxy that the environment names for {parts.scheme}:// is no http:// or "
            "https:// one; no other kind can be used"
        )
    return proxy


def proxy_secrets() -> frozenset[str]:
    """Return the passwords that the environment's proxies have, as written and as meant."""
    found = set()
    for name, proxy in getproxies().items():
        if name == "no":
            continue
        _, _, password = proxy.rpartition("@")[0].rpartition("//")[2].partition(":")
        found |= {password, unquote(password)}
    return frozenset(found - {""})


def tls() -> ssl.SSLContext:
    """Return what HTTPS is spoken with: one for all who do, because reading it takes a while."""
    named = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    return _shared(*(os.environ.get(name, "") for name in named))


@lru_cache(maxsize=4)
def _shared(*_named: str) -> ssl.SSLContext:
    return new_tls()


def new_tls() -> ssl.SSLContext:
    """
    Return a context with the system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR.

    Those of REQUESTS_CA_BUNDLE come in addition. requests alone would bring authorities of its
    own, and not know those that an operator gave the system. Raises Unavailable where the
    bundle cannot be read.
    """
    context = ssl.create_default_context()
    if bundle := os.environ.get("REQUESTS_CA_BUNDLE", ""):
        place = {"capath": bundle} if Path(bundle).is_dir() else {"cafile": bundle}
        try:
            context.load_verify_locations(**place)
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or "no certificates are in it"
            raise Unavailable(f"REQUESTS_CA_BUNDLE names {bundle}: {why}") from error
    return context


def host_of(url: str) -> str:
    """Return the host that *url* leads to, for an error's text: the rest may be a secret."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def trouble(error: BaseException, url: str) -> str:
    """
    Return in words what stands between us and the host of *url*.

    Of the error's own text only what names neither URL nor header is repeated.
    """
    host, chain = host_of(url), list(_chain(error))
    readings = (_of_certificate, _of_tls, _of_proxy, _of_system)
    found = (reading(told, host) for reading in readings for told in chain)
    return next(filter(None, found), type(error).__name__)


_NEVER_BEGUN = {
    "ConnectTimeout", "ConnectTimeoutError", "NewConnectionError",
    "ClientConnectorError", "ConnectionTimeoutError",
}  # fmt: skip
"""
What requests, urllib3 and aiohttp call, in whichever of its kinds, a connection that there never was.

A ProxyError may be one: urllib3 also calls so what is broken off once a proxy has passed it on.
"""


def never_begun(error: BaseException) -> bool:
    """Tell whether *error* came before anything was sent; what may have been sent is false."""
    return any(
        isinstance(told, socket.gaierror | ConnectionRefusedError | ssl.SSLCertVerificationError)
        or not _NEVER_BEGUN.isdisjoint(kind.__name__ for kind in type(told).__mro__)
        or _refused_by_proxy(told)
        for told in _chain(error)
    )


# aiohttp's own errors are ssl's as well, without what ssl's say.


def _of_certificate(error: BaseException, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_message"):
        return f"the certificate of {host} is not accepted: {error.verify_message}"
    return ""


def _of_tls(error: BaseException, host: str) -> str:
    if isinstance(error, ssl.SSLError) and (reason := getattr(error, "reason", "")):
        return f"{host} does not speak TLS as it should ({reason})"
    return ""


def _of_proxy(error: BaseException, _host: str) -> str:
    if status := _refused_by_proxy(error):
        return f"the environment's proxy refuses ({status})"
    name = type(error).__name__
    if "Proxy" in name and (name != "ProxyError" or never_begun(error)):
        return "the environment's proxy cannot be reached"
    return ""


def _refused_by_proxy(error: BaseException) -> str:
    """Return the status with which a proxy lets nothing through, or ""."""
    refused = _TUNNEL_REFUSED.search(str(error)) if isinstance(error, OSError) else None
    if refused is not None:
        return refused[1]
    named = type(error).__name__ == "ClientHttpProxyError"
    return str(getattr(error, "status", "?")) if named else ""


def _of_system(error: BaseException, host: str) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name {host} cannot be resolved"
    if isinstance(error, TimeoutError):
        return f"{host} does not answer in time"
    if isinstance(error, ConnectionResetError):  # http.client's has no number
        return f"{host} broke the connection off"
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        return _SYSTEM[error.errno].format(host)
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and all that libraries wrapped in it, each in its own way."""
    waiting, seen = [error], set()
    while waiting:
        told = waiting.pop(0)
        if id(told) in seen:
            continue
        seen.add(id(told))
        yield told
        inner = [getattr(told, name, None) for name in ("certificate_error", "os_error", "reason")]
        inner += [*told.args, told.__cause__, told.__context__]
        waiting += [each for each in inner if isinstance(each, BaseException)]
