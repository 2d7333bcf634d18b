"""How a test steers a double that runs as its own process: ``/__double__/...``."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tests.fakes.zeal.http import Response, answer, page_not_found

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Request
    from tests.fakes.zeal.server import FakeZeal

PREFIX = "/__double__/"


async def answer_control(zeal: FakeZeal, request: Request) -> Response:
    """``POST faults`` sets fields of Faults, ``POST restart`` empties, ``GET record`` shows.

    ``POST workflows`` saves one: ``{"id": ..., "name": ..., "graphs": [...]}``.
    """
    what = request.path.removeprefix(PREFIX)
    if what == "faults":
        for name, value in request.json().items():
            setattr(zeal.faults, name, deque(value) if name == "script" else value)
    elif what == "restart":
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, lambda: _keep(asyncio.create_task(zeal.restart())))
    elif what == "record":
        return answer(zeal.record.entries)
    elif what == "workflows":
        body = request.json()
        return answer(zeal.add_workflow(body, body.get("id", "")))
    else:
        return page_not_found()
    return answer({"done": what})


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
