"""What a daemon tells of itself, as a monitor asks for it."""

from __future__ import annotations

import socket
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Scrape:
    """All samples of one answer."""

    samples: Sequence[tuple[str, dict[str, str], float]]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of all samples called *name* that have these labels."""
        return sum(
            value
            for each, its, value in self.samples
            if each == name and labels.items() <= its.items()
        )


@dataclass(frozen=True, slots=True)
class Monitored:
    """The address at which a daemon answers; *config* has it listen there."""

    port: int

    @property
    def config(self) -> str:
        """Return the table of the configuration."""
        return f'\n[http]\nlisten = "127.0.0.1:{self.port}"\n'

    def scrape(self) -> Scrape:
        """Ask, and again while nobody answers yet."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._asked()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def _asked(self) -> Scrape:
        address = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(address, timeout=20) as answer:
            text = answer.read().decode()
        families = text_string_to_metric_families(text)
        return Scrape(
            [(each.name, each.labels, each.value) for f in families for each in f.samples]
        )


def monitored() -> Monitored:
    """Return an address that nobody else listens at."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return Monitored(found.getsockname()[1])
