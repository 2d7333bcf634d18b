"""What the actors of a network share with each other: one HTTP client and one pool of threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from engine.network.boundary import guard
from engine.registry import load_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.http import HttpClient
    from engine.limits import Limits
    from engine.permissions import Permissions


class Shared:
    """Both are made when they are first needed."""

    __slots__ = ("_calls", "_http", "_limits", "_permissions", "_pool")

    def __init__(self, limits: Limits, permissions: Permissions) -> None:
        self._limits = limits
        self._permissions = permissions
        self._pool: ThreadPoolExecutor | None = None
        self._calls: set[Future[Any]] = set()  # under way
        self._http: HttpClient | None = None

    @property
    def http(self) -> HttpClient:
        if self._http is None:  # loaded by name: most runs never need it, and it is heavy
            client = load_object("engine.http:HttpClient")
            self._http = client(permissions=self._permissions, limits=self._limits.http)
        return self._http

    async def in_thread(self, call: Callable[[], Any]) -> Any:
        """Run a blocking call in the pool that all blocking actors share."""
        if self._pool is None:
            size = self._limits.thread_pool_size
            self._pool = ThreadPoolExecutor(size, thread_name_prefix="reflow")
        call_in_pool = self._pool.submit(guard(call))
        self._calls.add(call_in_pool)
        call_in_pool.add_done_callback(self._calls.discard)
        return await asyncio.wrap_future(call_in_pool)

    async def close(self) -> None:
        if self._pool is not None:
            # A call of a cancelled run cannot be interrupted: it is not waited for either.
            self._pool.shutdown(wait=not self._calls, cancel_futures=True)
        if self._http is not None:
            await self._http.aclose()
