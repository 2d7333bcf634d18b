"""The lifecycle table: each allowed move, and every other one."""

from __future__ import annotations

from itertools import product

import pytest

from engine.errors import LifecycleError
from engine.lifecycle import ActorState, check_move

ARROWS = {
    ("created", "initialized"),
    ("initialized", "running"),
    ("running", "processing"),
    ("processing", "running"),
    ("running", "stopping"),
    ("stopping", "stopped"),
    ("processing", "error"),
    ("error", "running"),
    ("error", "stopping"),
}


@pytest.mark.parametrize(("old", "new"), list(product(ActorState, ActorState)))
def test_only_the_moves_of_the_diagram_are_allowed(old: ActorState, new: ActorState) -> None:
    if (old.value, new.value) in ARROWS:
        assert check_move(old, new) is new
    else:
        with pytest.raises(LifecycleError, match=f"from {old} to {new}"):
            check_move(old, new)
