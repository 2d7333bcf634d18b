"""What is said to Zeal over HTTP, as the double hears it: from the templates to a run's summary."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from tests.docs.conversations import END, SUM, fixed
from tests.factories import UserFactory
from tests.fakes.zeal import FakeZeal
from tests.observability.zeal.told import config_of, make_run, posts, syncing, told, until
from tests.workflows.zeal.documents import sample
from workflows.importing import import_workflow

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Request, Response
    from tests.fakes.zeal.server import Mode
    from workflows.models import Execution

SHOWN = "tpl_passthrough"  # the one template of all that is shown whole
OUTPUTS = {"result": {"type": "Integer", "data": 5}}
SENT = {"from_port": "result", "to_node": END, "to_port": "input", "connection": "conn-3"}
DONE = {"component": "tpl_math_add", "count": 1, "outputs": OUTPUTS}
EVENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("Started", "", {"nodes": 2, "connections": 1}),
    ("NodeExecuting", SUM, {"component": "tpl_math_add", "count": 1, "input_connections": []}),
    (
        "ActorCompleted",
        SUM,
        {**DONE, "output_connections": ["conn-3"], "duration_ms": 0.4, "output_size": 8},
    ),
    ("MessageSent", SUM, {**SENT, "message": OUTPUTS["result"], "size": 8, "count": 1}),
    (
        "NodeExecuting",
        END,
        {"component": "tpl_passthrough", "count": 1, "input_connections": ["conn-3"]},
    ),
    (
        "ActorCompleted",
        END,
        {
            **DONE,
            "component": "tpl_passthrough",
            "output_connections": [],
            "duration_ms": 0.1,
            "output_size": 8,
        },
    ),
    ("Completed", "", {"duration_ms": 2.5, "nodes_executed": 2, "nodes_failed": 0}),
]


def calls(mode: Mode) -> str:
    """The calls for one run that change something, as a block of Markdown. Needs a database."""
    lines = asyncio.run(_made(mode))
    return "\n".join(["```text", *lines, "```"])


async def _made(mode: Mode) -> list[str]:
    async with FakeZeal(mode) as zeal, syncing(config_of(zeal)):
        document = sample("sum")
        zeal.add_workflow(document, document["id"])
        await until(lambda: posts(zeal, "/api/zip/templates"))
        run: Execution = await sync_to_async(_run)()
        await told(run)
        return [
            line
            for request, response in zeal.exchanges
            if request.method != "GET"
            for line in _shown(request, response)
        ]


def _run() -> Execution:
    workflow = import_workflow(owner=UserFactory(), document=sample("sum")).workflow
    return make_run(
        *EVENTS,
        workflow=workflow,
        version=workflow.current,
        execution_id="exec_1",
        nodes_executed=2,
        duration_ms=2.5,
    )


def _shown(request: Request, response: Response) -> list[str]:
    said = f"-> {request.method} {request.path} {_body(request.body)}"
    return [fixed(said), fixed(f"<- {response.status} {_body(response.body)}")]


def _body(data: bytes) -> str:
    return json.dumps(_short(json.loads(data)), separators=(",", ":"), ensure_ascii=False)


def _short(value: Any) -> Any:
    """Of each list of templates and categories one."""
    if isinstance(value, dict):
        return {key: _first(key, _short(item)) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def _first(key: str, value: Any) -> Any:
    if key == "templates" or (key == "results" and len(value) > 1):
        return [*(each for each in value if SHOWN in each.values()), "…"]
    return [*value[:1], "…"] if key == "categories" and len(value) > 1 else value
