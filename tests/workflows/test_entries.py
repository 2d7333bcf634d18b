"""One strict JSON parser at every entry: what one refuses, all refuse, and never with a 500."""

from __future__ import annotations

from contextlib import suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from tests.factories import DeadLetterFactory, WorkflowFactory, one_node_graph
from tests.workflows.sockets import connected
from workflows.services import publish_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(transaction=True)

# What each is, as the value of a key ``input``.
CORPUS = {
    "NUL": rb'"a\u0000b"',
    "raw NUL": b'"a\0b"',
    "lone surrogate": rb'"\ud800"',
    "key twice": b'{"a": 1, "a": 2}',
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "1e400": b"1e400",
    "whole number beyond 64 bits": b"9" * 30,
    "long number": b"0." + b"1" * 100,
    "depth": b"[" * 20 + b"]" * 20,
    "very deep": b"[" * 50_000,
    "keys": b"{%s}" % b",".join(b'"%d": 1' % n for n in range(200)),
    "long text": b'"%s"' % (b"x" * 3000),
    "cut off": b'{"a": ',
    "two documents": b"1} {",
    "bad UTF-8": b'"\xff\xfe"',
    "BOM in the middle": b"\xef\xbb\xbf1",
    "nothing": b"",
}


@pytest.fixture(autouse=True)
def _small_limits(settings: Any) -> None:
    cache.clear()
    settings.JSON_DEPTH = 10
    settings.JSON_OBJECT_KEYS = 100
    settings.JSON_STRING_BYTES = 2000
    settings.JSON_NUMBER_DIGITS = 50


class Entries:
    """Each method gives a text to one entry and says how it was refused."""

    def __init__(self, user: User, folder: Path) -> None:
        self.user = user
        self.token = str(Token.objects.get_or_create(user=user)[0].key)
        self.folder = folder
        self.pages = Client()
        self.pages.force_login(user)

    def rest(self, path: str) -> Callable[[bytes], str]:
        def post(text: bytes) -> str:
            headers = {"Authorization": f"Bearer {self.token}"}
            kind = "application/json"
            response = Client().post(path, data=text, content_type=kind, headers=headers)
            return f"{response.status_code} {response.json()['code']}"

        return post

    def socket(self, text: bytes) -> str:
        async def say() -> str:
            async with connected(self.token) as client:
                await client.send_to(text_data=text.decode(errors="surrogateescape"))
                return str((await client.hear())["code"])

        return f"400 {async_to_sync(say)()}"

    def workflow_page(self, text: bytes) -> str:
        fields = {"name": "new", "graph": text.decode()}
        return self._form(reverse("admin:workflows_workflow_add"), fields)

    def check_page(self, text: bytes) -> str:
        url = reverse("admin:workflows_workflow_check")
        response = self.pages.post(url, data=text, content_type="application/json")
        problems = response.json()["problems"]
        return f"400 {'json_invalid' if problems[0]['code'] == 'not_json' else problems}"

    def run_page(self, text: bytes) -> str:
        workflow = WorkflowFactory(owner=self.user)
        publish_version(workflow=workflow, graph=one_node_graph(), by=self.user)
        url = reverse("admin:workflows_workflow_run_now", args=(workflow.pk,))
        return self._form(url, {"input": text.decode()})

    def letter_page(self, text: bytes) -> str:
        letter = DeadLetterFactory(owner=self.user)
        url = reverse("admin:workflows_deadletter_change", args=(letter.pk,))
        return self._form(url, {"inputs": text.decode()})

    def _form(self, url: str, fields: dict[str, str]) -> str:
        response = self.pages.post(url, fields)
        return "400 json_invalid" if response.status_code in (200, 400) else str(response)

    def command(self, name: str, *arguments: str) -> Callable[[bytes], str]:
        def run(text: bytes) -> str:
            file = self.folder / "given.json"
            file.write_bytes(text)
            graph = self.folder / "graph.json"
            graph.write_text(one_node_graph().to_json())
            places = {"FILE": str(file), "@FILE": f"@{file}", "GRAPH": str(graph)}
            given = [places.get(argument, argument) for argument in arguments]
            try:
                with suppress(SystemExit):
                    call_command(name, *given, stdout=StringIO())
            except CommandError as error:
                return "400 json_invalid" if error.returncode == 2 else str(error)
            return "taken"

        return run


ENTRIES: dict[str, Callable[[Entries], Callable[[bytes], str]]] = {
    "POST /workflows": lambda to: to.rest("/workflows"),
    "POST executions": lambda to: to.rest("/api/v1/executions"),
    "POST workflows": lambda to: to.rest("/api/v1/workflows"),
    "POST validate": lambda to: to.rest("/api/v1/graphs/validate"),
    "POST requeue": lambda to: to.rest("/api/v1/dead-letters/requeue"),
    "WebSocket": lambda to: to.socket,
    "page of a workflow": lambda to: to.workflow_page,
    "check of a graph": lambda to: to.check_page,
    "run now": lambda to: to.run_page,
    "page of a dead letter": lambda to: to.letter_page,
    "run_workflow FILE": lambda to: to.command("run_workflow", "FILE"),
    "run_workflow --input": lambda to: to.command("run_workflow", "GRAPH", "--input", "@FILE"),
    "analyze_graph FILE": lambda to: to.command("analyze_graph", "FILE"),
    "analyze_graph --durations": lambda to: to.command(
        "analyze_graph", "GRAPH", "--durations", "FILE"
    ),
}


FORMS = ("page of a workflow", "run now", "page of a dead letter")  # Django mends their UTF-8


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_refuses_what_is_no_strict_json(
    name: str, admin_user: User, tmp_path: Path, settings: Any
) -> None:
    settings.API_USER_BURST = 1000
    settings.API_USER_RATE = 1000.0
    give = ENTRIES[name](Entries(admin_user, tmp_path))

    given = CORPUS if name not in FORMS else CORPUS.keys() - {"bad UTF-8"}

    answers = {what: give(b'{"input": %s}' % CORPUS[what]) for what in given}

    assert answers == dict.fromkeys(given, "400 json_invalid")


def test_a_byte_order_mark_before_the_document_is_refused(admin_user: User, tmp_path: Path) -> None:
    answer = Entries(admin_user, tmp_path).rest("/workflows")(b'\xef\xbb\xbf{"x": 1}')

    assert answer == "400 json_invalid"
