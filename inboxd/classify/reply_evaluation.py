"""How good a judge of replies is: each flag on the replies that are labelled with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.classify.evaluation import Evaluation
from inboxd.classify.measures import Judged, accuracy
from inboxd.classify.replies import FLAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.classify.measures import Measure, Score
    from inboxd.classify.reply_rows import ReplyRow
    from inboxd.model import ReplyVerdict


def evaluate_replies(rows: Sequence[ReplyRow], verdicts: Sequence[ReplyVerdict]) -> Evaluation:
    """
    Hold *verdicts* against the labels of *rows*; a flag is judged where it is labelled.

    Of promises whose time was marked, the last figure is the share in which a time was found
    that overlaps it.
    """
    pairs = list(zip(rows, verdicts, strict=True))
    headline: dict[str, Measure] = {}
    errors: dict[str, Measure] = {}
    scores: list[Score] = []
    for flag in FLAGS:
        if labelled := [(row, said) for row, said in pairs if flag in row.labels]:
            judged = _judged(flag, labelled)
            scores += judged.scores([flag])
            headline[f"{flag}, F1"] = judged.macro_f1([flag])
            errors[f"{flag}, calibration error"] = judged.calibration(flag)
    headline |= errors
    if marked := [(row, said) for row, said in pairs if row.when and row.when in row.text]:
        found = [_is_found(row, said) for row, said in marked]
        headline["time of a promise found"] = accuracy(found, [row.idea for row, _ in marked])
    return Evaluation(len(rows), {"reply": scores} if scores else {}, headline)


def _judged(flag: str, pairs: Sequence[tuple[ReplyRow, ReplyVerdict]]) -> Judged:
    return Judged(
        truth=[(flag,) if row.labels[flag] else () for row, _ in pairs],
        said=[(flag,) if getattr(said, flag) else () for _, said in pairs],
        ideas=[row.idea for row, _ in pairs],
        shares=[said.scores for _, said in pairs],
    )


def _is_found(row: ReplyRow, said: ReplyVerdict) -> bool:
    """Return whether a time was found that overlaps the one that was marked."""
    start, when = row.text.find(row.when or ""), said.promised
    end = start + len(row.when or "")
    return when is not None and when.start < end and start < when.end
