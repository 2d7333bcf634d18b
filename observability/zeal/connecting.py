"""Which live socket there is, and how it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observability.zeal.answers import Ok, Refused
from observability.zeal.config import SocketKind
from observability.zeal.dialing import Place, SocketError, on_port
from observability.zeal.engineio import PollingLink, WebSocketLink
from observability.zeal.raw_frames import RawFrames
from observability.zeal.socketio import SocketIO

if TYPE_CHECKING:
    from observability.zeal.client import ZealClient
    from observability.zeal.config import ZealConfig
    from observability.zeal.connection import Connection
    from observability.zeal.engineio import Link


class Connector:
    """Opens the socket, again and again.

    ``polling`` is set by who finds out that frames of a WebSocket get lost there, as in a Zeal
    that runs without ``WS_NO_BUFFER_UTIL=1``.
    """

    def __init__(self, config: ZealConfig, client: ZealClient) -> None:
        self.polling = False
        self._config = config
        self._client = client

    async def open(self) -> Connection:
        """Raises SocketError: there is none now."""
        kind = self._config.socket
        if kind is SocketKind.RAW:
            return await self._raw()
        answer = await self._client.live_port()  # it also starts the socket
        if self._config.socket_url:
            return await self._socketio(self._config.socket_url)
        if isinstance(answer, Ok):
            return await self._socketio(on_port(self._config.url, answer.data))
        if kind is SocketKind.AUTO and isinstance(answer, Refused) and answer.status == 404:
            return await self._raw()
        raise SocketError(f"the live socket's port is not told: {answer}")

    async def _raw(self) -> Connection:
        base = self._config.socket_url or self._config.url
        return await RawFrames.open(Place.of(self._config, base))

    async def _socketio(self, base: str) -> Connection:
        link = await self._link(Place.of(self._config, base))
        return await SocketIO.join(link, self._config.handshake)

    async def _link(self, place: Place) -> Link:
        if self.polling:
            return await PollingLink.open(place)
        try:
            return await WebSocketLink.open(place)
        except SocketError as error:
            try:
                return await PollingLink.open(place)
            except SocketError as second:
                raise error from second
