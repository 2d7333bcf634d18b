"""``python -m benchmarks.server.inside journal|bulk``: our code on an empty database; JSON."""

# ruff: noqa: PLC0415 -- Django's models are there only after the settings are chosen
from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

BATCH = 500
BATCHES = 40
STARTS = 1_000
ROUNDS = 5
MESSAGE = {"order": 12, "name": "something of a customer", "lines": ["a" * 20] * 5}


def main(name: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "reflow_site.settings"
    os.environ["QUEUE_LIMIT_USER"] = str(100 * STARTS)
    import django

    django.setup()
    from celery import current_app
    from django.conf import settings
    from django.core.management import call_command

    current_app.conf.update(broker_url="memory://")
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    call_command("migrate", verbosity=0)
    figures = {"journal": _journal, "bulk": _bulk}[name]()
    sys.stdout.write(json.dumps(figures) + "\n")


def _journal() -> list[float]:
    """Events a second, in batches of one transaction each, through the writer of a claimed run."""
    from asgiref.sync import async_to_sync

    from engine.events import MessageSent
    from engine.messages import freeze
    from workflows.event_log import EventWriter
    from workflows.lifecycle import claim_next
    from workflows.services import start_execution

    start_execution(owner=_owner(), graph=_graph())
    claim = claim_next("benchmark", os.getpid())
    if claim is None:
        raise RuntimeError("the run was not claimed")
    events: list[Any] = [
        MessageSent(
            timestamp=time.time(),
            node="first",
            from_port="out",
            to_node="second",
            to_port="in",
            connection="first.out->second.in",
            message=freeze(MESSAGE),
            size=190,
        )
    ] * BATCH

    async def write() -> list[float]:
        rates = []
        for _ in range(ROUNDS):
            writer = EventWriter(claim)
            started = time.perf_counter()
            for _ in range(BATCHES):
                await writer.write(events)
            rates.append(BATCH * BATCHES / (time.perf_counter() - started))
        return rates

    return async_to_sync(write)()


def _bulk() -> list[float]:
    """Starts a second, a thousand to a call, each with an id and an input of its own."""
    from workflows.bulk import Item, start_executions

    owner, graph = _owner(), _graph()
    rates = []
    for number in range(ROUNDS):
        items = [Item({"in": n}, {"tag": "x"}, f"{number}-{n}") for n in range(STARTS)]
        started = time.perf_counter()
        answers = start_executions(owner=owner, graph=graph, items=items)
        rates.append(STARTS / (time.perf_counter() - started))
        if not all(answer.created for answer in answers):
            raise RuntimeError("a start was refused")
    return rates


def _owner() -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get_or_create(username="benchmark")[0]


def _graph() -> Any:
    from engine.graph import Graph

    graph = Graph("one", case_sensitive=True)
    graph.add_node("pass", "tpl_passthrough")
    graph.add_inport("in", "pass", "input")
    graph.add_outport("out", "pass", "output")
    return graph


if __name__ == "__main__":
    main(sys.argv[1])
