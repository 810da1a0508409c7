"""The command that says how well the shop answers, in whatever form it is wanted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inboxd.cli import completing
from inboxd.cli.group import main
from inboxd.cli.opening import opened_store, present, sender_note
from inboxd.cli.parameters import WORDS, narrowing, or_stdout, refuse_unknown
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.core.scorecard.basis import Basis
    from inboxd.core.scorecard.model import Period, Scorecard
    from inboxd.core.scorecard.selecting import Filters
    from inboxd.report.material import Material
    from inboxd.store import Store

    Conditions = dict[str, tuple[str, ...]]

_UNKNOWN = "unknown"
_BY_SUFFIX = {
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".json": "json",
    ".csv": "csv",
    ".txt": "text",
}
_FORMS = tuple(dict.fromkeys(["text", *_BY_SUFFIX.values()]))
_COLUMNS = 100
"""How wide the text is where no terminal is."""


@main.command(short_help="Say how well the shop answers, beside what others reach")
@click.option(
    "--period",
    default="30d",
    show_default=True,
    help="Which days: 7d, today, last-week, last-month, 2026-11, 2026-W47, 2026-Q3, 2026, 2026-11-01..2026-11-15.",
)
@click.option("--compare", type=click.Choice(["previous"]), help="Beside it, the period before.")
@narrowing(_UNKNOWN)
@click.option("--staff", type=WORDS, multiple=True, help="Who answered, as the network calls them.")
@click.option("--hours", type=WORDS, multiple=True, help="Of the week: mon-fri 9-18, sat, 18-24.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    help="By default what --output ends with, or text.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    callback=or_stdout,
    help="A file for it, mode 0600.",
)
@click.option(
    "--send",
    metavar="NAME",
    type=WORDS,
    shell_complete=completing.reports,
    help="Send this one of [[reports]] now, as a trial, to whom it goes.",
)
@click.pass_obj
def report(  # noqa: PLR0913 - an option each
    config: Path,
    /,
    period: str,
    compare: str | None,
    *,
    form: str | None,
    output: Path | None,
    send: str | None,
    public: bool | None,
    **conditions: tuple[str, ...],
) -> None:
    """
    Say how well the shop answers: how many, how fast, how well, and what customers complain of.

    Of several values of one option one is enough, of several options all must hold. Figures of past
    days change while customers are answered: a contact counts for the day on which it began.
    """
    if send is not None:
        _refuse_beside_send()
        _send(config, send)
        return
    filters = _filters(conditions, public=public)
    material = _material(config, period, filters, output, compares=compare is not None)
    form = form or _form_of(output)
    _write(material.scorecard(), form, output)


def _refuse_beside_send() -> None:
    """Raise UserError for an option that a report has by its configuration."""
    from click.core import ParameterSource

    ctx = click.get_current_context()
    for name in ctx.params:
        source = ctx.get_parameter_source(name)
        if name != "send" and source is ParameterSource.COMMANDLINE:
            option = {"form": "format"}.get(name, name)
            raise UserError(f"--{option} does not go with --send: what is sent is configured")


def _send(config: Path, name: str) -> None:
    """Queue a report as if it were due now, and say when it goes out."""
    from inboxd.core.scorecard.basis import Basis
    from inboxd.plan import fingerprint
    from inboxd.workers.reports import periods_of, queue, trial, write

    now = present()
    with opened_store(config) as (store, settings):
        named = {each.name: each for each in settings.reports}
        refuse_unknown([name], "report", named)
        basis = Basis(settings.general.timezone, settings.policies, fingerprint(settings))
        writing = trial(named[name], now)
        _refresh(store, basis, *periods_of(writing, settings))
        written, alert = write(writing, settings, basis, now)
        queue(store, named[name], written, alert)
        database = settings.general.database
    click.echo(f"{written.period} goes to {', '.join(named[name].to)}{sender_note(database)}")


def _material(
    config: Path, text: str, filters: Filters, output: Path | None, *, compares: bool
) -> Material:
    """Return what the report is made of, when the store has taken up what is new."""
    from inboxd.cli.writing import refuse_own
    from inboxd.core.scorecard.basis import Basis
    from inboxd.core.scorecard.periods import parse_period, previous
    from inboxd.plan import fingerprint
    from inboxd.report.material import Request, read

    now = present()
    with opened_store(config) as (store, settings):
        refuse_own(output, config, settings.general.database)
        period = parse_period(text, now, settings.general.timezone)
        basis = Basis(settings.general.timezone, settings.policies, fingerprint(settings))
        _refresh(store, basis, previous(period) if compares else period, period)
        request = Request(period, compares, filters)
        material = read(store, settings, basis, request, now)
    sheets = material.sheets
    refuse_unknown(filters.account, "account", {*sheets.accounts})
    refuse_unknown(filters.network, "network", {*sheets.networks})
    before = material.before.staff.values() if material.before else ()
    names = {*sheets.staff.values(), *before, _UNKNOWN}
    refuse_unknown(filters.staff, "answer in this period by", names)
    return material


def _filters(conditions: Conditions, *, public: bool | None) -> Filters:
    from inboxd.core.scorecard.selecting import Filters
    from inboxd.core.scorecard.weekhours import hours_of

    for text in conditions["hours"]:
        try:
            hours_of(text)
        except ValueError as error:
            raise UserError(str(error)) from None
    return Filters(**conditions, public=public)


def _refresh(store: Store, basis: Basis, first: Period, last: Period) -> None:
    """Let the store take up what is new in these days, and show how far it is if that takes long."""
    from inboxd.terminal import console
    from inboxd.terminal.progress import share_bar

    # An answer of today counts for the day on which the customer began to wait.
    with ExitStack() as shown:
        tell: Callable[[str, float], None] | None = None
        for done, of in store.sheets.refreshing(basis, first.since, last.until):
            if tell is None and done < of:
                tell = shown.enter_context(share_bar(console(stderr=True), "report"))
            if tell:
                tell("counting days", done / of)


def _form_of(output: Path | None) -> str:
    """Return the form that a file's name says; raises UserError for one that there is not."""
    end = Path(output.name.removesuffix(".gz")).suffix.casefold() if output else ""
    if end and end not in _BY_SUFFIX:
        there_are = ", ".join(_BY_SUFFIX)
        raise UserError(f"no form ends with {end}; there are: {there_are}, or say it by --format")
    return _BY_SUFFIX.get(end, "text")


def _write(card: Scorecard, form: str, output: Path | None) -> None:
    from inboxd import report as forms
    from inboxd.cli.writing import destination

    if form == "text" and output is None:
        _show(card)
        return
    written = {
        "text": lambda: forms.as_text(card, _COLUMNS),
        "html": lambda: forms.as_html(card),
        "md": lambda: forms.as_markdown(card),
        "json": lambda: forms.as_json(card),
        "csv": lambda: forms.as_csv(card),
    }[form]()
    with destination(output) as out:
        out.write(written)


def _show(card: Scorecard) -> None:
    """Print the report as wide as the terminal is, with colours if it has and wants any."""
    from inboxd.report import as_text
    from inboxd.terminal import console

    out = console()
    coloured = out.is_terminal and out.color_system is not None and not out.no_color
    width = out.width if out.is_terminal else _COLUMNS
    click.echo(as_text(card, width, coloured=coloured), nl=False, color=coloured)
