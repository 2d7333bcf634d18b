"""The session with the double: what it sends, and what it makes of every way to break."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from observability.zeal.config import SocketKind
from observability.zeal.dialing import Place
from observability.zeal.line import Line, Tally
from observability.zeal.live import LiveProfile, LiveUnavailableError, Sent
from observability.zeal.raw_frames import RawFrames
from observability.zeal.zip_session import ZipSession
from tests.fakes.examples import WORKFLOW
from tests.fakes.zeal import FakeZeal, Faults
from tests.fakes.zeal.client import Listener, get, http
from tests.observability.zeal.live import (
    QUICK,
    Ears,
    completed,
    config_of,
    run_of,
    session_with,
    stored,
    until,
)

if TYPE_CHECKING:
    from tests.fakes.zeal.server import Mode

PAGE = [completed(seq) for seq in range(1, 21)]


def arrived(zeal: FakeZeal) -> list[int]:
    """The numbers of the events that arrived: their timestamps' milliseconds."""
    events = [entry["event"] for kind in ("runtime.event", "raw") for entry in zeal.record.of(kind)]
    return [int(event["timestamp"][-4:-1]) - 967 for event in events]


def saved(zeal: FakeZeal) -> str:
    return str(zeal.add_workflow(WORKFLOW)["id"])


@pytest.mark.parametrize("mode", ["shipped", "intended"])
async def test_a_page_arrives_in_order_and_is_acknowledged(mode: Mode) -> None:
    async with FakeZeal(mode) as zeal, session_with(config_of(zeal)) as session:
        sent = await session.send(run_of(saved(zeal)), [*PAGE, stored(21, "MessageSent")])

        assert sent == Sent(last_seq=21, sent=20, dropped=1, repeated=0)
        assert arrived(zeal) == list(range(1, 21))
        assert zeal.record.of("connect")[0]["transport"] == "websocket"
        status = session.status
        assert (status.connected, status.profile) == (True, LiveProfile.WEBSOCKET)
        assert (status.sent, status.acknowledged, status.refused) == (20, 20, 0)
        assert status.dropped_types == (("MessageSent", 1),)


async def test_the_whole_installation_is_named_to_zeal() -> None:
    async with FakeZeal() as zeal, session_with(config_of(zeal, api_key="k-1")) as session:
        await session.send(run_of(saved(zeal)), PAGE[:1])

        (asked,) = [e for e in zeal.record.of("http") if e["path"] == "/api/zip/websocket"]
        assert asked["headers"]["x-client-id"] == "reflow-1"
        assert asked["headers"]["authorization"] == "Bearer k-1"


async def test_where_frames_of_a_websocket_are_lost_polling_is_used_from_then_on() -> None:
    async with FakeZeal(faults=Faults(ws_broken=True)) as zeal:
        workflow_id = saved(zeal)
        async with session_with(config_of(zeal)) as session:
            sent = await session.send(run_of(workflow_id), PAGE)
            assert (sent.sent, session.status.profile) == (20, LiveProfile.POLLING)
            assert arrived(zeal) == list(range(1, 21))

            await zeal.restart()
            zeal.add_workflow(WORKFLOW, workflow_id)
            sent = await session.send(run_of(workflow_id), [completed(21)])

        assert sent.sent == 1
        transports = [entry["transport"] for entry in zeal.record.of("connect")]
        assert (transports[0], set(transports[1:])) == ("websocket", {"polling"})


async def test_without_any_websocket_polling_is_used() -> None:
    async with FakeZeal(faults=Faults(ws_refused=True)) as zeal:
        await get(zeal, "/api/zip/websocket")
        config = config_of(zeal, socket_url=zeal.socket_url, socket=SocketKind.SOCKETIO)
        async with session_with(config) as session:
            assert (await session.send(run_of(saved(zeal)), PAGE)).sent == 20
            assert session.status.profile is LiveProfile.POLLING


