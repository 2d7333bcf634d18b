"""Engine.IO and Socket.IO, packet by packet, with servers that do what they should not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from observability.zeal.config import ZealConfig
from observability.zeal.dialing import Place, SocketError, on_port, open_websocket
from observability.zeal.engineio import PollingLink, Terms, WebSocketLink, _bodies
from observability.zeal.live import LiveProfile
from observability.zeal.socketio import SocketIO
from tests.fakes.zeal import FakeZeal
from tests.fakes.zeal.client import get
from tests.observability.zeal.live import completed, config_of, run_of, session_with, until
from tests.observability.zeal.test_zip_session import saved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observability.zeal.engineio import Packet


@dataclass
class Script:
    """A link whose server says these packets, and then nothing more."""

    packets: list[Packet]
    sent: list[str] = field(default_factory=list)
    closed: bool = False
    profile: LiveProfile = LiveProfile.WEBSOCKET
    terms: Terms = field(default_factory=lambda: Terms("sid", 0.02, 1_000_000))

    async def send(self, packets: Sequence[str]) -> None:
        self.sent += packets

    async def receive(self) -> Packet:
        if not self.packets:
            await asyncio.Event().wait()
        return self.packets.pop(0)

    async def close(self) -> None:
        self.closed = True


async def joined(*packets: Packet) -> tuple[SocketIO, Script]:
    script = Script(['40{"sid":"x"}', *packets])
    return await SocketIO.join(script, 1), script


async def test_pings_are_answered_and_never_seen() -> None:
    socket, script = await joined("2", '42["hello",{"a":1}]')

    assert await socket.receive() == ("hello", {"a": 1})
    assert script.sent == ["40", "3"]


async def test_binary_parts_are_passed_over() -> None:
    placeholder = '451-["stream.frame",{"_placeholder":true,"num":0}]'
    socket, _ = await joined(placeholder, b"\x01", '42["next"]')

    assert (await socket.receive())[0] == "stream.frame"
    assert await socket.receive() == ("next", None)


@pytest.mark.parametrize("packet", ['42["a"', "42{}", "42[]", "42[1]", '42["a",NaN]'])
async def test_an_event_that_cannot_be_read_is_said_to_be_so(packet: str) -> None:
    socket, _ = await joined(packet)

    assert (await socket.receive())[0] == "unreadable"


@pytest.mark.parametrize("packet", ["43[]", "6", "4x", ""])
async def test_other_packets_are_passed_over(packet: str) -> None:
    socket, _ = await joined(packet, '42["next"]')

    assert await socket.receive() == ("next", None)


@pytest.mark.parametrize("packet", ["1", "41"])
async def test_a_server_that_leaves_ends_the_connection(packet: str) -> None:
    socket, _ = await joined(packet)

    with pytest.raises(SocketError, match="Zeal closed the connection"):
        await socket.receive()


async def test_a_silent_server_is_taken_for_dead() -> None:
    socket, _ = await joined()

    with pytest.raises(SocketError, match=r"nothing for 0\.02 s"):
        await socket.receive()


async def test_a_namespace_that_is_refused_or_never_answered_is_none() -> None:
    refused, silent = Script(['44{"message":"no"}']), Script(["6"])

    with pytest.raises(SocketError, match="the namespace is refused"):
        await SocketIO.join(refused, 1)
    with pytest.raises(SocketError, match="no answer"):
        await SocketIO.join(silent, 0.01)

    assert refused.closed
    assert silent.closed


@pytest.mark.parametrize("packet", [b"0", "1", "0", "0[]", "0{}", '0{"pingInterval":"x"}'])
def test_what_does_not_open_is_no_server(packet: Packet) -> None:
    with pytest.raises(SocketError, match=r"no Engine\.IO server"):
        Terms.of(packet)


def test_polled_packets_are_put_together_as_long_as_they_fit() -> None:
    assert _bodies(["a" * 6, "b" * 6, "c"], 10) == [b"a" * 6, b"b" * 6 + b"\x1ec"]
    assert _bodies([], 10) == []


@pytest.mark.parametrize("refused", [False, True])
async def test_a_quiet_connection_stays_by_its_pings(refused: bool) -> None:
    async with FakeZeal(ping_interval=0.05, ping_timeout=0.3) as zeal:
        zeal.faults.ws_refused = refused
        async with session_with(config_of(zeal)) as session:
            run = run_of(saved(zeal))
            await session.send(run, [completed(1)])
            await until(lambda: sum(line == "-> 3" for line in zeal.wire) >= 10)
            await session.send(run, [completed(2)])

        assert len(zeal.record.of("connect")) == 1


async def test_a_wrong_address_says_why() -> None:
    async with FakeZeal() as zeal:
        place = Place.of(config_of(zeal), zeal.url)
        with pytest.raises(SocketError, match="rejected"):
            await open_websocket(place, f"{zeal.url}/nothing?key=1", seconds=2)
        secure = zeal.url.replace("http:", "https:")
        with pytest.raises(SocketError):
            await open_websocket(place, secure, seconds=0.3)
        with pytest.raises(SocketError, match="more than 0 redirects"):
            await PollingLink.open(place)
    with pytest.raises(SocketError, match="no connection"):
        await WebSocketLink.open(place)


async def test_a_server_that_accepts_and_does_not_open_is_given_up() -> None:
    async with FakeZeal("seed") as zeal:  # its raw socket says nothing
        config = ZealConfig(zeal.url, timeout=5, handshake=0.1)
        place = Place.of(config, f"{zeal.url}/ws/zip")
        link = Place(place.base, place.config)

        with pytest.raises(SocketError):
            await WebSocketLink.open(link)


async def test_only_what_is_configured_is_dialled() -> None:
    async with FakeZeal() as zeal:
        await get(zeal, "/api/zip/websocket")
        elsewhere = Place(zeal.socket_url, config_of(zeal))

        with pytest.raises(SocketError, match="may not be reached"):
            await WebSocketLink.open(elsewhere)
        with pytest.raises(SocketError, match="may not be reached"):
            await PollingLink.open(elsewhere)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://zeal:3000", "http://zeal:3001"),
        ("https://zeal.example/base", "https://zeal.example:3001"),
        ("http://[::1]:3000", "http://[::1]:3001"),
    ],
)
def test_the_live_port_is_on_the_same_host(url: str, found: str) -> None:
    assert on_port(url, 3001) == found


@pytest.mark.parametrize("base", ["http://zeal/a", "http://zeal/a/ws/zip"])
def test_a_base_path_is_kept_and_none_is_there_twice(base: str) -> None:
    assert Place(base, ZealConfig(base)).at("/ws/zip") == "http://zeal/a/ws/zip"
