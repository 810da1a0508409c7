"""
The plots of the page, as SVG that stands in it: no script, no style of its own, no date.

pygal draws them. What it adds for pages that run scripts is taken out, and what it would show on
hovering becomes titles. Colours and fonts are those of the page's style sheet, by class.
"""

from __future__ import annotations

import sys
from math import ceil
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from inboxd.core.scorecard.model import Unit
from inboxd.report.outline import pace
from inboxd.report.words import amount, day_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inboxd.core.scorecard.model import Day

# pygal hooks itself into every import for its old plug-ins, none of which is used here; Python
# before 3.12 warns at whatever import it is asked about.
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, pygal.PluginImportFixer)]

_WIDTH, _HEIGHT = 380, 190
_LABEL_SIZE = 11
_BLIND = "blind"
_MOST_LABELS = 5
_MOST_DOTS = 62
_STEPS = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)
"""Seconds between the lines of a plot of times; beyond, in days."""


def messages(days: Sequence[Day]) -> str:
    """Return a column for each day: complaints, and above them all other messages."""
    most = max((day.messages for day in days), default=0)
    chart = _chart(
        pygal.StackedBar,
        days,
        f"Messages by {pace(days)}",
        "Customers' messages, complaints among them",
    )
    chart.y_labels = _evenly(most, _round_step(most))
    chart.value_formatter = lambda value: f"{value:,.0f}"
    complaints = [_point(day, day.complaints, f"{day.complaints:,} complaints") for day in days]
    others = [
        _point(day, day.messages - day.complaints, f"{day.messages:,} messages") for day in days
    ]
    chart.add("complaints", complaints)
    chart.add("other messages", others)
    return str(chart.render())


def answered(days: Sequence[Day]) -> str:
    """Return a line of the share of customers who were answered."""
    chart = _line(
        days, "Answered", f"Of the customers of each {pace(days)}, the share answered by now"
    )
    chart.range = (0, 1)
    chart.y_labels = [0, 0.25, 0.5, 0.75, 1]
    chart.value_formatter = lambda value: amount(value, Unit.SHARE)
    chart.add("answered", _points(days, lambda day: day.answered, Unit.SHARE))
    return str(chart.render())


def first_response(days: Sequence[Day]) -> str:
    """Return a line of the median first response in business time."""
    known = [day.first_response for day in days if day.first_response is not None]
    most = max(known, default=0.0)
    chart = _line(days, "First response", f"Median of each {pace(days)}, in business time")
    chart.y_labels = _evenly(most, _time_step(most))
    chart.value_formatter = lambda value: amount(value, Unit.OPEN_SECONDS) if value else "0"
    chart.add("first response", _points(days, lambda day: day.first_response, Unit.OPEN_SECONDS))
    return str(chart.render())


def _line(days: Sequence[Day], title: str, about: str) -> Any:  # noqa: ANN401 - pygal has no types
    chart = _chart(pygal.Line, days, title, about)
    chart.allow_interruptions = True
    chart.show_dots = len(days) <= _MOST_DOTS
    chart.dots_size = 2
    return chart


def _chart(kind: Any, days: Sequence[Day], title: str, about: str) -> Any:  # noqa: ANN401 - pygal has no types
    """Return an empty plot over *days*, known in the page by its *title*."""
    every = max(ceil(len(days) / _MOST_LABELS), 1)
    labels = [f"{day.begins.day} {day.begins:%b}" for day in days]
    chart = kind(
        width=_WIDTH,
        height=_HEIGHT,
        margin=2,
        spacing=4,
        js=(),
        css=(),
        style=Style(label_font_size=_LABEL_SIZE, major_label_font_size=_LABEL_SIZE),
        disable_xml_declaration=True,
        show_legend=False,
        title=None,
        x_labels=labels,
        x_labels_major=labels[::every],
        show_minor_x_labels=False,
        truncate_label=-1,
        no_data_text="unknown",
    )
    # Otherwise it is drawn by lot, and the same scorecard would not give the same page.
    chart.uuid = title.casefold().replace(" ", "-")
    chart.add_xml_filter(lambda root: _cleaned(root, title, about))
    return chart


def _points(
    days: Sequence[Day], of: Callable[[Day], float | None], unit: Unit
) -> list[dict[str, Any] | None]:
    return [
        None if (value := of(day)) is None else _point(day, value, amount(value, unit))
        for day in days
    ]


def _point(day: Day, value: float, said: str) -> dict[str, Any]:
    note = "; not all was read" if day.blind else ""
    return {
        "value": value,
        "tooltip": f"{day_in_words(day.begins)}: {said}{note}",
        "label": _BLIND if day.blind else "",
    }


def _cleaned(root: Element, title: str, about: str) -> Element:
    """Return a plot without scripts, styles and remarks, which a screen reader tells as a picture."""
    name = root.get("id", "")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "desc" and child.text == _BLIND:
                parent.set("class", f"{parent.get('class', '')} {_BLIND}")
            if _is_for_scripts(child):
                parent.remove(child)
        parent.attrib.pop("style", None)
    for old in root.findall("title"):
        root.remove(old)
    described = Element("desc", {"id": f"{name}-desc"})
    described.text = about
    root.insert(0, described)
    titled = Element("title", {"id": f"{name}-title"})
    titled.text = title
    root.insert(0, titled)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    return root


def _is_for_scripts(node: Element) -> bool:
    # A comment has a function for its tag.
    tag: object = node.tag
    if not isinstance(tag, str) or tag in {"script", "style", "desc", "defs"}:
        return True
    return "tooltip-overlay" in node.get("class", "")


def _evenly(most: float, step: float) -> list[float]:
    """Return the values at which lines are drawn: from 0 up to *most* or a little beyond."""
    return [step * number for number in range(ceil(most / step) + 1)] if most > 0 else [0, step]


def _round_step(most: float) -> float:
    """Return a step of 1, 2 or 5 (times ten …) of which there are four or five up to *most*."""
    size = 1
    while size * 50 < most:
        size *= 10
    return next((size * step for step in (1, 2, 5, 10) if size * step * 5 >= most), size * 10)


def _time_step(seconds: float) -> float:
    fitting = (step for step in _STEPS if step * 4 >= seconds)
    return next(fitting, ceil(seconds / 4 / 86_400) * 86_400)
