"""What is known of Zeal between two starts, and how far each run is told to it."""

from __future__ import annotations

from observability.models.trace_session import UNDELIVERED, LiveState, TraceSession, TraceState
from observability.models.zeal_connection import ZealConnection
from observability.models.zeal_status import ZealStatus
from observability.models.zeal_template import TemplateState, ZealTemplate

__all__ = [
    "UNDELIVERED",
    "LiveState",
    "TemplateState",
    "TraceSession",
    "TraceState",
    "ZealConnection",
    "ZealStatus",
    "ZealTemplate",
]
