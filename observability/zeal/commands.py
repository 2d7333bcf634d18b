"""What Zeal says on its live socket, as values; nothing in it is trusted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ECHOED = ("execution.started", "workflow.published", "workflow.unpublished")


def is_wanted(name: str, payload: Any) -> bool:
    """Whether somebody has to look at it: most of what comes are echoes of what runtimes sent."""
    if name != "zip.event":
        return name not in ("update.acknowledged", "visual.state.update", "stream.frame.parsed")
    if not isinstance(payload, Mapping) or payload.get("type") not in ECHOED:
        return False
    return payload["type"] != "execution.started" or "trigger" in payload
