"""What an answer of Zeal means, by its status and body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.http import HttpResponse
from observability.zeal import documents
from observability.zeal.answers import Ambiguous, Ok, Refused, lost_parameter, of_response

if TYPE_CHECKING:
    from observability.zeal.answers import Read


def response(status: int, body: Any, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, json.dumps(body).encode(), "GET", "http://z:1/api/x?k=v")


def test_an_error_may_be_a_bare_text() -> None:
    refused = of_response(response(400, {"error": "Missing node ID parameter"}), documents.nothing)

    assert refused == Refused(400, "REFUSED", "Missing node ID parameter")
    assert lost_parameter(refused)


def test_details_of_any_form_are_told() -> None:
    details = ["one", {"path": "x", "message": "two"}]
    error = {"code": "C", "message": "m", "details": details}

    assert str(of_response(response(400, {"error": error}), documents.nothing)) == (
        "400 C: m (one; : two)"
    )


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (None, documents.session_opened),
        ({"sessionId": ""}, documents.session_opened),
        ({"success": False, "data": {}}, documents.data_of),
        ({"port": "70000"}, documents.live_port),
        ({"templates": [{"id": "a"}]}, documents.template_results),
        ({"eventsProcessed": "many"}, documents.events_processed),
    ],
)
def test_a_yes_that_says_nothing_is_ambiguous(body: Any, read: Read[Any]) -> None:
    assert isinstance(of_response(response(200, body), read), Ambiguous)


def test_a_yes_may_be_empty_where_nothing_is_read() -> None:
    empty = HttpResponse(204, {}, b"", "PUT", "http://z:1/")

    assert of_response(empty, documents.nothing) == Ok(None)
