"""How it stands by now with what was told: what people did, and whether it is over. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from inboxd.model import Kind, Tone
from inboxd.notify.inert import isolated, one_line
from inboxd.notify.summary import ICONS, Summary, summarize, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from inboxd.model import Alert, CaseCard, Deed, Standing

TAKEN, _ASLEEP = "🙋", "💤"
_ENDED = {"void": "part of another case"}
_LONGEST_NAME = 80
_LONGEST_DETAIL = 160


def brought_up_to_date(
    alert: Alert, standing: Standing | None, now: datetime, tz: tzinfo
) -> Summary:
    """
    Return what is to be shown of *alert* at *now*, with what has happened since.

    A recovery, and what was told of an earlier wait than *standing*, stay as they were written.
    """
    if standing is None or alert.case is None or not is_about(standing, alert.case):
        return summarize(alert, now, tz)
    card = card_now(alert.case, standing)
    summary = summarize(replace(alert, case=card), now, tz)
    notes = tuple(notes_of(standing, now, tz))
    if alert.tone is Tone.RECOVERY:
        return replace(summary, notes=notes)
    if standing.ended_at is not None:
        ended = f"{ICONS[Tone.RECOVERY]} {ending_of(standing, now, tz)}"
        over = Tone.RECOVERY
        return replace(summary, tone=over, icon=ICONS[over], notes=(*notes, ended), offer=None)
    icon = icon_of(standing, since=alert.created_at, now=now)
    return replace(summary, icon=icon or summary.icon, notes=notes)


def is_about(standing: Standing, card: CaseCard) -> bool:
    """Tell whether *standing* is that of the very wait that *card* tells of."""
    return standing.card.id == card.id and standing.card.wait == card.wait


def card_now(card: CaseCard, standing: Standing) -> CaseCard:
    """Return *card* with what may have changed since it was written."""
    if standing.ended_at is not None:
        return card
    assigned = next((deed.detail for deed in standing.deeds if deed.action == "assign"), None)
    return replace(
        card,
        kind=standing.kind or card.kind,
        due_at=standing.due_at,
        acknowledged_by=standing.taken_by,
        assigned_to=card.assigned_to if assigned is None else assigned,
    )


def icon_of(standing: Standing, since: datetime, now: datetime) -> str:
    """Return the icon of what somebody did *since* an alert, "" where nobody did anything."""
    for deed in reversed(standing.deeds):
        if deed.at < since:
            break
        if deed.action == "snooze" and _wakes_at(deed) > now:
            return _ASLEEP
        if deed.action == "ack" and standing.taken_by:
            return TAKEN
    return ""


def notes_of(standing: Standing, now: datetime, tz: tzinfo) -> Iterator[str]:
    """Yield what people did about a wait: one line each."""
    for deed in standing.deeds:
        if text := _note(deed, now, tz):
            yield f"{text}, {written(deed.at, now, tz)}"


def ending_of(standing: Standing, now: datetime, tz: tzinfo) -> str:
    """Return how a wait that is over has ended, and when."""
    how = _ENDED.get(standing.outcome, standing.outcome.replace("_", " ")) or "over"
    return f"{how} {written(standing.ended_at, now, tz)}" if standing.ended_at else how


def _note(deed: Deed, now: datetime, tz: tzinfo) -> str:
    name, detail = _name(deed.actor), isolated(one_line(deed.detail, _LONGEST_DETAIL))
    text = ""
    match deed.action:
        case "ack":
            text = f"{TAKEN} taken by {name}"
        case "snooze":
            text = f"{_ASLEEP} snoozed until {written(_wakes_at(deed), now, tz)} by {name}"
        case "assign":
            text = f"👤 for {detail or 'nobody in particular'}, says {name}"
        case "correct":
            kind = "a complaint" if detail == Kind.COMPLAINT else f"{detail}, no complaint"
            text = f"🏷️ {kind}, says {name}"
        case "close":
            text = f"🗂️ closed by {name}: {detail}"
        case "reopen":
            text = f"↩️ reopened by {name}"
    return text


def _wakes_at(deed: Deed) -> datetime:
    return datetime.fromisoformat(deed.detail)


def _name(name: str) -> str:
    return isolated(one_line(name, _LONGEST_NAME)) or "somebody"
