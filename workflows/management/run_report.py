"""What ``run_workflow`` prints: lines for people, or JSON lines for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from engine.events import (
    ActorCompleted,
    ActorFailed,
    ActorStateChanged,
    MessageSent,
)
from workflows.event_rows import RowLimits, to_row
from workflows.management.run_lines import as_json, line, plain, safe

if TYPE_CHECKING:
    from types import TracebackType

    from engine.events import EngineEvent
    from engine.network import Result

STYLES = {"completed": "bold green", "failed": "bold red", "cancelled": "bold yellow"}


class Report(Protocol):
    """What a run tells while it runs, and at its end."""

    def __enter__(self) -> object: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def warning(self, text: str) -> None: ...
    async def write(self, events: list[EngineEvent]) -> None: ...
    def result(self, result: Result) -> None: ...


class JsonReport:
    """One JSON object a line: each event, and at last the result."""

    def __init__(self, file: TextIO, *, events: bool) -> None:
        self._file = file
        self._events = events

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.flush()

    def warning(self, text: str) -> None:
        self._line({"type": "Warning", "message": text})

    async def write(self, events: list[EngineEvent]) -> None:
        for event in _told(events) if self._events else ():
            row = to_row(event, RowLimits())
            head = {"type": row.type, "node": row.node, "at": row.at.isoformat()}
            self._line({**head, "data": json.loads(row.data)})

    def result(self, result: Result) -> None:
        self._line({"type": "Result", **summary(result)})

    def _line(self, value: dict[str, Any]) -> None:
        self._file.write(f"{json.dumps(value, ensure_ascii=False, default=str)}\n")


class TextReport:
    """Events as they happen above a line of progress, then the result."""

    def __init__(self, file: TextIO, *, events: bool) -> None:
        self._console = Console(file=file, highlight=False, soft_wrap=True)
        self._events = events
        self._counts = {"nodes done": 0, "messages": 0, "errors": 0}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def warning(self, text: str) -> None:
        self._console.print(Text(f"warning: {safe(text)}", style="yellow"))

    async def write(self, events: list[EngineEvent]) -> None:
        for event in _told(events):
            self._count(event)
            if self._events:
                self._console.print(line(event))
        counted = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        self._progress.update(self._task, description=f"running: {counted}")

    def result(self, result: Result) -> None:
        told = summary(result)
        title = f"{result.status} in {result.duration_ms:.1f} ms"
        self._console.print(Text(title, style=STYLES.get(result.status, "bold")))
        counts = f"{result.nodes_executed} nodes executed, {result.nodes_failed} failed"
        self._console.print(Text(counts))
        for name in ("error", "errors", "undelivered"):
            if told.get(name):
                self._console.print(Text(f"{name}: {as_json(told[name])}", style="yellow"))
        outputs = json.dumps(told["outputs"], indent=2, ensure_ascii=False, default=str)
        self._console.print(Text(f"outputs: {safe(outputs)}"))
        if result.truncated:
            self.warning("an output is longer than its limit; its end was left out")

    def _count(self, event: EngineEvent) -> None:
        if isinstance(event, ActorCompleted):
            self._counts["nodes done"] += event.count
        elif isinstance(event, MessageSent):
            self._counts["messages"] += event.count
        elif isinstance(event, ActorFailed):
            self._counts["errors"] += 1


def summary(result: Result) -> dict[str, Any]:
    """A result as JSON values; what is empty is left out."""
    errors = [{"node": item.node, "error": item.error, "code": item.code} for item in result.errors]
    told = {
        "status": result.status,
        "duration_ms": round(result.duration_ms, 3),
        "nodes_executed": result.nodes_executed,
        "nodes_failed": result.nodes_failed,
        "outputs": {port: list(map(plain, sent)) for port, sent in result.outputs.items()},
    }
    more = {"error": result.error, "errors": errors, "undelivered": result.undelivered}
    return told | {name: value for name, value in more.items() if value}


def _told(events: list[EngineEvent]) -> list[EngineEvent]:
    """Without the lifecycle states, which other events imply."""
    return [event for event in events if not isinstance(event, ActorStateChanged)]
