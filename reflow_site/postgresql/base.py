"""The backend: ``ENGINE`` is ``reflow_site.postgresql``."""

from __future__ import annotations

import time

from django.db.backends.postgresql import base

FRESH_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes a connection that was used within the last second for a living one.

    Django asks the server before each request, which is one of eight questions that a start asks.
    One that broke just now fails a request, which is answered 503; after that it is asked again.
    """

    _used_at = float("-inf")

    def close_if_health_check_failed(self) -> None:
        now = time.monotonic()
        if now - self._used_at >= FRESH_SECONDS:
            super().close_if_health_check_failed()
        self._used_at = now
