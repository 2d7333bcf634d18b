"""What can come of a call to Zeal: the answer, a no, a not now, or nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from engine.errors import CodecError
from engine.http import (
    HttpBrokenError,
    HttpConnectError,
    HttpDeniedError,
    HttpError,
    HttpRedirectError,
    HttpRequestError,
)

if TYPE_CHECKING:
    from engine.http.response import HttpResponse

T = TypeVar("T")
Read: TypeAlias = Callable[[Any], T]  # raises LookupError, TypeError or ValueError
MAX_TEXT = 300  # characters of an answer that is told
BUSY_SECONDS = 1.0  # when Zeal, or what stands before it, does not say for how long
LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    """Zeal did it."""

    data: T


@dataclass(frozen=True, slots=True)
class Refused:
    """Zeal did not do it, and will not: 4xx, or an address that may not be called.

    ``details`` are Zeal's own: one object for each field that does not fit.
    """

    status: int  # 0: nothing was sent
    code: str
    message: str
    details: tuple[Any, ...] = ()

    def __str__(self) -> str:
        told = "; ".join(_detail(detail) for detail in self.details[:5])
        return f"{self.status} {self.code}: {self.message}{f' ({told})' if told else ''}"


@dataclass(frozen=True, slots=True)
class Later:
    """Zeal did not do it now: the same call may be made again after so many seconds."""

    why: str
    seconds: float = BUSY_SECONDS

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Zeal may have done it: a time-out, a broken connection, a 5xx, an answer that is none."""

    why: str
    status: int = 0  # 0: there was no answer

    def __str__(self) -> str:
        return self.why


Answer: TypeAlias = Ok[T] | Refused | Later | Ambiguous


def lost_parameter(answer: Answer[Any]) -> bool:
    """Whether Zeal's routes with an id in their path do not work, as in what is released."""
    return (
        isinstance(answer, Refused)
        and answer.status == 400
        and answer.message.startswith("Missing ")
        and not answer.details
    )


def of_error(error: HttpError) -> Refused | Later | Ambiguous:
    """What it means that there is no answer."""
    if isinstance(error, (HttpDeniedError, HttpRedirectError, HttpRequestError)):
        return Refused(0, error.code, str(error))
    if isinstance(error, HttpConnectError) and not isinstance(error, HttpBrokenError):
        return Later(str(error))
    return Ambiguous(str(error))


def of_response(response: HttpResponse, read: Read[T]) -> Answer[T]:
    """Read an answer; HTML, empty and strange bodies have their meaning too."""
    body = _json(response)
    if 200 <= response.status < 300:
        try:
            return Ok(read(body))
        except (LookupError, TypeError, ValueError) as error:
            return Ambiguous(f"{response.status}, but not what was expected: {error!r}"[:MAX_TEXT])
    refused = _refusal(response, body)
    proxied = response.status == 503 and body is None  # a proxy's rate limit: Zeal was not asked
    if response.status == 429 or proxied:
        return Later(str(refused), _wait(response))
    return Ambiguous(str(refused), response.status) if response.status >= 500 else refused


def _json(response: HttpResponse) -> Any:
    try:
        return response.json()
    except CodecError:
        return None


def _refusal(response: HttpResponse, body: Any) -> Refused:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return Refused(response.status, "REFUSED", error[:MAX_TEXT])
    if not isinstance(error, dict):
        kind = response.headers.get("content-type", "").partition(";")[0]
        said = f"a body of {kind or 'no type'}" if response.body else "an empty body"
        return Refused(response.status, "NO_JSON", f"{said} at {_path(response.url)}")
    details = error.get("details")
    return Refused(
        response.status,
        str(error.get("code", "REFUSED"))[:MAX_TEXT],
        str(error.get("message", ""))[:MAX_TEXT],
        tuple(details) if isinstance(details, list) else (),
    )


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]


def _wait(response: HttpResponse) -> float:
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_WAIT) if asked.isdecimal() else BUSY_SECONDS


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return str(detail)[:MAX_TEXT]
    path = detail.get("path")
    where = ".".join(map(str, path)) if isinstance(path, list) else ""
    return f"{where}: {detail.get('message', '')}"[:MAX_TEXT]
