"""
What a reply deserves a second look for, before it is sent.

A warning never forbids anything. Each names the words that it is about; where the judge of
replies is asked, it counts what is likelier than not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from inboxd.classify.private import private_spans
from inboxd.core.owed import SURE
from inboxd.core.text import LANGUAGE_NAMES, is_shouted
from inboxd.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from inboxd.classify import ReplyJudge
    from inboxd.model import Promised, ReplyVerdict


class Concern(StrEnum):
    """What a piece of advice is about."""

    PLACEHOLDER = "placeholder"
    PRIVATE = "private"
    LANGUAGE = "language"
    NON_ANSWER = "non_answer"
    DEFLECTION = "deflection"
    PROMISE = "promise"
    GREETING = "greeting"
    SHOUTING = "shouting"


@dataclass(frozen=True, slots=True)
class Advice:
    """
    One thing to look at again: *says* in a few words what, *words* are those that caused it.

    What is merely *told* is no fault: a promise with a date is one to be kept. *promised* is
    what a promise said of the time. What is *unsure* inboxd does not follow up by itself.
    """

    concern: Concern
    says: str
    words: tuple[Evidence, ...] = ()
    told: bool = False
    promised: Promised | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """
    A reply before it is sent.

    *question* is what the customer wrote since our last answer, *known* everything that was
    written in the conversation; *language* is the customer's, "" if it is not known. *first* is
    whether we have not greeted them yet today. *at* is the present, in the zone in which "today"
    is meant.
    """

    text: str
    question: str
    language: str
    public: bool
    first: bool
    at: datetime
    known: tuple[str, ...] = ()


_PLACES = {
    "mail": "to a mail address",
    "phone": "to a telephone",
    "form": "to a form",
    "site": "to a website",
    "place": "to a shop or an office",
    "party": "to somebody else",
    "private": "to private messages",
    "link": "to a link",
}
_PLACEHOLDER = re.compile(
    r"\{[^{}\n]{1,40}\}"  # of a saved reply
    r"|\[[^\W\d_][^\[\]\n]{0,30}\](?!\()"  # [Name], and no link of Markdown
    r"|<[^\W\d_][^<>\n@/]{1,30}>"
    r"|(?<!\w)(?:[XxХх]{3,10}|TODO|TBD|FIXME|ТУТ ТЕКСТ|lorem ipsum)(?!\w)"
    r"|_{3,}|(?<![\w%])%[sd](?!\w)"
)
_ROWS = re.compile(r"[!?]{2,}|(?<!\.)\.{4,}")
_QUESTION = re.compile(r"[^.!?…\n]{2,300}\?")
_CLAUSE = re.compile(r"[^.!?…,;\n]*[^\W\d_][^.!?…,;\n]*")
_MOST_CLAUSES = 40
_HOUR = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?![\d:])")
_LEAST_EXPLAINING = 2
"""Words of a piece of evidence that explains something: “We”, “HALLO” do not."""
_FEW_WORDS = 4
"""A language is not told for sure from fewer."""
_SURE_OF_NO_ANSWER = 0.8
_SHOWN = 3
_LONGEST_SHOWN = 60


def advise(draft: Draft, judge: ReplyJudge) -> list[Advice]:
    """Return what *draft* deserves a second look for, what matters most first."""
    from inboxd.classify import Reply  # noqa: PLC0415 - the package imports its parts

    if not draft.text.strip():
        return []
    verdict = judge.judge([Reply(draft.text, draft.at, draft.question)])[0]
    found = [*_found(draft, verdict), *_hidden_promise(draft, verdict, judge)]
    return sorted(found, key=lambda advice: (advice.told, _ORDER[advice.concern]))


_ORDER = {concern: place for place, concern in enumerate(Concern)}


def _found(draft: Draft, verdict: ReplyVerdict) -> Iterator[Advice]:
    yield from _placeholders(draft.text)
    yield from _private(draft)
    yield from _language(draft, verdict)
    yield from _non_answer(draft, verdict)
    yield from _deflection(draft, verdict)
    yield from _promise(verdict)
    yield from _greeting(draft, verdict)
    yield from _shouting(draft.text)


def _placeholders(text: str) -> Iterator[Advice]:
    if words := _spans(_PLACEHOLDER.finditer(text)):
        yield Advice(Concern.PLACEHOLDER, "Something is still to be filled in", words)


def _private(draft: Draft) -> Iterator[Advice]:
    """Yield what everybody would read and is the customer's own."""
    if not draft.public:
        return
    if words := tuple(private_spans(draft.text, draft.known)):
        yield Advice(Concern.PRIVATE, "Everybody will read the customer's data", words)


def _language(draft: Draft, verdict: ReplyVerdict) -> Iterator[Advice]:
    ours, theirs = verdict.language, draft.language
    if not ours or not theirs or ours == theirs or "und" in {ours, theirs}:
        return
    if len(re.findall(r"[^\W\d_]{2,}", draft.text)) < _FEW_WORDS:
        return
    said = LANGUAGE_NAMES.get(ours, ours), LANGUAGE_NAMES.get(theirs, theirs)
    yield Advice(Concern.LANGUAGE, f"In {said[0]}, but the customer writes in {said[1]}")


