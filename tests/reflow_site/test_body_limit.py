"""A body over the limit is refused by any server, before it is kept anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reflow_site.body_limit import BodyLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from reflow_site.body_limit import Receive, Send


class Reader:
    """An application that reads everything, and answers with what it has read."""

    read = b""

    async def __call__(
        self, _scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        more = True
        while more:
            event = await receive()
            self.read += event["body"]
            more = event["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.read})


async def call(
    reader: Reader, parts: Iterable[bytes], headers: Iterable[tuple[bytes, bytes]] = ()
) -> tuple[int, bytes]:
    """Status and body of the answer."""
    events = iter([{"body": part, "more_body": True} for part in parts])
    sent = []

    async def receive() -> MutableMapping[str, Any]:
        return next(events, {"body": b"", "more_body": False})

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    await BodyLimit(reader)({"type": "http", "headers": list(headers)}, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 10


async def test_a_body_up_to_the_limit_passes() -> None:
    answer = await call(Reader(), [b"12345", b"67890"], [(b"content-length", b"10")])

    assert answer == (200, b"1234567890")


@pytest.mark.parametrize("length", [b"11", b"1" * 5000])
async def test_a_length_over_the_limit_is_refused_before_a_byte_is_read(length: bytes) -> None:
    reader = Reader()

    status, body = await call(reader, [b"x" * 11], [(b"content-length", length)])

    assert (status, json.loads(body)["code"], reader.read) == (413, "body_too_large", b"")


async def test_parts_without_a_length_are_counted() -> None:
    reader = Reader()

    status, body = await call(reader, [b"x" * 6, b"x" * 6, b"x" * 6])

    assert (status, json.loads(body)["code"], reader.read) == (413, "body_too_large", b"x" * 6)


@pytest.mark.parametrize("length", [b"", b"-5", b"many", b"\xb2"])
async def test_a_length_that_is_no_number_is_left_to_the_application(length: bytes) -> None:
    assert await call(Reader(), [b"x"], [(b"content-length", length)]) == (200, b"x")
