"""How an alert becomes a mail: its headers and its two bodies. Pure."""

from __future__ import annotations

import hashlib
import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from inboxd.notify import mail_body

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.notify.sink import Attachment
    from inboxd.notify.summary import Summary

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
# Headers and bodies go out in ASCII, so that no server on the way must offer 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")


def message_id(key: str, sender: str) -> str:
    """
    Return the Message-ID of the alert *key*: the same for every attempt.

    Mail programs and servers that know repeats by their Message-ID show an alert once. The key
    itself stays out of it: keys may hold what a header may not.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}.inboxd@{domain}>"


def compose(  # noqa: PLR0913 - one keyword a header
    summary: Summary,
    *,
    key: str,
    sender: str,
    recipients: Sequence[str],
    date: datetime,
    head_id: str | None,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """
    Return the mail that tells *summary*.

    *head_id* is the Message-ID of the thread's first mail; *date* carries the zone in which the
    Date header is written. The email package's policy encodes the headers (RFC 2047) and refuses
    line breaks in them.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = summary.headline
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id(key, sender)
    if head_id is not None and _MESSAGE_ID.fullmatch(head_id):
        mail["In-Reply-To"] = head_id
        mail["References"] = head_id
    # RFC 3834: nobody's out-of-office note shall answer.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    names = [each.name for each in attachments]
    mail.set_content(mail_body.text(summary, names))
    mail.add_alternative(mail_body.html(summary, names), subtype="html")
    for each in attachments:
        # As bytes, so that the page arrives byte for byte: nothing on the way breaks base64.
        maintype, _, subtype = each.type.partition("/")
        mail.add_attachment(
            each.content,
            maintype=maintype,
            subtype=subtype,
            filename=each.name,
            params={"charset": "utf-8"} if maintype == "text" else {},
        )
    return mail
