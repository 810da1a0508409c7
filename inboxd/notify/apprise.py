"""
The Apprise sink: every other service, as far as a library can tell what became of a message.

Apprise says yes or no. Why it is no stands only in what it logs: the status that a service answered
with, or what the network library said. `failures_in` reads that.
"""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from apprise import Apprise, NotifyFormat, NotifyType
from apprise.conversion import convert_between

from inboxd.blotting import Blotter
from inboxd.config.services import service_at
from inboxd.errors import InboxdError, OutcomeUnknown, RateLimited, SinkRefused, Unavailable
from inboxd.model import Tone
from inboxd.notify.console import lines
from inboxd.notify.inert import excerpt, one_line
from inboxd.notify.sink import Delivery, Receipt, Sink
from inboxd.notify.together import summary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from apprise import AppriseResult, NotifyBase, NotifyLogEntry

    from inboxd.clock import Clock
    from inboxd.config import AppriseSettings
    from inboxd.notify.summary import Summary

T = TypeVar("T")
Failure = type[OutcomeUnknown | SinkRefused | RateLimited | Unavailable]

_LONGEST_REASON = 300
_LONGEST_GOODBYE_SECONDS = 2.0
_LEAST_ROOM = 120
"""Characters below which a body tells less than the headline does."""
_TYPES = {
    Tone.WARNING: NotifyType.WARNING,
    Tone.BREACH: NotifyType.FAILURE,
    Tone.RECOVERY: NotifyType.SUCCESS,
    Tone.NOTICE: NotifyType.INFO,
}
_WORST_FIRST = (OutcomeUnknown, SinkRefused, RateLimited, Unavailable)
_STATUS = re.compile(r".*\berror=(\d{3})\b", re.DOTALL)
_BROKEN = re.compile(r"[\w/ ]{1,40}Exception: (.*)", re.DOTALL)
_WARNINGS = {"WARNING", "ERROR"}
_NOTHING_SENT = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError"
    "|CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER"
    "|Connection refused|Name or service not known|Temporary failure in name resolution"
)
"""What requests, urllib3 below it and the system say of a line on which nothing has left."""
_REASON = re.compile(
    r"(?<=\] )(?:Connection refused|Name or service not known|certificate verify failed: [\w ,'-]+)"
    r"|WRONG_VERSION_NUMBER|Tunnel connection failed: \d+|(?:Read|Connection to \S+) timed out"
    r"|No route to host|Network is unreachable|Temporary failure in name resolution"
    r"|Remote end closed connection|Connection reset by peer"
)
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.SERVICE_UNAVAILABLE}
_NOTATION = re.compile(r"(?<=[@<])(?=\S)|(?<=\])(?=\()")
"""Within a call of people or a whole channel, a tag, an address that is hidden behind a text."""
_BREAK = "\N{ZERO WIDTH SPACE}"
_LINK = re.compile(r"> https?://[^\s<\[\]]+")
_TITLES_MARKUP = 40
"""Characters that Apprise puts around a title where a service has none and it begins the body."""
_PIECES = re.compile(r"[/:@?&=#,;+]+")


class AppriseSink(Sink):
    """
    Hands each alert to one service of Apprise's, as plain text.

    Nothing can be looked up afterwards and nothing brought up to date; attachments are left out.
    """

    idempotent = False

    def __init__(self, settings: AppriseSettings, clock: Clock, tz: tzinfo) -> None:
        self.name = settings.name
        self._clock = clock
        self._tz = tz
        self._limit = settings.timeout.total_seconds()
        url = settings.url.get_secret_value()
        service = service_at(url)
        # Between two messages Apprise makes a pause, in the middle of sending.
        self._longest = self._limit + service.request_rate_per_sec
        # Reading may take as long as everything; connecting must leave time for that.
        service.socket_connect_timeout = self._limit / 2
        service.socket_read_timeout = self._limit
        self._service_name = str(service.service_name)
        self._blotted = _blotter(url, service)
        # Nothing else holds the service, so that it goes where `close` lets it go.
        self._apprise = Apprise()
        self._apprise.add(service)

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Tell the service; what it says no to is read from Apprise's log."""
        summary = summary_of(delivery, self._clock.now(), self._tz)
        title, body = composed(summary, self._apprise[0])
        try:
            async with asyncio.timeout(self._longest):
                result = await _apart(
                    lambda: self._apprise.notify(
                        body,
                        title,
                        _TYPES[summary.tone],
                        body_format=NotifyFormat.TEXT,
                        log_level=logging.DEBUG,
                    )
                )
        except TimeoutError:
            raise OutcomeUnknown(
                f"sink {self.name}: {self._service_name} did not answer within {self._limit:g} s"
            ) from None
        if not result:
            raise self._failure(result)
        return {"key": delivery.key}

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Raise OutcomeUnknown: Apprise can write, not read."""
        raise OutcomeUnknown(
            f"sink {self.name}: whether alert {delivery.key} arrived cannot be told; "
            "Apprise does not let inboxd look"
        )

    async def close(self) -> None:
        """Let the service go, in a thread: some say goodbye to their server."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_GOODBYE_SECONDS):
                await _apart(self._apprise.clear)

    def _failure(self, result: AppriseResult) -> InboxdError:
        """Return what a no of Apprise's means, in the words of its warnings."""
        log = list(result.logs())
        warnings = " ".join(each.message for each in log if each.level in _WARNINGS)
        said = one_line(self._blotted(f"{warnings} {_why(log)}"), _LONGEST_REASON).rstrip(".")
        text = f"sink {self.name}: {self._service_name}: {said or 'Apprise says no, and not why'}"
        failure = worst_of(failures_in(log))
        if failure is SinkRefused:
            return SinkRefused(f"{text}; check the sink's url")
        if failure is OutcomeUnknown:
            return OutcomeUnknown(f"{text}; whether it arrived cannot be told")
        return failure(text)


