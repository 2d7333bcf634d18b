"""A session with the double, and runs to tell it of."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from observability.zeal.config import ZealConfig
from observability.zeal.live import LiveRun
from observability.zeal.traces import StoredEvent
from observability.zeal.zip_session import Patience, ZipSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tests.fakes.zeal import FakeZeal
    from workflows.zeal.connections import ZealConnections

SECONDS = 10
QUICK = Patience(auth=1, answer=2, wait=5, flush=2, follow=0.05, first=0.01, longest=0.05)
AT_MS = 1_795_295_906_967


@dataclass
class Ears:
    """An inbound that only listens."""

    heard: list[tuple[str, Any]] = field(default_factory=list)

    async def command(self, name: str, payload: Any) -> Sequence[dict[str, Any]]:
        self.heard.append((name, payload))
        return ()


def config_of(zeal: FakeZeal, **more: Any) -> ZealConfig:
    return ZealConfig(zeal.url, node_id="reflow-1", timeout=5, handshake=2, **more)


@asynccontextmanager
async def session_with(
    config: ZealConfig, inbound: Any = None, patience: Patience = QUICK
) -> AsyncIterator[ZipSession]:
    session = ZipSession(config, inbound or Ears(), patience=patience)
    running = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(done: Callable[[], Any]) -> None:
    """Wait for a condition, not for a time."""
    async with asyncio.timeout(SECONDS):
        while not done():  # noqa: ASYNC110 -- what is waited for is in the double
            await asyncio.sleep(0.005)


def run_of(
    workflow_id: str, connections: ZealConnections | None = None, session_id: str = "exec_1"
) -> LiveRun:
    return LiveRun(UUID(int=1), session_id, workflow_id, "Sample sum", connections)


def stored(seq: int, type: str, node: str = "", **data: Any) -> StoredEvent:  # noqa: A002 -- ours
    return StoredEvent(seq, type, node, AT_MS + seq, data)


def completed(seq: int, node: str = "n1") -> StoredEvent:
    return stored(
        seq, "ActorCompleted", node, duration_ms=1.5, output_size=8, output_connections=[]
    )
