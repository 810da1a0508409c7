"""
How an alert looks in a mail program: plain text and HTML. Pure.

The HTML is one self-contained page: no remote resource, no script, inline colours for programs
that drop style sheets, a style sheet for the dark mode of those that keep it.
"""

from __future__ import annotations

from html import escape
from string import Template
from typing import TYPE_CHECKING

from inboxd.model import Tone
from inboxd.notify.inert import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.notify.summary import Fact, Line, Summary

_LONGEST_QUOTE = 20_000
_LONGEST_DETAIL = 8_000
_SHORT_LABEL = 18
_COLOURS = {
    Tone.WARNING: "#b45309",
    Tone.BREACH: "#b91c1c",
    Tone.RECOVERY: "#15803d",
    Tone.NOTICE: "#1d4ed8",
}

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$title</title>
<style>
@media (prefers-color-scheme: dark) {
  body, .page { background: #16181d !important; color: #e6e8ec !important; }
  .card { background: #20242b !important; }
  .quote { background: #2a2f38 !important; color: #f2f3f5 !important; }
  .dim { color: #a3aab6 !important; }
  .link { color: #8ab4ff !important; }
}
</style>
</head>
<body style="margin:0; padding:0; background:#f3f4f6; color:#1f2328;">
<div class="page" style="background:#f3f4f6; padding:12px; color:#1f2328; \
font:16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;">
<div class="card" style="background:#ffffff; max-width:600px; margin:0 auto; padding:16px 18px; \
border-top:6px solid $colour; border-radius:6px;">
<h1 dir="auto" style="margin:0 0 10px; font-size:20px; line-height:1.3; overflow-wrap:anywhere;">\
$title</h1>
$body
</div>
<p class="dim" style="max-width:600px; margin:10px auto 0; font-size:13px; color:#57606a;">\
Times are $zone. Sent by inboxd.</p>
</div>
</body>
</html>
""")
_WRAP = "white-space:pre-wrap; overflow-wrap:anywhere;"


def text(summary: Summary, attached: Sequence[str] = ()) -> str:
    """Return the plain-text body; each line of the customer's text is marked as quoted."""
    paragraphs = [summary.headline]
    if summary.caution:
        paragraphs.append(summary.caution)
    if summary.facts:
        paragraphs.append("\n".join(f"{fact.label}: {fact.value}" for fact in summary.facts))
    if summary.detail:
        paragraphs.append(str(excerpt(summary.detail, _LONGEST_DETAIL)))
    if summary.quote is not None:
        quoted = str(excerpt(summary.quote, _LONGEST_QUOTE))
        paragraphs.append("\n".join(f"> {line}" for line in quoted.split("\n")))
    if summary.link:
        paragraphs.append(f"Open on {summary.place}: {summary.link}")
    if summary.command:
        paragraphs.append(f"To act: {summary.command}")
    paragraphs.extend(map(_text_line, summary.lines))
    if attached:
        paragraphs.append(f"Attached: {', '.join(attached)}")
    # "-- " and a line break start a signature, which mail programs fold away.
    return "\n\n".join(paragraphs) + f"\n\n-- \nTimes are {summary.zone}. Sent by inboxd.\n"


def _text_line(line: Line) -> str:
    quote = [f"> {line.quote}"] if line.quote else []
    return "\n".join([line.headline, *quote, *filter(None, (line.link, line.command))])


def html(summary: Summary, attached: Sequence[str] = ()) -> str:
    """Return the HTML body."""
    return _PAGE.substitute(
        title=escape(summary.headline),
        colour=_COLOURS[summary.tone],
        body="\n".join([*_sections(summary), *_attached(attached)]),
        zone=escape(summary.zone),
    )


def _sections(summary: Summary) -> list[str]:
    sections = []
    if summary.caution:
        sections.append(f"<p><strong>{escape(summary.caution)}</strong></p>")
    if summary.quote is not None:
        sections.append(_quotation(str(excerpt(summary.quote, _LONGEST_QUOTE)), summary.tone))
    if summary.detail:
        shown = escape(str(excerpt(summary.detail, _LONGEST_DETAIL)))
        sections.append(f'<p dir="auto" style="{_WRAP}">{shown}</p>')
    if summary.facts:
        sections.append(_facts(summary))
    sections.extend(_actions(summary))
    sections.extend(map(_html_line, summary.lines))
    return sections


def _attached(names: Sequence[str]) -> list[str]:
    shown = escape(", ".join(names))
    return [f'<p style="margin:14px 0 0;">Attached: {shown}</p>'] if names else []


def _html_line(line: Line) -> str:
    quote = _quotation(line.quote, line.tone) if line.quote else ""
    return (
        f'<div style="margin:16px 0 0;"><p dir="auto" style="margin:0 0 6px; font-weight:600; {_WRAP}">'
        f"{escape(line.headline)}</p>\n{quote}\n"
        f'<p style="margin:6px 0 0;">{" · ".join(_links(line))}</p></div>'
    )


def _quotation(shown: str, tone: Tone) -> str:
    return (
        f'<blockquote class="quote" dir="auto" style="margin:0 0 12px; padding:10px 12px; '
        f"background:#f3f4f6; border-left:4px solid {_COLOURS[tone]}; {_WRAP}"
        f'">{escape(shown)}</blockquote>'
    )


def _facts(summary: Summary) -> str:
    rows = "\n".join(map(_fact, summary.facts))
    return f'<table role="presentation" style="border-collapse:collapse;">\n{rows}\n</table>'


def _fact(fact: Fact) -> str:
    # A short label on one line; a long one would leave no room for what it says on a phone.
    wrap = "white-space:nowrap" if len(fact.label) <= _SHORT_LABEL else "width:40%"
    return (
        '<tr><th class="dim" scope="row" style="padding:2px 14px 2px 0; text-align:left; '
        f'vertical-align:top; font-weight:normal; {wrap}; color:#57606a;">'
        f"{escape(fact.label)}</th>"
        '<td style="padding:2px 0; vertical-align:top; overflow-wrap:anywhere;">'
        f"{escape(fact.value)}</td></tr>"
    )


def _actions(summary: Summary) -> list[str]:
    return [f'<p style="margin:14px 0 0;">{link}</p>' for link in _links(summary)]


def _links(shown: Summary | Line) -> list[str]:
    """Return where to look, and what to type."""
    links = []
    if shown.link:
        links.append(
            f'<a class="link" href="{escape(shown.link)}" '
            f'style="color:#1d4ed8; font-weight:600;">Open on {escape(shown.place)}</a>'
        )
    if shown.command:
        links.append(f"To act: <code>{escape(shown.command)}</code>")
    return links
