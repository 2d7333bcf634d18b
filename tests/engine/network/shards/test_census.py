"""Rest of several processes is found exactly when it is there."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from engine.network.shards.census import Census
from engine.network.shards.frames import Rest

if TYPE_CHECKING:
    from random import Random


def test_nobody_is_at_rest_before_all_have_said_so() -> None:
    census = Census(2)

    census.hear(Rest(0))

    assert census.at_rest is False


def test_a_frame_under_way_keeps_all_busy() -> None:
    census = Census(2)
    census.hear(Rest(0, sent={1: 1}))
    census.hear(Rest(1))
    before = census.at_rest

    census.hear(Rest(1, received={0: 1}))

    assert (before, census.at_rest) == (False, True)


def test_equal_sums_do_not_hide_that_different_frames_were_counted() -> None:
    """Process 0 spoke before 1 sent to it, and has answered since: as much sent as received."""
    census = Census(2)
    census.hear(Rest(0))

    census.hear(Rest(1, sent={0: 1}, received={0: 1}))

    assert census.at_rest is False


def test_a_process_that_is_given_something_to_do_has_to_speak_again() -> None:
    census = Census(1)
    census.hear(Rest(0))

    census.forget(0)

    assert census.at_rest is False


def test_full_ports_are_those_of_all() -> None:
    census = Census(2)
    census.hear(Rest(0, full={("a", "in"): 4}))
    census.hear(Rest(1, full={("b", "in"): 2}))

    assert census.full == {("a", "in"): 4, ("b", "in"): 2}


class Simulation:
    """Processes that send each other frames at random, and say when they rest."""

    def __init__(self, processes: int, budget: int, random: Random) -> None:
        self.random = random
        self.budget = budget
        self.active = set(range(processes))
        self.channels = {(i, j): deque[int]() for i in range(processes) for j in range(processes)}
        self.reports = {i: deque[Rest]() for i in range(processes)}  # on their way to the parent
        self.sent = {i: Counter[int]() for i in range(processes)}
        self.received = {i: Counter[int]() for i in range(processes)}
        self.census = Census(processes)

    @property
    def over(self) -> bool:
        return not self.active and not any(self.channels.values())

    def step(self) -> None:
        moves: list[Any] = [("act", i) for i in self.active]
        moves += [("arrive", pair) for pair, waiting in self.channels.items() if waiting]
        moves += [("hear", i) for i, waiting in self.reports.items() if waiting]
        what, which = self.random.choice(moves)
        getattr(self, f"_{what}")(which)

    def _act(self, index: int) -> None:
        if self.budget and self.random.random() < 0.7:
            self.budget -= 1
            other = self.random.choice([i for i in self.sent if i != index])
            self.sent[index][other] += 1
            self.channels[index, other].append(1)
        else:
            self.active.discard(index)
            rest = Rest(index, dict(self.sent[index]), dict(self.received[index]))
            self.reports[index].append(rest)

    def _arrive(self, pair: tuple[int, int]) -> None:
        self.channels[pair].popleft()
        self.received[pair[1]][pair[0]] += 1
        self.active.add(pair[1])

    def _hear(self, index: int) -> None:
        self.census.hear(self.reports[index].popleft())


@given(st.integers(2, 4), st.integers(0, 30), st.randoms(use_true_random=False))
def test_rest_is_never_seen_too_early_and_always_in_the_end(
    processes: int, budget: int, random: Random
) -> None:
    simulation = Simulation(processes, budget, random)

    while not (simulation.over and not any(simulation.reports.values())):
        assert simulation.over or not simulation.census.at_rest
        simulation.step()

    assert simulation.census.at_rest
