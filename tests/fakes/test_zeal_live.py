"""The double's live socket, by the client of python-socketio and by raw WebSockets."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes.examples import WORKFLOW
from tests.fakes.zeal import FakeZeal, Faults
from tests.fakes.zeal.client import Listener, get, http, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NODES = [node["id"] for node in WORKFLOW["graphs"][0]["nodes"]]


@pytest.fixture
async def zeal() -> AsyncIterator[FakeZeal]:
    async with FakeZeal("shipped") as found:
        found.add_workflow(WORKFLOW, "wf_1")
        yield found


async def raw_socket(zeal: FakeZeal, path: str = "/zip/events/") -> ClientConnection:
    await get(zeal, "/api/zip/websocket")
    url = f"ws{zeal.socket_url[4:]}{path}?EIO=4&transport=websocket"
    return await connect(url, proxy=None, open_timeout=2)


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
async def test_auth_gives_the_state_and_then_says_so(zeal: FakeZeal, transports: list[str]) -> None:
    async with Listener(zeal, *transports) as listener:
        events = await listener.auth("wf_1")

        assert listener.transport == transports[-1]
    assert [name for name, _ in events] == ["workflow.state", "auth.success"]
    state = events[0][1]
    assert (state["type"], state["graphId"]) == ("workflow.updated", "main")
    assert state["data"]["graphs"] == WORKFLOW["graphs"]


async def test_the_state_comes_once_more() -> None:
    async with FakeZeal("shipped", state_seconds=0) as zeal:
        zeal.add_workflow(WORKFLOW, "wf_1")
        async with Listener(zeal) as listener:
            await listener.auth("wf_1")
            await listener.until("workflow.state")
            async with http(zeal) as client:
                await client.put("/api/workflows/wf_1", json=WORKFLOW | {"name": "New"})
            await listener.until("workflow.state")


async def test_a_runtime_event_comes_back_flat_and_is_acknowledged(zeal: FakeZeal) -> None:
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        data = {"outputConnections": ["conn-1"], "duration": 1.5, "outputSize": 8, "other": 1}
        await listener.report("node.completed", "wf_1", nodeId="n1", data=data, duration=99)
        events = await listener.until("event.acknowledged")

    echo = next(payload for name, payload in events if name == "zip.event")
    del echo["id"], echo["timestamp"]
    assert echo == {
        "type": "node.completed",
        "workflowId": "wf_1",
        "graphId": "main",
        "nodeId": "n1",
        "outputConnections": ["conn-1"],
        "duration": 1.5,
        "outputSize": 8,
    }
    (session,) = zeal.store.sessions.values()
    assert session["events"][0]["eventType"] == "output"
    assert len(zeal.record.of("runtime.event")) == 1


async def test_what_is_not_sent_has_its_default(zeal: FakeZeal) -> None:
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        await listener.report("execution.completed", "wf_1")
        await listener.report("node.warning", "wf_1")
        await listener.report("execution.started", "wf_1")
        events = [await listener.receive() for _ in range(5)]

    echoes = [payload for name, payload in events if name == "zip.event"]
    assert [echo["type"] for echo in echoes] == ["execution.completed", "execution.started"]
    assert (echoes[0]["duration"], echoes[0]["summary"]["errorCount"]) == (0, 0)
    assert echoes[1]["workflowName"] == "Sample sum"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "node.execution.start"}, "VALIDATION_ERROR"),
        ({"type": "node.failed", "error": {"message": "no"}}, "VALIDATION_ERROR"),
        ({"type": "node.failed", "nodeId": None}, "VALIDATION_ERROR"),
        ({"type": "node.failed", "timestamp": 5}, "VALIDATION_ERROR"),
    ],
)
async def test_a_wrong_event_is_refused(zeal: FakeZeal, event: dict[str, Any], code: str) -> None:
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        await listener.emit("runtime.event", {"workflowId": "wf_1", "timestamp": "now"} | event)
        name, payload = await listener.receive()

    assert (name, payload["code"], len(payload["details"])) == ("error", code, 1)


async def test_nothing_is_taken_before_auth_for_a_known_workflow(zeal: FakeZeal) -> None:
    async with Listener(zeal) as listener:
        await listener.report("execution.started", "wf_1")
        await listener.emit("visual.state.update", {})
        await listener.emit("auth", {"type": "login", "workflowId": "wf_1"})
        await listener.emit("auth", {"type": "auth", "workflowId": "wf_none"})
        codes = [(await listener.receive())[1]["code"] for _ in range(4)]

    assert codes == ["NOT_AUTHENTICATED", "NOT_AUTHENTICATED", "AUTH_ERROR", "WORKFLOW_NOT_FOUND"]


async def test_execute_sends_the_start_command_in_its_sequence(zeal: FakeZeal) -> None:
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        run = (await post(zeal, "/api/workflows/wf_1/execute", {"input": {"a": 1}})).json()["data"]
        events = [await listener.receive() for _ in range(4)]

    names = [name for name, _ in events]
    started, control, *nodes = [payload for _, payload in events]
    assert names == ["zip.event", "control.event", "zip.event", "zip.event"]
    assert started["metadata"] == {
        "executionId": run["id"],
        "input": {"a": 1},
        "configuration": {},
    }
    assert started["trigger"] == {"type": "manual", "source": "user_default"}
    assert control["type"] == "control.execution.start"
    assert control["data"]["executionId"] == run["id"]
    assert [node["nodeId"] for node in nodes] == NODES


async def test_publish_sends_the_graphs(zeal: FakeZeal) -> None:
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        await post(zeal, "/api/workflows/wf_1/publish", {})
        _, published = await listener.receive()
        async with http(zeal) as client:
            await client.delete("/api/workflows/wf_1/publish")
        _, unpublished = await listener.receive()

    assert published["type"] == "workflow.published"
    assert published["graphs"] == WORKFLOW["graphs"]
    assert unpublished["type"] == "workflow.unpublished"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_stream_frames_are_rebroadcast_and_explained(zeal: FakeZeal, transport: str) -> None:
    frame = bytes([1]) + (7).to_bytes(8, "little") + b'{"size_hint": 3}'
    async with Listener(zeal, transport) as listener:
        await listener.auth("wf_1")
        await listener.emit("stream.frame", frame)
        events = [await listener.receive() for _ in range(2)]
        await listener.emit("stream.frame", bytes([4]) + bytes(8) + b"broken")
        _, failed = (await listener.until("stream.frame.parsed"))[-1]

    assert events[0] == ["stream.frame", frame]
    parsed = {"streamId": 7, "type": "begin", "payloadSize": 16, "metadata": {"size_hint": 3}}
    assert events[1] == ["stream.frame.parsed", parsed]
    assert failed["message"] == "broken"


async def test_a_visual_state_goes_to_everybody(zeal: FakeZeal) -> None:
    element = {"id": "n1", "elementType": "node", "state": "running"}
    update = {"type": "visual.state.update", "elements": [element]}
    async with Listener(zeal) as listener:
        await listener.auth("wf_1")
        await listener.emit("visual.state.update", update)
        events = await listener.until("update.acknowledged")
        await listener.emit("visual.state.update", update | {"elements": [{"id": "n1"}]})
        _, refused = await listener.receive()

    assert events[0] == ["visual.state.update", update]
    assert refused["code"] == "VALIDATION_ERROR"


async def test_long_frames_are_lost_over_websocket_and_not_over_polling(zeal: FakeZeal) -> None:
    zeal.faults.ws_broken = True
    socket = await raw_socket(zeal)
    await socket.send("40")
    opened = [await socket.recv(), await socket.recv()]
    await socket.send('42["auth",{"type":"auth","workflowId":"wf_1"}]')
    async with Listener(zeal, "polling") as listener:
        events = await listener.auth("wf_1")
    await socket.close()

    assert [str(packet)[:2] for packet in opened] == ["0{", "40"]
    assert events[-1][0] == "auth.success"
    assert len(zeal.record.of("auth")) == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type": "ping"}', 1005),
        ("42notjson", 1005),
        ("42[]", 1005),
        ('40{"a":1}', 0),
        ('420["anything",{}]', 0),
        ("41", 1005),
        (b"binary out of place", 1005),
        ('42["runtime.event", "' + "x" * 1_000_000 + '"]', 1009),
    ],
)
async def test_what_is_no_packet_or_too_long_closes(
    zeal: FakeZeal, frame: str | bytes, code: int
) -> None:
    socket = await raw_socket(zeal)
    await socket.send("40")
    await socket.recv()
    await socket.recv()
    await socket.send(frame)
    if code:
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), 5)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == code
    else:
        await socket.send('42["auth",{}]')
        assert "AUTH_ERROR" in str(await asyncio.wait_for(_told(socket), 5))
    await socket.close()


async def _drain(socket: ClientConnection) -> None:
    while True:
        await asyncio.wait_for(socket.recv(), 5)


async def _told(socket: ClientConnection) -> str:
    while "error" not in (told := str(await socket.recv())):
        pass
    return told


async def test_it_pings_and_closes_on_silence() -> None:
    async with FakeZeal("shipped", ping_interval=0.02, ping_timeout=0.1) as zeal:
        socket = await raw_socket(zeal)
        await socket.send("40")
        packets = [str(await socket.recv()) for _ in range(3)]
        await socket.send("3")
        packets.append(str(await socket.recv()))

        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 5)

    assert packets[-2:] == ["2", "2"]


async def test_who_never_joins_is_closed() -> None:
    async with FakeZeal("shipped", connect_timeout=0.05) as zeal:
        socket = await raw_socket(zeal)
        await socket.recv()

        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 5)


async def test_it_breaks_off_in_the_middle_of_a_frame() -> None:
    async with FakeZeal("shipped", faults=Faults(socket_drop_after=2)) as zeal:
        zeal.add_workflow(WORKFLOW, "wf_1")
        socket = await raw_socket(zeal)
        await socket.send("40")
        for _ in range(2):
            await socket.send('42["auth",{"type":"auth","workflowId":"wf_1"}]')

        with pytest.raises(ConnectionClosed) as caught:
            await _drain(socket)

    assert caught.value.rcvd is None


async def test_wrong_polls_are_refused(zeal: FakeZeal) -> None:
    await get(zeal, "/api/zip/websocket")
    base = f"{zeal.socket_url}/zip/events/"
    async with httpx.AsyncClient(trust_env=False) as client:
        queries = ["", "?EIO=4&transport=x", "?EIO=4&transport=polling&sid=none"]
        answers = [(await client.get(base + query)).json()["code"] for query in queries]
        handshake = await client.post(f"{base}?EIO=4&transport=polling", content=b"40")
        opened = await client.get(f"{base}?EIO=4&transport=polling")
        sid = json.loads(opened.text[1:])["sid"]
        big = await client.post(
            f"{base}?EIO=4&transport=polling&sid={sid}", content=b"x" * 1_000_001
        )
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{zeal.socket_url}/zip/events?EIO=4&transport=polling")

    assert answers == [5, 0, 1]
    assert (handshake.json()["code"], big.status_code) == (2, 413)
    with pytest.raises(InvalidStatus):
        await raw_socket(zeal, "/zip/events/?sid=none&")


async def test_the_dead_path_takes_the_connection_and_never_answers(zeal: FakeZeal) -> None:
    with pytest.raises(TimeoutError):
        await connect(f"ws{zeal.url[4:]}/ws/zip", proxy=None, open_timeout=0.1)


async def test_discovery_starts_the_server_unless_it_was_frozen(zeal: FakeZeal) -> None:
    statuses = [(await get(zeal, "/api/zip/websocket")).json()["status"] for _ in range(2)]
    async with FakeZeal("shipped", live_starts=False) as frozen:
        await get(frozen, "/api/zip/websocket")

        assert not frozen.live_server.runs
    assert statuses == ["initialized", "running"]


async def test_raw_frames_go_both_ways_on_request() -> None:
    async with FakeZeal("intended", raw=True) as zeal:
        zeal.add_workflow(WORKFLOW, "wf_1")
        async with connect(f"ws{zeal.url[4:]}/ws/zip", proxy=None) as socket:
            await socket.send('{"type": "node.completed"}')
            await socket.send("not json")
            await socket.send(b"frame")
            await post(zeal, "/api/workflows/wf_1/publish", {})
            await post(zeal, "/api/workflows/wf_1/execute", {"input": 1})
            frames = [json.loads(await socket.recv()) for _ in range(2)]

    assert [frame["type"] for frame in frames] == ["workflow.publish", "execution.start"]
    assert frames[0]["graph"]["graphs"] == WORKFLOW["graphs"]
    assert [entry["event"] for entry in zeal.record.of("raw")] == [
        {"type": "node.completed"},
        {"notJson": "not json"},
    ]


async def test_a_restart_ends_live_sockets_and_takes_them_again(zeal: FakeZeal) -> None:
    socket = await raw_socket(zeal)
    await zeal.restart()

    with pytest.raises(ConnectionClosed):
        await _drain(socket)
    again = await raw_socket(zeal)
    await again.close()
