"""How good a judge of replies is: precision, recall, F1 and calibration of each flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.classify.evaluation import calibration_error, scores_of
from inboxd.classify.replies import FLAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.classify.evaluation import Score
    from inboxd.classify.reply_rows import ReplyRow
    from inboxd.model import ReplyVerdict


@dataclass(frozen=True, slots=True)
class ReplyEvaluation:
    """
    What came of judging labelled replies.

    *calibration_errors* are by flag, as are *flags*; of promises whose time was marked,
    *times* is the share in which a time was found that overlaps it, None if there is none.
    """

    rows: int
    flags: tuple[Score, ...]
    calibration_errors: tuple[float, ...]
    times: float | None

    def summary(self) -> dict[str, float]:
        """Return the headline figures."""
        figures = {f"{score.label}, F1": score.f1 for score in self.flags}
        for score, error in zip(self.flags, self.calibration_errors, strict=True):
            figures[f"{score.label}, calibration error"] = error
        if self.times is not None:
            figures["time of a promise found"] = self.times
        return figures


def evaluate_replies(rows: Sequence[ReplyRow], verdicts: Sequence[ReplyVerdict]) -> ReplyEvaluation:
    """Hold *verdicts* against the labels of *rows*; a flag is judged where it is labelled."""
    flags: list[Score] = []
    errors: list[float] = []
    for flag in FLAGS:
        judged = [
            (row.labels[flag], verdict)
            for row, verdict in zip(rows, verdicts, strict=True)
            if flag in row.labels
        ]
        if judged:
            named = [
                ({flag} if holds else set(), {flag} if getattr(said, flag) else set())
                for holds, said in judged
            ]
            flags.extend(scores_of(named, [flag]))
            shares = [said.scores[flag] for _, said in judged]
            errors.append(calibration_error(shares, [holds for holds, _ in judged]))
    return ReplyEvaluation(len(rows), tuple(flags), tuple(errors), _times(rows, verdicts))


def _times(rows: Sequence[ReplyRow], verdicts: Sequence[ReplyVerdict]) -> float | None:
    marked = [
        (row.text.find(row.when), len(row.when), verdict)
        for row, verdict in zip(rows, verdicts, strict=True)
        if row.when and row.when in row.text
    ]
    found = sum(
        verdict.promised is not None
        and verdict.promised.start < start + length
        and start < verdict.promised.end
        for start, length, verdict in marked
    )
    return found / len(marked) if marked else None
