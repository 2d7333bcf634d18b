"""Nobody reads that a run goes on whose worker is gone."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import Error as DatabaseError

from workflows.recovery import Reaper
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
SHOW_RUNS = ("/admin/", "/api/v1/", "/workflows", "/metrics")


class TakeBackLostRuns:
    """Middleware: whoever looks takes back the lost runs first, once a second in each process.

    The keeper does so all the time. But it may have been killed together with a worker, and takes
    seconds to start.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._reaper = Reaper()
        self._turn = threading.Lock()
        self._next = 0.0
        self._troubled = Repeats(logger)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and request.path.startswith(SHOW_RUNS):
            self._look()
        return self._get_response(request)

    def _look(self) -> None:
        if time.monotonic() < self._next or not self._turn.acquire(blocking=False):
            return
        try:
            self._next = time.monotonic() + EVERY_SECONDS
            self._reaper.look()
            self._troubled.right("lost runs can be taken back again")
        except DatabaseError as error:  # the page says so itself, if it needs the database
            self._reaper.rest()
            self._troubled.wrong("no lost run was taken back: %s", error)
        finally:
            self._turn.release()