async def test_what_was_not_acknowledged_is_sent_again_and_counted() -> None:
    async with (
        FakeZeal(faults=Faults(socket_drop_after=15)) as zeal,
        session_with(config_of(zeal)) as session,
    ):
        workflow_id = saved(zeal)
        sending = asyncio.create_task(session.send(run_of(workflow_id), PAGE))
        await until(lambda: len(zeal.record.of("runtime.event")) >= 14)
        zeal.faults.socket_drop_after = 0
        sent = await sending

        assert (sent.sent, sent.last_seq) == (20, 20)
        assert sent.repeated >= len(arrived(zeal)) - 20 > 0
        assert set(arrived(zeal)) == set(range(1, 21))
        firsts = list(dict.fromkeys(arrived(zeal)))
        assert firsts == sorted(firsts)
        assert session.status.acknowledged == 20


async def test_a_zeal_that_starts_anew_is_found_again() -> None:
    async with FakeZeal() as zeal, session_with(config_of(zeal)) as session:
        workflow_id = saved(zeal)
        await session.send(run_of(workflow_id), PAGE[:10])
        await zeal.restart()
        zeal.add_workflow(WORKFLOW, workflow_id)

        sent = await session.send(run_of(workflow_id), PAGE[10:])

        assert sent.sent == 10
        assert [e["payload"]["workflowId"] for e in zeal.record.of("auth")] == [workflow_id] * 2


async def test_a_slow_zeal_gets_everything() -> None:
    faults = Faults(slow_seconds=0.1)
    async with FakeZeal(faults=faults) as zeal, session_with(config_of(zeal)) as session:
        assert (await session.send(run_of(saved(zeal)), PAGE)).sent == 20


async def test_an_event_that_is_too_large_is_dropped_and_counted() -> None:
    edges = ["e" * 1000] * 1100
    large = stored(2, "NodeExecuting", "n1", input_connections=edges)
    async with FakeZeal() as zeal, session_with(config_of(zeal)) as session:
        sent = await session.send(run_of(saved(zeal)), [PAGE[0], large, completed(3)])

        assert sent == Sent(last_seq=3, sent=2, dropped=1, repeated=0)
        assert arrived(zeal) == [1, 3]
        assert session.status.dropped_types == (("too large", 1),)
        assert len(zeal.record.of("connect")) == 1


async def test_an_event_that_breaks_every_connection_is_left_out_and_costs_nobody_else() -> None:
    deadly = replace(completed(2), node="poison")
    async with (
        FakeZeal(faults=Faults(socket_drop_at="poison")) as zeal,
        session_with(config_of(zeal)) as session,
    ):
        run, other = run_of(saved(zeal)), run_of(saved(zeal))

        sent, beside = await asyncio.gather(
            session.send(run, [PAGE[0], deadly, completed(3)]), session.send(other, PAGE[3:6])
        )

        assert (sent.last_seq, sent.sent, sent.dropped) == (3, 2, 1)
        assert (beside.last_seq, beside.sent, beside.dropped) == (6, 3, 0)
        assert session.status.dropped_types == (("broke the connection", 1),)


async def test_what_zeal_refuses_is_counted_and_the_rest_goes_on() -> None:
    async with FakeZeal() as zeal, session_with(config_of(zeal)) as session:
        strange = replace(run_of(saved(zeal)), connections=None)
        number: Any = 7
        wrong = replace(completed(1), node=number)  # as no engine writes it

        sent = await session.send(strange, [wrong, completed(2)])

        assert sent == Sent(last_seq=2, sent=1, dropped=1, repeated=0)
        assert session.status.refused == 1
        assert session.status.last_error.startswith("VALIDATION_ERROR: Invalid runtime event")


async def test_a_workflow_that_zeal_does_not_know_goes_without_the_socket() -> None:
    async with FakeZeal() as zeal, session_with(config_of(zeal)) as session:
        for _ in range(2):
            with pytest.raises(LiveUnavailableError, match="WORKFLOW_NOT_FOUND") as caught:
                await session.send(run_of("wf_gone"), PAGE)
            assert not caught.value.retry

        assert [e["payload"]["workflowId"] for e in zeal.record.of("auth")] == ["wf_gone"]


async def test_a_socket_that_is_off_is_never_opened() -> None:
    async with FakeZeal() as zeal:
        async with session_with(config_of(zeal, socket=SocketKind.OFF)) as session:
            with pytest.raises(LiveUnavailableError, match="ZEAL_SOCKET") as caught:
                await session.send(run_of("wf_1"), PAGE)

        assert not caught.value.retry
        assert zeal.record.entries == []
        assert session.status.profile is LiveProfile.OFF


