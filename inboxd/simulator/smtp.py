"""A mail server that keeps what it accepts and refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import hmac
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from inboxd.simulator.faults import Call, Fault, Faults, RequestLog, Switch

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import datetime
    from email.message import EmailMessage

NETWORK = "smtp"
HOST = "127.0.0.1"
_SHUTTING_DOWN = 421
_IDLE_SECONDS = 60.0
_REFUSING = (
    Fault.SERVER_ERROR,
    Fault.RATE_LIMIT,
    Fault.REFUSED,
    Fault.TOKEN_EXPIRED,
    Fault.PERMISSION_MISSING,
    Fault.DROP_BEFORE,
    Fault.TIMEOUT,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """An accepted message with its envelope."""

    at: datetime
    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str | None

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain text part."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content())

    @property
    def html(self) -> str:
        """The HTML part."""
        body = self.message.get_body(("html",))
        return "" if body is None else str(body.get_content())


@dataclass(slots=True)
class Mailbox:
    """Every accepted message, in order."""

    messages: list[Mail] = field(default_factory=list)

    def to(self, address: str) -> list[Mail]:
        """Return what *address* received."""
        return [mail for mail in self.messages if address in mail.recipients]


@dataclass(frozen=True, slots=True)
class Login:
    """The user the server wants, if it wants one."""

    user: str
    password: str = field(repr=False)


class MailServer:
    """
    An SMTP server on a loopback port, on the running event loop: no thread is left behind.

    *tls* makes it offer STARTTLS, or speak TLS from the first byte with *implicit_tls*. Its
    endpoints for faults are "RCPT <address>" and "DATA": SERVER_ERROR answers with its status if
    that is 4xx, else 451 (421 hangs up too), RATE_LIMIT 450, every other refusal 550; DROP_BEFORE
    and DROP_AFTER close the connection before and after the message was taken, TIMEOUT says nothing.
    """

    def __init__(  # noqa: PLR0913 - what there is to choose on a mail server
        self,
        mailbox: Mailbox,
        faults: Faults,
        log: RequestLog,
        now: Callable[[], datetime],
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        login: Login | None = None,
    ) -> None:
        self._handler = _Handler(mailbox, faults, log, now)
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._login = login
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on *port*, or on a free one."""
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, HOST, port, ssl=self._tls if self._implicit_tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every open connection."""
        if self._server is None:
            return
        self._server.close()
        await asyncio.gather(*(connection.close() for connection in list(self._connections)))
        await self._server.wait_closed()
        self._server = None

    def _connection(self) -> _Connection:
        starttls = self._tls is not None and not self._implicit_tls
        with warnings.catch_warnings():
            # aiosmtpd does not see the TLS that the port itself speaks.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return self._new_connection(starttls=starttls)

    def _new_connection(self, *, starttls: bool) -> _Connection:
        return _Connection(
            self._connections,
            self._handler,
            hostname="mail.shop.example",
            enable_SMTPUTF8=True,
            tls_context=self._tls if starttls else None,
            timeout=_IDLE_SECONDS,
            auth_required=self._login is not None,
            auth_require_tls=starttls,
            authenticator=None if self._login is None else self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        if self._login is None or not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        good = data.login == self._login.user.encode() and hmac.compare_digest(
            data.password, self._login.password.encode()
        )
        return AuthResult(success=good, handled=False, auth_data=self._login.user)


class _Connection(SMTP):
    """A connection that its server can find again to close it."""

    def __init__(
        self,
        among: set[_Connection],
        *args: Any,  # noqa: ANN401 - passed on
        **options: Any,  # noqa: ANN401 - passed on
    ) -> None:
        super().__init__(*args, **options)
        self._among = among

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open connections."""
        self._among.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the open connections."""
        self._among.discard(self)
        super().connection_lost(error)

    @property
    def encrypted(self) -> bool:
        """Whether the connection speaks TLS by now."""
        return self.transport is not None and bool(self.transport.get_extra_info("sslcontext"))

    def hang_up(self) -> None:
        """Close the connection once the answer under way is written."""
        if self.transport is not None:
            asyncio.get_running_loop().call_soon(self.transport.close)

    def abort(self) -> None:
        """Hang up without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            # Debian 12's Python 3.11.2 cannot abort TLS that was closed twice; 3.11.7 can.
            with suppress(AttributeError):
                self.transport.abort()

    async def close(self) -> None:
        """Hang up and wait until nothing of the connection is left running."""
        self.abort()
        if (task := self._handler_coroutine) is not None:
            task.cancel()
            await asyncio.wait([task])


class _Handler:
    """Takes recipients and messages, or does what a fault says; the hooks' names are aiosmtpd's."""

    def __init__(
        self, mailbox: Mailbox, faults: Faults, log: RequestLog, now: Callable[[], datetime]
    ) -> None:
        self._mailbox = mailbox
        self._faults = faults
        self._log = log
        self._now = now

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        server: _Connection,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient."""
        answer = await self._refusal(server, f"RCPT {address}")
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: _Connection, session: Session, envelope: Envelope
    ) -> str:
        """Accept a message."""
        answer = await self._refusal(server, "DATA")
        if answer is not None:
            return answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        self._mailbox.messages.append(
            Mail(
                at=self._now(),
                sender=envelope.mail_from or "",
                recipients=list(envelope.rcpt_tos),
                message=message,
                encrypted=server.encrypted,
                user=session.auth_data,
            )
        )
        if self._faults.draw(NETWORK, "DATA", Fault.DROP_AFTER):
            self._remember("DATA", None, Fault.DROP_AFTER)
            server.abort()
        else:
            self._remember("DATA", 250, None)
        return "250 OK: queued"

    async def _refusal(self, server: _Connection, endpoint: str) -> str | None:
        """Return what a fault makes the server say, None where none is on."""
        switch = self._faults.draw(NETWORK, endpoint, *_REFUSING)
        if switch is None:
            if endpoint != "DATA":
                self._remember(endpoint, 250, None)
            return None
        silent = switch.fault in (Fault.DROP_BEFORE, Fault.TIMEOUT)
        status = _status(switch)
        self._remember(endpoint, None if silent else status, switch.fault)
        if switch.fault is Fault.TIMEOUT:
            # Ends by cancellation when the connection closes.
            await asyncio.get_running_loop().create_future()
        if silent:
            server.abort()
        if status == _SHUTTING_DOWN:
            server.hang_up()
        text = "4.3.0 Try again later" if status < 500 else "5.1.1 Not accepted here"
        return f"{status} {text}"

    def _remember(self, endpoint: str, status: int | None, fault: Fault | None) -> None:
        method, _, address = endpoint.partition(" ")
        self._log.add(
            Call(
                at=self._now(),
                network=NETWORK,
                method=method,
                endpoint=endpoint,
                path=address,
                query={},
                body=None,
                status=status,
                fault=fault,
            )
        )


def _status(switch: Switch) -> int:
    if switch.fault is Fault.SERVER_ERROR:
        return switch.status if 400 <= switch.status < 500 else 451
    return 450 if switch.fault is Fault.RATE_LIMIT else 550
