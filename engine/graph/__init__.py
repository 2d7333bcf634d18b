"""Graphs: the model, its documents, edits, composition, analysis, and what can be wrong."""

from __future__ import annotations

from engine.graph.editing import Editor
from engine.graph.graph_events import GraphEvent, GraphEventType
from engine.graph.model import Graph
from engine.graph.validation import GraphLimits, check, resolve_port, validate

__all__ = [
    "Editor",
    "Graph",
    "GraphEvent",
    "GraphEventType",
    "GraphLimits",
    "check",
    "resolve_port",
    "validate",
]