async def test_nobody_waits_for_long_for_a_zeal_that_is_not_there() -> None:
    patience = replace(QUICK, wait=0.1)
    zeal = FakeZeal()
    async with zeal:
        pass
    async with session_with(config_of(zeal), patience=patience) as session:
        with pytest.raises(LiveUnavailableError, match=r"no live socket for 0\.1 s") as caught:
            await session.send(run_of("wf_1"), PAGE)

    assert caught.value.retry
    assert "port is not told" in session.status.last_error


async def test_a_page_that_is_cut_in_two_says_how_far_it_went() -> None:
    patience = replace(QUICK, wait=0.3)
    async with (
        FakeZeal(faults=Faults(socket_drop_after=60)) as zeal,
        session_with(config_of(zeal), patience=patience) as session,
    ):
        page = [*(completed(seq) for seq in range(1, 100)), stored(100, "NetworkIdle")]
        run = run_of(saved(zeal))
        sending = asyncio.create_task(session.send(run, page))
        await until(lambda: zeal.record.of("disconnect"))
        await zeal.stop()
        first = await sending

        assert 50 <= first.last_seq < 60
        assert (first.sent, first.dropped) == (first.last_seq, 0)

        zeal.faults.socket_drop_after = 0
        await zeal.restart()
        zeal.add_workflow(WORKFLOW, run.workflow_id)
        second = await session.send(run, page[first.last_seq :])

        assert second.sent + first.sent == 99
        assert (second.last_seq, second.dropped) == (100, 1)
        assert second.repeated == 100 - first.last_seq - 1 or second.repeated == 50


async def test_the_way_out_waits_for_the_acknowledgements() -> None:
    async with FakeZeal() as zeal:
        session = ZipSession(config_of(zeal), Ears(), patience=QUICK)
        running = asyncio.create_task(session.run())
        run = run_of(saved(zeal))
        await session.send(run, PAGE[:1])
        sending = asyncio.create_task(session.send(run, PAGE[1:]))
        await until(lambda: session.status.sent > 1)
        running.cancel()

        sent = await sending
        with pytest.raises(asyncio.CancelledError):
            await running
        with pytest.raises(LiveUnavailableError, match="ending"):
            await session.send(run, PAGE)

        assert sent.sent == 19
        await until(lambda: zeal.record.of("disconnect"))


async def test_a_connection_without_acknowledgements_is_given_up() -> None:
    patience = replace(QUICK, answer=0.1, wait=1)
    async with FakeZeal() as zeal, session_with(config_of(zeal), patience=patience) as session:
        run = run_of(saved(zeal))
        await session.send(run, PAGE[:1])
        zeal.faults.deaf = True
        sending = asyncio.create_task(session.send(run, PAGE[1:]))
        await until(lambda: "no acknowledgement" in session.status.last_error)
        zeal.faults.deaf = False

        assert (await sending).sent == 19


async def test_every_workflow_of_zeals_is_followed() -> None:
    async with FakeZeal() as zeal, session_with(config_of(zeal)) as session:
        first = saved(zeal)
        await until(lambda: len(zeal.record.of("auth")) == 1)
        second = saved(zeal)
        await until(lambda: len(zeal.record.of("auth")) == 2)

        chosen = {entry["payload"]["workflowId"] for entry in zeal.record.of("auth")}
        assert chosen == {first, second}
        assert session.status.connected


async def test_what_zeal_says_is_heard_but_no_echo() -> None:
    ears = Ears()
    async with FakeZeal(state_seconds=60) as zeal, session_with(config_of(zeal), ears) as session:
        workflow_id = saved(zeal)
        started = stored(1, "Started", nodes=1, connections=0)
        await session.send(run_of(workflow_id), [started, *PAGE[1:]])
        async with Listener(zeal) as editor:
            await editor.auth(workflow_id)
            await editor.report("execution.started", workflow_id, metadata={"executionId": "x"})
            async with http(zeal) as client:
                await client.post(f"/api/workflows/{workflow_id}/publish", json={})
            await until(lambda: len(ears.heard) == 2)

    names = [(name, payload["type"]) for name, payload in ears.heard]
    assert names == [("workflow.state", "workflow.updated"), ("zip.event", "workflow.published")]


