"""Graphs: the model, Reflow's JSON for it, and what can be wrong with one."""

from __future__ import annotations

from engine.graph.model import Graph
from engine.graph.validation import GraphLimits, check, resolve_port, validate

__all__ = ["Graph", "GraphLimits", "check", "resolve_port", "validate"]
