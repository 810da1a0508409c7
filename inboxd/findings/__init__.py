"""
What is well and what needs a person: one line each.

Nothing here loads a connector, a sink or a classifier, so that a terminal may ask at any time.
"""

from inboxd.findings.finding import TITLES, Code, Finding, Health
from inboxd.findings.stored import (
    allowance,
    allowance_in_words,
    delivery,
    gap_in_words,
    gaps,
    quarantine,
    rival,
    rival_allowance,
    source,
)

__all__ = [
    "TITLES",
    "Code",
    "Finding",
    "Health",
    "allowance",
    "allowance_in_words",
    "delivery",
    "gap_in_words",
    "gaps",
    "quarantine",
    "rival",
    "rival_allowance",
    "source",
]
