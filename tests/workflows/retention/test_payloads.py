"""Large texts by reference: stored, read, missing, and removed when nobody needs them."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from engine.events import MessageSent
from engine.journal import JournalEntry as Entry
from reflow_site.storage import storages
from tests.factories import (
    DeadLetterFactory,
    ExecutionFactory,
    UserFactory,
    claim_of,
    one_node_graph,
)
from tests.workflows.retention.rows import ended, pace, policy
from workflows import payloads
from workflows.bulk import Item, start_executions
from workflows.dead_letters import edit_dead_letter, requeue_dead_letters
from workflows.errors import PayloadError, PayloadMissingError
from workflows.event_log import append
from workflows.journal import RunJournal, discard, load
from workflows.lifecycle import claim_next
from workflows.models import (
    DeadLetter,
    Execution,
    Payload,
    PayloadUse,
    Status,
    WebhookDelivery,
)
from workflows.payloads import keep, read, reference_of, release, share
from workflows.pruning import prune
from workflows.runner import run
from workflows.services import start_execution

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

LIMIT = 1_000
LARGE = json.dumps({"text": "x" * LIMIT})
GRAPH = one_node_graph()


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.PAYLOAD_INLINE_BYTES = LIMIT
    settings.STORAGES = storages("file", tmp_path, {})
    return tmp_path


@pytest.fixture
def execution() -> Execution:
    return ExecutionFactory()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def kept(execution: Execution, text: str = LARGE, part: str = "input") -> str:
    with transaction.atomic():
        return keep(execution.pk, part, text)


def pass_of(**days: int) -> tuple[int, int]:
    done = prune(source="command", policy=policy(**days), pace=pace())
    assert not done.error
    return done.payloads, done.payload_bytes


# Storing and reading.


def test_a_text_up_to_the_limit_stays_where_it_is(execution: Execution, folder: Path) -> None:
    text = "ä" * (LIMIT // 2)

    assert kept(execution, text) == text
    assert (read(text), files(folder)) == (text, [])


def test_a_larger_one_is_a_file_that_only_the_server_may_read(
    execution: Execution, folder: Path
) -> None:
    mark = kept(execution, "ä" * LIMIT)

    (file,) = files(folder)
    assert len(mark) < 150
    assert read(mark) == "ä" * LIMIT
    assert file.stat().st_mode & 0o777 == 0o600


def test_equal_texts_of_one_owner_are_one_file(folder: Path) -> None:
    first = ExecutionFactory()
    second = ExecutionFactory(owner=first.owner)

    marks = {kept(first), kept(first, part="result"), kept(second)}
    other = kept(ExecutionFactory())

    assert (len(marks), other in marks, len(files(folder))) == (1, False, 2)
    assert (Payload.objects.count(), PayloadUse.objects.count()) == (2, 4)


def test_a_half_written_file_is_written_anew(execution: Execution, folder: Path) -> None:
    mark = kept(execution)
    files(folder)[0].write_text("half")

    assert kept(execution) == mark
    assert read(mark) == LARGE


def test_no_caller_can_forge_a_reference(api: APIClient, owner: User) -> None:
    mark = kept(ExecutionFactory())  # somebody else's
    body = {"graph": GRAPH.to_dict(), "input": {"in": mark}, "execution_id": "forged"}

    api.post("/api/v1/executions", body)

    assert api.get("/api/v1/executions/forged").json()["input"] == {"in": mark}


# What is gone, and what fails.


def test_a_missing_file_is_named(execution: Execution, folder: Path) -> None:
    mark = kept(execution)
    files(folder)[0].unlink()

    with pytest.raises(PayloadMissingError, match=r"sha256:[0-9a-f]{64} .* was removed"):
        read(mark)


def test_a_changed_file_is_not_taken_for_the_text(execution: Execution, folder: Path) -> None:
    mark = kept(execution)
    files(folder)[0].write_text(LARGE.replace("x", "y"))

    with pytest.raises(PayloadMissingError, match="was changed"):
        read(mark)


def test_a_storage_that_fails_is_an_error_of_its_own(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = kept(execution)

    def broken(*_args: Any) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(FileSystemStorage, "_open", broken)
    with pytest.raises(PayloadError, match="did not give or take sha256:"):
        read(mark)


# Each place that keeps texts.


def started(owner: User, **metadata: Any) -> Execution:
    given = {"in": "x" * LIMIT}
    return start_execution(owner=owner, graph=GRAPH, input=given, metadata=metadata).execution


def test_input_and_result_of_a_run_are_kept_apart_and_read_back(
    owner: User, api: APIClient
) -> None:
    row = started(owner)
    claim = claim_next("celery@test", 1)
    assert claim is not None
    async_to_sync(run)(claim)

    row.refresh_from_db()
    seen = api.get(f"/api/v1/executions/{row.execution_id}").json()
    wire = api.get(f"/workflows/{row.execution_id}").json()["data"]["result"]["results"]

    assert row.status == Status.COMPLETED
    assert {use.part for use in row.payloads.all()} >= {"input", "result"}
    assert seen["input"] == {"in": "x" * LIMIT}
    assert seen["result"]["outputs"] == {"out": ["x" * LIMIT]} == wire["outputs"]


def test_a_file_is_downloaded_as_an_attachment(owner: User, api: APIClient) -> None:
    row = started(owner, execution_id="a:b")

    answer = api.get("/api/v1/executions/a:b/payloads/input")
    without = api.get("/api/v1/executions/a:b/payloads/result")

    assert json.loads(answer.content) == {"in": "x" * LIMIT}
    assert answer["Content-Disposition"] == 'attachment; filename="a_b-input.json"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert without.status_code == 404
    assert row.payloads.count() == 1


def test_a_stranger_downloads_nothing(owner: User) -> None:
    row = started(owner)
    key = Token.objects.create(user=UserFactory()).key
    stranger = APIClient(headers={"Authorization": f"Bearer {key}"})

    answer = stranger.get(f"/api/v1/executions/{row.execution_id}/payloads/input")

    assert answer.status_code == 404


def test_a_run_whose_input_is_gone_is_still_shown(
    owner: User, api: APIClient, folder: Path
) -> None:
    row = started(owner)
    files(folder)[0].unlink()

    seen = api.get(f"/api/v1/executions/{row.execution_id}")
    file = api.get(f"/api/v1/executions/{row.execution_id}/payloads/input")

    assert seen.status_code == 200
    assert "sha256:" in seen.json()["input"]["payload_missing"]
    assert (file.status_code, file.json()["code"]) == (410, "payload_missing")


def test_a_run_whose_input_is_gone_fails_and_names_it(owner: User, folder: Path) -> None:
    row = started(owner)
    files(folder)[0].unlink()
    claim = claim_next("celery@test", 1)
    assert claim is not None

    async_to_sync(run)(claim)

    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.FAILED, "payload_missing")
    assert "sha256:" in row.error


def test_many_starts_at_once_keep_large_inputs_apart(owner: User) -> None:
    items = [Item(input={"in": text}) for text in ("x" * LIMIT, "y")]
    start_executions(owner=owner, graph=GRAPH, items=items)

    apart = [reference_of(row.input) is not None for row in Execution.objects.all()]
    assert sorted(apart) == [False, True]


def test_a_large_result_is_left_out_of_a_webhook(owner: User, settings: Any) -> None:
    settings.WEBHOOK_BYTES = LIMIT
    started(owner, webhook_url="https://example.org/")
    claim = claim_next("celery@test", 1)
    assert claim is not None
    async_to_sync(run)(claim)

    body = json.loads(WebhookDelivery.objects.get().body)
    assert (body["result"], body["result_omitted"]) == (None, True)


def test_journal_entries_are_kept_apart_until_the_run_is_over() -> None:
    row = ExecutionFactory(status=Status.RUNNING)
    entry = Entry("a", {"in": 1}, {"out": ["x" * LIMIT]}, {"seen": "y" * LIMIT})

    async_to_sync(RunJournal(claim_of(row), 0).commit)([entry])
    found = load(row.pk)
    uses = row.payloads.count()
    discard(row.pk)

    assert found == [entry]
    assert (uses, row.payloads.count()) == (2, 0)


def test_events_with_large_messages_are_kept_apart_and_read_back(
    owner: User, api: APIClient
) -> None:
    row = ExecutionFactory(owner=owner, status=Status.RUNNING)
    sent = MessageSent(
        timestamp=1.0, node="a", from_port="out", to_node="b", to_port="in",
        connection="c", message="x" * LIMIT, size=LIMIT,
    )  # fmt: skip
    append(row.pk, claim_of(row).token, [sent])

    (event,) = api.get(f"/api/v1/executions/{row.execution_id}/events").json()["results"]

    assert reference_of(row.events.get().data) is not None
    assert event["data"]["message"] == {"type": "String", "data": "x" * LIMIT}


def test_an_event_whose_data_is_gone_says_so(owner: User, api: APIClient, folder: Path) -> None:
    test_events_with_large_messages_are_kept_apart_and_read_back(owner, api)
    files(folder)[0].unlink()

    (row,) = Execution.objects.all()
    (event,) = api.get(f"/api/v1/executions/{row.execution_id}/events").json()["results"]

    assert list(event["data"]) == ["payload_missing"]


@pytest.fixture
def letter(owner: User, settings: Any) -> DeadLetter:
    settings.DEAD_LETTER_BYTES = 10 * LIMIT
    row: DeadLetter = DeadLetterFactory(owner=owner)
    edit_dead_letter(letter=row, inputs={"input": "x" * LIMIT})
    row.refresh_from_db()
    return row


def test_the_inputs_of_a_letter_are_kept_apart_and_go_into_its_new_run(
    letter: DeadLetter, api: APIClient, owner: User
) -> None:
    seen = api.get(f"/api/v1/dead-letters/{letter.pk}").json()["inputs"]
    requeue_dead_letters(letters=DeadLetter.objects.all(), by=owner)

    new = Execution.objects.get(source="dead_letter")
    assert reference_of(letter.inputs) is not None
    assert seen == {"input": {"type": "String", "data": "x" * LIMIT}}
    assert (new.input, new.payloads.get().part) == (letter.inputs, "input")


def test_a_letter_whose_inputs_are_gone_is_refused_and_says_why(
    letter: DeadLetter, folder: Path, owner: User
) -> None:
    files(folder)[0].unlink()
    owner.is_staff = owner.is_superuser = True
    owner.save()
    pages = Client()
    pages.force_login(owner)

    outcome = requeue_dead_letters(letters=DeadLetter.objects.all(), by=owner)
    page = pages.get(reverse("admin:workflows_deadletter_change", args=(letter.pk,)))

    assert [refusal.code for refusal in outcome.refused] == ["payload_missing"]
    assert "is not in the storage" in page.content.decode()


def test_the_page_of_a_run_links_what_is_large(owner: User) -> None:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    row = started(owner)
    append(row.pk, None, [])
    pages = Client()
    pages.force_login(owner)

    page = pages.get(reverse("admin:workflows_execution_change", args=(row.pk,)))

    assert f"/api/v1/executions/{row.execution_id}/payloads/input" in page.content.decode()
    assert len(page.content) < 100_000


# Removing.


def test_a_file_goes_with_the_last_run_that_needs_it(folder: Path, owner: User) -> None:
    old, young = ended(31, owner=owner), ended(1, owner=owner)
    kept(old)
    kept(young)

    first = pass_of(executions=30)
    after_first = len(files(folder))
    release(young.pk, "input")
    second = pass_of()

    assert (first, after_first) == ((0, 0), 1)
    assert (second, files(folder)) == ((1, len(LARGE)), [])


def test_texts_of_a_run_go_by_their_own_days(folder: Path) -> None:
    goes, pinned = ended(10), ended(10, pinned=True)
    kept(goes)
    mark = kept(pinned, LARGE.replace("x", "y"))

    done = prune(
        source="command",
        policy=type(policy())(timezone.now(), 0, 0, 0, payloads_days=7),
        pace=pace(),
    )

    assert (done.payloads, len(files(folder))) == (1, 1)
    assert read(mark)


def test_events_that_go_take_their_files_with_them(folder: Path) -> None:
    run_ = ended(20, events=1)
    kept(run_, part="event")

    assert pass_of(events=14) == (1, len(LARGE))
    assert files(folder) == []


def test_what_a_crash_left_behind_is_removed(execution: Execution, folder: Path) -> None:
    mark = kept(execution)
    stray = ExecutionFactory(owner=execution.owner)
    kept(stray, LARGE.replace("x", "z"))
    PayloadUse.objects.filter(execution=stray).delete()
    Payload.objects.exclude(uses__execution=execution).delete()  # the transaction was rolled back
    broken = files(folder)[0].with_name("0" * 64 + ".01234567")
    fresh = broken.with_name("0" * 64 + ".89abcdef")
    for file in (broken, fresh):
        file.write_text("half")
    long_ago = time.time() - timedelta(days=2).total_seconds()
    os.utime(broken, (long_ago, long_ago))

    done = pass_of()

    assert done == (1, len(LARGE))
    assert read(mark) == LARGE
    assert (broken.exists(), fresh.exists()) == (False, True)


def test_beat_looks_for_strays_at_one_hour_of_the_day(execution: Execution, folder: Path) -> None:
    kept(execution)
    PayloadUse.objects.all().delete()
    Payload.objects.all().delete()
    at = [timezone.now().replace(hour=hour) for hour in (2, 3)]

    removed = [
        prune(source="beat", policy=type(policy())(now, 0, 0, 0), pace=pace()).payloads
        for now in at
    ]

    assert removed == [0, 1]


def test_a_payload_that_is_used_again_stays(execution: Execution, owner: User) -> None:
    mark = kept(execution)
    row = Payload.objects.get()
    release(execution.pk, "input")
    with transaction.atomic():
        share(execution.pk, "result", mark)

    assert payloads.remove(row.pk) is None
    assert payloads.remove(row.pk + 1) is None
    assert read(mark) == LARGE


def test_nothing_was_ever_stored(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = storages("file", tmp_path / "nowhere", {})

    assert pass_of() == (0, 0)


@pytest.fixture
def api(owner: User) -> APIClient:
    key = Token.objects.create(user=owner).key
    return APIClient(headers={"Authorization": f"Bearer {key}"})
