"""What can be made to go wrong with the double, at random from a seed or by a script."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

Fault: TypeAlias = str  # one of KINDS, with ":seconds" or ":status" where it takes one
KINDS = {
    "ok": "nothing goes wrong",
    "slow": "the answer comes so many seconds late",
    "error": "500, and nothing was done",
    "lost": "it was done, and the answer is 500",
    "drop": "it was done, and the connection breaks in the middle of the answer",
    "hang": "it was done, and no answer ever comes",
    "refuse": "so many seconds of Retry-After with a 429; nothing was done",
    "html": "502 of a proxy, a page; nothing was done",
    "busy": "503 of a proxy that limits requests, a page; nothing was done",
}


@dataclass(slots=True)
class Faults:
    """Shares are of 1 and of the requests whose path starts with ``only``; seeded.

    Args:
        script: taken one by one before any share counts: ``["error", "ok", "slow:0.2"]``.
        lie_about_duplicates: every template is answered as registered before, and not stored.
        item_error: every template gets this for an answer, and is not stored.
        ws_broken: frames of 32 bytes and more from a client's websocket are lost, as in Zeal
            without ``WS_NO_BUFFER_UTIL=1``.
        ws_refused: the live port refuses every WebSocket, as some proxies do.
        deaf: what a client of the live socket says is not heard.
        break_at: 500 for a trace event or hop with this text, each time; what stands before it in
            its request is stored; empty: never.
        socket_drop_after: a live connection breaks, in the middle of a frame, after so many
            events from its client; 0: never.
        socket_drop_at: a live connection breaks when a frame with this text comes; empty: never.
    """

    slow_seconds: float = 0
    error_share: float = 0
    lost_share: float = 0
    drop_share: float = 0
    hang_share: float = 0
    only: str = "/api/"
    seed: int = 0
    script: deque[Fault] = field(default_factory=deque)
    lie_about_duplicates: bool = False
    item_error: str = ""
    ws_broken: bool = False
    ws_refused: bool = False
    deaf: bool = False
    break_at: str = ""
    socket_drop_after: int = 0
    socket_drop_at: str = ""
    _random: Random | None = None

    def breaks_at(self, document: object) -> bool:
        return bool(self.break_at) and self.break_at in json.dumps(document)

    def next(self, path: str) -> Fault:
        """What goes wrong with the next request."""
        if not path.startswith(self.only):
            return "ok"
        if self.script:
            return self.script.popleft()
        if self._random is None:
            self._random = Random(self.seed)  # noqa: S311 -- faults, the same each time
        drawn = self._random.random()
        for kind in ("error", "lost", "drop", "hang"):
            drawn -= float(getattr(self, f"{kind}_share"))
            if drawn < 0:
                return kind
        return f"slow:{self.slow_seconds}" if self.slow_seconds else "ok"
