"""The e-mail sink: one SMTP conversation an alert, and what its outcome means."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

import aiosmtplib
import structlog
from aiosmtplib import SMTP

from inboxd import line
from inboxd.errors import InboxdError, OutcomeUnknown, SinkRefused, Unavailable
from inboxd.notify.inert import one_line
from inboxd.notify.mail import compose, message_id
from inboxd.notify.sink import Delivery, PartlyDelivered, Receipt, Sink
from inboxd.notify.together import summary_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import tzinfo
    from email.message import EmailMessage

    from inboxd.clock import Clock
    from inboxd.config import EmailSettings

    Refusals = Mapping[str, aiosmtplib.SMTPResponseException]

_HAVE_IT = "have_it"
_LONGEST_REASON = 200
_LONGEST_GOODBYE_SECONDS = 2.0
_STEPS = 4
_STEPS_TO_TAKE_IT = 20
"""
RFC 5321, 4.5.3.2.6: a server may need ten minutes until it says that it has taken the mail.

The watchdog has patience with thirty steps of a delivery, which are more than these and the others.
"""
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_log = structlog.get_logger(__name__)


class EmailSink(Sink):
    """
    Sends each alert as a mail to all recipients of the sink.

    Delivered means that the server took it for at least one of them and refused nobody for now; whom
    it refused for good is logged and kept in the receipt. Who was refused for now gets it later,
    alone. A repeat carries the same Message-ID.
    """

    idempotent = True

    def __init__(self, settings: EmailSettings, clock: Clock, tz: tzinfo) -> None:
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._tz = tz

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Send the mail to who has not got it; return its Message-ID, and who was refused, and why."""
        now = self._clock.now()
        settings = self._settings
        head = delivery.head or {}
        mail = compose(
            summary_of(delivery, now, self._tz),
            key=delivery.key,
            sender=settings.sender,
            recipients=settings.to,
            date=now.astimezone(self._tz),
            head_id=head.get("message_id"),
            attachments=delivery.attachments,
        )
        has_it = set((delivery.reached or {}).get(_HAVE_IT, "").split())
        left = [each for each in dict.fromkeys(settings.to) if each not in has_it]
        refused = await self._converse(mail, left) if left else {}
        if refused and not has_it and len(refused) == len(left):
            # One recipient who may be taken later is reason enough to try again.
            likeliest = min(refused.values(), key=lambda error: error.code)
            raise self._by_code(likeliest, f"sink {self.name}: every recipient was refused")
        return self._taken(delivery.key, refused)

    def _taken(self, key: str, refused: Refusals) -> Receipt:
        """Return what is kept of a mail that somebody has; PartlyDelivered if others may get it later."""
        settings = self._settings
        receipt = {"message_id": message_id(key, settings.sender)}
        if refused:
            told = [f"{who}: {error.code} {self._reason(error)}" for who, error in refused.items()]
            _log.warning("mail recipients refused", sink=self.name, refused=told)
            receipt["refused"] = "; ".join(told)
        if any(error.code < 500 for error in refused.values()):
            receipt[_HAVE_IT] = " ".join(each for each in settings.to if each not in refused)
            raise PartlyDelivered(
                f"sink {self.name}: the mail was taken, but not for {receipt['refused']}", receipt
            )
        return receipt

    async def check(self) -> str:
        """Connect, log in and leave, without a mail."""
        async with self._conversation():
            logged_in = " and takes the password" if self._settings.password else ""
        return f"{self._settings.host}:{self._settings.port} answers{logged_in}"

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Raise OutcomeUnknown: SMTP cannot look; a repeat with the same Message-ID is safe."""
        raise OutcomeUnknown(
            f"sink {self.name}: whether the mail for alert {delivery.key} was taken cannot be told"
        )

    async def _converse(self, mail: EmailMessage, to: Sequence[str]) -> Refusals:
        """
        Hand the mail over for *to*; returns who of them was refused, which may be all.

        The time limit is one step's, and a server may be slow in each of many: all together
        have a few times that. The last one has many times as long, because whoever gives up on it
        sends the mail again to people who have it.
        """
        sending = False
        seconds = self._settings.timeout.total_seconds()
        try:
            async with (
                asyncio.timeout(_STEPS * seconds) as limit,
                self._conversation() as client,
            ):
                refused = await self._address(client, to)
                if len(refused) == len(to):
                    return refused
                sending = True
                limit.reschedule(asyncio.get_running_loop().time() + _STEPS_TO_TAKE_IT * seconds)
                await self._send(client, mail.as_bytes())
        except TimeoutError:
            text = f"sink {self.name}: {self._settings.host} took too long over the mail"
            raise (OutcomeUnknown if sending else Unavailable)(text) from None
        return refused

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[SMTP]:
        """Give a connected, greeted and logged-in client; nothing was sent yet if that fails."""
        settings = self._settings
        password = settings.password
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=None if password is None else password.get_secret_value(),
            # aiosmtplib's own default asks DNS, which may take longer than the whole mail.
            local_hostname=_own_name(),
            timeout=settings.timeout.total_seconds(),
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=None if settings.security == "none" else self._tls_context,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise self._not_connected(error) from error
        try:
            yield client
            await _say_goodbye(client)
        finally:
            client.close()

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        """The trusted authorities: the system's and those in *ca_file*."""
        context = line.new_tls()
        if self._settings.ca_file is None:
            return context
        try:
            context.load_verify_locations(self._settings.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise SinkRefused(
                f"sink {self.name}: ca_file {self._settings.ca_file} cannot be used: {error}"
            ) from error
        return context

    def _not_connected(self, error: Exception) -> InboxdError:
        """Return what a failure before the first MAIL command means."""
        settings = self._settings
        said = f"sink {self.name}: {settings.host}:{settings.port}"
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return self._by_code(error, f"{said} refused the greeting or the login")
        if (certificate := _certificate_error(error)) is not None:
            return SinkRefused(
                f"{said} shows a certificate that is not trusted ({certificate.verify_message}); "
                "set ca_file, or host to the name that the certificate bears"
            )
        if isinstance(error, (OSError, TimeoutError)):
            return Unavailable(
                f"{said} cannot be reached: {line.trouble(error, f'//{settings.host}')}"
            )
        return SinkRefused(
            f"{said} does not offer what the sink asks for: {self._reason(error)}; "
            "check security, username and password"
        )

    async def _address(self, client: SMTP, to: Sequence[str]) -> Refusals:
        """Name sender and recipients; return who of these was refused."""
        refused: dict[str, aiosmtplib.SMTPResponseException] = {}
        try:
            await client.mail(self._settings.sender)
            for recipient in to:
                try:
                    await client.rcpt(recipient)
                except aiosmtplib.SMTPRecipientRefused as error:
                    refused[recipient] = error
        except aiosmtplib.SMTPResponseException as error:
            raise self._by_code(error, f"sink {self.name}: the sender was refused") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(
                f"sink {self.name}: the connection was lost before the mail was sent"
            ) from error
        return refused

    async def _send(self, client: SMTP, content: bytes) -> None:
        try:
            await client.data(
                content, timeout=_STEPS_TO_TAKE_IT * self._settings.timeout.total_seconds()
            )
        except aiosmtplib.SMTPResponseException as error:
            raise self._by_code(error, f"sink {self.name}: the mail was refused") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown(
                f"sink {self.name}: the connection was lost before the server confirmed the mail"
            ) from error

    def _by_code(self, error: aiosmtplib.SMTPResponseException, said: str) -> InboxdError:
        """Return the error for an SMTP reply: 5xx is for good, everything else passes."""
        text = f"{said}: {error.code} {self._reason(error)}"
        if error.code >= 500:
            return SinkRefused(f"{text}; check sender, to, username and password")
        return Unavailable(text)

    def _reason(self, error: Exception) -> str:
        """Return the server's words as one line, without the password should they repeat it."""
        words = getattr(error, "message", None) or str(error) or type(error).__name__
        password = self._settings.password
        if password is not None and password.get_secret_value():
            words = words.replace(password.get_secret_value(), "***")
        return one_line(words, _LONGEST_REASON)


async def _say_goodbye(client: SMTP) -> None:
    """Send QUIT; the outcome is settled by now, so an answer is not worth waiting for long."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_LONGEST_GOODBYE_SECONDS)


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return what the TLS library said of the certificate, below what aiosmtplib wrapped it in."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__
    return None


def _own_name() -> str:
    """Return this computer's name for the greeting, if it looks like one."""
    name = socket.gethostname()
    return name if _HOST_NAME.fullmatch(name) else "localhost"
