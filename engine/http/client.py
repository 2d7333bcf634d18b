"""The HTTP client: one request in, one whole answer or one clear error out."""

from __future__ import annotations

import asyncio
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Self

import httpcore
import httpx

from engine.http.body import read_body
from engine.http.errors import (
    HttpBrokenError,
    HttpError,
    HttpProtocolError,
    HttpRedirectError,
    HttpRequestError,
    HttpTimeoutError,
    HttpTlsError,
)
from engine.http.guard import Guard, Resolver, system_resolver
from engine.http.limits import HttpLimits
from engine.http.request import check_body, check_headers, check_method, next_hop, parse_url
from engine.http.response import HttpResponse, shown, without_credentials
from engine.http.transport import GuardedTransport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from engine.permissions import Permissions

_AGENT = "reflow-django"


class HttpClient:
    """Makes HTTP requests for one run, or one service, within its permissions.

    It belongs to the event loop that first used it; ``aclose()`` gives its connections back.
    Cookies are never kept, environment variables and proxies never used.

    Args:
        resolver: finds the addresses of a name; the machine's own by default.
        ssl_context: other trusted roots than the public ones.
    """

    def __init__(
        self,
        permissions: Permissions,
        *,
        limits: HttpLimits | None = None,
        resolver: Resolver = system_resolver,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or HttpLimits()
        self._guard = Guard(permissions, resolver)
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(self._guard, self._limits, ssl_context),
            headers={"user-agent": _AGENT, "accept": "*/*", "accept-encoding": "gzip"},
            timeout=httpx.Timeout(
                self._limits.read, connect=self._limits.connect, pool=self._limits.max_total
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        total: float | None = None,
    ) -> HttpResponse:
        """Send one request and read the whole answer, whatever its status.

        ``total`` is in seconds, for everything, redirects included; at most ``limits.max_total``.

        Raises:
            HttpError: the narrowest subclass; its text holds no credential of the url.
        """
        self._guard.check_permission()
        address = parse_url(url)
        request = self._client.build_request(
            check_method(method),
            address,
            headers=check_headers(headers or {}, address),
            content=check_body(content, self._limits) or None,
        )
        seconds = min(total or self._limits.total, self._limits.max_total)
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(request)
        except TimeoutError as error:
            raise HttpTimeoutError(f"{shown(url)}: no whole answer in {seconds:g} s") from error

    async def _follow(self, request: httpx.Request) -> HttpResponse:
        first = request
        for _ in range(self._limits.redirects + 1):
            response = await self._send(request)
            if response.next_request is None:
                return await self._read(response)
            await response.aclose()
            request = next_hop(request, response.next_request)
        raise HttpRedirectError(
            f"{shown(str(first.url))}: more than {self._limits.redirects} redirects"
        )

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except (*_FOREIGN, UnicodeError) as error:
            raise _translated(error, request) from error

    async def _read(self, response: httpx.Response) -> HttpResponse:
        try:
            body = await read_body(response, self._limits)
        except _FOREIGN as error:
            raise _translated(error, response.request) from error
        finally:
            await response.aclose()
        return HttpResponse(
            status=response.status_code,
            headers=dict(response.headers),
            body=body,
            method=response.request.method,
            url=without_credentials(str(response.url)),
            charset=response.charset_encoding or "utf-8",
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


_FOREIGN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _translated(error: Exception, request: httpx.Request) -> HttpError:
    """Our error for one of the libraries'. Their texts may hold the url: not used."""
    where = shown(str(request.url))
    if (tls := _tls_error(error)) and isinstance(error, httpcore.ConnectError):
        reason = getattr(tls, "verify_message", "") or "no TLS connection"
        return HttpTlsError(f"{where}: {reason}")
    if isinstance(error, httpcore.NetworkError):
        return HttpBrokenError(f"{where}: the connection broke")
    if isinstance(error, httpcore.TimeoutException):
        return HttpTimeoutError(f"{where}: no answer in time ({type(error).__name__})")
    if isinstance(error, httpcore.LocalProtocolError):
        return HttpRequestError(f"{where}: the request cannot be sent")
    if isinstance(error, httpx.RemoteProtocolError):  # httpx's own: a Location it cannot read
        return HttpRedirectError(f"{where}: redirected to something that is no web address")
    return HttpProtocolError(f"{where}: the answer is not proper HTTP")


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """The reason that TLS gave, if it is among the causes."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause
