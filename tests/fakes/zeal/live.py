"""The live socket above Engine.IO: Socket.IO packets and Zeal's events, section 9."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.fakes.zeal import live_events
from tests.fakes.zeal.errors import new_id, now_iso, now_ms
from tests.fakes.zeal.shapes import problems_of

if TYPE_CHECKING:
    from tests.fakes.zeal.engineio import Peer
    from tests.fakes.zeal.http import Json
    from tests.fakes.zeal.server import FakeZeal

PACKET = re.compile(r"(\d)(?:(\d+)-)?(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)
CONNECT, DISCONNECT, EVENT, BINARY_EVENT = "0", "1", "2", "5"
FRAMES = {1: "begin", 2: "data", 3: "end", 4: "error"}
HEAD = 9  # bytes of a stream frame before its payload


class Live:
    """Rooms are workflows: a client hears of those that it chose by ``auth``."""

    def __init__(self, zeal: FakeZeal) -> None:
        self._zeal = zeal
        self._timers: set[asyncio.TimerHandle] = set()

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    # --- Socket.IO ---

    def text(self, peer: Peer, packet: str) -> bool:
        """One packet of a client; False: it is none, and the connection ends."""
        found = PACKET.fullmatch(packet)
        if found is None:
            return False
        kind, count, namespace, _ack, rest = found.groups()
        if kind == CONNECT:
            self._connect(peer, namespace)
            return True
        if kind == DISCONNECT or not peer.joined.is_set():
            return False
        try:
            arguments = json.loads(rest)
        except ValueError:
            return False
        if not isinstance(arguments, list) or not arguments:
            return False
        if kind == BINARY_EVENT and int(count or 0):
            peer.awaited = (int(count), arguments)
            peer.attachments = []
            return True
        if kind == EVENT:
            self._event(peer, arguments)
        return kind == EVENT

    def binary(self, peer: Peer, data: bytes) -> bool:
        if peer.awaited is None:
            return False
        count, arguments = peer.awaited
        peer.attachments.append(data)
        if len(peer.attachments) == count:
            peer.awaited = None
            self._event(peer, [_filled(each, peer.attachments) for each in arguments])
        return True

    def _connect(self, peer: Peer, namespace: str | None) -> None:
        if namespace not in (None, "/"):
            peer.send(f'44{namespace},{{"message":"Invalid namespace"}}')
            return
        peer.joined.set()
        peer.send(f"40{json.dumps({'sid': peer.socket_id})}")

    def _event(self, peer: Peer, arguments: list[Any]) -> None:
        name, payload = arguments[0], arguments[1] if len(arguments) > 1 else None
        peer.events += 1
        handlers = {
            "auth": self._auth,
            "runtime.event": self._runtime_event,
            "visual.state.update": self._visual,
            "stream.frame": self._frame,
        }
        if handler := handlers.get(name):
            handler(peer, payload)

    # --- what a client sends ---

    def _auth(self, peer: Peer, payload: Any) -> None:
        body, problems = problems_of(live_events.AUTH, payload)
        self._zeal.record.add("auth", sid=peer.sid, payload=payload)
        if problems:
            _error(peer, "AUTH_ERROR", "Invalid authentication request", problems)
            return
        workflow_id = body["workflowId"]
        if workflow_id not in self._zeal.store.workflows:
            _error(peer, "WORKFLOW_NOT_FOUND", f"Workflow {workflow_id} not found")
            return
        if workflow_id in peer.workflows:
            peer.workflows.remove(workflow_id)
        peer.workflows.append(workflow_id)
        self._send_state(peer, workflow_id)
        emit(
            peer,
            "auth.success",
            {"workflowId": workflow_id, "message": "Authenticated", "timestamp": now_ms()},
        )
        self.changed(workflow_id)

    def _runtime_event(self, peer: Peer, payload: Any) -> None:
        if not peer.workflows:
            _error(peer, "NOT_AUTHENTICATED", "Authenticate first")
            return
        event, problems = problems_of(live_events.RUNTIME_EVENT, payload)
        refused = bool(problems)
        self._zeal.record.add("runtime.event", sid=peer.sid, event=payload, refused=refused)
        if refused:
            _error(peer, "VALIDATION_ERROR", "Invalid runtime event", problems)
            return
        if (flat := live_events.flattened(event, self._zeal.store)) is not None:
            self.zip_event(event["workflowId"], event["type"], **flat)
        live_events.keep(self._zeal, event)
        emit(peer, "event.acknowledged", {"type": event["type"], "timestamp": now_ms()})

    def _visual(self, peer: Peer, payload: Any) -> None:
        if not peer.workflows:
            _error(peer, "NOT_AUTHENTICATED", "Authenticate first")
            return
        _body, problems = problems_of(live_events.VISUAL, payload)
        if problems:
            _error(peer, "VALIDATION_ERROR", "Invalid visual state update", problems)
            return
        self._zeal.record.add("visual", sid=peer.sid, payload=payload)
        self._broadcast(peer.workflows[-1], "visual.state.update", payload)
        emit(peer, "update.acknowledged", {"type": payload["type"], "timestamp": now_ms()})

    def _frame(self, peer: Peer, payload: Any) -> None:
        if not peer.workflows or not isinstance(payload, bytes) or len(payload) < HEAD:
            return
        kind = FRAMES.get(payload[0], "unknown")
        stream = int.from_bytes(payload[1:HEAD], "little")
        rest = payload[HEAD:]
        self._zeal.record.add("frame", sid=peer.sid, streamId=stream, type=kind, size=len(rest))
        for other in self._room(peer.workflows[-1]):
            other.send('451-["stream.frame",{"_placeholder":true,"num":0}]')
            other.send(payload)
        parsed: Json = {"streamId": stream, "type": kind, "payloadSize": len(rest)}
        if kind == "begin" and rest:
            parsed["metadata"] = json.loads(rest)
        if kind == "error":
            parsed["message"] = rest.decode()
        self._broadcast(peer.workflows[-1], "stream.frame.parsed", parsed)

    # --- what Zeal sends ---

    def _room(self, workflow_id: str) -> list[Peer]:
        return [each for each in self._zeal.engine.peers.values() if workflow_id in each.workflows]

    def _broadcast(self, workflow_id: str, name: str, payload: Json) -> None:
        for peer in self._room(workflow_id):
            emit(peer, name, payload)

    def zip_event(
        self, workflow_id: str, kind: str, *, graph_id: str = "main", **more: Any
    ) -> None:
        event = {
            "id": new_id("evt"),
            "type": kind,
            "timestamp": now_iso(),
            "workflowId": workflow_id,
            "graphId": graph_id,
        }
        self._broadcast(workflow_id, "zip.event", event | more)

    def control(self, workflow_id: str, kind: str, data: Json) -> None:
        event = {"id": new_id("evt"), "timestamp": now_iso(), "type": kind}
        more = {"workflowId": workflow_id, "data": data, "metadata": {"namespace": "default"}}
        self._broadcast(workflow_id, "control.event", event | more)

    def changed(self, workflow_id: str) -> None:
        """The whole workflow goes out once more, a little later."""

        def send() -> None:
            self._timers.discard(timer)
            for peer in self._room(workflow_id):
                self._send_state(peer, workflow_id)

        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._zeal.state_seconds, send)
        self._timers.add(timer)

    def _send_state(self, peer: Peer, workflow_id: str) -> None:
        workflow = self._zeal.store.workflows.get(workflow_id)
        if workflow is None:
            return
        data = {name: workflow[name] for name in ("version", "graphs", "metadata")}
        state = {
            "id": str(uuid4()),
            "timestamp": now_iso(),
            "type": "workflow.updated",
            "workflowId": workflow_id,
            "graphId": "main",
            "data": data,
            "metadata": {"namespace": "default"},
        }
        emit(peer, "workflow.state", state)


def emit(peer: Peer, name: str, payload: Any) -> None:
    peer.send(f"42{json.dumps([name, payload])}")


def _error(peer: Peer, code: str, message: str, details: list[Json] | None = None) -> None:
    more = {"details": details} if details else {}
    emit(peer, "error", {"code": code, "message": message, **more})


def _filled(value: Any, attachments: list[bytes]) -> Any:
    if isinstance(value, dict) and value.get("_placeholder"):
        return attachments[value["num"]]
    return value
