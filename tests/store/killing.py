"""Small programs on a database, which are killed in the middle of what they do."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

PROGRAM = (sys.executable, "-c")


def killed(script: str, delay: float) -> None:
    """Run a program that says when it begins, and kill it *delay* seconds later."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, textwrap.dedent(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    assert process.returncode in {-signal.SIGKILL, 0}, "it failed before it could be killed"


def ran(script: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
