"""Several alerts as one summary, and how it stands by now with a whole thread. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from inboxd.core.alerts.cases import who
from inboxd.core.alerts.spikes import spike_facts, spike_headline
from inboxd.durations import format_duration
from inboxd.model import Alert, CaseCard, Standing, Tone, Urgency
from inboxd.notify.buttons import offer_of
from inboxd.notify.inert import one_line, web_link
from inboxd.notify.standing import (
    TAKEN,
    brought_up_to_date,
    card_now,
    ending_of,
    icon_of,
    is_about,
    notes_of,
)
from inboxd.notify.summary import (
    ICONS,
    Fact,
    Line,
    Summary,
    distance,
    network_of,
    summarize,
    title_of,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.spikes import SpikeStanding
    from inboxd.notify.sink import Delivery

_LONGEST_QUOTE = 160
_LONGEST_NOTE = 120
_LONGEST_ORIGIN = 200
_LOOKED_AT = 4_000
"""Characters of a text in which a quote is looked for: a night's summary has a hundred texts."""
_BY_WEIGHT = (Tone.BREACH, Tone.WARNING, Tone.NOTICE, Tone.RECOVERY)
_COUNTED = {
    Tone.BREACH: "late",
    Tone.WARNING: "due soon",
    Tone.NOTICE: "to know",
    Tone.RECOVERY: "over",
}
_PLURALS = {"complaint": "complaints", "request": "requests"}
_NAMED = 2
"""People whose names stand in a headline; the others are counted."""
_LONGEST_NAME = 24
_EXAMPLE = "💬"
_MOST_OF_SPIKE = 10
REPEAT = "This may be a repeat: it was sent before, and whether it arrived could not be found out."
_HELD = {
    "quiet": "Held back during quiet hours.",
    "limit": "Held back: there had been as many messages within an hour as this sink takes.",
    "silence": "Held back while it was silenced.",
}


def summary_of(delivery: Delivery, now: datetime, tz: tzinfo) -> Summary:
    """Return what people are to be shown of a delivery: one alert in full, several as lines."""
    summary = _summary_of(delivery, now, tz)
    if not (delivery.origin and any(map(_is_of_inboxd, delivery.alerts))):
        return summary
    told_by = Fact("Told by", one_line(delivery.origin, _LONGEST_ORIGIN))
    return replace(summary, facts=(*summary.facts, told_by))


def _is_of_inboxd(alert: Alert) -> bool:
    """Tell whether *alert* is about no customer: then it matters which inboxd tells it."""
    return alert.case is None and not alert.key.startswith("spike:")


def _summary_of(delivery: Delivery, now: datetime, tz: tzinfo) -> Summary:
    latest = _latest(delivery.alerts)
    if delivery.spike or (len(latest) == 1 and latest[0].examples):
        return _about_many(delivery, latest, now, tz)
    standings = {standing.card.id: standing for standing in delivery.standings}
    if len(latest) == 1:
        summary = brought_up_to_date(latest[0], _standing_for(latest[0], standings), now, tz)
        return replace(summary, caution=_caution(delivery))
    latest.sort(key=_haste)
    told = _counted(latest)
    about = _about([alert.case for alert in latest if alert.case])
    return _several(
        _worst(alert.tone for alert in latest),
        f"{told}: {about}" if about else told,
        [_alert_line(alert, _standing_for(alert, standings), now, tz) for alert in latest],
        tz,
        caution=_caution(delivery),
        mentions=_called(latest),
    )


def _caution(delivery: Delivery) -> str:
    """Return what to know before believing a delivery, "" as a rule."""
    meant = f"Meant for {delivery.instead_of}, which takes no alerts."
    notes = (
        REPEAT if delivery.uncertain else "",
        _HELD.get(delivery.held, ""),
        one_line(meant, _LONGEST_QUOTE) if delivery.instead_of else "",
    )
    return " ".join(filter(None, notes))


def standing_of(standings: Sequence[Standing], now: datetime, tz: tzinfo) -> Summary:
    """Return how it stands at *now* with the cases of a thread, of which there are several."""
    waiting = sum(standing.ended_at is None for standing in standings)
    about = _about([standing.card for standing in standings])
    told = f"{waiting} of {len(standings)} still wait" if waiting else f"all {len(standings)} over"
    return _several(
        _worst(_tone(standing, now) for standing in standings),
        f"{told}: {about}",
        [_standing_line(standing, now, tz) for standing in standings],
        tz,
    )


