"""``python -m benchmarks.resume_levels``: what each resume level costs on the database in use.

It prints the table of docs/reliability.md. A chain of ten nodes, run by the product's own runner
on a new SQLite file, or on the database of ``DATABASE_URL``, which has to be empty. Each figure is
the median of seven runs, events included.
"""

# ruff: noqa: PLC0415 -- Django's models are there only after the settings are chosen
from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from typing import Any

NODES = 10
RUNS = 7
MESSAGES = (1, 2_000)
# Name of the row -> (level, component): nodes with an effect are committed firing by firing, and
# unsafe ones also before they begin.
ROWS = {
    "`restart`": ("restart", "pure"),
    "`node`, `message`: nodes without an effect": ("message", "pure"),
    "`node`, `message`: nodes with an effect": ("message", "acts"),
    "`node`, `message`: nodes with an unsafe effect": ("message", "unsafe"),
}
HEAD = """\
| | one message through ten nodes | 2,000 messages, firings per second |
| --- | --- | --- |
"""


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.resume_levels", description=__doc__
    )
    options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/resume.sqlite3")
        os.environ["REFLOW_ACTORS"] = "benchmarks.resume_actors:ACTORS"
        _prepare()
        sys.stdout.write(HEAD)
        for name, (level, component) in ROWS.items():
            lone, many = (_seconds(level, component, count) for count in MESSAGES)
            rate = MESSAGES[-1] * NODES / many
            sys.stdout.write(f"| {name} | {lone * 1000:.0f} ms | {round(rate, -2):,.0f} |\n")


def _prepare() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "reflow_site.settings"
    import django

    django.setup()
    from celery import current_app
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    current_app.conf.update(broker_url="memory://")
    call_command("migrate", verbosity=0)
    get_user_model().objects.get_or_create(username="benchmark")


def _seconds(level: str, component: str, messages: int) -> float:
    """From the claim of a run to its end."""
    from asgiref.sync import async_to_sync
    from django.contrib.auth import get_user_model

    from workflows.lifecycle import claim_next
    from workflows.runner import run
    from workflows.services import start_execution

    took = []
    owner: Any = get_user_model().objects.get(username="benchmark")
    for _ in range(RUNS):
        start_execution(owner=owner, graph=_chain(level, component, messages))
        started = time.perf_counter()
        claim = claim_next("benchmark", os.getpid())
        if claim is None or not async_to_sync(run)(claim):
            raise RuntimeError("the run was not brought to its end")
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def _chain(level: str, component: str, messages: int) -> Any:
    from engine.graph import Graph

    graph = Graph("chain", case_sensitive=True)
    graph.properties["resume"] = level
    for number in range(NODES):
        graph.add_node(f"n{number}", component)
        if number:
            graph.add_connection(f"n{number - 1}", "out", f"n{number}", "in")
    for message in range(messages):
        graph.add_initial("n0", "in", message)
    graph.add_outport("out", f"n{NODES - 1}", "out")
    return graph


if __name__ == "__main__":
    main()
