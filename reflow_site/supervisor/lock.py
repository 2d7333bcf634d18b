"""One supervisor a folder: a lock that the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyRunningError(Exception):
    """Another supervisor has the folder."""

    def __init__(self, folder: Path, pid: int, url: str) -> None:
        self.pid = pid
        self.url = url
        where = f" at {url} (process {pid})" if pid else ""
        super().__init__(
            f"Reflow already runs in {folder}{where}. Stop that one, or give this one a folder"
            " of its own: REFLOW_VAR=/another/folder"
        )


@contextmanager
def sole_owner(folder: Path, url: str) -> Iterator[None]:
    """Hold the folder while the block runs; its holder's pid and URL stand in ``up.lock``.

    Raises:
        AlreadyRunningError: somebody else holds it.
    """
    with (folder / "up.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyRunningError(folder, *_holder(file.read())) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "url": url}))
        file.flush()
        yield


def _holder(text: str) -> tuple[int, str]:
    try:
        holder = json.loads(text)
        return int(holder["pid"]), str(holder["url"])
    except (ValueError, TypeError, KeyError):  # it took the lock a moment ago
        return 0, ""
