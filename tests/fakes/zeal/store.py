"""What the double keeps: gone after a restart, as asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json


@dataclass(slots=True)
class Store:
    """Rows by id, in the order they came."""

    templates: dict[str, Json] = field(default_factory=dict)
    categories: dict[str, Json] = field(default_factory=dict)
    sessions: dict[str, Json] = field(default_factory=dict)
    workflows: dict[str, Json] = field(default_factory=dict)
    executions: dict[str, list[Json]] = field(default_factory=dict)

    def newest(self) -> list[Json]:
        known = [each for each in self.sessions.values() if not each.get("unknown")]
        return known[::-1]

    def running(self, workflow_id: str) -> Json | None:
        """The newest session of a workflow that has not ended."""
        for session in self.newest():
            if (session["workflowId"], session["status"]) == (workflow_id, "running"):
                return session
        return None

    def workflow_name(self, workflow_id: str) -> str:
        workflow = self.workflows.get(workflow_id)
        return workflow["name"] if workflow else f"Workflow {workflow_id}"

    def snapshot(self, workflow_id: str) -> Json | None:
        """The latest version of a workflow, as replay shows it."""
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            return None
        draft = workflow["status"] == "draft"
        names = ("name", "version", "graphs", "triggerConfig", "metadata", "createdAt")
        shown = {name: workflow[name] for name in names}
        return {
            "id": f"wfv_{workflow_id}_{workflow['version']}",
            "workflowId": workflow_id,
            "isDraft": draft,
            "isPublished": not draft,
            "userId": workflow["createdBy"],
            "publishedAt": workflow.get("publishedAt"),
            **shown,
        }
