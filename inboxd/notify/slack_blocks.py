"""
How an alert looks in Slack: Block Kit and the fallback text. Pure.

Everything that a customer wrote stands in plain_text objects, where no notation is live; mrkdwn
is used for our own words alone. Limits: docs.slack.dev/reference/block-kit, and
slackapi/bolt-js#2509 and #2867 for the total, which Slack documents nowhere: hence two `forms`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inboxd.notify.inert import Excerpt, excerpt, one_line
from inboxd.notify.slack_buttons import buttons, fits, menu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.notify.summary import Line, Summary

Block = dict[str, Any]

_MOST_FIELDS = 10
_MOST_NOTES = 10
# Of the 50 blocks of a message: two for each line, and the rest for what stands around them.
_MOST_LINES = 20
_LONGEST_FALLBACK = 300
# Below the 3,000 of a section, with room for the note about the cut. The title and the facts
# are bounded by `summarize`; all together stays below the 13,000 of a whole message.
_LONGEST_QUOTE = 2_900
_LONGEST_DETAIL = 2_900
# A context's text has at most 2,000 characters. A link that is longer, as escaped, is left out:
# the command beside it leads there as well, and Slack would take nothing of the message.
_LONGEST_LINK = 1_000
_LONGEST_LINKS = 4_000
"""How long the links of all lines may be together."""
_MOST_MENTIONS = 50
_LONGEST_SHORT_TEXT = 600


def message(summary: Summary, sink: str = "") -> dict[str, Any]:
    """
    Return the whole content of a message: within every limit, with nothing foreign live.

    It has buttons if the *sink* is named to which their presses belong.
    """
    return {
        "text": _fallback(summary),
        "blocks": list(_blocks(summary, sink)),
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def forms(summary: Summary, sink: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the whole content of a message, and a short one for where Slack does not take that."""
    return message(summary, sink), message(_shortened(summary))


def _shortened(summary: Summary) -> Summary:
    """Return *summary* in few words, and without links and buttons."""
    detail = str(excerpt(summary.detail, _LONGEST_SHORT_TEXT))
    lines = (f"{line.headline}  {line.command}" for line in summary.lines)
    return replace(
        summary,
        detail="\n".join(filter(None, (detail, *lines))),
        quote=summary.quote and str(excerpt(summary.quote, _LONGEST_SHORT_TEXT)),
        link="",
        offer=None,
        lines=(),
    )


def escaped(text: str) -> str:
    """Return *text* with the three characters escaped that are live in every mrkdwn text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fallback(summary: Summary) -> str:
    """Return the text for notifications and screen readers."""
    lines = [summary.headline]
    if summary.quote is not None:
        lines.append(one_line(summary.quote, _LONGEST_FALLBACK))
    return escaped("\n".join(lines))


def _blocks(summary: Summary, sink: str) -> Iterator[Block]:
    yield {"type": "header", "text": _plain(summary.headline)}
    yield from _noted(" ".join(map(_mention, summary.mentions[:_MOST_MENTIONS])))
    if summary.notes:
        yield {
            "type": "context",
            "elements": [_plain(note) for note in summary.notes[-_MOST_NOTES:]],
        }
    if summary.caution:
        yield {"type": "context", "elements": [_plain(f"⚠️ {summary.caution}")]}
    if fields := [_plain(f"{fact.label}: {fact.value}") for fact in summary.facts[:_MOST_FIELDS]]:
        yield {"type": "section", "fields": fields}
    if summary.detail:
        yield _section(excerpt(summary.detail, _LONGEST_DETAIL))
    if summary.quote is not None:
        yield {"type": "divider"}
        yield _section(excerpt(summary.quote, _LONGEST_QUOTE))
    row = buttons(summary.offer, sink) if sink and summary.offer else None
    yield from _noted(_actions(_link(summary, beside=bool(row)), summary.command))
    if row:
        yield row
    room = _LONGEST_LINKS
    for line in summary.lines[:_MOST_LINES]:
        choice = menu(line.offer, sink) if sink and line.offer else None
        yield _section_of(line) | ({"accessory": choice} if choice else {})
        link = _link(line, beside=bool(choice))
        yield from _noted(_actions(link if len(link) <= room else "", line.command))
        room -= len(link)
    if (left := len(summary.lines) - _MOST_LINES) > 0:
        yield {"type": "context", "elements": [_plain(f"… and {left} more: inboxd waiting")]}


def _mention(identity: str) -> str:
    """Return what calls a person (U…, W…) or a group (S…); the configuration takes no others."""
    return f"<!subteam^{identity}>" if identity.startswith("S") else f"<@{identity}>"


def _section_of(line: Line) -> Block:
    shown = "\n".join(filter(None, (line.headline, line.note, line.quote)))
    return {"type": "section", "text": _plain(shown)}


def _noted(actions: str) -> Iterator[Block]:
    if actions:
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": actions}]}


def _section(shown: Excerpt) -> Block:
    return {"type": "section", "text": _plain(str(shown))}


def _plain(text: str) -> Block:
    """Return literal text; with emoji off, ``:smile:`` stays what the customer typed."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _link(shown: Summary | Line, *, beside: bool) -> str:
    """
    Return the way to the message, in mrkdwn: the only place of it, and with nothing foreign.

    Where there are buttons *beside* it the link is one of them, if it is not too long.
    """
    if beside and fits(shown.link):
        return ""
    link = escaped(shown.link)
    return f"<{link}|Open on {escaped(shown.place)}>" if 0 < len(link) <= _LONGEST_LINK else ""


def _actions(link: str, command: str) -> str:
    """Return what to do next."""
    return "  ·  ".join(filter(None, (link, command and f"`{command}`")))
