"""The one HTTP client of the product: guarded, bounded, without proxies or cookies."""

from __future__ import annotations

from engine.http.client import HttpClient
from engine.http.errors import (
    HttpBrokenError,
    HttpConnectError,
    HttpDeniedError,
    HttpError,
    HttpLimitError,
    HttpProtocolError,
    HttpRedirectError,
    HttpRequestError,
    HttpTimeoutError,
    HttpTlsError,
)
from engine.http.limits import HttpLimits
from engine.http.response import HttpResponse

__all__ = [
    "HttpBrokenError",
    "HttpClient",
    "HttpConnectError",
    "HttpDeniedError",
    "HttpError",
    "HttpLimitError",
    "HttpLimits",
    "HttpProtocolError",
    "HttpRedirectError",
    "HttpRequestError",
    "HttpResponse",
    "HttpTimeoutError",
    "HttpTlsError",
]
