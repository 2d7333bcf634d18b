"""The OpenAPI document: right, complete, and true of what the server does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import ExecutionEventFactory, ExecutionFactory
from tests.workflows.api.conftest import token_of
from tests.workflows.api.graphs import pipeline
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

PATHS = {
    "/workflows": {"post"},
    "/workflows/{execution_id}": {"get"},
    "/workflows/{execution_id}/cancel": {"post"},
    "/workflows/{execution_id}/publish": {"post"},
    "/zeal/convert": {"post"},
    "/zeal/workflows": {"post"},
    "/api/v1/breakers": {"get"},
    "/api/v1/breakers/{id}": {"get"},
    "/api/v1/breakers/{id}/reset": {"post"},
    "/api/v1/dead-letters": {"get"},
    "/api/v1/dead-letters/discard": {"post"},
    "/api/v1/dead-letters/groups": {"get"},
    "/api/v1/dead-letters/requeue": {"post"},
    "/api/v1/dead-letters/{id}": {"get", "patch"},
    "/api/v1/webhook-deliveries": {"get"},
    "/api/v1/webhook-deliveries/{id}": {"get"},
    "/api/v1/webhook-deliveries/{id}/redeliver": {"post"},
    "/api/v1/executions": {"get", "post"},
    "/api/v1/executions/bulk": {"post"},
    "/api/v1/executions/{execution_id}": {"get", "patch"},
    "/api/v1/executions/{execution_id}/payloads/{part}": {"get"},
    "/api/v1/executions/{execution_id}/cancel": {"post"},
    "/api/v1/executions/{execution_id}/pause": {"post"},
    "/api/v1/executions/{execution_id}/resume": {"post"},
    "/api/v1/executions/{execution_id}/events": {"get"},
    "/api/v1/executions/{execution_id}/in-doubt": {"get"},
    "/api/v1/executions/{execution_id}/in-doubt/decide": {"post"},
    "/api/v1/graphs/validate": {"post"},
    "/api/v1/templates": {"get"},
    "/api/v1/templates/{component}": {"get"},
    "/api/v1/versions": {"get"},
    "/api/v1/versions/{id}": {"get"},
    "/api/v1/workflows": {"get", "post"},
    "/api/v1/workflows/import": {"post"},
    "/api/v1/workflows/{id}/export": {"get"},
    "/api/v1/workflows/{id}": {"get", "put", "patch", "delete"},
    "/api/v1/workflows/{id}/connections": {"post", "delete"},
    "/api/v1/workflows/{id}/nodes": {"post"},
    "/api/v1/workflows/{id}/webhook-secret": {"post", "delete"},
    "/api/v1/workflows/{id}/nodes/{node_id}": {"patch", "delete"},
}


def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)  # type: ignore[no-any-return,no-untyped-call]


def test_the_document_is_valid_and_names_every_route() -> None:
    schema = document()

    validate_schema(schema)  # type: ignore[no-untyped-call]
    ours = {path: set(verbs) for path, verbs in schema["paths"].items() if "schema" not in path}
    assert ours == PATHS


@pytest.fixture
def known(owner: User, settings: Any) -> dict[str, str]:
    """Something to find: a workflow and a run, and no limit of requests."""
    settings.API_USER_BURST = 1_000_000
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())
    run = ExecutionFactory(owner=owner, execution_id="run", version=workflow.current)
    ExecutionEventFactory(execution=run)
    version = str(workflow.current_id)
    return {"id": str(workflow.pk), "execution_id": "run", "version": version}


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)  # the server closes its connection after each request
@pytest.mark.parametrize(
    ("verb", "path"), [(verb, path) for path, verbs in PATHS.items() for verb in sorted(verbs)]
)
def test_no_input_of_any_kind_breaks_the_server(
    verb: str, path: str, owner: User, known: dict[str, str]
) -> None:
    app = get_wsgi_application()
    token = {"Authorization": f"Bearer {token_of(owner)}"}
    schema = schemathesis.openapi.from_wsgi("/api/schema/", app, headers=token)
    operation = schema[path][verb]
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @bounded(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=right | wrong, real=st.booleans())
    def holds(case: schemathesis.Case[Any], real: bool) -> None:
        if real:  # also ask for what there is
            case.path_parameters = {
                name: known.get(name, value) for name, value in case.path_parameters.items()
            }
        case.call_and_validate(headers=token, checks=CHECKS)

    holds()
