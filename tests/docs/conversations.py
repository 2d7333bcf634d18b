"""What is said on the live socket, as the double hears it: from auth to the end of a run."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from observability.zeal.config import SocketKind
from tests.fakes.zeal import FakeZeal
from tests.fakes.zeal.client import http
from tests.observability.zeal.live import Ears, config_of, run_of, session_with, stored, until
from tests.workflows.zeal.documents import TARGET, sample
from workflows.zeal.connections import ZealConnections
from workflows.zeal.converting import convert

if TYPE_CHECKING:
    from tests.fakes.zeal.server import Mode

SUM = "tpl_math_add-2-c"
END = "tpl_passthrough-3-d"
EVENTS = [
    stored(1, "Started", nodes=2, connections=1),
    stored(2, "NodeExecuting", SUM, input_connections=[]),
    stored(
        3, "ActorCompleted", SUM, output_connections=["conn-3"], duration_ms=0.4, output_size=30
    ),
    stored(4, "MessageSent", SUM),
    stored(5, "NodeExecuting", END, input_connections=["conn-3"]),
    stored(6, "ActorCompleted", END, output_connections=[], duration_ms=0.1, output_size=30),
    stored(7, "NetworkIdle"),
    stored(8, "Completed", duration_ms=2.5, nodes_executed=2, nodes_failed=0),
]
MOMENTS = [
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "2026-04-01T12:00:00.000Z"),
    (re.compile(r"\b\d{13}\b"), "1775044800000"),
    (re.compile(r'"sid":"\w+"'), '"sid":"k3J"'),
    (re.compile(r'"id":"[0-9a-f-]{36}"'), '"id":"7e1c"'),
    (re.compile(r"\b(evt|exec|trace|fts|ft|req)_\w+"), r"\1_1"),
]


def conversation(mode: Mode) -> str:
    """One run that is started in Zeal, as a block of Markdown."""
    lines = asyncio.run(_held(mode))
    return "\n".join(["```text", *map(_shown, lines), "```"])


async def _held(mode: Mode) -> list[str]:
    kind = SocketKind.RAW if mode == "seed" else SocketKind.AUTO
    ears = Ears()
    async with FakeZeal(mode, state_seconds=60) as zeal:
        document = sample("sum")
        workflow_id = zeal.add_workflow(document, document["id"])["id"]
        async with session_with(config_of(zeal, socket=kind), ears) as session:
            await until(lambda: zeal.raw.connected or zeal.record.of("auth"))
            async with http(zeal) as client:
                path = f"/api/workflows/{workflow_id}/execute"
                await client.post(path, json={"input": {"extra": 7}})
            await until(lambda: len(ears.heard) >= (1 if mode == "seed" else 3))
            graph = convert(sample("sum"), TARGET).graph
            run = run_of(workflow_id, ZealConnections(graph, TARGET.registry))
            await session.send(run, EVENTS)
        return [line for line in zeal.wire if line != "<- 1"]


def _shown(line: str) -> str:
    """The packet with everything that differs from run to run written the same."""
    text = line.lstrip("<-> 0123456789")
    head = line.removesuffix(text)
    if text:
        text = json.dumps(_short(json.loads(text)), separators=(",", ":"), ensure_ascii=False)
    return head + fixed(text)


def fixed(text: str) -> str:
    """With the times and ids that differ from run to run written the same."""
    for moment, same in MOMENTS:
        text = moment.sub(same, text)
    return text


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key == "graphs" else _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value
