"""Stand-ins for what is outside."""

from __future__ import annotations

from typing import Any

from channels.layers import BaseChannelLayer


class DeadLayer(BaseChannelLayer):  # type: ignore[misc]
    """A channel layer whose server is gone."""

    def __init__(self, **_config: Any) -> None:
        super().__init__()

    async def new_channel(self, prefix: str = "specific") -> str:
        raise ConnectionError("no server")

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        raise ConnectionError("no server")
