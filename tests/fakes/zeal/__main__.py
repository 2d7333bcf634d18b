"""``python -m tests.fakes.zeal``: the double as a process; its first line says where it is."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tests.fakes.zeal.server import FakeZeal


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.zeal", description=__doc__)
    parser.add_argument("--mode", choices=("shipped", "intended", "seed"), default="shipped")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--socket-port", type=int, default=0, help="of the live socket")
    parser.add_argument("--raw", action="store_true", help="serve raw frames on /ws/zip")
    parser.add_argument("--record", type=Path, help="a file for all that arrives, JSON lines")
    return parser.parse_args(given)


async def serve(arguments: argparse.Namespace) -> None:
    zeal = FakeZeal(
        arguments.mode,
        port=arguments.port,
        socket_port=arguments.socket_port,
        raw=arguments.raw or None,
        record=arguments.record,
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    async with zeal:
        sys.stdout.write(f"{zeal.url}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(_arguments(sys.argv[1:])))
