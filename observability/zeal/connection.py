"""What a session needs of its live socket, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observability.zeal.live import LiveProfile
    from observability.zeal.wire import JsonObject

Said: TypeAlias = tuple[str, Any]  # an event's name and what it holds


class Connection(Protocol):
    """An open socket. Once it breaks, every call raises SocketError.

    ``acknowledges`` says whether Zeal answers each event, and lets nobody send who has not asked
    for a workflow. Without it, ``send`` returns when the other side has everything.
    """

    acknowledges: bool
    profile: LiveProfile
    max_bytes: int  # of a frame

    def frame(self, event: JsonObject) -> str: ...

    async def send(self, frames: Sequence[str]) -> None: ...

    async def ask(self, workflow_id: str) -> None: ...

    async def receive(self) -> Said: ...

    async def close(self) -> None: ...
