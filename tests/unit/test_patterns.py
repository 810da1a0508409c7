"""Promises about the regular expressions of a configuration."""

from __future__ import annotations

import time

import pytest

from inboxd.patterns import MOST_RANGING, SEARCHED, finds, parse_pattern

FINE = [
    "^Thank you for writing",
    r"^(?:Thanks?|Thank\s+you)[ ,!]+\s*we\s+answer within \d+ hours?",
    "(?i)автоматичне повідомлення",
    r"our hours are .* to .*\.$",
    r"^[A-Z]{2}\d{4,12}: received$",
    "(?:ha){2,3}!",
]
HOPELESS = [
    r"(a+)+$",
    r"^(\w+\s?)*$x",
    r"(?:x|xx)+y",
    r"(?:(?:ab)?c)+d",
    r"(?=(a*)*b)c",
    r"(?:a{1,9}){1,9}b",
    r"(a??){99}b",
    r".*a.*b.*c",
]


@pytest.mark.parametrize("written", FINE)
def test_what_people_write_of_their_automatic_texts_is_taken(written: str) -> None:
    """Alternatives, optional letters, gaps and numbers are what such texts need."""
    assert parse_pattern(written).pattern == written


@pytest.mark.parametrize("written", HOPELESS)
def test_what_would_search_for_ever_is_refused(written: str) -> None:
    """Nothing runs while Python searches: one long text of ours would stop the daemon."""
    with pytest.raises(ValueError, match="for ever"):
        parse_pattern(written)


@pytest.mark.parametrize("written", ["", ".*", "a?", "^", "x*$"])
def test_what_fits_every_text_is_refused(written: str) -> None:
    """No answer would stop a clock any more."""
    with pytest.raises(ValueError, match="fits every text"):
        parse_pattern(written)


@pytest.mark.parametrize("written", ["(", "a{99999999999}", "[[a]", "(" * 999 + ")" * 999, r"\1"])
def test_what_is_no_expression_is_refused(written: str) -> None:
    """Whatever Python says of it, and it is never taken for our bug."""
    with pytest.raises(ValueError, match=r"is no regular expression|fits every text"):
        parse_pattern(written)


def test_the_worst_that_is_taken_ends_soon() -> None:
    """A text of a megabyte that just does not fit is given up within a few seconds."""
    pattern = parse_pattern(r".*a" * MOST_RANGING + r"\s+\d*c")
    begun = time.perf_counter()
    assert not finds(pattern, "a" * 1_000_000)
    assert time.perf_counter() - begun < 10


def test_the_beginning_of_a_text_is_searched() -> None:
    """What stands behind it is not looked at."""
    assert finds(parse_pattern("receipt"), "x" * (SEARCHED - 7) + "receipt")
    assert not finds(parse_pattern("receipt"), "x" * SEARCHED + "receipt")
