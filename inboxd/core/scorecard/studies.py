"""
What others have measured, to stand beside our figures.

Only what the studies behind inboxd say, with the year in which they were published; of what is
custom and no study there is none. They looked at other channels and shops, which each *caveat*
says: a yardstick, not a target. docs/figures.md says where the years come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.model import Benchmark

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUSSIAN = "study of Russian shops and services"
_RUSSIAN_SAMPLE = "417 Russian shops and services"
_SPROUT = "Sprout Social Index"
_OF_SHOPS = "a share of shops or services, not of contacts"

STUDIES: Final[Mapping[str, tuple[Benchmark, ...]]] = {
    "response_rate": (
        Benchmark(
            0.54,
            "54 % of e-mails got a full answer, 46 % did not",
            "STELLAService",
            "1,125 e-mails to 25 US retailers",
            2012,
            caveat="e-mail; and a full answer is more than the answer that we count",
        ),
        Benchmark(
            0.5,
            "half of e-mails got an answer, 50 % did not",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat="e-mail",
        ),
        Benchmark(
            0.2,
            "about 20 % of B2B services answered a message on VK",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat="B2B services, on VK only",
        ),
        Benchmark(
            0.12,
            "12 % of messages that need an answer got one",
            _SPROUT,
            year=2015,
            caveat="within 72 hours; which messages need one was for them to say, as it is for us",
        ),
    ),
    "within_30m": (
        Benchmark(
            0.32,
            "32 % of customers expect an answer within 30 minutes",
            "Convince & Convert",
            year=2012,
            caveat="what customers expect, not what shops do",
        ),
    ),
    "first_response_mean_wall": (
        Benchmark(
            11 * 3_600,
            "11 hours on average",
            _SPROUT,
            year=2015,
            caveat="whether nights and weekends count was not said",
        ),
    ),
    "first_response_median_wall": (
        Benchmark(
            2 * 3_600,
            "1 to 2 hours by e-mail and on VK",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat="the upper end; whether it is a mean or a median was not said",
        ),
    ),
    "only_next_day": (
        Benchmark(
            1 / 3,
            "a third of answers on Facebook came the next day",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat="Facebook only",
        ),
    ),
    "good_within_1h": (
        Benchmark(
            0.06,
            "6 % of shops were above mark 3 within the hour",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat=_OF_SHOPS,
        ),
        Benchmark(
            0.14,
            "14 % of services were above mark 3 within the hour",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat=_OF_SHOPS,
        ),
    ),
    "deflection_rate": (
        Benchmark(
            1 / 3,
            "a third of answers on VK sent the customer elsewhere",
            _RUSSIAN,
            _RUSSIAN_SAMPLE,
            2016,
            caveat="VK only",
        ),
    ),
    "service_level": (
        Benchmark(
            0.8,
            "the usual service level is 80 % within 20 seconds",
            "call centres",
            caveat="on the phone: compare the share, not the seconds",
        ),
    ),
}
