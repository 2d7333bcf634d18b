"""Tie a process to its parent: it ends when the parent does, even by kill -9.

Run as a script, ``leash.py PARENT_PID COMMAND ...`` becomes the command. It is a program of its
own because code between fork and exec is not safe beside threads; it imports no package of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
POLL_SECONDS = 1.0


def end_with(parent: int) -> None:
    """Have this process killed when ``parent``, which started it, ends.

    On Linux the kernel does it. Elsewhere a small process of the same group looks once a second.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel knew
            os._exit(1)
    else:
        leashed = os.getpid()
        if os.fork() == 0:
            watch(parent, leashed)


def watch(parent: int, leashed: int) -> None:
    """Kill our process group when ``parent`` is gone; end when ``leashed`` is."""
    while os.getppid() == leashed:
        if not is_alive(parent):
            os.killpg(0, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    os._exit(0)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(arguments: list[str]) -> None:
    end_with(int(arguments[0]))
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 -- the supervisor's own command


if __name__ == "__main__":
    main(sys.argv[1:])
