"""The network under the HTTP client: finds an address once, checks it, dials exactly it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import httpcore

from engine.http.addresses import (
    METADATA,
    Address,
    Allowed,
    is_inner_name,
    literal,
    plain_address,
    why_denied,
)
from engine.http.errors import HttpConnectError, HttpDeniedError, HttpTimeoutError

if TYPE_CHECKING:
    from engine.permissions import Permissions

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]  # addresses of a name


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the machine, as every other program does."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Decides which hosts and addresses may be dialled, from a run's permissions.

    Raises:
        ConfigError: an entry of ``private_hosts`` is not understood.
    """

    def __init__(self, permissions: Permissions, resolver: Resolver = system_resolver) -> None:
        self._network = permissions.network
        self._allowed = Allowed.parse(permissions.private_hosts)
        self._resolve = resolver

    def check_permission(self) -> None:
        if not self._network:
            raise HttpDeniedError("this run may not use the network (permission: network)")

    async def addresses(self, host: str, port: int, timeout: float) -> list[Address]:  # noqa: ASYNC109 -- a limit of one step, not of the caller
        """The addresses to dial, in order, every one of them checked.

        Raises:
            HttpDeniedError: the name, or one address it stands for, may not be reached.
            HttpConnectError: the name stands for nothing.
        """
        self.check_permission()
        host = host.lower().rstrip(".")
        address = literal(host)
        if address is not None:
            self._check(address, host, port)
            return [address]
        named = self._allowed.name(host, port)
        if is_inner_name(host) and not named:  # before any lookup: a name can carry data out
            raise HttpDeniedError(f"{host} is a name of an inner network (private_hosts)")
        found = await self._look_up(host, port, timeout)
        for address in found:
            if not named or address in METADATA:
                self._check(address, host, port)
        return found

    def _check(self, address: Address, host: str, port: int) -> None:
        why = why_denied(address)
        if why and not self._allowed.address(address, port):
            which = host if host == str(address) else f"{host} ({address})"
            raise HttpDeniedError(f"{which} may not be reached: {why} (private_hosts)")

    async def _look_up(self, host: str, port: int, limit: float) -> list[Address]:
        try:
            async with asyncio.timeout(limit):
                found = [plain_address(text) for text in await self._resolve(host, port)]
        except TimeoutError as error:
            raise HttpTimeoutError(f"{host}: no answer from the name server") from error
        except (OSError, ValueError) as error:  # UnicodeError among them
            raise HttpConnectError(f"{host}: no such host") from error
        if not found:
            raise HttpConnectError(f"{host}: no such host")
        return found


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for the pool. TLS still asks for the name, not for the address."""

    def __init__(self, guard: Guard, connect_timeout: float) -> None:
        self._guard = guard
        self._timeout = connect_timeout
        self._dialer = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        limit = self._timeout if timeout is None else timeout
        addresses = await self._guard.addresses(host, port, limit)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._dialer.connect_tcp(
                    str(address), port, limit / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        if isinstance(failure, httpcore.ConnectTimeout):
            raise HttpTimeoutError(f"{host}:{port}: no connection in {limit:g} s") from failure
        raise HttpConnectError(f"{host}:{port}: no connection: {failure}") from failure