async def test_raw_frames_are_flat_and_sure_to_be_read() -> None:
    raw = SocketKind.RAW
    async with FakeZeal("seed") as zeal, session_with(config_of(zeal, socket=raw)) as session:
        sent = await session.send(run_of("wf_1"), [*PAGE, stored(21, "MessageSent")])

        assert sent == Sent(last_seq=21, sent=20, dropped=1, repeated=0)
        assert session.status.profile is LiveProfile.RAW
        assert arrived(zeal) == list(range(1, 21))
        event: dict[str, Any] = zeal.record.of("raw")[0]["event"]
        assert event.pop("id").startswith("evt_")
        assert event == {
            "type": "node.completed",
            "workflowId": "wf_1",
            "timestamp": "2026-11-21T21:18:26.968Z",
            "nodeId": "n1",
            "outputConnections": [],
            "duration": 1.5,
            "outputSize": 8,
        }


async def test_a_gateway_without_socketio_gets_raw_frames() -> None:
    async with FakeZeal("seed") as zeal:
        zeal._routes = [route for route in zeal._routes if "websocket" not in route.path]
        async with session_with(config_of(zeal)) as session:
            await session.send(run_of("wf_1"), PAGE)

        assert len(zeal.record.of("raw")) == 20


async def test_a_raw_frame_that_breaks_off_is_sent_again() -> None:
    raw = SocketKind.RAW
    async with (
        FakeZeal("seed", faults=Faults(socket_drop_after=5)) as zeal,
        session_with(config_of(zeal, socket=raw)) as session,
    ):
        sending = asyncio.create_task(session.send(run_of("wf_1"), PAGE))
        await until(lambda: len(zeal.record.of("raw")) >= 5)
        zeal.faults.socket_drop_after = 0
        sent = await sending

        assert (sent.sent, sent.repeated >= 20) == (20, True)
        assert set(arrived(zeal)) == set(range(1, 21))


async def test_a_socket_that_never_answers_is_given_up() -> None:
    async with FakeZeal("shipped") as zeal:
        config = replace(config_of(zeal, socket=SocketKind.RAW), handshake=0.1)
        async with session_with(config) as session:
            await until(lambda: "no handshake in 0.1 s" in session.status.last_error)

        assert not session.status.connected


async def test_a_mistake_of_ours_costs_a_connection_and_no_more() -> None:
    class Mistaken(Ears):
        async def command(self, name: str, payload: Any) -> tuple[()]:
            await super().command(name, payload)
            raise ZeroDivisionError

    ears = Mistaken()
    async with FakeZeal() as zeal, session_with(config_of(zeal), ears) as session:
        run = run_of(saved(zeal))
        await session.send(run, PAGE[:1])
        await until(lambda: ears.heard)

        assert (await session.send(run, PAGE[1:])).sent == 19


async def test_a_task_that_fails_ends_its_connection() -> None:
    class Deaf:
        profile, acknowledges, max_bytes = LiveProfile.RAW, True, 1000

        def frame(self, event: Any) -> str:
            return str(event)

        async def send(self, frames: Any) -> None: ...

        async def ask(self, workflow_id: str) -> None: ...

        async def receive(self) -> tuple[str, Any]:
            raise ZeroDivisionError("a mistake")

        async def close(self) -> None: ...

    async def heard(_name: str, _payload: Any) -> None: ...

    line = Line(Deaf(), heard, Tally(), patience=1)
    task = asyncio.create_task(line.listen())
    task.add_done_callback(line.lost)
    batch = await line.deliver(["one"])

    assert str(line.over.result()) == "a mistake"
    assert (batch.written, batch.answered) == (1, 0)


async def test_a_write_that_is_cut_off_ends_the_connection() -> None:
    async with FakeZeal("seed") as zeal:
        place = Place.of(config_of(zeal), zeal.url)
        connection = await RawFrames.open(place)

        async def heard(_name: str, _payload: Any) -> None: ...

        line = Line(connection, heard, Tally(), patience=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await line.deliver(["{}"])
        await line.close()

        assert str(line.over.result()) == "a write was cut off"
