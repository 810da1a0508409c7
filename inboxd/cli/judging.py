"""Commands about the classifier: judging, training, and how good it is."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, opened_store, present
from inboxd.cli.parameters import FILE, REPLIES, TIER
from inboxd.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.classify import Classifier
    from inboxd.classify.compact import Model
    from inboxd.classify.evaluation import Evaluation
    from inboxd.classify.retraining import Comparison
    from inboxd.config import Settings


@main.command(short_help="Judge messages: JSON lines in, JSON lines out")
@click.argument("file", type=click.File("rb"), default="-")
@REPLIES
@TIER
@click.pass_context
def classify(ctx: click.Context, file: Any, *, replies: bool, tier: str | None) -> None:  # noqa: ANN401 - click gives a binary stream
    """
    Judge messages: JSON lines with "text" in, the same with the verdict out.

    Replies may also have "sent_at" (ISO 8601) and "question", the customer's message.
    """
    from inboxd import classify as classifying
    from inboxd.classify import jsonl

    if replies:
        results = jsonl.judge_lines(file, classifying.load_reply_judge(_settings(ctx)))
    else:
        results = jsonl.classify_lines(file, _classifier(ctx, tier))
    bad = 0
    for result in results:
        if isinstance(result, jsonl.BadLine):
            bad += 1
            click.echo(f"line {result.number}: {result.why}", err=True)
        else:
            click.echo(result.json)
    if bad:
        raise click.exceptions.Exit(1)


@main.group(short_help="Train the classifier, and see how good it is")
def classifier() -> None:
    """Train the classifier, and see how good it is."""


@classifier.command(short_help="Train a model on labelled JSON lines")
@click.option("--data", "paths", type=FILE, multiple=True, help="Labelled messages.")
@click.option("--corrections", is_flag=True, help="Learn from what people corrected, too.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("model.npz"),
    show_default=True,
    help="Where the model goes.",
)
@click.option("--force", is_flag=True, help="Even if it is worse than the present model.")
@click.option("--about", type=FILE, help="JSON with what its card shall say; see data/card.*.json.")
@REPLIES
@TIER
@click.pass_context
def train(  # noqa: PLR0913 - what from, where to, and whatever comes of it
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    *,
    corrections: bool,
    force: bool,
    about: Path | None,
    replies: bool,
    tier: str | None,
) -> None:
    """Train a model on labelled JSON lines; the same lines give the same file."""
    from inboxd.classify.card import completed, read_about
    from inboxd.classify.rows import read_rows
    from inboxd.terminal import console
    from inboxd.terminal.progress import step_bar

    said = read_about(about) if about else {}
    try:
        from inboxd.classify import retraining, semantic_training, training

        if replies:
            _train_on_replies(ctx, paths, out, said, learn=corrections, force=force)
            return
    except ModuleNotFoundError as error:
        raise UserError(f"training needs {error.name}: pip install 'inboxd[train]'") from None
    _refuse_unwritable(out)
    rows = read_rows(paths)
    if corrections:
        with opened_store(ctx.obj) as (store, _):
            rows += retraining.corrected_rows(store.corrections.all())
    if not rows:
        raise UserError("there is nothing to train on; name --data, or use --corrections")
    in_use = _present_model(ctx, tier)
    trainer = semantic_training if in_use.tier == "semantic" else training
    with step_bar(console(stderr=True), "training", trainer.STEPS) as tell:
        model, comparison = retraining.retrain(rows, in_use, tell, trainer.train_judging)
    for name, value in model.card["figures"]["all"].items():
        click.echo(f"{name:34} {value:.3f}")
    _compare(comparison, out, force=force)
    replace(model, card=completed(model.card, said)).save(out)
    click.echo(f'{out} is written; [classifier] tier = "{model.tier}" and model = … let it judge.')


@classifier.command(short_help="Show what a model is made of, and what it is bad at")
@click.option("--model", type=FILE, help="Another model than the one that came with inboxd.")
@REPLIES
@TIER
@click.option("--json", "as_json", is_flag=True, help="The card as it is stored.")
def card(model: Path | None, *, replies: bool, tier: str | None, as_json: bool) -> None:
    """Show what a model is made of, what it reached, and what it is bad at."""
    from inboxd import classify as classifying
    from inboxd.classify.card import card_lines
    from inboxd.classify.compact import Model
    from inboxd.classify.replies import FLAGS

    if replies:
        shown = Model.load(model or classifying.SHIPPED_FOR_REPLIES, FLAGS)
    else:
        shown = _shipped_or(model, tier or "compact")
    if as_json:
        click.echo(json.dumps(dict(shown.card), indent=1, ensure_ascii=False))
        return
    for line in card_lines("replies" if replies else shown.tier, shown.card):
        click.echo(line)


@classifier.command(short_help="Tell how far people agree with the classifier")
@click.option("--since", "back", help="Only what people said within this time, such as 30d.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of lines.")
@click.pass_obj
def report(config: Path, back: str | None, *, as_json: bool) -> None:
    """Tell how far people agree with the classifier, by what they corrected."""
    from inboxd.classify import reporting

    since = _ago(back)
    with opened_store(config) as (store, _):
        found = store.corrections.all(since)
        first = min((each.at for each in found), default=present())
        told = reporting.report(found, store.corrections.judged_since(first, found))
    if as_json:
        click.echo(json.dumps(told.as_json(), indent=1, ensure_ascii=False))
        return
    for line in told.lines():
        click.echo(line)


def _refuse_unwritable(out: Path) -> None:
    """Say before minutes of work that there is no place for what comes of them."""
    folder = out.absolute().parent
    if not folder.is_dir() or not os.access(out if out.exists() else folder, os.W_OK):
        raise UserError(f"{out} cannot be written; name a file in a folder that is there")


def _present_model(ctx: click.Context, tier: str | None) -> Model:
    """Return the model of *tier* that is in use: the configuration's, or inboxd's own."""
    settings = _settings(ctx)
    chosen = settings.classifier if settings else None
    tier = tier or (chosen.tier if chosen else "compact")
    return _shipped_or(chosen.model if chosen and chosen.tier == tier else None, tier)


def _shipped_or(path: Path | None, tier: str) -> Model:
    """Return the model of *tier* at *path*, by default inboxd's own."""
    from inboxd import classify as classifying
    from inboxd.classify.compact import Model
    from inboxd.classify.semantic import load_model

    if tier == "semantic":
        return load_model(path or classifying.SHIPPED_SEMANTIC)
    return Model.load(path or classifying.SHIPPED)


