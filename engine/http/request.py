"""Check what goes into a request: address, method, headers, body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx

from engine.http.errors import HttpLimitError, HttpRedirectError, HttpRequestError
from engine.http.response import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.http.limits import HttpLimits

MAX_URL = 8192  # characters
MAX_HEADERS = 64 * 1024  # characters
_HOST = re.compile(rb"[A-Za-z0-9._:-]{1,253}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
# The client's own business: how a message is framed and packed is not a caller's choice.
FRAMING = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_SECRET = re.compile(
    r"auth|cookie|token|secret|api[-_]?key|session|signature|password", re.IGNORECASE
)


def parse_url(text: str) -> httpx.URL:
    """The address, if it is a web address.

    Raises:
        HttpRequestError: it is not; the text names no part of it, which could be a password.
    """
    if len(text) > MAX_URL:
        raise HttpRequestError(f"the url is longer than {MAX_URL} characters")
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise HttpRequestError("the url is not a valid web address") from error
    check_url(url)
    return url


def check_url(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https"):
        raise HttpRequestError(f"{url.scheme or 'no'} scheme: only http and https are possible")
    if not _HOST.fullmatch(url.raw_host):
        raise HttpRequestError("the url names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise HttpRequestError(f"{url.port} is not a port")


def check_headers(headers: Mapping[str, str], url: httpx.URL) -> list[tuple[bytes, bytes]]:
    """The headers as they are sent; those that frame a message are left to the client.

    Raises:
        HttpRequestError: a name or value could not stand in a request, or ``Host`` differs.
    """
    checked = []
    for name, value in headers.items():
        lowered = name.lower()
        if not _TOKEN.fullmatch(name):
            raise HttpRequestError(f"{name[:64]!r} is not a header name")
        if not _VALUE.fullmatch(value):
            raise HttpRequestError(f"the value of header {name!r} is not a text of one line")
        if lowered == "host" and value.lower() != url.netloc.decode("ascii"):
            raise HttpRequestError("the header Host comes from the url and cannot be another")
        if lowered not in FRAMING:
            checked.append((name.encode("ascii"), value.strip().encode("utf-8", "replace")))
    if sum(len(name) + len(value) for name, value in checked) > MAX_HEADERS:
        raise HttpRequestError(f"the headers are longer than {MAX_HEADERS} bytes")
    return checked


def check_method(method: str) -> str:
    if not _TOKEN.fullmatch(method) or method.upper() in ("CONNECT", "TRACE"):
        raise HttpRequestError(f"{method[:32]!r} is not a method that can be used")
    return method.upper()


def check_body(content: bytes, limits: HttpLimits) -> bytes:
    if len(content) > limits.request_bytes:
        raise HttpLimitError(
            "request_bytes", f"the request's body is larger than {limits.request_bytes} bytes"
        )
    return content


def next_hop(before: httpx.Request, after: httpx.Request) -> httpx.Request:
    """The request of a redirect, without what the other origin must not see.

    Raises:
        HttpRedirectError: it leads to something that is no web address.
    """
    try:
        check_url(after.url)
    except HttpRequestError as error:
        raise HttpRedirectError(f"redirected by {shown(str(before.url))}: {error}") from error
    if _origin(before.url) != _origin(after.url):
        for name in [name for name in after.headers if _SECRET.search(name)]:
            del after.headers[name]
    return after


def _origin(url: httpx.URL) -> tuple[Any, ...]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]
