"""One user with runs: what the scenarios act on, how it is mended, and what must hold then."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import close_old_connections
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.factories import LONG_AGO, UserFactory
from tests.workflows.actors import LEDGER
from workflows.deliveries import deliver_due
from workflows.in_doubt import decide
from workflows.lifecycle import claim_next
from workflows.models import (
    HELD,
    TERMINAL,
    DeliveryStatus,
    Execution,
    JournalEntry,
    Status,
    WebhookDelivery,
)
from workflows.pausing import resume_execution
from workflows.payloads import read
from workflows.recovery import reap, round_of_keeper
from workflows.runner import run
from workflows.services import start_execution
from workflows.tasks import run_execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User

ROUNDS = 12  # of keeper and worker, until everything is over
UNAVAILABLE = 503
TERMINAL_EVENT = {"Completed": "completed", "Failed": "failed", "Cancelled": "cancelled"}


@dataclass(slots=True)
class World:
    """A user of one's own, so that nothing of an earlier case is in the way."""

    owner: User = field(default_factory=UserFactory)
    known: dict[str, Any] = field(default_factory=dict)  # what a scenario remembers
    api: APIClient = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        cache.clear()  # nobody's requests are counted
        LEDGER.clear()
        self.token = str(Token.objects.create(user=self.owner).key)
        # As a user meets the server: an error that nobody answered is a 500, and no traceback.
        self.api = APIClient(
            raise_request_exception=False, headers={"Authorization": f"Bearer {self.token}"}
        )

    @property
    def runs(self) -> Any:
        return Execution.objects.filter(owner=self.owner).order_by("created_at", "pk")

    def start(self, graph: Any, **options: Any) -> Execution:
        return start_execution(owner=self.owner, graph=graph, **options).execution

    def claim(self, worker: str = "celery@gone") -> Any:
        claim = claim_next(worker, 1)
        assert claim is not None
        return claim

    def post(self, path: str, data: Any = None, **headers: str) -> int:
        """The status of the answer; what was left of the connection is closed, as by a server."""
        response = self.api.post(path, data or {}, headers=headers)
        self.known["answer"] = response
        close_old_connections()
        return response.status_code


def as_worker(work: Callable[[], object]) -> None:
    """What Celery and the keeper make of an error of the database: a line in the log."""
    try:
        work()
    except DatabaseError:
        pass
    finally:
        close_old_connections()


def work() -> None:
    run_execution("")


def overtaken(world: World) -> None:
    """The lease of every run is over, and another worker has them all."""
    world.runs.filter(status__in=HELD).exclude(worker="").update(lease_until=LONG_AGO)
    reap()
    while claim := claim_next("celery@other", 2):
        async_to_sync(run)(claim)


def mend(world: World) -> None:
    """Nothing is broken any more: keeper, workers and people do their work until all is over."""
    close_old_connections()
    for _ in range(ROUNDS):
        # Whoever held a run in the case is gone.
        world.runs.filter(status__in=HELD).exclude(worker="").update(lease_until=LONG_AGO)
        WebhookDelivery.objects.filter(owner=world.owner).update(next_at=LONG_AGO)
        for row in world.runs.filter(status=Status.PAUSED, worker=""):
            resume_execution(execution=row, by="people")
        for row in world.runs.filter(status=Status.WAITING):
            decide(execution=row, action="rerun", by=world.owner)
        round_of_keeper()
        work()
        deliver_due()
        unsent = WebhookDelivery.objects.filter(owner=world.owner, status=DeliveryStatus.PENDING)
        if not world.runs.exclude(status__in=TERMINAL).exists() and not unsent.exists():
            return


def offences(world: World) -> Iterator[str]:
    """Broken promises of any run, in whatever scenario."""
    for row in world.runs:
        if not row.is_over:
            yield f"stuck: {row.execution_id} is {row.status}"
            continue
        yield from of_events(row)
        if JournalEntry.objects.filter(execution=row).exists():
            yield f"wrong: the journal of {row.execution_id} is still there"
        sent = WebhookDelivery.objects.filter(execution=row).count()
        if sent != bool(row.webhook_url):
            yield f"wrong: {row.execution_id} has {sent} webhooks"


def of_events(row: Execution) -> Iterator[str]:
    """Numbered without a gap, one end, and that the last."""
    found = list(row.stored_events.order_by("seq").values_list("seq", "type"))
    if row.events_pruned_at is None and [seq for seq, _ in found] != [*range(1, row.last_seq + 1)]:
        yield f"gap: {row.execution_id} has {[seq for seq, _ in found]} of {row.last_seq}"
    ends = [TERMINAL_EVENT[kind] for _, kind in found if kind in TERMINAL_EVENT]
    if found and (ends != [row.status] or found[-1][1] not in TERMINAL_EVENT):
        yield f"wrong: {row.execution_id} is {row.status} and its events end {ends}"
    if not found and row.events_pruned_at is None:
        yield f"gap: {row.execution_id} has no event"


def ended(row: Execution, status: Status, outputs: Any = None) -> Iterator[str]:
    """The right end, with the right result."""
    row.refresh_from_db()
    if row.status != status:
        yield f"wrong: {row.execution_id} is {row.status}: {row.error}"
    elif outputs is not None:
        given = json.loads(read(row.result))["outputs"]
        if given != outputs:
            yield f"wrong: {row.execution_id} gave {given}"


def ledger(firings: int, attempts: int, nodes: int = 1) -> Iterator[str]:
    """Effects: all of them, and repeated only what was under way, with the same key."""
    keys = Counter(LEDGER)
    if len(keys) != firings:
        yield f"doubled: {len(keys)} keys for {firings} effects"
    again = sum(keys.values()) - len(keys)
    if again > nodes * (attempts - 1):
        yield f"doubled: {again} effects again in {attempts} attempts"
