"""What can go wrong with an HTTP request. No text ever holds a credential of the URL."""

from __future__ import annotations

from engine.errors import EngineError, PermissionDeniedError


class HttpError(EngineError):
    """The base: ``retryable`` says whether the same request may do better later."""

    code = "http_error"
    retryable = False


class HttpRequestError(HttpError):
    """The request cannot be made: a bad URL, method, header or body."""

    code = "http_request_invalid"


class HttpDeniedError(HttpError, PermissionDeniedError):
    """The address, or the network at all, is not permitted."""

    code = "permission_denied"


class HttpConnectError(HttpError):
    """The host has no address, or nobody answers there."""

    code = "http_connect"
    retryable = True


class HttpBrokenError(HttpConnectError):
    """The connection broke while the request was under way: it may have been done."""


class HttpTlsError(HttpError):
    """The certificate is not trusted, or the other side speaks no TLS."""

    code = "http_tls"


class HttpTimeoutError(HttpError):
    """The answer, or the next part of it, did not come in time."""

    code = "http_timeout"
    retryable = True


class HttpProtocolError(HttpError):
    """The answer is broken: not HTTP, cut off, or in an unknown encoding."""

    code = "http_protocol"
    retryable = True


class HttpRedirectError(HttpError):
    """Too many redirects, or one to something that is no web address."""

    code = "http_redirect"


class HttpLimitError(HttpError):
    """The answer is larger than allowed; ``limit`` names the setting."""

    code = "http_limit"

    def __init__(self, limit: str, message: str) -> None:
        self.limit = limit
        super().__init__(f"{message} (limit: {limit})")
