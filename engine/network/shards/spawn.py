"""The processes of one run, and the socket pairs between each two of them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from itertools import combinations
from typing import TypeAlias

Process: TypeAlias = "subprocess.Popen[bytes]"  # not asyncio's, which waits in a thread for each

CHILD = "engine.network.shards.child"
LOOK_S = 0.002  # between two looks at a process that is about to end


def spawn(processes: int) -> tuple[list[Process], dict[int, socket.socket]]:
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
            started.append(_start(index, mine))
    except BaseException:
        for process in started:
            process.kill()
            process.wait()
        for index in range(1, processes):
            ends[0, index].close()
        raise
    finally:
        for (one, _), end in ends.items():
            if one != 0:
                end.close()
    return started, {index: ends[0, index] for index in range(1, processes)}


def _start(index: int, ends: dict[int, socket.socket]) -> Process:
    fds = {other: end.fileno() for other, end in ends.items()}
    arguments = [f"{other}:{fd}" for other, fd in fds.items()]
    # What is imported does not depend on the folder it is started in: -P.
    return subprocess.Popen(  # noqa: S603 -- ourselves
        [sys.executable, "-P", "-m", CHILD, str(index), *arguments],
        stdin=subprocess.DEVNULL,
        pass_fds=tuple(fds.values()),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
    )


async def ended(process: Process) -> int:
    """The exit code of a process that has closed its sockets, and so is about to end."""
    while (code := process.poll()) is None:  # noqa: ASYNC110 -- the system has no event for it
        await asyncio.sleep(LOOK_S)
    return code
