"""A process that runs a part of a network for another: ``python -m engine.network.shards.child``.

Its arguments are its number, and the descriptors of its sockets to the other processes, as
``number:descriptor``. It lives as long as its parent wants, and not longer than its parent lives.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

from engine.network.shards.channel import Channel
from engine.network.shards.coding import Coder
from engine.network.shards.member import Member

if TYPE_CHECKING:
    from collections.abc import Mapping

PARENT = 0
ORPHAN_S = 2.0  # after the parent's end, an actor that does not let go is ended with its process


def main() -> None:
    ends = {int(peer): int(fd) for peer, fd in (item.split(":") for item in sys.argv[2:])}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the parent decides what it means
    lifeline = threading.Thread(target=_end_with, args=(os.dup(ends[PARENT]),), daemon=True)
    lifeline.start()
    hurried = asyncio.run(_run(ends))
    if hurried:  # without waiting for the blocking calls that cannot be interrupted
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _end_with(fd: int) -> None:
    """End this process some time after the other end is gone, whatever the event loop does."""
    poll = select.poll()
    poll.register(fd, 0)  # a hang-up is always told
    poll.poll()
    threading.Event().wait(ORPHAN_S)
    os._exit(1)


async def _run(ends: Mapping[int, int]) -> bool:
    """Live one run; True if it was to end at once."""
    coder = Coder()
    channels: dict[int, Channel] = {}
    member = Member(coder, channels)
    for peer, fd in ends.items():
        end = socket.socket(fileno=fd)
        _, channels[peer] = await asyncio.get_running_loop().create_unix_connection(
            lambda peer=peer: Channel(  # type: ignore[misc]
                coder,
                lambda frame: member.receive(peer, frame),
                lambda: member.lost(peer),
            ),
            sock=end,
        )
    await member.live()
    for channel in channels.values():
        channel.close()
    await channels[PARENT].closed.wait()
    return member.hurried


if __name__ == "__main__":
    main()
