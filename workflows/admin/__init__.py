"""The admin: workflows with their graphs, versions, and executions with their events."""

from __future__ import annotations

from workflows.admin.execution import ExecutionAdmin
from workflows.admin.version import WorkflowVersionAdmin
from workflows.admin.workflow import WorkflowAdmin

__all__ = ["ExecutionAdmin", "WorkflowAdmin", "WorkflowVersionAdmin"]
