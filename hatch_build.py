"""What goes into the wheel beside the program: some of it is made when it is built."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPLETIONS = {
    "bash": "bash-completion/completions/inboxd",
    "zsh": "zsh/site-functions/_inboxd",
    "fish": "fish/vendor_completions.d/inboxd.fish",
}
"""Where below share/ each shell looks for what completes a command."""
_PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "config.example.toml",
    "data/GUIDELINE.md",
    # The ports, which the page on adding a network shows.
    "inboxd/connector.py",
    "inboxd/public.py",
)
"""What documents beside docs/."""


class ShareHook(BuildHookInterface):
    """Adds what belongs into share/: manual page, completion, documentation, units, an example."""

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Make what is made, and name all of it by where it goes."""
        root = Path(self.root)
        self._made = TemporaryDirectory()
        for name, text in _made(root).items():
            path = Path(self._made.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(path)] = f"share/{name}"
        for path in _shipped(root):
            name = path.relative_to(root).as_posix()
            build_data["shared_data"][str(path)] = f"share/doc/inboxd/{name}"

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Leave nothing behind."""
        self._made.cleanup()


def _made(root: Path) -> dict[str, str]:
    """Return the files that the program itself knows how to write, by their place below share/."""
    sys.path.insert(0, str(root))
    try:
        from inboxd.cli.completing import script
        from inboxd.cli.manual import page
        from inboxd.clock import SystemClock
    finally:
        sys.path.remove(str(root))
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    day = datetime.fromtimestamp(int(epoch), UTC) if epoch else SystemClock().now()
    completions = {path: script(shell) for shell, path in _COMPLETIONS.items()}
    return {"man/man1/inboxd.1": page(day.date()), **completions}


def _shipped(root: Path) -> Iterator[Path]:
    """Yield what is in the repository for whoever installs: it keeps its place, so that links hold."""
    yield from (root / name for name in _PAGES)
    for pattern in ("docs/**/*", "systemd/**/*", "deploy/**/*"):
        # What builds the documentation is no documentation, and Python leaves its .pyc beside it.
        found = (path for path in root.glob(pattern) if not path.suffix.startswith(".py"))
        yield from sorted(path for path in found if path.is_file())
