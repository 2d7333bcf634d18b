"""What a user can do with dead letters: edit, requeue into runs from their node, discard."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from engine.codec import OWN_TEXT, dumps, parse_json
from engine.errors import CodecError, GraphError, InputError, Problem
from engine.graph import Graph
from engine.network.start_at import read_start
from workflows import surroundings
from workflows.admission import room, room_of_workflow
from workflows.errors import LetterResolvedError, PayloadError
from workflows.event_rows import clean
from workflows.letters import written
from workflows.models import DeadLetter, Execution, LetterStatus, WorkflowVersion
from workflows.payloads import keep, read, share
from workflows.services import checked_graph
from workflows.starts import announce_later

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from workflows.admission import Room

    Reason: TypeAlias = tuple[str, str]  # code, message

CHUNK = 200  # letters a transaction
AT_ONCE = 10_000  # letters a call
HINTED = 32  # of the new runs; the keeper offers the others
SHOWN = 20  # ids with each refusal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Letters that stay as they are, all for one reason; ``ids`` has the first of them."""

    code: str
    message: str
    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or with ``dry_run`` would be; ``left`` letters are over ``AT_ONCE``."""

    dry_run: bool
    matched: int
    done: int
    left: int
    refused: tuple[Refusal, ...]
    executions: tuple[str, ...] = ()


def edit_dead_letter(*, letter: DeadLetter, inputs: Mapping[str, Any]) -> DeadLetter:
    """Give an open letter other messages, JSON values or tagged; it is then complete.

    Raises:
        InputError: the node would not fire exactly once with them, or they are too large.
        LetterResolvedError: it was requeued or discarded meanwhile.
    """
    graph = Graph.from_json(letter.execution.version.graph)
    messages = read_start(graph, surroundings.registry(), {letter.node: inputs})[letter.node]
    text, wrong = written(messages, settings.DEAD_LETTER_BYTES)
    if wrong:
        raise InputError([Problem("inputs", wrong, "limit_exceeded", node=letter.node)])
    rows = DeadLetter.objects.filter(pk=letter.pk, status=LetterStatus.OPEN)
    with transaction.atomic():
        kept = keep(letter.execution_id, "letter", text, letter.owner_id)
        changed = rows.update(inputs=kept, incomplete="")
    if not changed:
        letter.refresh_from_db(fields=["status"])
        raise LetterResolvedError(letter.status)
    letter.inputs, letter.incomplete = text, ""
    return letter


def requeue_dead_letters(
    *, letters: QuerySet[DeadLetter], by: User, dry_run: bool = False
) -> Outcome:
    """Start a run of the same version for each letter: one firing of its node, and what follows.

    Nothing above the node runs. A letter is requeued once: it changes in the transaction that
    makes its run. A chunk of ``CHUNK`` letters is done or not done as a whole. The limits on
    queued runs hold; no run is cancelled for a letter.
    """
    work = _Work(letters, dry_run=dry_run)
    graphs, places = _Graphs(), _Places(by)
    for chunk in work.chunks():
        with transaction.atomic():
            rows = _locked(chunk, dry_run=dry_run)
            places.look(rows, anew=not dry_run)
            fit = [
                row
                for row in rows
                if not work.refused(row.pk, graphs.reason_against(row) or places.taken_by(row))
            ]
            work.done += len(fit)
            if not dry_run:
                work.executions += _requeue(fit, by, max(HINTED - len(work.executions), 0))
    return work.outcome()


def discard_dead_letters(
    *, letters: QuerySet[DeadLetter], by: User, dry_run: bool = False
) -> Outcome:
    """Close letters for good; their rows stay."""
    work = _Work(letters, dry_run=dry_run)
    for chunk in work.chunks():
        with transaction.atomic():
            rows = _locked(chunk, dry_run=dry_run)
            fit = [row.pk for row in rows if not work.refused(row.pk, _resolved(row))]
            work.done += len(fit)
            if not dry_run:
                resolved = {"resolved_by": _name(by), "resolved_at": Now()}
                DeadLetter.objects.filter(pk__in=fit).update(
                    status=LetterStatus.DISCARDED, **resolved
                )
    return work.outcome()


class _Work:
    """One call on many letters: which there are, and what became of them."""

    def __init__(self, letters: QuerySet[DeadLetter], *, dry_run: bool) -> None:
        plain = letters.order_by("pk").values_list("pk", flat=True)
        self.pks = tuple(plain[:AT_ONCE])
        self.matched = letters.count() if len(self.pks) == AT_ONCE else len(self.pks)
        self.dry_run = dry_run
        self.done = 0
        self.executions: list[str] = []
        self._refused: dict[Reason, list[int]] = defaultdict(list)

    def chunks(self) -> Iterator[tuple[int, ...]]:
        return (self.pks[at : at + CHUNK] for at in range(0, len(self.pks), CHUNK))

    def refused(self, pk: int, reason: Reason | None) -> bool:
        if reason is not None:
            self._refused[reason].append(pk)
        return reason is not None

    def outcome(self) -> Outcome:
        refused = tuple(
            Refusal(code, message, len(pks), tuple(pks[:SHOWN]))
            for (code, message), pks in self._refused.items()
        )
        left = self.matched - len(self.pks)
        runs = tuple(self.executions)
        return Outcome(self.dry_run, self.matched, self.done, left, refused, runs)


class _Places:
    """How many more runs may be queued, by the limits of the queue and of workflows."""

    def __init__(self, by: User) -> None:
        self._by = by
        self._rooms: dict[int | None, Room] = {}  # None: the queue
        self._taken: Counter[int | None] = Counter()

    def look(self, rows: Iterable[DeadLetter], *, anew: bool) -> None:
        """See what there is for these letters. Needs the transaction that makes their runs.

        A dry run does not look anew: what it would have taken is not in the database.
        """
        if anew:
            self._taken.clear()
            self._rooms.clear()
        if None not in self._rooms:
            self._rooms[None] = room(self._by)
        workflows = {pk for row in rows if (pk := row.execution.workflow_id) is not None}
        for pk in sorted(workflows - self._rooms.keys()):
            left = room_of_workflow(pk)
            if left is not None:
                self._rooms[pk] = left

    def taken_by(self, row: DeadLetter) -> Reason | None:
        """Take a place for the run of a letter, or say why there is none."""
        wanted = {None, row.execution.workflow_id} & self._rooms.keys()
        for key in wanted:
            left = self._rooms[key]
            if self._taken[key] >= left.count:
                return left.code, left.text
        self._taken.update(wanted)
        return None


class _Graphs:
    """The graphs of the letters of one call, each read and checked once."""

    def __init__(self) -> None:
        self._known: dict[int, Graph | GraphError] = {}

    def reason_against(self, row: DeadLetter) -> Reason | None:
        """Why a letter cannot be requeued."""
        if not row.is_open:
            return _resolved(row)
        if row.incomplete:
            return "inputs_incomplete", row.incomplete
        graph = self._of(row.execution.version_id)
        if isinstance(graph, GraphError):
            return graph.code, str(graph)
        try:
            inputs = parse_json(read(row.inputs), OWN_TEXT)
            read_start(graph, surroundings.registry(), {row.node: inputs})
        except (InputError, CodecError, PayloadError) as error:
            return error.code, str(error)
        return None

    def _of(self, version_pk: int) -> Graph | GraphError:
        if version_pk not in self._known:
            text = WorkflowVersion.objects.values_list("graph", flat=True).get(pk=version_pk)
            try:
                self._known[version_pk] = checked_graph(text)
            except GraphError as error:
                self._known[version_pk] = error
        return self._known[version_pk]


def _locked(pks: Sequence[int], *, dry_run: bool) -> list[DeadLetter]:
    """These letters; nobody else changes them until the transaction ends."""
    rows = DeadLetter.objects.filter(pk__in=pks).select_related("execution").order_by("pk")
    return list(rows if dry_run else rows.select_for_update(of=("self",)))


def _resolved(row: DeadLetter) -> Reason | None:
    return None if row.is_open else (LetterResolvedError.code, f"it is {row.status} already")


def _requeue(rows: Iterable[DeadLetter], by: User, hints: int) -> list[str]:
    """Make a run of each letter. Needs the transaction that has locked them."""
    runs = []
    letters = list(rows)
    for letter in letters:
        runs.append(_run_of(letter))
        letter.status, letter.resolved_by = LetterStatus.REQUEUED, _name(by)
        letter.resolved_at, letter.requeued_as = Now(), runs[-1]
    announce_later(runs[:hints])
    Execution.objects.bulk_create(runs, batch_size=100)
    changed = ["status", "resolved_by", "resolved_at", "requeued_as"]
    DeadLetter.objects.bulk_update(letters, changed, batch_size=100)
    return [run.execution_id for run in runs]


def _run_of(letter: DeadLetter) -> Execution:
    origin, pk = letter.execution, uuid.uuid4()
    about = {"dead_letter": letter.pk, "execution": origin.execution_id}
    about |= {key: value for key, value in _webhook_of(origin).items() if value}
    return Execution(
        id=pk,
        owner_id=letter.owner_id,
        execution_id=str(pk),
        workflow_id=origin.workflow_id,
        version_id=origin.version_id,
        workflow_label=origin.workflow_label,
        priority=origin.priority,
        webhook_url=origin.webhook_url,
        source="dead_letter",
        start_node=letter.node,
        input=share(pk, "input", letter.inputs),
        metadata=dumps(about),
        request_hash=sha256(f"dead letter {letter.pk}".encode()).hexdigest(),
    )


def _webhook_of(origin: Execution) -> dict[str, Any]:
    """Who hears of the end of a run hears of the end of those that its letters become."""
    metadata = json.loads(origin.metadata)
    return {key: metadata.get(key) for key in ("webhook_url", "webhook_headers")}


def _name(by: User) -> str:
    return clean(by.get_username())[:150]
