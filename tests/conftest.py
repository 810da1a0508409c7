"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes tells of the machine, and of who else works there; what must be quick
# has a test that measures it. All else stays as it is, what Hypothesis does in a CI included.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
