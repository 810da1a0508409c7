"""A browser without a window, as far as this machine has one: what it makes of pages of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_PATIENCE_SECONDS = 120
_MEASURE = (Path(__file__).parent / "measure.html").read_text(encoding="utf-8")


def measured(pages: Mapping[str, str], profile: Path, *, dark: bool) -> dict[str, Any]:
    """
    Return what a browser finds on *pages*, each 360 and 1,280 pixels wide.

    ``found`` is by page and width what ``measure.html`` looks for, ``asked`` which paths were
    requested, and ``said`` the lines of the console.
    """
    assert BROWSER is not None
    asked: list[str] = []
    files = {"/": _MEASURE.replace("PAGES", json.dumps(list(pages)))}
    files |= {f"/{name}": page for name, page in pages.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = files.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        run = subprocess.run(  # noqa: S603 - our own arguments
            [
                BROWSER,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
                "--disable-breakpad",
                "--enable-logging=stderr",
                f"--user-data-dir={profile}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                "--window-size=1400,1000",
                "--virtual-time-budget=20000",
                "--dump-dom",
                f"http://127.0.0.1:{server.server_port}/",
            ],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=True,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    told = run.stdout.partition('<script type="application/json" id="found">')[2]
    found = json.loads(told.partition("</script>")[0])
    said = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return {"found": found, "asked": asked, "said": said}
