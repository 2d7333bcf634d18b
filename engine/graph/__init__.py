"""Graphs: the model, its documents, edits, composition, analysis, and what can be wrong."""

from __future__ import annotations

from engine.graph.analysis import Analysis, analyze, reachable_from, reaching
from engine.graph.composition import Link, compose, embed, part_of
from engine.graph.editing import Editor
from engine.graph.graph_events import GraphEvent, GraphEventType
from engine.graph.layout import Position, Spacing, arrange, layout
from engine.graph.link_finder import SuggestedLink, suggest_links
from engine.graph.model import Graph
from engine.graph.validation import GraphLimits, check, resolve_port, validate
from engine.graph.workspace import Workspace, dependency_problems, discover

__all__ = [
    "Analysis",
    "Editor",
    "Graph",
    "GraphEvent",
    "GraphEventType",
    "GraphLimits",
    "Link",
    "Position",
    "Spacing",
    "SuggestedLink",
    "Workspace",
    "analyze",
    "arrange",
    "check",
    "compose",
    "dependency_problems",
    "discover",
    "embed",
    "layout",
    "part_of",
    "reachable_from",
    "reaching",
    "resolve_port",
    "suggest_links",
    "validate",
]
