"""Promises about what arguments of commands are where nobody gives them."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, NoReturn

from inboxd.cli.parameters import system_user

if TYPE_CHECKING:
    import pytest


def _nobody(_: int) -> NoReturn:
    raise KeyError("uid not found")


def test_a_user_without_a_name_goes_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a number that no file knows; who did something is written down then, too."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", _nobody)

    assert system_user() == str(os.getuid())
