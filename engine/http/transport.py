"""Between httpx and httpcore: every connection goes through the guard, none through a proxy."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import httpcore
import httpx

from engine.http.guard import Guard, GuardedBackend

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from engine.http.limits import HttpLimits

# httpx logs each request with its whole url, password and query included.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)


@cache
def default_ssl_context() -> ssl.SSLContext:
    """The trusted roots, read once a process; what the environment says is not looked at."""
    return httpx.create_ssl_context(trust_env=False)


class _Body(httpx.AsyncByteStream):
    def __init__(self, core: httpcore.Response) -> None:
        self._core = core

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._core.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._core.aclose()


class GuardedTransport(httpx.AsyncBaseTransport):
    """A pool of HTTP/1.1 connections on the guarded backend.

    httpcore's own errors leave it as they are; the client translates them.
    """

    def __init__(self, guard: Guard, limits: HttpLimits, context: ssl.SSLContext | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context or default_ssl_context(),
            max_connections=limits.connections,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=GuardedBackend(guard, limits.connect),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        core = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=core.status,
            headers=core.headers,
            stream=_Body(core),
            extensions=core.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()
