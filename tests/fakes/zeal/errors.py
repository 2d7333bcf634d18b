"""Zeal's two shapes of errors, and what makes one of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.http import Json, Response, answer
from tests.fakes.zeal.shapes import problems_of

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Request
    from tests.fakes.zeal.shapes import Shape

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """A request that gets an error for an answer."""

    response: Response


class StorageError(Exception):
    """A value that PostgreSQL does not take: Zeal answers 500."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def now_iso() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(prefix: str) -> str:
    return f"{prefix}_{now_ms()}{next(_numbers):06x}"


def zip_error(status: int, code: str, message: str, **more: Any) -> Response:
    return answer({"error": {"code": code, "message": message, **more}}, status)


def internal(message: str = "Internal server error") -> Response:
    return zip_error(500, "INTERNAL_ERROR", message, traceId=f"trace_{now_ms()}")


def invalid(details: list[Json]) -> Response:
    return zip_error(400, "VALIDATION_ERROR", "Invalid request format", details=details)


def envelope(data: Any, status: int = 200, **meta: Any) -> Response:
    meta = {"timestamp": now_iso(), "requestId": new_id("req"), **meta}
    return answer({"success": True, "data": data, "meta": meta}, status)


def failure(status: int, code: str, message: str, **more: Any) -> Response:
    meta = {"timestamp": now_iso(), "requestId": new_id("req")}
    error = {"code": code, "message": message, **more}
    return answer({"success": False, "error": error, "meta": meta}, status)


def body_of(request: Request, shape: Shape) -> Any:
    """The body of a ZIP call, checked.

    Raises:
        RefusedError: it does not fit.
        ValueError: it is not JSON; that is a 500, as in Zeal.
    """
    value, problems = problems_of(shape, request.json())
    if problems:
        raise RefusedError(invalid(problems))
    return value


def stored(value: Any) -> Any:
    """The value, if PostgreSQL takes it.

    Raises:
        StorageError: it holds U+0000.
    """
    if isinstance(value, str) and "\x00" in value:
        raise StorageError("unsupported Unicode escape sequence")
    if isinstance(value, dict):
        for name, item in value.items():
            stored(name)
            stored(item)
    elif isinstance(value, list):
        for item in value:
            stored(item)
    return value


def whole(value: Any, name: str) -> int:
    """An integer column.

    Raises:
        StorageError: a fraction, or over 2^31.
    """
    if value != int(value) or abs(value) >= 2**31:
        raise StorageError(f'invalid input syntax for type integer: "{value}" ({name})')
    return int(value)
