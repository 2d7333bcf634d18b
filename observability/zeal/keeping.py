"""What Zeal's commands do here: workflows kept, runs started and stopped, as one user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model

from engine.errors import ConfigError, Problem
from observability.zeal.commands import Verb
from observability.zeal.wire import present
from workflows.importing import import_workflow, kept_document, publish_document
from workflows.pausing import pause_execution, resume_execution
from workflows.selectors import executions_of, workflows_of
from workflows.services import cancel_execution, start_execution, update_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from observability.zeal.wire import JsonObject
    from workflows.models import Workflow
    from workflows.services import Start

SOURCE = "zeal"
OF_A_WORKFLOW = ("name", "description", "graphs", "activeGraphId", "triggerConfig", "metadata")


def zeal_owner() -> User:
    """Whose are the workflows and runs that come from Zeal.

    Raises:
        ConfigError: ``ZEAL_OWNER`` names nobody; or it is empty, and there is not one superuser.
    """
    users = get_user_model()._default_manager.filter(is_active=True)  # noqa: SLF001 -- documented
    name = settings.ZEAL_OWNER
    found = list(users.filter(**({"username": name} if name else {"is_superuser": True}))[:2])
    if len(found) == 1:
        return found[0]
    if name:
        said = f"is {name!r}: there is no active user of this name"
    else:
        who = "no superuser" if not found else "more than one superuser"
        said = f"is empty, and there is {who}: name the user who owns what comes from Zeal"
    raise ConfigError([Problem("ZEAL_OWNER", said)])


def find_workflow(owner: User, workflow_id: str) -> Workflow | None:
    """By its id in Zeal; a graph of ours, which has none, by its name."""
    rows = workflows_of(owner)
    named = rows.filter(zeal_id="", name=workflow_id)
    return rows.filter(zeal_id=workflow_id).first() or named.first()


def is_known(owner: User, execution_id: str) -> bool:
    """Whether there is a run of this id."""
    return executions_of(owner).filter(execution_id=execution_id).exists()


def keep_workflow(owner: User, workflow_id: str, given: Mapping[str, Any]) -> Workflow:
    """Make what Zeal told of a workflow its current version here; unchanged, it stays.

    What was not told is as it was before. A graph of ours, with ``processes``, is kept as it is.

    Raises:
        GraphError, ZealError: it cannot run here; nothing is stored.
        NameTakenError: another import took the name at the same moment.
    """
    if "graphs" not in given and "processes" in given:
        return publish_document(
            owner=owner, workflow_id=workflow_id, document=given, zeal=False
        ).workflow
    known = find_workflow(owner, workflow_id)
    before = kept_document(known) if known is not None else None
    told = {key: given[key] for key in OF_A_WORKFLOW if given.get(key) is not None}
    document: JsonObject = {
        **(before.document if before is not None else {"name": workflow_id}),
        **told,
        "id": workflow_id,
    }
    return import_workflow(owner=owner, document=document).workflow


def publish(owner: User, workflow_id: str, given: Mapping[str, Any]) -> Workflow:
    """Keep a workflow, and let it be seen.

    Raises:
        GraphError, ZealError, NameTakenError: as ``keep_workflow``.
    """
    workflow = keep_workflow(owner, workflow_id, given)
    if workflow.archived:
        update_workflow(workflow=workflow, by=owner, archived=False)
    return workflow


def unpublish(owner: User, workflow_id: str) -> bool:
    """Put a workflow out of the way, with its versions and runs; False: there is none."""
    workflow = find_workflow(owner, workflow_id)
    if workflow is None:
        return False
    if not workflow.archived:
        update_workflow(workflow=workflow, by=owner, archived=True)
    return True


def start(owner: User, workflow: Workflow, *, execution_id: str, given: Any, by: str) -> Start:
    """Queue a run of the current version under Zeal's execution id.

    Raises:
        GraphError, InputError, ConflictError, AdmissionError: as ``start_execution``.
    """
    return start_execution(
        owner=owner,
        workflow=workflow,
        input={} if given is None else given,
        metadata=present(workflow_id=workflow.zeal_id or workflow.name, triggered_by=by or None),
        execution_id=execution_id,
        source=SOURCE,
    )


def control(owner: User, verb: Verb, execution_id: str) -> bool:
    """Stop, pause or resume a run; False: there is none.

    Raises:
        ConflictError: it is not in a state in which that can be done.
    """
    execution = executions_of(owner).filter(execution_id=execution_id).first()
    if execution is None:
        return False
    what = {
        Verb.STOP: cancel_execution,
        Verb.PAUSE: pause_execution,
        Verb.RESUME: resume_execution,
    }
    what[verb](execution=execution, by=owner, reason="asked for in Zeal")
    return True