def _several(  # noqa: PLR0913 - the parts of a summary that differ
    tone: Tone,
    title: str,
    lines: Sequence[Line],
    tz: tzinfo,
    *,
    caution: str = "",
    mentions: tuple[str, ...] = (),
) -> Summary:
    return Summary(
        tone=tone,
        icon=ICONS[tone],
        title=title_of(title),
        detail="",
        facts=(),
        quote=None,
        link="",
        place="",
        command="",
        caution=caution,
        zone=str(tz),
        lines=tuple(lines),
        mentions=mentions,
    )


def _latest(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the last alert about each case, in the order of the first; all that are about none."""
    latest: dict[object, Alert] = {}
    for alert in alerts:
        latest[alert.case.id if alert.case else alert.key] = alert
    return list(latest.values())


def _worst(tones: Iterable[Tone]) -> Tone:
    return min(tones, key=_BY_WEIGHT.index)


def _counted(alerts: Iterable[Alert]) -> str:
    """Return how many of *alerts* are of which tone, the worst first."""
    counts = Counter(alert.tone for alert in alerts)
    return ", ".join(f"{counts[each]} {_COUNTED[each]}" for each in _BY_WEIGHT if counts[each])


def _called(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """Return whom any of *alerts* calls by name, each once."""
    return tuple(dict.fromkeys(who for alert in alerts for who in alert.mentions))


def _about(cards: Sequence[CaseCard]) -> str:
    """Return in a few words what *cards* are, where, and by whom; "" without any."""
    if not cards:
        return ""
    kinds, accounts = ({card.kind for card in cards}, {card.account for card in cards})
    noun = _PLURALS.get(kinds.pop() or "", "messages") if len(kinds) == 1 else "messages"
    where = accounts.pop() if len(accounts) == 1 else f"{len(accounts)} accounts"
    names = [one_line(card.author.name, _LONGEST_NAME) for card in cards if card.author]
    named = [name for name in dict.fromkeys(names) if name][:_NAMED]
    left = len(cards) - len(named)
    more = f" and {left} more" if left else ""
    return f"{noun} on {where}" + (f" by {', '.join(named)}{more}" if named else "")


def _alert_line(alert: Alert, standing: Standing | None, now: datetime, tz: tzinfo) -> Line:
    """Return an alert as one of several, with what has happened since."""
    title, card = alert.headline, alert.case
    if card is None or standing is None or not is_about(standing, card):
        return _line(alert.tone, title_of(title), card)
    if alert.tone is not Tone.RECOVERY and standing.ended_at is not None:
        title = f"{title}: {ending_of(standing, now, tz)}"
        return _line(Tone.RECOVERY, title_of(title), card)
    icon = icon_of(standing, since=alert.created_at, now=now)
    line = _line(alert.tone, title_of(title), card_now(card, standing), icon)
    return replace(line, note=_note(standing, now, tz))


def _line(tone: Tone, title: str, card: CaseCard | None, icon: str = "") -> Line:
    if card is None:
        return Line(tone, icon or ICONS[tone], title)
    link = web_link(card.url)
    return Line(
        tone,
        icon or ICONS[tone],
        title,
        quote=one_line(card.text[:_LOOKED_AT], _LONGEST_QUOTE),
        link=link,
        place=network_of(card),
        command=f"inboxd show {card.id}",
        offer=offer_of(card, link, over=tone is Tone.RECOVERY),
    )


def _tone(standing: Standing, now: datetime) -> Tone:
    if standing.ended_at is not None:
        return Tone.RECOVERY
    late = standing.due_at is not None and now >= standing.due_at
    return Tone.BREACH if late else Tone.WARNING


def _standing_line(standing: Standing, now: datetime, tz: tzinfo) -> Line:
    icon, title = "", who(standing.card)
    if standing.ended_at is not None:
        title += f": {ending_of(standing, now, tz)}"
    elif standing.due_at is not None:
        title += f", due {written(standing.due_at, now, tz)} ({distance(standing.due_at, now)})"
    if standing.taken_by and standing.ended_at is None:
        icon, title = TAKEN, f"{title}, taken by {standing.taken_by}"
    card = card_now(standing.card, standing)
    line = _line(_tone(standing, now), title_of(title), card, icon)
    return replace(line, note=_note(standing, now, tz))


def _note(standing: Standing, now: datetime, tz: tzinfo) -> str:
    return one_line(" · ".join(notes_of(standing, now, tz)), _LONGEST_NOTE)


def present_of(delivery: Delivery, now: datetime, tz: tzinfo) -> Summary | None:
    """Return how it stands with the thread of *delivery* by now, None if that is one case's."""
    if delivery.spike:
        return _spike_by_now(delivery.spike, delivery.standings, now, tz)
    several = len(delivery.standings) > 1
    return standing_of(delivery.standings, now, tz) if several else None


def _about_many(delivery: Delivery, latest: Sequence[Alert], now: datetime, tz: tzinfo) -> Summary:
    """Return what is told of many customers, or in the thread of a spike: its own alert first."""
    own = [alert for alert in latest if alert.case is None]
    cases = sorted((alert for alert in latest if alert.case), key=_haste)
    open_ones = any(alert.tone is not Tone.RECOVERY for alert in cases)
    standings = {standing.card.id: standing for standing in delivery.standings}
    told = (
        _alert_line(alert, _standing_for(alert, standings), now, tz)
        for alert in (*own[:-1], *cases)
    )
    lines = _some(told, "inboxd waiting" if open_ones else "")
    if own:
        summary = summarize(own[-1], now, tz)
        lines = lines or _examples(own[-1].examples, own[-1].tone, now, tz)
    elif len(cases) == 1:
        standing = _standing_for(cases[0], standings)
        summary, lines = brought_up_to_date(cases[0], standing, now, tz), ()
    else:
        about = delivery.spike.spike.about if delivery.spike else ""
        tone, told_of = _worst(alert.tone for alert in cases), _counted(cases)
        summary = _several(tone, f"Complaints about {about}: {told_of}", (), tz)
    return replace(summary, lines=lines, caution=_caution(delivery), mentions=_called(latest))


def _standing_for(alert: Alert, standings: Mapping[int, Standing]) -> Standing | None:
    return standings.get(alert.case.id) if alert.case else None


def _haste(alert: Alert) -> tuple[bool, int]:
    """Return by what alerts are sorted: where there are many, not all are shown."""
    urgent = alert.case is not None and alert.case.urgency is Urgency.HIGH
    return not urgent, _BY_WEIGHT.index(alert.tone)


def _some(lines: Iterable[Line], listed_by: str = "") -> tuple[Line, ...]:
    """Return as many of *lines* as people read, and how many there are beside them."""
    shown = tuple(lines)
    left = len(shown) - _MOST_OF_SPIKE
    rest = (Line(Tone.NOTICE, "…", f"and {left} more", command=listed_by),) if left > 0 else ()
    return (*shown[:_MOST_OF_SPIKE], *rest)


def _examples(cards: Sequence[CaseCard], tone: Tone, now: datetime, tz: tzinfo) -> tuple[Line, ...]:
    """Return lines on cases that stand for others; without buttons, for they stay as they are."""
    titles = (f"{who(card)}, since {written(card.waiting_since, now, tz)}" for card in cards)
    return tuple(
        replace(_line(tone, title_of(title), card, _EXAMPLE), offer=None)
        for title, card in zip(titles, cards, strict=True)
    )


def _spike_by_now(
    now_is: SpikeStanding, standings: Sequence[Standing], now: datetime, tz: tzinfo
) -> Summary:
    """Return a spike with those of its customers who were told of and still wait."""
    spike, ended_at = now_is.spike, now_is.spike.ended_at
    title, tone = spike_headline(now_is), Tone.BREACH
    if ended_at:
        span, tone = format_duration(ended_at - spike.since), Tone.RECOVERY
        title = f"Over: complaints about {spike.about}, {now_is.total} customers in {span}"
    waiting = sorted(
        (each for each in standings if each.ended_at is None),
        key=lambda each: (each.due_at is None, each.due_at or now),
    )
    lines = _some((_standing_line(each, now, tz) for each in waiting), "inboxd waiting")
    if not lines and not ended_at:
        lines = _examples(now_is.examples, tone, now, tz)
    facts = [Fact(label, value) for label, value in spike_facts(now_is)]
    noticed = f"{written(spike.began_at, now, tz)} ({distance(spike.began_at, now)})"
    summary = _several(tone, title, lines, tz)
    return replace(summary, facts=(*facts, Fact("Noticed", noticed)))