def _train_on_replies(  # noqa: PLR0913 - as the command has them
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    said: dict[str, list[str]],
    *,
    learn: bool,
    force: bool,
) -> None:
    """Train the judge of replies, and say what it reached on folds of them."""
    from inboxd import classify as classifying
    from inboxd.classify import retraining
    from inboxd.classify.card import completed
    from inboxd.classify.replies import FLAGS
    from inboxd.classify.reply_rows import read_reply_rows
    from inboxd.classify.reply_training import STEPS, train_replies
    from inboxd.terminal import console
    from inboxd.terminal.progress import step_bar

    _refuse_unwritable(out)
    rows = read_reply_rows(paths, FLAGS)
    if learn:
        with opened_store(ctx.obj) as (store, _):
            rows += retraining.corrected_replies(store.reply_corrections.all())
    if not rows:
        raise UserError("there is nothing to train on; name --data, or use --corrections")
    if len(rows) < retraining.ENOUGH:
        few = f"too few labelled replies to learn from: {len(rows)}"
        raise UserError(
            f"{few}; name data of {retraining.ENOUGH} at least, such as inboxd's own seeds"
        )
    with step_bar(console(stderr=True), "training", STEPS) as tell:
        model = train_replies(rows, tell)
    for name, value in model.card["figures"]["question unknown"]["all"].items():
        click.echo(f"{name:34} {value:.3f}")
    if learn:
        settings = _settings(ctx)
        present = classifying.reply_model(settings.classifier.replies if settings else None)
        _compare(retraining.compare_replies(present, model), out, force=force)
    replace(model, card=completed(model.card, said)).save(out)
    click.echo(f"{out} is written; [classifier] replies = … lets it judge.")


def _compare(comparison: Comparison, out: Path, *, force: bool) -> None:
    """Tell how a new model compares with the present one; raises UserError if it is worse."""
    click.echo(f"On {comparison.basis}:")
    for name, value in comparison.new.items():
        before = f"{comparison.present[name]:.3f}" if name in comparison.present else "unknown"
        click.echo(f"  {name:32} {value:.3f}, the present model {before}")
    if comparison.worse and not force:
        worse = ", ".join(comparison.worse)
        raise UserError(f"the new model is worse in: {worse}; {out} is not written without --force")


