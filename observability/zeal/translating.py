"""A page of stored events as batches of what Zeal takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observability.zeal.traces import hop, trace_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observability.models import TraceSession
    from observability.zeal.config import ZealConfig
    from observability.zeal.runs import Page, Run
    from observability.zeal.traces import StoredEvent
    from observability.zeal.wire import JsonObject

BATCH = 50


@dataclass(frozen=True, slots=True)
class Document:
    """One trace event or hop, and the number of the stored event that it is of."""

    seq: int
    body: JsonObject


@dataclass(slots=True)
class Chunk:
    """One batch: up to 50 documents, of all stored events up to ``last_seq``."""

    documents: list[Document] = field(default_factory=list)
    last_seq: int = 0
    left_out: int = 0  # events that are not sent, and counted
    told: list[str] = field(default_factory=list)  # why
    sizes: list[tuple[int, int]] = field(default_factory=list)  # number, bytes put out

    @property
    def is_full(self) -> bool:
        return len(self.documents) == BATCH

    @property
    def data_bytes(self) -> int:
        return sum(size for _, size in self.sizes)

    def up_to(self, done: int, before: int) -> tuple[int, int]:
        """The number behind which the first ``done`` documents are, and the bytes up to it."""
        seq = self.documents[done - 1].seq if done else before
        return seq, sum(size for number, size in self.sizes if number <= seq)


def chunks_of(
    page: Page, run: Run, row: TraceSession, config: ZealConfig, *, hops: bool
) -> Iterator[Chunk]:
    """What is behind the cursor in batches. What is no trace is passed over."""
    chunk = Chunk()
    for event in page.events:
        if event.seq <= row.trace_seq:
            continue
        chunk.last_seq = event.seq
        if event.type == "ActorCompleted":
            chunk.sizes.append((event.seq, int(event.data.get("output_size") or 0)))
        if event.seq in page.unreadable:
            chunk.left_out += 1
            chunk.told.append(f"event {event.seq}: its text is gone from the payload storage")
        elif row.without_messages and event.type == "MessageSent":
            chunk.left_out += 1
        elif (body := _translated(event, run, config, chunk, hops=hops)) is not None:
            chunk.documents.append(Document(event.seq, body))
        if chunk.is_full:
            yield chunk
            chunk = Chunk()
    if chunk.last_seq:
        yield chunk


def _translated(
    event: StoredEvent, run: Run, config: ZealConfig, chunk: Chunk, *, hops: bool
) -> JsonObject | None:
    translate = hop if hops else trace_event
    try:
        return translate(event, run.canvas.node, characters=config.preview_characters)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        chunk.left_out += 1
        chunk.told.append(f"event {event.seq} ({event.type}) is not as expected: {error!r}")
        return None
