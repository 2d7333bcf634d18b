"""Between messages and HTTP: a body from a message, messages from an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.codec import dumps
from engine.errors import CodecError
from engine.http import HttpRequestError
from engine.messages import Encoded, Flow, FrozenDict, Message, OptionalValue, freeze

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.http import HttpResponse

_TEXT = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")


def body_of(message: Message) -> tuple[bytes, str]:
    """The bytes of a request's body, and their content type.

    Text and bytes go as they are, a signal and null are no body, the rest is JSON.
    """
    if isinstance(message, OptionalValue):
        return body_of(message.value)
    if message is None or isinstance(message, Flow):
        return b"", ""
    if isinstance(message, str):
        return message.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    if isinstance(message, bytes):
        return message, "application/octet-stream"
    if isinstance(message, Encoded):
        return message.data, "application/octet-stream"
    return dumps(message).encode(), "application/json"


def headers_of(*sources: Message) -> dict[str, str]:
    """One set of headers; a later source wins, whatever the case of a name.

    Raises:
        HttpRequestError: a source is no Object, or a value no text, number or bool.
    """
    headers: dict[str, tuple[str, str]] = {}
    for source in sources:
        if source is None:
            continue
        if not isinstance(source, dict):
            raise HttpRequestError("headers must be an Object of texts")
        for name, value in source.items():
            headers[name.lower()] = name, _header_value(name, value)
    return dict(headers.values())


def _header_value(name: str, value: Message) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise HttpRequestError(f"the value of header {name!r} is not a text")


def body_message(response: HttpResponse) -> Message:
    """An answer's body: JSON if it is that, else text, or Bytes for what is neither."""
    if not response.body:
        return ""
    try:
        return freeze(response.json())
    except CodecError:
        pass
    content_type = response.headers.get("content-type", "").lower()
    if content_type.startswith(_TEXT) or _is_utf8(response.body):
        return response.text
    return response.body


def response_message(response: HttpResponse, body: Message) -> Mapping[str, Message]:
    """The whole answer as an Object."""
    return FrozenDict(
        status=response.status,
        headers=FrozenDict(response.headers),
        body=body,
        url=response.url,
        method=response.method,
    )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
