"""How long an HTTP request may take, and how much its answer may hold."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Times in seconds, sizes in bytes.

    Args:
        connect: for finding the address, connecting and TLS, each.
        read: between two parts of the answer.
        total: for the whole request with all its redirects.
        max_total: the most that one request may ask for instead of ``total``.
        wire_bytes: the answer's body as it was sent.
        decoded_bytes: the body after gzip.
        ratio: decoded to sent size, looked at from ``ratio_from_bytes`` decoded on: a gzip
            bomb is stopped before it is large.
        request_bytes: the request's body.
    """

    connect: float = 5
    read: float = 30
    total: float = 60
    max_total: float = 900
    redirects: int = 5
    wire_bytes: int = 16 * MIB
    decoded_bytes: int = 32 * MIB
    ratio: int = 200
    ratio_from_bytes: int = MIB
    request_bytes: int = 32 * MIB
    connections: int = 100
