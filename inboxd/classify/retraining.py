"""
Training anew, and whether the new model may take the place of the present one.

Both are judged by the same held-back messages: those whose ideas the present model has not
learnt from, each judged by a model of the new data that has not, either. Where there are too
few of them (the seeds are trained again, with a handful of corrections), what either reached on
folds of its own data is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.classify.compact import CompactClassifier
from inboxd.classify.evaluation import evaluate, learnt_from
from inboxd.classify.replies import FLAGS
from inboxd.classify.reply_rows import ReplyRow
from inboxd.classify.rows import Row
from inboxd.classify.training import train_judging
from inboxd.core.redaction import is_erased

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from inboxd.classify.compact import Model
    from inboxd.model import Verdict
    from inboxd.store import Correction
    from inboxd.store.reply_corrections import ReplyCorrection

    Trainer = Callable[[Sequence[Row], Callable[[str], None]], tuple[Model, list[Verdict]]]

ENOUGH = 30
"""Messages below which a comparison would be a toss of a coin."""
_ALLOWED = {
    "kind": 0.005, "complaint or not": 0.005, "topic": 0.02, "urgency": 0.02,
    **{f"{flag}, F1": 0.01 for flag in FLAGS},
}  # fmt: skip
"""How much less a new model may reach; more than the last digit, less than anybody would notice."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What either model reached, and on what: headline figures, each of which should be high."""

    basis: str
    present: Mapping[str, float]
    new: Mapping[str, float]

    @property
    def worse(self) -> list[str]:
        """Return the figures in which the new model falls behind."""
        return [
            name
            for name, allowed in _ALLOWED.items()
            if name in self.present.keys() & self.new.keys()
            and self.new[name] < self.present[name] - allowed
        ]


def retrain(
    rows: Sequence[Row],
    present: Model,
    tell: Callable[[str], None] = lambda _: None,
    train: Trainer = train_judging,
) -> tuple[Model, Comparison]:
    """Return a model of *rows* by *train*, and how it compares with the *present* one."""
    model, verdicts = train(rows, tell)
    tell("comparing")
    unseen = [place for place, known in enumerate(learnt_from(rows, present)) if not known]
    if len(unseen) < ENOUGH:
        before = present.card.get("figures", {}).get("all", {})
        return model, Comparison(
            "folds of what each has learnt from", before, _figures(rows, verdicts)
        )
    held_back = [rows[place] for place in unseen]
    said = CompactClassifier(present).classify([row.text for row in held_back])
    new = _figures(held_back, [verdicts[place] for place in unseen])
    basis = f"{len(unseen)} messages that neither has learnt from"
    return model, Comparison(basis, _figures(held_back, said), new)


def corrected_rows(corrections: Iterable[Correction]) -> list[Row]:
    """
    Return what people said as labelled messages; one conversation is one idea.

    What they did not speak of is not labelled: the classifier shall not learn from itself.
    """
    return [
        Row(
            text=correction.text,
            language=correction.person.language or "",
            kind=correction.person.kind or "",
            topics=tuple(map(str, correction.person.topics or ())) or None,
            urgency=correction.person.urgency or "",
            idea=f"conversation {correction.conversation}",
        )
        for correction in corrections
        if not is_erased(correction.text)
    ]


def corrected_replies(corrections: Iterable[ReplyCorrection]) -> list[ReplyRow]:
    """
    Return what people said of our answers as labelled replies; one conversation is one idea.

    As of messages, what they did not speak of is not labelled; whether it was rude is no label.
    """
    rows = []
    for each in corrections:
        labels = {str(part): holds for part, holds in each.person.items() if part in FLAGS}
        if labels and not is_erased(each.text):
            question = "" if is_erased(each.question) else each.question
            idea = f"conversation {each.conversation}"
            rows.append(ReplyRow(each.text, each.language, labels, idea, question))
    return rows


def compare_replies(present: Model, new: Model) -> Comparison:
    """
    Return how two judges of replies compare, by what each reached on folds of its own data.

    Such a model does not know what it has learnt from: none can be held back from it.
    """
    before, after = (
        {f"{flag}, F1": figures[f"{flag}, F1"] for flag in FLAGS if f"{flag}, F1" in figures}
        for figures in (
            each.card.get("figures", {}).get("question known", {}).get("all", {})
            for each in (present, new)
        )
    )
    return Comparison("folds of what each has learnt from", before, after)


def _figures(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> dict[str, float]:
    summary = evaluate(rows, verdicts).summary()
    return {name: round(summary[name], 4) for name in _ALLOWED if name in summary}
