"""Promises about `inboxd healthy`: a container's health check learns whether the daemon lives."""

from __future__ import annotations

import signal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from inboxd.cli import asking
from inboxd.config import Address
from inboxd.errors import OperatorError
from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.shop import Finished, Shop


def ask(shop: Shop, *options: str) -> Finished:
    return shop.say("healthy", *options)


@pytest.fixture
def stuck() -> Iterator[int]:
    """The port of a server that says it is stuck."""

    class Stuck(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b"stuck\x1b[2J\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Stuck) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


async def test_a_daemon_is_healthy_while_it_answers(shop: Shop, unused_tcp_port: int) -> None:
    """Not before it runs, and not when it hangs."""
    shop.configure(general=f'[http]\nlisten = "127.0.0.1:{unused_tcp_port}"\n')
    refused = ask(shop).expect(1).err
    assert f"nothing answers at 127.0.0.1:{unused_tcp_port}" in refused

    daemon = await shop.daemon()

    await until(lambda: ask(shop).code == 0, "a daemon that lives")
    assert ask(shop).expect(0).out == "ok\n"
    daemon.kill(signal.SIGSTOP)
    assert "timed out" in ask(shop, "--timeout", "0.3").expect(1).err
    daemon.kill(signal.SIGCONT)


def test_a_daemon_that_says_it_is_stuck_is_not_healthy(stuck: int) -> None:
    """Nor does it matter that it listens on every address: it is asked on this machine's own."""
    with pytest.raises(OperatorError, match=r"the daemon at 0\.0\.0\.0:\d+ says: stuck \[2J$"):
        asking._answer(Address("0.0.0.0", stuck), 5.0)  # noqa: S104 - nobody binds it


@pytest.mark.parametrize(
    ("written", "seconds"), [("10s", 10), ("1m", 60), ("0.5", 0.5), ("7", 7), ("0m3s", 3)]
)
def test_patience_is_a_duration_or_seconds(written: str, seconds: float) -> None:
    """As everywhere else, and as it was before."""
    assert asking.PATIENCE.convert(written, None, None) == seconds


@pytest.mark.parametrize("written", ["0", "61", "2m", "soon", "-1s", "inf", "nan", ""])
def test_other_patience_is_refused(shop: Shop, written: str) -> None:
    """With what would be right."""
    assert "write 0.5, 10 or 10s, and at most 60s" in ask(shop, "--timeout", written).expect(2).err


def test_without_an_address_nobody_can_ask(shop: Shop) -> None:
    """That is a configuration to be changed, and not a daemon that died."""
    assert "has no [http]" in ask(shop).expect(2).err
