"""Stand-ins for what is outside."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.layers import BaseChannelLayer


class HungLayer(BaseChannelLayer):  # type: ignore[misc]
    """A channel layer whose server takes the message and never answers; ``asked`` counts."""

    def __init__(self, **_config: Any) -> None:
        super().__init__()
        self.asked = 0

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.asked += 1
        await asyncio.Event().wait()
