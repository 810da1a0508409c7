"""
What Apprise makes of a URL: one service, held to what every sink is held to.

The library is imported when a URL is looked at, which takes a while: only who has such a sink waits.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

_LIBRARY = "needs Apprise: pip install 'inboxd[apprise]'"
_ANOTHER = re.compile(r"[\s,;]\w+://")
_LOCAL = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
"""They show something on this machine, some by starting a program, which would inherit secrets."""
_DECIDED = (
    ("verify_certificate", "verify", True, "certificates are always checked"),
    ("redirects", "redirect", False, "no redirect is followed"),
    ("optional", "optional", False, "what fails must be known to have failed"),
    ("retry", "retry", 0, "inboxd itself tries again, and not what may have arrived"),
)
"""Attributes of a service, the key of its URL that sets them, inboxd's own choice, and why."""


def service_at(url: str) -> NotifyBase:
    """
    Return the service that *url* names, to which nothing is sent yet.

    Raises ValueError, in words that continue a key and hold nothing of the URL but its scheme.
    """
    try:
        from apprise import Apprise, NotificationManager, OverflowMode  # noqa: PLC0415 - as above
    except ImportError:
        raise ValueError(_LIBRARY) from None
    _silence()
    scheme = url.partition("://")[0].lower()
    known = NotificationManager()  # type: ignore[no-untyped-call]
    if _ANOTHER.search(url):
        raise ValueError("holds several URLs; give each a sink of its own")
    if scheme in _LOCAL:
        raise ValueError(f"is {scheme}://, which tells this machine alone; a sink tells people")
    if scheme in known and not known[scheme].enabled:
        raise ValueError(f"is {scheme}://, for which Apprise {_lacks(known[scheme])}")
    service = Apprise.instantiate(url, asset=_asset())
    if service is None:
        raise ValueError(
            "is no URL that Apprise understands; appriseit.com/services says how that of each "
            "service is written"
        )
    for attribute, key, ours, why in _DECIDED:
        if getattr(service, attribute) != ours:
            raise ValueError(f"has {key}=; leave that out: {why}")
    if (receivers := len(service)) > 1:
        raise ValueError(
            f"names {receivers} receivers; give each a sink of its own, so that one that fails is "
            "tried again alone"
        )
    # A text that is too long is cut: in pieces it would be many messages, whole it might be refused.
    service.overflow_mode = OverflowMode.TRUNCATE
    return service


def _lacks(service: type[NotifyBase]) -> str:
    """Return what Apprise lacks for a kind of service, in words that continue its name."""
    needed = service.requirements.get("packages_required") or ()
    packages = [needed] if isinstance(needed, str) else list(needed)
    return f"needs more: pip install {' '.join(map(repr, packages))}" if packages else "is not made"


@cache
def _asset() -> AppriseAsset:
    r"""
    Return what all services are held to.

    No plugin is looked for beside Apprise's own, nothing is written to the disk, no redirect is
    followed, no `:smile:` or `\n` in a customer's text means anything, no icon is named that would
    be loaded from somewhere, and the time limit is the sink's.
    """
    from apprise import AppriseAsset  # noqa: PLC0415 - as above

    return AppriseAsset(
        plugin_paths=[],
        storage_mode="memory",
        secure_logging=True,
        service_timeout=0,
        image_path_mask=False,
        app_id="inboxd",
        app_desc="inboxd",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        interpret_emojis=False,
        interpret_escapes=False,
        default_service_retry=0,
        pgp_autogen=False,
        pem_autogen=False,
    )


@cache
def _silence() -> None:
    """
    Keep what Apprise logs to itself: at DEBUG, where it tells why a delivery failed, are tokens.

    It is written down all the same, for the sink takes from it what it may tell.
    """
    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.setLevel(logging.DEBUG)
