"""What has to be known of a run to tell it to Zeal: its ids there, and what its nodes are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.graph import Graph
from engine.messages import FrozenDict
from observability.zeal.traces import NodeInZeal, StoredEvent
from workflows.errors import PayloadError, PayloadMissingError
from workflows.models import Execution, WorkflowVersion
from workflows.payloads import read_data
from workflows.selectors import events_after
from workflows.surroundings import registry
from workflows.zeal.connections import ZealConnections
from workflows.zeal.naming import MARK

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from workflows.models import ExecutionEvent

GRAPHS = 16  # that are kept in memory
MAX_ID = 200
EXECUTION = "execution"  # the node of what belongs to none


class Canvas:
    """A graph as Zeal knows it; one that was never there has our own names."""

    def __init__(self, graph: Graph) -> None:
        self.name = graph.name
        self.connections = ZealConnections(graph, registry())
        self._graph = graph

    @property
    def zeal_id(self) -> str:
        """Zeal's id of the workflow that the graph was made of; else empty."""
        mark = self._graph.properties.get(MARK)
        found = mark.get("id") if isinstance(mark, FrozenDict) else None
        return found[:MAX_ID] if isinstance(found, str) else ""

    def node(self, node: str) -> NodeInZeal:
        known = self.connections.node(node)
        found = self._graph.nodes.get(node)
        component = found.component if found else ""
        if known is not None:
            kind = known.template or component
            return NodeInZeal(known.id, known.title, kind, known.graph or "main")
        return NodeInZeal(node or EXECUTION, node, component)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution, as Zeal is told of it."""

    pk: UUID
    execution_id: str
    workflow_id: str  # Zeal's, or else ours
    workflow_name: str
    is_zeals: bool  # its workflow is one of Zeal's
    source: str
    canvas: Canvas


@dataclass(frozen=True, slots=True)
class Page:
    """Events after a number; ``is_over``: these are all there will be.

    ``unreadable`` are the numbers of those whose text is gone from the payload storage.
    """

    events: list[StoredEvent]
    is_over: bool
    status: str
    error: str
    nodes: int
    failed: int
    duration_ms: float
    pruned_at: datetime | None
    unreadable: frozenset[int] = frozenset()

    @property
    def last_seq(self) -> int:
        return self.events[-1].seq if self.events else 0


def find_run(pk: UUID) -> Run:
    """Read what is said of a run; its graph comes from memory if it was asked for lately."""
    rows = Execution.objects.select_related("workflow").defer("input", "result")
    row = rows.get(pk=pk)
    canvas = canvas_of(row.version_id)
    known = row.workflow.zeal_id if row.workflow else ""
    zeal_id = known or canvas.zeal_id
    ours = row.workflow_label or str(row.workflow_id or row.execution_id)
    return Run(
        pk=row.pk,
        execution_id=row.execution_id,
        workflow_id=(zeal_id or ours)[:MAX_ID],
        workflow_name=(row.workflow.name if row.workflow else canvas.name) or ours,
        is_zeals=bool(zeal_id),
        source=row.source,
        canvas=canvas,
    )


@lru_cache(maxsize=GRAPHS)
def canvas_of(version_id: int) -> Canvas:
    """The graph of a version, which never changes."""
    return Canvas(Graph.from_json(WorkflowVersion.objects.get(pk=version_id).graph))


def read_page(pk: UUID, after_seq: int, limit: int) -> Page:
    """The next events of a run. The status is read first: over it is when these are the rest.

    Raises:
        PayloadError: the payload storage does not answer.
    """
    columns = ("status", "event_day", "events_pruned_at", "nodes_executed", "nodes_failed")
    row = Execution.objects.only(*columns, "duration_ms", "error").get(pk=pk)
    rows = [] if row.events_pruned_at else list(events_after(row, after_seq, limit))
    events = [stored_event(item) for item in rows]
    unavailable = next((each for each in events if PayloadError.code in each.data), None)
    if unavailable is not None:
        raise PayloadError(str(unavailable.data[PayloadError.code]))
    gone = frozenset(each.seq for each in events if PayloadMissingError.code in each.data)
    return Page(
        events,
        is_over=row.is_over and len(rows) < limit,
        status=row.status,
        error=row.error,
        nodes=row.nodes_executed,
        failed=row.nodes_failed,
        duration_ms=row.duration_ms or 0,
        pruned_at=row.events_pruned_at,
        unreadable=gone,
    )


def stored_event(row: ExecutionEvent) -> StoredEvent:
    at_ms = round(row.at.timestamp() * 1000)
    return StoredEvent(row.seq, row.type, row.node, at_ms, read_data(row.data))
