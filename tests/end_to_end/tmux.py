"""A real terminal: tmux with a server of its own, which ends with the test."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.shop import PROGRAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.end_to_end.shop import Shop

_LOOKS, _PAUSE_SECONDS = 800, 0.05
"""How often, and how long apart, it is looked for what should be seen within a few seconds."""
INSTALLED = shutil.which("tmux") is not None


class Terminal:
    """One window of *columns* × *lines* in which a program runs."""

    def __init__(self, socket: Path, columns: int, lines: int) -> None:
        self._socket = socket
        self._size = (columns, lines)

    async def open(self, shop: Shop, *arguments: str) -> None:
        """Start the program with the shop's configuration."""
        command = shlex.join([*PROGRAM, "-c", str(shop.config), *arguments])
        # What it says once the screen is gone stays to be read.
        await self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(self._size[0]), "-y",
            str(self._size[1]), f"{command}; echo exit $?; sleep 1000",
        )  # fmt: skip

    async def press(self, *keys: str) -> None:
        """Press keys by their names, one after the other: ``Enter``, ``C-s``, ``r``."""
        await self._tmux("send-keys", *keys)

    async def type(self, text: str) -> None:
        """Type *text* as it stands."""
        await self._tmux("send-keys", "-l", text)

    async def screen(self) -> str:
        """Return what is to be seen."""
        return await self._tmux("capture-pane", "-p")

    async def shows(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until *wanted* is to be seen, or holds of the screen; returns the whole screen."""
        for _ in range(_LOOKS):
            screen = await self.screen()
            if wanted in screen if isinstance(wanted, str) else wanted(screen):
                return screen
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{wanted} is not to be seen:\n{screen}")

    async def close(self) -> None:
        """End the program and the terminal."""
        await self._tmux("kill-server")

    async def _tmux(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux", "-S", str(self._socket), "-u", *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()


@asynccontextmanager
async def terminal(columns: int = 120, lines: int = 40) -> AsyncIterator[Terminal]:
    """Yield a terminal that is closed at the end, whatever runs in it."""
    # A test's own folder may have a longer name than sockets can have.
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        made = Terminal(Path(folder) / "tmux", columns, lines)
        try:
            yield made
        finally:
            await made.close()
