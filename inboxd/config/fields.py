"""What a value in a configuration may be: each kind from how it is written to what it means."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from ipaddress import ip_address
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr

from inboxd.config.zones import parse_zone
from inboxd.connector import Duration
from inboxd.core.localtime import parse_interval
from inboxd.durations import brief

STRICT = ConfigDict(extra="forbid", frozen=True)

_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be asked, not bound


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether nobody but this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def reached_at(self) -> str:
        """Return the host by which this machine reaches it, also where it listens on every address."""
        return _LOOPBACK_OF.get(self.host, self.host)


def _parse_address(value: object) -> Address:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    host = host.removeprefix("[").removesuffix("]")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 65_536
    if not _is_host(host) or number > 65_535:
        raise ValueError(f"{brief(value)} is no host:port, such as 127.0.0.1:8787")
    return Address(host, number)


def _is_host(host: str) -> bool:
    """Tell whether *host* can be looked up at all, whoever it may be."""
    try:
        return bool(host.encode("idna")) and host.isprintable()
    except UnicodeError:
        return False


def _parse_time(value: object) -> time:
    """Return a time of day; TOML has one of its own, and people write it in quotes."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    try:
        return datetime.strptime(str(value), "%H:%M").time()  # noqa: DTZ007 - a time of day has no date
    except ValueError:
        raise ValueError(f"{brief(value)} is no time of day, such as 03:30") from None


def _mail_address(value: str) -> str:
    name, at_sign, domain = value.rpartition("@")
    if not (name and at_sign and domain) or set(value) & set(' \t\r\n,;<>"') or "@" in name:
        raise ValueError(f"{value!r} is no mail address; write it plain: lead@shop.example")
    if not (value.isascii() and value.isprintable()):
        raise ValueError(
            f"{value!r} has what SMTP cannot carry; a domain with other than Latin letters is "
            "written in its xn-- form"
        )
    return value


def _web_address(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        is_one = parts.scheme in {"https", "http"} and _is_host(parts.hostname or "")
        is_one = is_one and parts.port != 0
    except ValueError:  # of brackets that do not close, or of a port that is none
        is_one = False
    if not is_one:
        raise ValueError("is no web address; it must begin with https:// and a host's name")
    return value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be longer than 0s")
    return value


def _parse_interval(value: object) -> tuple[int, int]:
    if not isinstance(value, str):
        raise ValueError(f"{brief(value)} is no interval; write 09:00-13:00 in quotes")  # noqa: TRY004 - pydantic collects ValueErrors
    return parse_interval(value)


ListenAddress = Annotated[InstanceOf[Address], BeforeValidator(_parse_address)]
LocalInterval = Annotated[tuple[int, int], BeforeValidator(_parse_interval)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
SlackUser = Annotated[str, Field(pattern="^[UW][A-Z0-9]{1,20}$")]
Span = Annotated[Duration, AfterValidator(_some_time)]
TimeOfDay = Annotated[time, BeforeValidator(_parse_time)]
WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
Zone = Annotated[InstanceOf[ZoneInfo], BeforeValidator(parse_zone)]
