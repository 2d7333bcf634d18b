"""The settings of an HTTP request that check themselves when the node is built."""

from __future__ import annotations

from typing import Any, Self

from engine.errors import nearest
from engine.http import HttpError
from engine.http.request import parse_url

_PORTS = {"http": 80, "https": 443}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


class Method(str):
    """One of ``METHODS``, written in any case."""

    __slots__ = ()
    choices = METHODS

    @classmethod
    def from_setting(cls, value: Any) -> Self:
        name = value.strip().upper() if isinstance(value, str) else str(value)
        if name not in METHODS:
            hint = nearest(name, METHODS) or f"one of: {', '.join(METHODS)}"
            raise ValueError(f"{value!r} is unknown: {hint}")
        return cls(name)


class Url(str):
    """A web address; whether a run may reach it is asked when it does."""

    __slots__ = ()

    @classmethod
    def from_setting(cls, value: Any) -> Self:
        if not isinstance(value, str):
            raise ValueError(f"must be a web address, not {value!r}")
        try:
            parse_url(value)
        except HttpError as error:
            raise ValueError(str(error)) from error
        return cls(value.strip())


def service_of(url: str) -> str:
    """``host:port`` of a web address that has been checked."""
    address = parse_url(url)
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port or _PORTS[address.scheme]}"
