"""Nudges of all runs from the channel layer; a dead layer costs latency, never an event."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from channels.layers import get_channel_layer

from workflows.event_log import GLOBAL_GROUP
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable

AGAIN_SECONDS = 2.0

_deaf = Repeats(logging.getLogger(__name__))


async def listen(tell: Callable[[UUID], None]) -> None:
    """Call with the run of each nudge, for ever."""
    layer = get_channel_layer()
    while True:
        try:
            channel = await layer.new_channel()
            try:
                await layer.group_add(GLOBAL_GROUP, channel)
                while True:
                    message = await layer.receive(channel)
                    tell(UUID(message["execution"]))
                    _deaf.right("nudges are heard again")
            finally:
                with suppress(Exception):
                    await layer.group_discard(GLOBAL_GROUP, channel)
        except Exception as error:  # noqa: BLE001 -- around a reader of the log: others poll on
            _deaf.wrong("no nudges from the channel layer: %r", error)
            await asyncio.sleep(AGAIN_SECONDS)
