"""``manage.py sync``: tells Zeal what runs; safe to start in any number."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.management.base import BaseCommand, CommandError

from engine.errors import ConfigError
from observability.zeal.config import zeal_config
from observability.zeal.sync import Sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from observability.zeal.config import ZealConfig

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tell Zeal what runs: templates, traces and live events; safe to start in any number."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            config = zeal_config()
        except ConfigError as error:
            raise CommandError(str(error)) from error
        if config is None:
            self._rest()
        else:
            async_to_sync(self._run)(config)

    def _rest(self) -> None:
        """A process manager would start again what ends."""
        stop = threading.Event()
        _on_signals(stop.set)
        logger.warning("headless: ZEAL_URL is empty, so there is nothing to do")
        stop.wait()

    async def _run(self, config: ZealConfig) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Signals belong to the main thread, which is where our database calls run.
        await sync_to_async(_on_signals)(lambda: loop.call_soon_threadsafe(stop.set))
        await Sync(config, f"{socket.gethostname()}:{os.getpid()}").run(stop)


def _on_signals(act: Callable[[], object]) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: act())
