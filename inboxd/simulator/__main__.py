"""`python -m inboxd.simulator`: the simulated world by itself, to try a daemon against by hand."""

from __future__ import annotations

import argparse
import asyncio
import signal
from datetime import UTC, datetime, timedelta

from inboxd.simulator import configuration
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.scenario import working_day
from inboxd.simulator.server import Options, Simulator

_SERVERS = (*NETWORKS, "slack", "smtp")


def main() -> None:
    """Start every server, print how to reach it, and serve until Ctrl-C or SIGTERM."""
    asyncio.run(_serve(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inboxd.simulator", description=__doc__)
    for name in _SERVERS:
        parser.add_argument(f"--{name}-port", type=int, default=0, help="default: a free one")
    parser.add_argument("--seed", type=int, default=1, help="which world (default: 1)")
    parser.add_argument(
        "--speed",
        type=float,
        default=60.0,
        help="how fast its working day passes (default: 60); from 4 on answers seem a machine's",
    )
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    """Serve in real time while the day, begun now, passes *speed* times as fast."""
    begun = _now()
    day = working_day(arguments.seed, begun.date(), UTC).starting(begun, arguments.speed)
    ports = {name: getattr(arguments, f"{name}_port") for name in _SERVERS}
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(day.new_world(), now=_now, options=Options(ports=ports)) as simulator:
        print(configuration.instructions(simulator), flush=True)  # noqa: T201 - what the command is for
        play = asyncio.create_task(day.play(simulator.world, _sleep_until, faults=simulator.faults))
        await stop.wait()
        play.cancel()
        await asyncio.gather(play, return_exceptions=True)


def _now() -> datetime:
    # The simulator shares no code with inboxd, inboxd.clock included.
    return datetime.now(UTC)  # noqa: TID251


async def _sleep_until(at: datetime) -> None:
    left = at - _now()
    if left > timedelta(0):
        await asyncio.sleep(left.total_seconds())  # noqa: TID251 - as above


if __name__ == "__main__":
    main()
