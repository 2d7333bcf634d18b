"""Which path is answered by what; 308, 404 and 405 as Next.js gives them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from tests.fakes.zeal.http import Response, answer, page_not_found

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Request

Handler: TypeAlias = Callable[..., Awaitable[Response]]  # (zeal, request, *parts of the path)


@dataclass(frozen=True, slots=True)
class Route:
    """``lost`` is what the shipped program answers, because it loses the path's parameter."""

    method: str
    path: str  # {} stands for one segment
    handler: Handler
    lost: Response | None = None

    def match(self, path: str) -> list[str] | None:
        pattern = re.escape(self.path).replace(r"\{\}", "([^/]+)")
        found = re.fullmatch(pattern, path)
        return [unquote(part) for part in found.groups()] if found else None


async def dispatch(zeal: Any, routes: list[Route], request: Request) -> Response:
    path = re.sub("/+", "/", request.path)
    if path != request.path or (path.endswith("/") and path != "/"):
        return answer(None, 308, location=path.rstrip("/"))
    known = False
    for route in routes:
        parts = route.match(path)
        if parts is None:
            continue
        known = True
        if route.method == request.method:
            if route.lost and zeal.mode == "shipped":
                return route.lost
            return await route.handler(zeal, request, *parts)
    return Response(405) if known else page_not_found()
