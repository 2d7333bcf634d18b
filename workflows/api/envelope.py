"""The envelope of Reflow's answers, and the one shape of every error."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.errors import Problem


def now_ms() -> int:
    """Milliseconds since the epoch, by this machine's clock."""
    return time.time_ns() // 1_000_000


def success(data: Any) -> dict[str, Any]:
    return {"success": True, "data": data, "timestamp": now_ms()}


def failure(error: str, code: str, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """An error: a text for people, a stable code for programs, every problem of the input."""
    return {
        "success": False,
        "error": error,
        "timestamp": now_ms(),
        "code": code,
        "problems": [asdict(problem) for problem in problems],
    }
