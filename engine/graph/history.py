"""The states a graph has been in, as a tree: undoing and editing anew forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.graph.steps import inverse_of

if TYPE_CHECKING:
    from engine.graph.steps import Step


@dataclass(slots=True, eq=False)
class State:
    """A state and the steps that led to it from the one before."""

    number: int
    parent: State | None = None
    steps: tuple[Step, ...] = ()
    label: str = ""
    depth: int = 0
    next: State | None = field(default=None, repr=False)  # where redo leads


class History:
    """All states since the editor began; 0 is the first. It holds changes, not copies."""

    def __init__(self) -> None:
        self.current = State(0)
        self._states = [self.current]

    def add(self, steps: tuple[Step, ...], label: str) -> None:
        """The graph was changed, and is now in a new state."""
        here = self.current
        state = State(len(self._states), here, steps, label, here.depth + 1)
        here.next = self.current = state
        self._states.append(state)

    def state(self, number: int) -> State | None:
        return self._states[number] if 0 <= number < len(self._states) else None

    def way_to(self, target: State) -> list[Step]:
        """The steps from the current state to this one, back to where both parted."""
        back: list[Step] = []
        forth: list[State] = []
        here, there = self.current, target
        while here is not there:
            if here.depth >= there.depth and here.parent is not None:
                back += inverse_of(here.steps)
                here = here.parent
            elif there.parent is not None:
                forth.append(there)
                there = there.parent
        return [*back, *(step for state in reversed(forth) for step in state.steps)]

    def lead_to(self, target: State) -> None:
        """Make redo lead from every earlier state on the way to this one."""
        state = target
        while state.parent is not None:
            state.parent.next = state
            state = state.parent
