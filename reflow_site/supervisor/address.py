"""Where the web server listens: parsed, and tried before anything is started."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- compared with


class AddressError(Exception):
    """We cannot listen there; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where a reader on this machine finds the server."""
        host = EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def parse(text: str, port: int | None = None) -> Address:
    """``HOST``, ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``; ``port`` goes before the text's.

    Raises:
        AddressError: the port is no number from 1 to 65535.
    """
    host, given = text, "8080"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        given = rest.removeprefix(":") or given
    elif text.count(":") == 1:
        host, _, given = text.partition(":")
    number = port if port is not None else int(given) if given.isascii() and given.isdigit() else 0
    if not 1 <= number <= 65535:
        raise AddressError(f"{port if port is not None else given!r} is no port: 1 to 65535")
    return Address(host or "127.0.0.1", number)


def ensure_free(address: Address) -> None:
    """Try the address once.

    Raises:
        AddressError: it is taken, not ours to use, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address.host, address.port))
        except OSError as error:
            raise AddressError(_advice(address, error)) from error


def _advice(address: Address, error: OSError) -> str:
    other = f'make run ARGS="--port {address.port + 1000 if address.port < 60000 else 9000}"'
    if error.errno == errno.EADDRINUSE:
        return f"Port {address.port} is taken by another program. Stop it, or choose: {other}"
    if error.errno == errno.EACCES:
        return f"Port {address.port} needs more rights than you have. Choose: {other}"
    return f"Cannot listen on {address.host}: {error.strerror or error}. Choose: --bind 127.0.0.1"
