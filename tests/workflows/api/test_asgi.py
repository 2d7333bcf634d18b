"""Bodies as an ASGI server delivers them: in parts, with or without a length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from channels.testing import HttpCommunicator
from django.db import connections

from reflow_site.request_threads import RequestThreads
from tests.factories import UserFactory
from tests.workflows.api.conftest import token_of
from tests.workflows.api.graphs import pipeline
from workflows.models import Execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(transaction=True)

START = json.dumps({"graph_json": pipeline(), "metadata": {"execution_id": "r-1"}}).encode()


@pytest.fixture
def token(transactional_db: None) -> str:
    user: User = UserFactory()
    return token_of(user)


async def post(token: str, body: bytes, **headers: str) -> tuple[int, str]:
    """The status of ``POST /workflows``, and the code of the error."""
    named = {"host": "testserver", "authorization": f"Bearer {token}", **headers}
    named["content-type"] = "application/json"
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    application = RequestThreads()
    call = HttpCommunicator(application, "POST", "/workflows", body, pairs)
    response = await call.get_response(timeout=20)
    await call.wait(timeout=20)  # it closes its files after the answer
    application.threads.submit(connections.close_all).result()
    return response["status"], json.loads(response["body"]).get("code", "")


async def test_a_body_in_chunks_without_a_length_is_read(token: str) -> None:
    answer = await post(token, START, transfer_encoding="chunked")

    assert answer == (200, "")
    assert (await Execution.objects.aget()).execution_id == "r-1"


async def test_a_body_in_chunks_has_the_same_limit(token: str) -> None:
    answer = await post(token, b" " * (10 * 1024 * 1024 + 1), transfer_encoding="chunked")

    assert answer == (413, "body_too_large")


async def test_a_length_that_is_no_number_is_no_body(token: str) -> None:
    answer = await post(token, START, content_length="many")

    assert answer == (400, "invalid")
