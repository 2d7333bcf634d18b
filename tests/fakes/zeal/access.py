"""Tokens of Zeal's SDK: section 2. Off unless the double was given a key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

from tests.fakes.zeal.errors import zip_error

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request, Response

OPEN_PATHS = ("/api/zip/health", "/api/health")


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(key: str, payload: str) -> str:
    return _coded(hmac.new(key.encode(), payload.encode(), hashlib.sha256).digest())


def make_token(key: str, **payload: object) -> str:
    """A token as an operator of Zeal makes it."""
    coded = _coded(json.dumps({"sub": "reflow", "type": "service", **payload}).encode())
    return f"{coded}.{_signature(key, coded)}"


def denied(key: str, request: Request) -> Response | None:
    """The refusal of a request without a good token; None lets it pass."""
    if not key or request.path in OPEN_PATHS:
        return None
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    token = token or request.headers.get("x-api-key", "")
    if not token:
        return zip_error(401, "AUTH_REQUIRED", "Authentication required")
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(signature, _signature(key, payload)):
        return zip_error(401, "INVALID_TOKEN", "Invalid token signature")
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims.get("exp", time.time() + 1) < time.time():
        return zip_error(401, "INVALID_TOKEN", "Token expired")
    return None
