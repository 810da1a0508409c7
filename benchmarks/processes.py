"""What the kernel says of other processes: their memory and their time."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the running *command*; it is told to stop when the block ends."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def done(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run *command* to its end, which must be a good one."""
    subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=os.environ | environment, check=True, capture_output=True
    )


def resident_mb(pid: int) -> float:
    """Return how much memory a process has now, in MB (10^6 bytes)."""
    return _status(pid, "VmRSS") / 1e3 * 1.024


def peak_mb(pid: int) -> float:
    """Return the most memory that a process ever had, in MB."""
    return _status(pid, "VmHWM") / 1e3 * 1.024


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return _status(pid, "Threads")


def files(pid: int) -> int:
    """Return how many files and connections a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def cpu_seconds(pid: int) -> float:
    """Return how much time a process has spent on any core."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
