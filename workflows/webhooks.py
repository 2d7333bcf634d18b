"""Completion webhooks as requests: what a caller may ask for, and how each one is signed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.errors import Problem
from engine.http import HttpRequestError
from engine.http.request import FRAMING, check_headers, parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_HEADERS = 20
# What the sender decides: the message's frame, its type, and what a receiver trusts.
FORBIDDEN_HEADERS = FRAMING | {"content-encoding", "content-type", "host", "idempotency-key"}
OURS = "reflow-"


def read_webhook(metadata: Mapping[str, Any], problems: list[Problem]) -> str:
    """The address to call at the end, checked with its headers; empty if there is none.

    What is wrong is added to ``problems``, none of which holds a header's value.
    """
    url = metadata.get("webhook_url")
    headers = metadata.get("webhook_headers")
    if url in (None, ""):
        if headers:
            problems.append(_wrong("webhook_url", "is missing, but there are webhook_headers"))
        return ""
    if not isinstance(url, str):
        problems.append(_wrong("webhook_url", "must be a text"))
        return ""
    try:
        address = parse_url(url)
    except HttpRequestError as error:
        problems.append(_wrong("webhook_url", str(error)))
        return ""
    if address.userinfo:
        problems.append(_wrong("webhook_url", "a user or password belongs into webhook_headers"))
        return ""
    _check_headers({} if headers is None else headers, problems)
    return url.strip()


def _check_headers(headers: Any, problems: list[Problem]) -> None:
    where = "webhook_headers"
    if not isinstance(headers, Mapping):
        problems.append(_wrong(where, "must be an object of texts"))
        return
    if len(headers) > MAX_HEADERS:
        problems.append(_wrong(where, f"has {len(headers)} headers, at most {MAX_HEADERS} may be"))
        return
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in FORBIDDEN_HEADERS or lowered.startswith(OURS):
            problems.append(_wrong(where, f"the header {name[:64]!r} is set by the server"))
        elif not isinstance(value, str):
            problems.append(_wrong(where, f"the value of {name[:64]!r} must be a text"))
        else:
            _check_header(name, value, problems)


def _check_header(name: str, value: str, problems: list[Problem]) -> None:
    try:
        check_headers({name: value}, parse_url("http://any.example/"))
    except HttpRequestError as error:
        problems.append(_wrong("webhook_headers", str(error)))


def _wrong(key: str, message: str) -> Problem:
    return Problem(f"metadata.{key}", message, "webhook_invalid")


def signature(body: bytes, secrets: Sequence[str], now: int) -> str:
    """The value of ``Reflow-Signature``: the time, and one HMAC-SHA256 for each secret.

    Several secrets are for rotation: a receiver accepts any signature that it can verify.
    """
    signed = f"{now}.".encode() + body
    digests = (hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={now}", *(f"v1={digest}" for digest in digests)])
