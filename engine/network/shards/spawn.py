"""The processes of one run, and the socket pairs between each two of them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process

CHILD = "engine.network.shards.child"


async def spawn(processes: int) -> tuple[list[Process], dict[int, socket.socket]]:
    """Start all processes but this one, which is process 0.

    Returns:
        The children in order, and a socket to each; each has one to each other too.
    """
    ends: dict[tuple[int, int], socket.socket] = {}
    for one, other in combinations(range(processes), 2):
        ends[one, other], ends[other, one] = socket.socketpair()
    started: list[Process] = []
    try:
        for index in range(1, processes):
            mine = {other: ends[index, other] for other in range(processes) if other != index}
            started.append(await _start(index, mine))
    except BaseException:
        for process in started:
            process.kill()
        for index in range(1, processes):
            ends[0, index].close()
        raise
    finally:
        for (one, _), end in ends.items():
            if one != 0:
                end.close()
    return started, {index: ends[0, index] for index in range(1, processes)}


async def _start(index: int, ends: dict[int, socket.socket]) -> Process:
    fds = {other: end.fileno() for other, end in ends.items()}
    arguments = [f"{other}:{fd}" for other, fd in fds.items()]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # what is imported does not depend on the folder it is started in
        "-m",
        CHILD,
        str(index),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=tuple(fds.values()),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
    )