@classifier.command(short_help="Hold the classifier against labelled messages")
@click.option("--data", "paths", type=FILE, multiple=True, required=True, help="Labelled messages.")
@click.option("--model", type=FILE, help="Another model than the one that came with inboxd.")
@REPLIES
@TIER
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of lines.")
def evaluate(
    paths: tuple[Path, ...], model: Path | None, *, replies: bool, tier: str | None, as_json: bool
) -> None:
    """
    Hold the classifier against labelled messages that it has not seen.

    What a line does not say is not measured. Intervals are of 1,000 bootstrap samples of ideas.
    """
    result = _evaluate_replies(paths, model) if replies else _evaluate(paths, model, tier)
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=1, ensure_ascii=False))
        return
    click.echo(f"{'':18} precision  recall    F1  calibration error    rows")
    for part, scores in result.scores.items():
        click.echo(part)
        for score in scores:
            numbers = f"{score.precision:9.3f} {score.recall:7.3f} {score.f1:5.3f}"
            error = "" if score.calibration_error is None else f"{score.calibration_error:.3f}"
            click.echo(f"  {score.label:16} {numbers} {error:>18} {score.rows:7}")
    for name, measure in result.headline.items():
        low, high = measure.interval()
        click.echo(f"{name:34} {measure.value:.3f} ({low:.3f}-{high:.3f})")


def _evaluate(paths: tuple[Path, ...], model: Path | None, tier: str | None) -> Evaluation:
    from inboxd.classify import compact, evaluation
    from inboxd.classify.rows import read_rows

    rows = read_rows(paths)
    weights = _shipped_or(model, tier or "compact")
    if known := sum(evaluation.learnt_from(rows, weights)):
        click.echo(f"The model has learnt from {known} of {len(rows)} messages.", err=True)
    verdicts = compact.CompactClassifier(weights).classify([row.text for row in rows])
    return evaluation.evaluate(rows, verdicts)


def _evaluate_replies(paths: tuple[Path, ...], model: Path | None) -> Evaluation:
    from inboxd import classify as classifying
    from inboxd.classify import compact, replies, reply_evaluation
    from inboxd.classify.reply_rows import read_reply_rows

    rows = read_reply_rows(paths)
    weights = compact.Model.load(model or classifying.SHIPPED_FOR_REPLIES, replies.FLAGS)
    judge = replies.CompactReplyJudge(weights, classifying.load())
    verdicts = judge.judge([classifying.Reply(row.text, question=row.question) for row in rows])
    return reply_evaluation.evaluate_replies(rows, verdicts)


@classifier.command(short_help="Judge anew what was judged by other rules")
@click.option("--since", "back", help="Only what was sent within this time, such as 30d.")
@click.pass_obj
def rejudge(config: Path, back: str | None) -> None:
    """
    Judge anew what another model, or other words of your own, have judged.

    What people corrected stays as they said. Policies and due times follow the new verdicts, so
    what has become a complaint may be due at once. If it is interrupted, the next run goes on.
    """
    from inboxd import classify as classifying
    from inboxd.clock import SystemClock
    from inboxd.pipeline import Pipeline
    from inboxd.terminal import console
    from inboxd.terminal.progress import step_bar
    from inboxd.workers.rejudging import rejudge as judge_anew

    since = _ago(back)
    with opened_store(config) as (store, settings):
        chosen = classifying.configured(settings, _warn)
        total = store.messages.count_judged_otherwise(chosen.name, since)
        done, changed, pipeline = 0, 0, Pipeline(store, settings.rules)
        with step_bar(console(stderr=True), "judging", -(-total // chosen.batch)) as tell:
            for batch in judge_anew(store, pipeline, chosen, SystemClock(), since):
                done, changed = done + batch.messages, changed + batch.changed
                tell(f"{done} of {max(done, total)}")
    click.echo(f"{done} messages were judged anew by {chosen.name}; {changed} changed their kind.")


def _ago(back: str | None) -> datetime | None:
    """Return the instant *back* ago, None where nothing is said."""
    from inboxd.durations import parse_duration

    try:
        return present() - parse_duration(back) if back else None
    except (ValueError, OverflowError) as error:
        raise UserError(f"--since: {error}") from None


def _classifier(ctx: click.Context, tier: str | None) -> Classifier:
    """Return the configured classifier; where there is no configuration, inboxd's own."""
    from inboxd import classify as classifying

    settings = _settings(ctx)
    if settings and tier in (None, settings.classifier.tier):
        return classifying.configured(settings, _warn)
    return classifying.of_tier(tier, tell=_warn)


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _settings(ctx: click.Context) -> Settings | None:
    """Return the configuration, None where there is none and none was asked for."""
    default = click.core.ParameterSource.DEFAULT
    asked_for = ctx.find_root().get_parameter_source("config") is not default
    config: Path = ctx.obj
    return load_without_networks(config) if asked_for or config.exists() else None
