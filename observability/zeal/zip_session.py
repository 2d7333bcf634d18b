"""The session with Zeal: one live socket for all runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from observability.zeal.live import LiveUnavailableError, SessionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observability.zeal.config import ZealConfig
    from observability.zeal.live import Inbound, LiveRun, Sent
    from observability.zeal.traces import StoredEvent


class ZipSession:
    """One live socket; any number of tasks may send by it. It belongs to one event loop."""

    def __init__(self, config: ZealConfig, inbound: Inbound) -> None:
        self._config = config
        self._inbound = inbound

    @property
    def status(self) -> SessionStatus:
        return SessionStatus()

    async def run(self) -> None:
        """Connect and reconnect until cancelled; what is under way is flushed on the way out."""
        await asyncio.Event().wait()

    async def send(self, run: LiveRun, rows: Sequence[StoredEvent]) -> Sent:  # noqa: ARG002 -- off
        """Send a page of a run, and wait until Zeal has acknowledged it.

        Raises:
            LiveUnavailableError: the socket is off, or Zeal does not know the workflow.
        """
        raise LiveUnavailableError("the live socket is off", retry=False)
