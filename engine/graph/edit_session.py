"""One editing session of a graph: what was done, in which transactions, and who is told."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.graph.given import refused
from engine.graph.graph_events import GraphEvent, GraphEventType, events_of
from engine.graph.history import History
from engine.graph.steps import apply, inverse_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.graph.history import State
    from engine.graph.model import Graph
    from engine.graph.steps import Step

    Listener = Callable[[GraphEvent], None]


class EditSession:
    """Applies steps to the graph, remembers them, and then tells the listeners."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.history = History()
        self._open: list[Step] | None = None  # the steps of the transaction that is open
        self._listeners: tuple[Listener, ...] = ()
        self._untold: deque[GraphEvent] = deque()
        self._telling = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners += (listener,)

        def unsubscribe() -> None:
            self._listeners = tuple(kept for kept in self._listeners if kept is not listener)

        return unsubscribe

    @property
    def in_transaction(self) -> bool:
        return self._open is not None

    def do(self, steps: Sequence[Step], label: str) -> None:
        """Apply steps as one edit."""
        if steps:
            apply(self.graph, steps)
            self.done(steps, label)

    def done(self, steps: Sequence[Step], label: str) -> None:
        """Remember and tell steps that the graph has taken already."""
        if self._open is None:
            self.history.add(tuple(steps), label)
        else:
            self._open += steps
        self._tell_steps(steps)

    @contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        if self._open is not None:
            with self._savepoint(self._open):
                yield
            return
        steps: list[Step] = []
        self._open = steps
        try:
            self._tell(GraphEvent(GraphEventType.START_TRANSACTION, transaction=name))
            with self._savepoint(steps):
                yield
        finally:
            self._open = None
            if steps:
                self.history.add(tuple(steps), name)
            self._tell(*_end(name, len(steps)))

    @contextmanager
    def _savepoint(self, steps: list[Step]) -> Iterator[None]:
        """Undo what is done inside if an error leaves it."""
        start = len(steps)
        try:
            yield
        except BaseException:
            back = inverse_of(steps[start:])
            apply(self.graph, back)
            del steps[start:]
            self._tell_steps(back)
            raise

    def undo(self) -> bool:
        here = self.settled()
        if here.parent is None:
            return False
        self._move(here.parent, inverse_of(here.steps), here.label)
        return True

    def redo(self) -> bool:
        there = self.settled().next
        if there is None:
            return False
        self._move(there, there.steps, there.label)
        return True

    def go_to(self, number: int) -> None:
        self.settled()
        target = self.history.state(number)
        if target is None:
            raise refused(f"state {number}", "there is none", "unknown_state")
        steps = self.history.way_to(target)
        self.history.lead_to(target)
        self._move(target, steps, target.label)

    def settled(self) -> State:
        """The current state, which there is between transactions only."""
        if self._open is not None:
            message = "is open: undo, redo and snapshots must wait for its end"
            raise refused("transaction", message, "transaction_open")
        return self.history.current

    def _move(self, target: State, steps: Sequence[Step], label: str) -> None:
        apply(self.graph, steps)
        self.history.current = target
        if len(steps) < 2 or not self._listeners:
            self._tell_steps(steps)
            return
        self._tell(GraphEvent(GraphEventType.START_TRANSACTION, transaction=label))
        self._tell_steps(steps)
        self._tell(*_end(label, len(steps)))

    def _tell_steps(self, steps: Sequence[Step]) -> None:
        if self._listeners:  # without them not even the events are made
            self._tell(*(event for step in steps for event in events_of(step)))

    def _tell(self, *events: GraphEvent) -> None:
        """Tell in order, also when a listener edits in turn: the outermost call tells all."""
        if not self._listeners:
            return
        self._untold.extend(events)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                event = self._untold.popleft()
                for listener in self._listeners:
                    listener(event)
        finally:
            self._telling = False
            self._untold.clear()


def _end(name: str, changes: int) -> list[GraphEvent]:
    """The end of a transaction, and what it did if it did something."""
    events = [GraphEvent(GraphEventType.END_TRANSACTION, transaction=name)]
    if changes:
        done = GraphEvent(GraphEventType.TRANSACTION, transaction=name, changes=changes)
        events.append(done)
    return events
