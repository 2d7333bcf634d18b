"""A worker that no longer hears its broker notices it, and gives its connection up."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.worker import state
from kombu.exceptions import KombuError

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SILENT_LOOKS = 2  # in a row, with messages waiting, until the connection is given up
CONNECT_SECONDS = 0.5


class Hearing(bootsteps.StartStopStep):
    """Gives the connection up when messages wait, this worker has room for them, and none come.

    Celery can come out of the death of a Redis broker with everything alive but the reader of its
    queue. It would stay so for ever, and signs of life would go on. Now it connects again, or
    fails at that and ends, and is started again.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, _consumer: Any, **_options: Any) -> None:
        self._timer: Any = None
        self._heard = -1
        self._silent = 0

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(LOOK_SECONDS, self.look, (consumer,))

    def stop(self, _consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def look(self, consumer: Any) -> None:
        """Once every few seconds, in the thread that reads the queue.

        Raises:
            ConnectionResetError: we are deaf; the worker takes it as the loss of its connection.
        """
        heard = sum(state.total_count.values())
        news, self._heard = heard != self._heard, heard
        busy = len(state.reserved_requests) >= consumer.initial_prefetch_count
        if news or busy or not messages_wait(consumer.app):
            self._silent = 0
            return
        self._silent += 1
        if self._silent >= SILENT_LOOKS:
            self._silent = 0
            logger.error("messages wait in the broker and none come: the connection is given up")
            raise ConnectionResetError("messages wait in the broker and none come")


def messages_wait(app: Celery) -> bool:
    """Whether the broker holds messages for the workers; False if it does not answer."""
    options = {
        "socket_timeout": CONNECT_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "max_retries": 0,
        "interval_start": 0,
    }
    connection = app.connection_for_write(
        connect_timeout=CONNECT_SECONDS, transport_options=options
    )
    away: tuple[type[BaseException], ...] = (
        KombuError,
        *connection.connection_errors,
        *connection.channel_errors,
    )
    try:
        with connection:
            channel: Any = connection.default_channel
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
            return bool(queue.message_count)
    except away:
        return False
