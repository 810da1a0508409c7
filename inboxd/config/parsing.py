"""From a file to what is written in it: the text and the TOML, before anything of it is understood."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from inboxd.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1_048_576
_LONGEST_LINE = 8_192
"""The time tomllib takes for one dotted key grows with the square of its length."""
_PLACE = re.compile(r"(.*) \(at (end of document|line \d+, column \d+)\)", re.DOTALL)


class Unreadable(Exception):
    """The file as a whole is no TOML; nothing in it can be looked at."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(path, text)


def parsed(path: Path) -> dict[str, Any]:
    """Return what is written in *path*; raises Unreadable where that is no TOML."""
    return _parsed(_text(path))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        # An editor's byte order mark is not the user's fault.
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise Unreadable("", "does not exist; copy config.example.toml to begin with") from None
    except IsADirectoryError:
        raise Unreadable("", "is a directory; name the file in it") from None
    except OSError as error:
        why = (error.strerror or "it cannot be opened").lower()
        raise Unreadable("", f"cannot be read: {why}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line}", "is not UTF-8; save the file as UTF-8") from None
    except ValueError:
        raise Unreadable("", "cannot be read: that is no path") from None
    if len(data) > _LARGEST:
        raise Unreadable("", "is larger than 1 MiB; that is no configuration")
    if not text.strip():
        raise Unreadable("", "is empty; copy config.example.toml to begin with")
    return text


def _parsed(text: str) -> dict[str, Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > _LONGEST_LINE:
            raise Unreadable(f"line {number}", f"is {len(line):,} characters long; break it up")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Unreadable("", "is nested too deeply to be read") from None
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.fullmatch(str(error))
        what, place = found.groups() if found else (str(error), "the file")
        where = "the end of the file" if place == "end of document" else place
        raise Unreadable(where, f"is no TOML: {what[:1].lower()}{what[1:]}") from None
    except ValueError:  # Python's own guard against numbers that take minutes to read
        text = "has a number of thousands of digits; nothing here is that large"
        raise Unreadable("", text) from None