def failures_in(log: Iterable[NotifyLogEntry]) -> Iterator[Failure]:
    """
    Yield what each line of Apprise's own *log* says of an attempt that failed.

    What is not known for sure is OutcomeUnknown. What customers and servers said is logged, too, at
    DEBUG: a status is read from warnings alone, an exception where the line begins with it.
    """
    for entry in log:
        status = _STATUS.match(entry.message) if entry.level in _WARNINGS else None
        if status:
            yield _by_status(int(status[1]))
        elif broken := _BROKEN.match(entry.message):
            yield Unavailable if _NOTHING_SENT.search(broken[1]) else OutcomeUnknown


def _why(log: Iterable[NotifyLogEntry]) -> str:
    """Return in a few words of the network library's why a line broke, "" where it does not say."""
    told = (_REASON.search(each.message) for each in log if _BROKEN.match(each.message))
    return next((f"({reason[0]})" for reason in told if reason), "")


def worst_of(failures: Iterable[Failure]) -> Failure:
    """Return the one that leaves most in doubt; without any, everything is in doubt."""
    found = set(failures)
    return next((each for each in _WORST_FIRST if each in found), OutcomeUnknown)


def _by_status(status: int) -> Failure:
    """Return what an HTTP status means, as it does for a webhook of Slack's."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited
    # A redirect, which is not followed, is a captive portal or a server that has moved.
    if status in _BUSY or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Unavailable
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return SinkRefused
    return OutcomeUnknown


def composed(summary: Summary, service: NotifyBase) -> tuple[str, str]:
    """
    Return title and body as *service* is to get them; where there is little room, the headline alone.

    Apprise escapes the body for services to which it speaks HTML or Markdown. What some read out
    of plain text all the same, such as a call of the whole channel, is broken here.
    """
    title = _inert(summary.headline)
    _headline, *rest = (" ".join(line.split()) for line in lines(summary))
    room: int = service.body_maxlen
    if service.title_maxlen <= 0:
        room -= len(_escaped(title, service)) + _TITLES_MARKUP
    if not rest or room < _LEAST_ROOM:
        return "", title
    return title, _fitting("\n".join(rest), room, service)


def _fitting(text: str, room: int, service: NotifyBase) -> str:
    """Return as much of *text* as fits when it is escaped: cut later, half an escape could be left."""
    limit = room
    while True:
        shown = "\n".join(map(_inert, str(excerpt(text, limit)).split("\n")))
        if len(_escaped(shown, service)) <= room or limit < _LEAST_ROOM:
            return shown
        limit = limit * 9 // 10


def _escaped(text: str, service: NotifyBase) -> str:
    form = service.resolve_format(NotifyFormat.TEXT)
    return str(convert_between(NotifyFormat.TEXT, form, text))  # type: ignore[no-untyped-call]


def _inert(line: str) -> str:
    """Return *line* as what calls nobody and hides no address; a link of ours can be clicked on."""
    return line if _LINK.fullmatch(line) else _NOTATION.sub(_BREAK, line)


def _blotter(url: str, service: NotifyBase) -> Blotter:
    """
    Return what keeps the parts of *url* out of a text, for Apprise's warnings hold some of them.

    Only the host stays, where Apprise itself shows it: with some services it is a token.
    """
    shown = str(service.url(privacy=True))  # type: ignore[no-untyped-call]
    kept = {service.host} if service.host and service.host in shown else set()
    rest = url.partition("://")[2]
    pieces = {piece for each in (rest, unquote(rest)) for piece in _PIECES.split(each)}
    return Blotter({url, rest, *pieces} - kept)


async def _apart(work: Callable[[], T]) -> T:
    """
    Do *work*, which may block, in a thread of its own.

    A daemon thread: one that hangs is in the way neither of others nor of the program's end.
    """
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            done.set_exception(error)

    Thread(target=run, name="apprise", daemon=True).start()
    return await asyncio.wrap_future(done)