def _non_answer(draft: Draft, verdict: ReplyVerdict) -> Iterator[Advice]:
    if not draft.question or verdict.scores.get("non_answer", 0.0) < _SURE_OF_NO_ANSWER:
        return
    asked = _QUESTION.search(draft.question)
    says = "Does not answer what was asked" if asked else "Does not answer what was written"
    words = tuple(
        span
        for span in _evidence(verdict, "non_answer")
        if span.text.count(" ") + 1 >= _LEAST_EXPLAINING
    )
    if asked:
        start = asked.start() + len(asked[0]) - len(asked[0].lstrip())
        words = (Evidence(start, asked.end(), asked[0].strip(), "question"), *words)
    yield Advice(Concern.NON_ANSWER, says, words)


def _deflection(draft: Draft, verdict: ReplyVerdict) -> Iterator[Advice]:
    words = _evidence(verdict, "deflection")
    parts = dict.fromkeys(span.label.partition(":")[2] for span in words)
    places = [_PLACES[part] for part in parts if part in _PLACES]
    if "private" in parts:
        places = [_PLACES["private"]]
    # To ask for the number of an order sends nobody anywhere, whatever the model makes of it.
    if verdict.scores.get("deflection", 0.0) < SURE or not places:
        return
    # In public that is the way to learn an order's number; inboxd follows the customer there.
    invites = draft.public and "private" in parts
    where = " and ".join(places[:2])
    yield Advice(Concern.DEFLECTION, f"Sends the customer {where}", words[:_SHOWN], told=invites)


def _promise(verdict: ReplyVerdict) -> Iterator[Advice]:
    if verdict.scores.get("promise", 0.0) < SURE:
        return
    when, words = verdict.promised, _evidence(verdict, "promise")[:_SHOWN]
    if when and (when.on or when.at):
        span = Evidence(when.start, when.end, when.text, "promise:when")
        yield Advice(Concern.PROMISE, "A promise", (span,), told=True, promised=when)
    else:
        yield Advice(Concern.PROMISE, "A promise without a time", words, promised=when)


def _hidden_promise(draft: Draft, verdict: ReplyVerdict, judge: ReplyJudge) -> Iterator[Advice]:
    """Yield a promise that is outweighed by what is said beside it, such as where else to ask."""
    from inboxd.classify import Reply  # noqa: PLC0415 - the package imports its parts

    if verdict.scores.get("promise", 0.0) >= SURE:
        return
    clauses = list(islice(_CLAUSE.finditer(draft.text), _MOST_CLAUSES))
    parts = [(0, draft.text), *((each.start(), each[0]) for each in clauses)]
    judged = judge.judge([Reply(text, draft.at, "") for _, text in parts])
    outweighed = verdict.scores.get("deflection", 0.0) >= SURE
    for (start, text), part in zip(parts, judged, strict=True):
        # Without the question "yes, we deliver to Vienna" seems to be one: a time must be named.
        counts = outweighed or part.promised is not None or _HOUR.search(text)
        if counts and part.scores.get("promise", 0.0) >= SURE:
            words = tuple(
                replace(span, start=span.start + start, end=span.end + start)
                for span in _evidence(part, "promise")[:_SHOWN]
            )
            yield Advice(Concern.PROMISE, "Perhaps a promise", words, told=True, unsure=True)
            return


def _greeting(draft: Draft, verdict: ReplyVerdict) -> Iterator[Advice]:
    said = verdict.manners
    # Where everybody reads, people are brief: a thanks or an apology opens as well.
    polite = said.greeting or (draft.public and (said.thanks or said.apology))
    if draft.first and not polite:
        yield Advice(Concern.GREETING, "No greeting", told=draft.public)


def _shouting(text: str) -> Iterator[Advice]:
    if is_shouted(text):
        yield Advice(Concern.SHOUTING, "Almost all in capitals")
    if words := _spans(_ROWS.finditer(text)):
        yield Advice(Concern.SHOUTING, "Rows of marks", words)


def _evidence(verdict: ReplyVerdict, flag: str) -> tuple[Evidence, ...]:
    return tuple(span for span in verdict.evidence if span.label.partition(":")[0] == flag)


def _spans(matches: Iterable[re.Match[str]]) -> tuple[Evidence, ...]:
    found = [Evidence(each.start(), each.end(), each[0], "") for each in matches]
    return tuple(found[:_SHOWN])


def quoted(words: Sequence[Evidence]) -> str:
    """Return those words for a line: ``"write to us", "help@shop.example"``."""
    return ", ".join(dict.fromkeys(f"“{_short(span.text)}”" for span in words[:_SHOWN]))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1].rstrip()}…"
