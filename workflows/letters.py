"""Dead letters as rows: what a failed firing had been given, written at the end of its run."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings

from engine.codec import dumps, to_json
from engine.errors import CodecError
from engine.events import ActorFailed, Requeued
from workflows.event_rows import clean
from workflows.models import DeadLetter
from workflows.payloads import keep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.dead_letter import DeadLetter as Failed
    from workflows.models import Execution

RUN_SHARE = 64  # times DEAD_LETTER_BYTES: what all letters of one run may take
MAX_ERROR = 10_000  # characters kept of an error's text
MAX_COMPARED = 2_000  # characters of it that tell one cause from another
SENT_AN_ERROR = "error_unconnected"  # the engine's code: the message is an output, not an input

# What differs between two failures of one cause: quoted values, ids, numbers.
_VARYING = re.compile(
    r"'[^']*'|\"[^\"]*\""
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b0[xX][0-9a-fA-F]+|\b[0-9a-fA-F]{16,}\b|\d+(?:\.\d+)?"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One failed firing, ready to be stored; the fields are those of the row."""

    node: str
    component: str
    inputs: str
    incomplete: str
    error: str
    code: str
    fingerprint: str
    attempts: int


def letters_of(graph: Graph, failed: Iterable[Failed]) -> tuple[Letter, ...]:
    """What is kept of these failures; one whose inputs are too large keeps their beginning."""
    return tuple(_prepare(graph, failed))


def _prepare(graph: Graph, failed: Iterable[Failed]) -> Iterator[Letter]:
    room = RUN_SHARE * settings.DEAD_LETTER_BYTES
    for item in failed:
        inputs, incomplete = written(item.inputs, min(room, settings.DEAD_LETTER_BYTES))
        room -= len(inputs.encode())
        if not item.inputs:
            incomplete = "what the firing had been given is not known"
        elif item.code == SENT_AN_ERROR:
            incomplete = "this is what the node sent to its error port, not what it had been given"
        error, code = clean(item.error[:MAX_ERROR]), clean(item.code)[:64]
        node = graph.nodes.get(item.node)
        yield Letter(
            node=clean(item.node),
            component=clean(node.component) if node else "",
            inputs=inputs,
            incomplete=incomplete,
            error=error,
            code=code,
            fingerprint=fingerprint(code, item.node, error),
            attempts=item.attempts,
        )


def fingerprint(code: str, node: str, error: str) -> str:
    """Equal for failures with the same code, node and message; values in it do not count."""
    words = " ".join(_VARYING.sub("?", error[:MAX_COMPARED]).split())
    return sha256(f"{code}\n{node}\n{words}".encode(errors="replace")).hexdigest()


def written(
    inputs: Mapping[str, Message], limit: int, name: str = "DEAD_LETTER_BYTES"
) -> tuple[str, str]:
    """The JSON of a firing's inputs, and why it is not the whole of them; empty if it is."""
    cells: dict[str, str] = {}
    wrong: list[str] = []
    for port, message in inputs.items():
        try:
            cells[port] = to_json(message)
        except CodecError as error:
            wrong.append(f"{clean(port)}: {clean(str(error))}")
            cells[port] = to_json("")
    size = sum(len(cell.encode()) for cell in cells.values())
    if size > limit:
        wrong.append(f"the inputs have {size} bytes (limit: {name})")
        keep = min(settings.EVENT_PREVIEW_CHARACTERS, limit)
        cells = {port: to_json(f"{cell[:keep]}…") for port, cell in cells.items()}
    text = ",".join(f"{dumps(clean(port))}:{cell}" for port, cell in cells.items())
    return f"{{{text}}}", "; ".join(wrong)


def write_letters(row: Execution, letters: Sequence[Letter], *, resumable: bool) -> None:
    """Store the letters of a run that ends. Needs the transaction that ends it.

    With ``resumable`` they may be from earlier attempts too, else they are from the last one.
    """
    if not letters:
        return
    seqs = _events_of(row, 2 * len(letters), resumable=resumable)
    DeadLetter.objects.bulk_create(
        (
            DeadLetter(
                owner_id=row.owner_id,
                execution=row,
                workflow_id=row.workflow_id,
                event_seq=next(seqs[letter.node, letter.code, letter.error], None),
                **asdict(letter) | {"inputs": keep(row.pk, "letter", letter.inputs, row.owner_id)},
            )
            for letter in letters
        ),
        batch_size=100,
    )


def _events_of(
    row: Execution, most: int, *, resumable: bool
) -> Mapping[tuple[str, str, str], Iterator[int]]:
    """The numbers of the first ``ActorFailed`` that nothing handled: by node, code and error."""
    rows = row.stored_events.order_by("seq")
    begun = None if resumable else rows.filter(type=Requeued.__name__).last()
    failed = rows.filter(type=ActorFailed.__name__, seq__gt=begun.seq if begun else 0)
    # A quote inside the error's text would be escaped, so this is the field itself.
    unhandled = failed.exclude(data__contains='"handled":true')
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for seq, node, text in unhandled.values_list("seq", "node", "data")[:most]:
        data = json.loads(text)
        found[node, clean(data["code"])[:64], clean(data["error"][:MAX_ERROR])].append(seq)
    return defaultdict(lambda: iter(()), {key: iter(seqs) for key, seqs in found.items()})
