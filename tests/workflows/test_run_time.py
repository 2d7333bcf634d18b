from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from engine.errors import GraphError, InputError
from tests.factories import LONG_AGO, ExecutionFactory, UserFactory, one_node_graph
from workflows.lifecycle import claim_next
from workflows.models import Execution, Status
from workflows.recovery import end_overdue
from workflows.services import start_execution

pytestmark = pytest.mark.django_db

MOST = "31536000 s is more than 2592000 s (limit: RUN_SECONDS_MAX)"


@pytest.mark.parametrize(
    ("of_graph", "of_start", "seconds", "said"),
    [
        (None, None, 3600, "3600 s (limit: RUN_SECONDS)"),
        (60, None, 60, "60 s (limit: properties.timeoutSeconds of its graph)"),
        (60, 0.5, 0.5, "0.5 s (limit: metadata.timeout_seconds of its start)"),
    ],
)
def test_a_run_has_the_time_that_its_start_or_graph_gives_it(
    of_graph: float | None, of_start: float | None, seconds: float, said: str
) -> None:
    graph = one_node_graph()
    if of_graph is not None:
        graph.properties["timeoutSeconds"] = of_graph
    metadata = {} if of_start is None else {"timeout_seconds": of_start}
    start_execution(owner=UserFactory(), graph=graph, metadata=metadata)

    claim = claim_next("celery@test", 1)

    assert claim is not None
    assert claim.time_limit == said
    deadline = Execution.objects.get().deadline_at
    assert deadline is not None
    left = deadline - timezone.now()
    assert timedelta(seconds=seconds - 30) < left <= timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (31_536_000, MOST),
        (0, "must be a number of seconds above 0"),
        ("5", "must be a number of seconds above 0"),
        (True, "must be a number of seconds above 0"),
    ],
)
def test_a_time_limit_that_cannot_be_is_refused_by_name(value: Any, text: str) -> None:
    graph = one_node_graph()
    graph.properties["timeoutSeconds"] = value

    with pytest.raises(GraphError) as of_graph:
        start_execution(owner=UserFactory(), graph=graph)
    metadata = {"timeout_seconds": value}
    with pytest.raises(InputError) as of_start:
        start_execution(owner=UserFactory(), graph=one_node_graph(), metadata=metadata)

    assert str(of_graph.value) == f"properties.timeoutSeconds: {text}"
    assert str(of_start.value) == f"metadata.timeout_seconds: {text}"


def test_the_keeper_names_the_limit_too() -> None:
    ExecutionFactory(
        status=Status.RUNNING, deadline_at=LONG_AGO, timeout_seconds=5, timeout_set_by="graph"
    )

    end_overdue()

    assert Execution.objects.get().error == (
        "it was not over at its deadline, after 5 s (limit: properties.timeoutSeconds of its graph)"
    )
