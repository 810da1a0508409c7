"""Our answers as they are gone through on a terminal: the words of all concerned are inert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from inboxd.core.reproach import CALLED, Fault, rude_spans
from inboxd.core.scorecard.periods import in_words
from inboxd.core.text import inert, one_line
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from rich.console import Console

    from inboxd.core.scorecard.model import Period
    from inboxd.store.audit import Audited, Fate
    from inboxd.store.questions import Question

_LONGEST_QUESTION = 300
_LONGEST_ANSWER = 1_500
_LONGEST_WORDS = 60
_SHOWN_WORDS = 5
_MARKED = "bold underline"


def print_audited(out: Console, answer: Audited, now: datetime, tz: tzinfo) -> None:
    """Print one answer: what was asked, what we said, what is held against it, what came of it."""
    out.print(Text(_heading(answer, tz), style="bold"))
    for question in answer.questions:
        _print(out, 2, _asked(question))
    if not answer.questions:
        _print(out, 2, Text("(what was asked is not here any more)", style="dim"))
    _print(out, 2, Text("we: ", style="green").append_text(_marked(answer)))
    for line in _reproaches(answer, now, tz):
        _print(out, 4, line)
    out.print("")


def _print(out: Console, indent: int, text: Text) -> None:
    """Print a paragraph; whoever reads a file gets it as one line."""
    if out.is_terminal:
        out.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        out.print(Text(" " * indent).append_text(text), soft_wrap=True)


def _heading(answer: Audited, tz: tzinfo) -> str:
    parts = [
        answer.at.astimezone(tz).strftime("%Y-%m-%d %H:%M"),
        one_line(answer.account, 40),
        one_line(answer.staff, 40),
        f"case {answer.case}" if answer.case else "no case",
        f"message {answer.id}",
        "deleted since" if answer.deleted else "",
    ]
    return " · ".join(filter(None, parts))


def _asked(question: Question) -> Text:
    author = question.author
    who = one_line((author.name or author.handle) if author else "", 40) or "a customer"
    said = "[deleted] " * question.deleted + one_line(question.text, _LONGEST_QUESTION)
    return Text(f"{who}: ", style="cyan").append(said or "(no text)", style="default")


def _marked(answer: Audited) -> Text:
    """Return our text with the words marked that are the evidence."""
    cut, marked, done = answer.text[:_LONGEST_ANSWER], Text(style="default"), 0
    for start, end in spans_of(answer):
        if start < end <= len(cut):
            marked.append(_tame(cut[done:start])).append(_tame(cut[start:end]), style=_MARKED)
            done = end
    marked.append(_tame(cut[done:]))
    left = len(answer.text) - len(cut)
    return marked.append(f" … and {left:,} more characters", style="dim") if left else marked


def _tame(text: str) -> str:
    return inert(text).replace("\n", " ").replace("\t", " ")


def spans_of(answer: Audited, fault: Fault | None = None) -> list[tuple[int, int]]:
    """
    Return the places of the words that are held against an answer, or for one *fault*.

    They are in order, and those that overlap are one.
    """
    faults = [fault] if fault else [*answer.held]
    spans = [
        (int(span["start"]), int(span["end"]))
        for span in answer.words
        if span["label"].partition(":")[0] in faults
    ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans + (rude_spans(answer.text) if Fault.RUDE in faults else [])):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _reproaches(answer: Audited, now: datetime, tz: tzinfo) -> Iterator[Text]:
    for fault, why in answer.held.items():
        told = [CALLED[fault], _quoted(answer, fault) if fault is not Fault.RUDE else why]
        line = ": ".join(filter(None, told))
        fate = answer.fates.get(fault)
        became = _fate(fate, fault, now, tz) if fate or fault is Fault.PROMISE else ""
        yield Text(f"{line}{became and f' – {became}'}", style=_style(fault, fate, now))
    yield Text(_mark(answer))
    if answer.again:
        after = format_duration(answer.again - answer.at)
        yield Text(f"the customer wrote again after {after}", style="dim")
    if answer.said:
        yield Text(_said(answer), style="dim")
    if answer.url:
        yield Text(one_line(answer.url, 500), style="dim", no_wrap=True, overflow="fold")


def _quoted(answer: Audited, fault: Fault) -> str:
    """Return the words that are the evidence, each once, in quotes."""
    found = (answer.text[start:end] for start, end in spans_of(answer, fault))
    words = [
        word for word in dict.fromkeys(one_line(each, _LONGEST_WORDS) for each in found) if word
    ]
    return ", ".join(f"“{word}”" for word in words[:_SHOWN_WORDS])


def _fate(fate: Fate | None, fault: Fault, now: datetime, tz: tzinfo) -> str:
    """Return what became of what an answer owed."""
    if fate is None:
        return "not followed up"
    word = fate.word(now)
    due = f"{fate.due_at.astimezone(tz):%Y-%m-%d %H:%M}" if fate.due_at else ""
    took = format_duration((fate.ended_at or now) - fate.since)
    if fault is Fault.DEFLECTION:
        served = {"kept": f"served after {took}", "late": f"served after {took}, too late"}
        waits = {"open": "still not served", "broken": f"still not served, was due {due}"}
        return {**served, **waits}.get(word, _ENDED.get(word, word))
    kept = {"kept": f"kept after {took}", "late": f"kept too late, after {took}"}
    open_ = {"open": f"to be kept{f' by {due}' if due else ''}", "broken": f"broken, was due {due}"}
    return {**kept, **open_}.get(word, _ENDED.get(word, word))


_ENDED = {
    "replaced": "another promise took its place",
    "closed": "a colleague closed it",
    "deleted": "taken back",
    "no_reply_needed": "the customer was content",
}


def _style(fault: Fault, fate: Fate | None, now: datetime) -> str:
    if fault is not Fault.PROMISE:
        return "red"
    word = fate.word(now) if fate else ""
    return "red" if word in {"broken", "late"} else "green" if word == "kept" else "yellow"


def _mark(answer: Audited) -> str:
    grade = answer.grade
    if not grade.judged:
        return "no mark: it could not be judged"
    missed = f"; lacks {', '.join(grade.missed)}" if grade.missed else ""
    return f"mark {grade.mark} of 5: {', '.join(grade.earned) or 'nothing'}{missed}"


def _said(answer: Audited) -> str:
    said = answer.said
    if said is None:
        return ""
    parts = [f"{'' if holds else 'not '}{CALLED[fault]}" for fault, holds in said.person.items()]
    note = f": {one_line(said.note, 300)}" if said.note else ""
    return f"{one_line(said.actor, 40)} says: {', '.join(parts)}{note}"


def summary(shown: int, found: int, judged: int, why: Sequence[Fault], period: Period) -> Text:
    """Return how many answers are shown, of how many with such faults, of how many of *period*."""
    when = in_words(period)
    if not judged:
        said = f"No answer of {when} has been judged; --period shows those of other days."
        return Text(said, style="dim")
    about = " or ".join(CALLED[fault] for fault in why)
    more = f" (--limit shows more than {shown})" if shown < found else ""
    return Text(f"{found} of {judged} judged answers of {when}: {about}{more}", style="dim")
