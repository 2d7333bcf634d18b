"""Read the body of an answer, within the limits: endless ones and gzip bombs stop early."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from engine.http.errors import HttpLimitError, HttpProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from engine.http.limits import HttpLimits

_STEP = 64 * 1024  # bytes unpacked at a time
_GZIP = 16 + zlib.MAX_WBITS
_PLAIN = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip"})


async def read_body(response: httpx.Response, limits: HttpLimits) -> bytes:
    """The whole body, unpacked.

    Raises:
        HttpLimitError: it is larger than allowed, as sent or unpacked.
        HttpProtocolError: it is packed in a way we did not ask for, or broken.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN | _PACKED:
        raise HttpProtocolError(
            f"the answer is packed as {encoding[:40]!r}, which was not asked for"
        )
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and response.request.method != "HEAD":
        _check_wire(int(declared), limits)
    reader = _Gunzip(limits) if encoding in _PACKED else None
    body = bytearray()
    sent = 0
    async for chunk in response.aiter_raw():
        sent += len(chunk)
        _check_wire(sent, limits)
        for part in reader.feed(chunk) if reader else (chunk,):
            body += part
            _check_decoded(len(body), sent, limits)
    if reader and sent:
        reader.finish()
    return bytes(body)


def _check_wire(size: int, limits: HttpLimits) -> None:
    if size > limits.wire_bytes:
        raise HttpLimitError("wire_bytes", f"the answer is larger than {limits.wire_bytes} bytes")


def _check_decoded(size: int, sent: int, limits: HttpLimits) -> None:
    if size > limits.decoded_bytes:
        raise HttpLimitError(
            "decoded_bytes", f"the unpacked answer is larger than {limits.decoded_bytes} bytes"
        )
    if size > limits.ratio_from_bytes and size > sent * limits.ratio:
        raise HttpLimitError("ratio", f"the answer unpacks to over {limits.ratio} times its size")


class _Gunzip:
    """Unpacks gzip in small steps, several members too."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._inflate = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                yield self._inflate.decompress(data, _STEP)
            except zlib.error as error:
                raise HttpProtocolError("the answer is not proper gzip") from error
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> None:
        if not self._inflate.eof:
            raise HttpProtocolError("the answer is cut off")
