"""
Takes the picture of the inbox that the README shows, from a day of the demo that was kept.

``inboxd demo --keep build/demo`` and then
``python -m tests.tui.picture build/demo docs/images/inbox.svg``.
"""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from inboxd import plugins
from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.store import DaemonLock
from inboxd.tui.app import InboxApp
from inboxd.tui.session import opened

_MOMENT = datetime(2026, 9, 16, 15, 20, tzinfo=ZoneInfo("Europe/Kyiv"))
_SIZE = (132, 34)
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""They would be fetched from elsewhere; any monospaced font will do."""


async def _picture(folder: Path) -> str:
    settings = load(folder / "config.toml", plugins.networks_unloaded(), secrets=False)
    # As on any day, a daemon is at work.
    daemon = DaemonLock(settings.general.database)
    daemon.acquire()
    with opened(settings, "you", ManualClock(_MOMENT)) as session:
        app = InboxApp(session)
        async with app.run_test(size=_SIZE) as pilot:
            await pilot.press("down", "down")
            await app.workers.wait_for_complete()
            await pilot.pause(0.5)
            return _FONTS.sub("", app.export_screenshot(title="inboxd tui"))


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(asyncio.run(_picture(Path(sys.argv[1]))), encoding="utf-8")
