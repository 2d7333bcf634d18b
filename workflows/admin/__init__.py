"""The admin: workflows with their graphs, versions, executions with events, dead letters."""

from __future__ import annotations

from workflows.admin.dead_letter import DeadLetterAdmin
from workflows.admin.execution import ExecutionAdmin
from workflows.admin.version import WorkflowVersionAdmin
from workflows.admin.workflow import WorkflowAdmin

__all__ = ["DeadLetterAdmin", "ExecutionAdmin", "WorkflowAdmin", "WorkflowVersionAdmin"]
