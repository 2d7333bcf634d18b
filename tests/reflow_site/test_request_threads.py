from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished
from django.db import connection, connections
from django.http import FileResponse, HttpResponse
from django.test import override_settings
from django.urls import path

from reflow_site.request_threads import RequestThreads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.http import HttpRequest

    View = Any

PLACES: list[tuple[str, str, int]] = []  # who was in which thread, on which connection
FILE: dict[str, Path] = {}


class Notes:
    """Middleware that notes its thread, before and after the view."""

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        note("before")
        response: HttpResponse = self._get_response(request)
        note("after")
        return response


def note(who: str) -> None:
    PLACES.append((who, threading.current_thread().name, id(connection.connection)))


def looks(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    note("view")
    return HttpResponse(b"seen " + request.body)


def file(_request: HttpRequest) -> FileResponse:
    return FileResponse(FILE["path"].open("rb"))


def breaks(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("of the view")


urlpatterns = [path("looks", looks), path("file", file), path("breaks", breaks)]


@pytest.fixture
def application() -> Iterator[RequestThreads]:
    PLACES.clear()
    middleware = [f"{__name__}.Notes", f"{__name__}.Notes"]
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=middleware, WEB_THREADS=1):
        application = RequestThreads()
        yield application
        application.threads.submit(connections.close_all).result()


def communicator(application: RequestThreads, scope: dict[str, Any]) -> Any:
    kind: Any = ApplicationCommunicator  # it has no types
    return kind(application, scope)


async def answer(application: RequestThreads, where: str, body: bytes = b"") -> tuple[int, bytes]:
    scope = {"type": "http", "method": "POST", "path": where, "query_string": b"", "headers": []}
    call = communicator(application, scope)
    await call.send_input({"type": "http.request", "body": body})
    start = await call.receive_output(timeout=10)
    whole = b""
    while True:
        part = await call.receive_output(timeout=10)
        whole += part.get("body", b"")
        if not part.get("more_body", False):
            await call.wait(timeout=10)
            return start["status"], whole


@pytest.mark.django_db(transaction=True)
async def test_two_requests_share_a_thread_and_its_connection(application: RequestThreads) -> None:
    first = await answer(application, "/looks", b"one")
    second = await answer(application, "/looks", b"two")

    threads = {thread for _, thread, _ in PLACES}
    connections = {number for who, _, number in PLACES if who == "view"}
    assert (first, second) == ((200, b"seen one"), (200, b"seen two"))
    assert [who for who, _, _ in PLACES] == ["before", "before", "view", "after", "after"] * 2
    assert len(threads) == 1
    assert "request" in threads.pop()
    assert len(connections) == 1


async def test_the_end_of_a_request_is_told_in_its_thread(application: RequestThreads) -> None:
    threads: list[str] = []

    def ended(**_kwargs: Any) -> None:
        threads.append(threading.current_thread().name)

    request_finished.connect(ended)
    try:
        await answer(application, "/breaks")
    finally:
        request_finished.disconnect(ended)

    assert threads == [thread for who, thread, _ in PLACES if who == "after"][-1:]


async def test_a_file_arrives_whole_in_parts(application: RequestThreads, tmp_path: Path) -> None:
    FILE["path"] = tmp_path / "large"
    FILE["path"].write_bytes(b"0123456789" * 50_000)

    status, whole = await answer(application, "/file")

    assert (status, len(whole), whole[:12]) == (200, 500_000, b"012345678901")


async def test_an_error_of_a_view_is_an_answer(application: RequestThreads) -> None:
    status, _ = await answer(application, "/breaks")

    assert status == 500


async def test_a_client_that_goes_away_before_its_body_has_come_is_forgotten(
    application: RequestThreads,
) -> None:
    scope = {"type": "http", "method": "POST", "path": "/looks", "query_string": b"", "headers": []}
    call = communicator(application, scope)
    await call.send_input({"type": "http.request", "body": b"half", "more_body": True})
    await call.send_input({"type": "http.disconnect"})

    await call.wait(timeout=10)

    assert PLACES == []
