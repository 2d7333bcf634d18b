"""Rows for tests: the least that is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from engine.graph import Graph
from workflows.lifecycle import Claim
from workflows.models import (
    TERMINAL,
    DeadLetter,
    Execution,
    ExecutionEvent,
    Status,
    Worker,
    Workflow,
    WorkflowVersion,
)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2226, 1, 1, tzinfo=UTC)


def one_node_graph(name: str = "one node") -> Graph:
    """A passthrough between an inport ``in`` and an outport ``out``."""
    graph = Graph(name, case_sensitive=True)
    graph.add_node("pass", "tpl_passthrough")
    graph.add_inport("in", "pass", "input")
    graph.add_outport("out", "pass", "output")
    return graph


def graph_of(component: str, *more: str) -> Graph:
    """A chain of nodes named after their components, between inport ``in`` and outport ``out``."""
    components = (component, *more)
    graph = Graph(component, case_sensitive=True)
    for name in components:
        graph.add_node(name, name)
    for source, target in pairwise(components):
        graph.add_connection(source, "out", target, "in")
    graph.add_inport("in", components[0], "in")
    graph.add_outport("out", components[-1], "out")
    return graph


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence("user{}".format)


class WorkflowFactory(DjangoModelFactory):
    class Meta:
        model = Workflow

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence("workflow {}".format)


class WorkflowVersionFactory(DjangoModelFactory):
    """A graph posted without a workflow; the other kind needs ``workflow`` and ``number``."""

    class Meta:
        model = WorkflowVersion

    class Params:
        document = factory.Sequence(lambda n: one_node_graph(f"graph {n}"))

    owner = factory.SubFactory(UserFactory)
    graph = factory.LazyAttribute(lambda row: row.document.to_json())
    checksum = factory.LazyAttribute(lambda row: row.document.checksum())


def _runs(row: Any) -> bool:
    return bool(row.status == Status.RUNNING)


class ExecutionFactory(DjangoModelFactory):
    """A queued run; ``status`` alone makes one that stands anywhere else."""

    class Meta:
        model = Execution

    owner = factory.SubFactory(UserFactory)
    execution_id = factory.Sequence("run-{}".format)
    version = factory.SubFactory(WorkflowVersionFactory, owner=factory.SelfAttribute("..owner"))
    request_hash = "0" * 64
    status = Status.QUEUED
    worker = factory.LazyAttribute(lambda row: "celery@test" if _runs(row) else "")
    lease_until = factory.LazyAttribute(lambda row: FAR_AHEAD if _runs(row) else None)
    finished_at = factory.LazyAttribute(lambda row: LONG_AGO if row.status in TERMINAL else None)


def claim_of(execution: Execution) -> Claim:
    """The claim under which a running row is held."""
    return Claim(execution.pk, execution.execution_id, execution.token)


class ExecutionEventFactory(DjangoModelFactory):
    class Meta:
        model = ExecutionEvent

    execution = factory.SubFactory(ExecutionFactory)
    seq = factory.Sequence(lambda n: n + 1)
    day = factory.SelfAttribute("execution.event_day")
    type = "NetworkIdle"
    at = LONG_AGO
    data = "{}"


class DeadLetterFactory(DjangoModelFactory):
    """An open letter of the node of ``one_node_graph``."""

    class Meta:
        model = DeadLetter

    owner = factory.SubFactory(UserFactory)
    execution = factory.SubFactory(
        ExecutionFactory, owner=factory.SelfAttribute("..owner"), status=Status.FAILED
    )
    node = "pass"
    component = "tpl_passthrough"
    inputs = '{"input":{"type":"Integer","data":1}}'
    error = "cannot take 1"
    code = "ValueError"
    fingerprint = "0" * 64


class WorkerFactory(DjangoModelFactory):
    """A worker that was seen in the future, and so counts as alive."""

    class Meta:
        model = Worker

    name = factory.Sequence("celery@host{}".format)
    pid = 1
    started_at = LONG_AGO
    seen_at = FAR_AHEAD
