"""Whether the hosts that inboxd speaks to can be reached: name, connection, TLS, by a proxy or not."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from inboxd import line
from inboxd.durations import format_duration
from inboxd.errors import Unavailable
from inboxd.findings import Code, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inboxd.clock import Clock
    from inboxd.config import Settings

_LONGEST = aiohttp.ClientTimeout(total=10)
_OFF, _WRONG = timedelta(seconds=30), timedelta(minutes=4)
"""X refuses requests that are signed more than five minutes off."""
_SCHEMES = {"http", "https"}
_NAMES = "see `resolvectl query {host}`, /etc/resolv.conf and the network"
_CONNECTION = "see the firewall, and whether this machine must go by a proxy (HTTPS_PROXY)"
_CERTIFICATE = "see the clock, the package ca-certificates, and who opens TLS on the way"
_PROXY = "see HTTPS_PROXY and NO_PROXY, and the proxy itself"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a host answered: what is found, and its time less ours, where it told."""

    finding: Finding
    ahead: timedelta | None = None


def origins(settings: Settings) -> dict[str, list[str]]:
    """
    Return the origins that are to be reached, each with the names of what speaks to it.

    Of an address that is a secret, such as a webhook's, nothing else is ever used.
    """
    given: list[tuple[str, str]] = [
        (account.name, account.api_base) for account in settings.accounts
    ]
    given += [(watch.name, watch.api_base) for watch in settings.watch]
    for sink in settings.sinks:
        if sink.type == "slack":
            hook = sink.webhook_url
            given.append((sink.name, hook.get_secret_value() if hook else sink.api_base))
    if settings.heartbeat:
        given.append(("heartbeat", settings.heartbeat.url.get_secret_value()))
    found: dict[str, list[str]] = defaultdict(list)
    for name, address in given:
        parts = urlsplit(address)
        if parts.scheme in _SCHEMES and parts.hostname:
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            port = f":{parts.port}" if parts.port else ""
            found[f"{parts.scheme}://{host}{port}"].append(name)
    return found


async def reach(settings: Settings, clock: Clock) -> list[Finding]:
    """Say of each host whether it can be reached, and what its clock makes of ours."""
    async with aiohttp.ClientSession(timeout=_LONGEST) as session:
        probes = await asyncio.gather(
            *(_probe(session, origin, names, clock) for origin, names in origins(settings).items())
        )
    return [*(probe.finding for probe in probes), *_clock(probe.ahead for probe in probes)]


async def _probe(
    session: aiohttp.ClientSession, origin: str, names: list[str], clock: Clock
) -> Probe:
    """Ask for nothing in particular: whatever the host says to that, it has been reached."""
    host = urlsplit(origin).netloc
    try:
        proxy, tls = line.proxy_for(origin), line.tls()
    except Unavailable as error:
        return Probe(Finding(Code.NETWORK_PROXY, host, str(error), _PROXY))
    way = f" by the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}" if proxy else ""
    whom = f"for {', '.join(names)}"
    asked = clock.now()
    try:
        async with session.get(origin, allow_redirects=False, proxy=proxy, ssl=tls) as response:
            date = response.headers.get("Date", "")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Probe(_unreached(error, host, f"{whom}{way}"))
    took = clock.now() - asked
    text = f"answers{way} in {took.total_seconds() * 1000:,.0f} ms, {whom}"
    return Probe(Finding(Code.NETWORK_REACHED, host, text), _ahead(date, asked + took / 2))


def _unreached(error: Exception, host: str, whom: str) -> Finding:
    """Return at which step it failed; no text of aiohttp's, for it may hold the address."""
    code, text, todo = _step(error)
    return Finding(code, host, f"{text}, {whom}", todo.format(host=host.partition(":")[0]))


def _step(error: Exception) -> tuple[Code, str, str]:
    """Return what failed, in words, and what to look at."""
    failed = (Code.NETWORK_NO_ANSWER, f"breaks off ({type(error).__name__})", _CONNECTION)
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            failed = (Code.NETWORK_PROXY, "the proxy does not let us through", _PROXY)
        case aiohttp.ClientConnectorDNSError():
            failed = (Code.NETWORK_NO_NAME, "its name leads nowhere", _NAMES)
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or "not trusted"
            failed = (Code.NETWORK_TLS, f"its certificate is not accepted ({why})", _CERTIFICATE)
        case aiohttp.ClientSSLError():
            failed = (Code.NETWORK_TLS, "TLS does not come about", _CERTIFICATE)
        case TimeoutError():
            text = f"does not answer within {_LONGEST.total:g} s"
            failed = (Code.NETWORK_NO_ANSWER, text, _CONNECTION)
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            why = os.strerror(number).lower() if number else "no connection"
            failed = (Code.NETWORK_NO_ANSWER, f"cannot be reached ({why})", _CONNECTION)
    return failed


def _ahead(date: str, now: datetime) -> timedelta | None:
    """Return how far the host's clock, in a header to the second, is ahead of ours."""
    try:
        return parsedate_to_datetime(date).astimezone(UTC) - now
    except ValueError:
        return None


def _clock(ahead: Iterable[timedelta | None]) -> list[Finding]:
    """Say how far ours is from theirs: what most of them say, for one may be wrong itself."""
    told = sorted(each for each in ahead if each is not None)
    if not told:
        return []
    middle = told[len(told) // 2]
    off = format_duration(abs(middle))
    if abs(middle) < _OFF:
        return [Finding(Code.MACHINE_CLOCK, "clock", "agrees with the networks' clocks")]
    text = f"is {off} {'behind' if middle > timedelta() else 'ahead of'} the networks' clocks"
    code = Code.MACHINE_CLOCK_WRONG if abs(middle) > _WRONG else Code.MACHINE_CLOCK_OFF
    todo = "let a time server set it: timedatectl set-ntp true"
    return [Finding(code, "clock", text, todo)]
