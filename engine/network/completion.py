"""How a turn ends: its outputs leave, and each failure is taken by the first level that can.

The levels, as the seed draws them: the actor (``on_error``), the network (the ``error`` port;
retries and fallbacks have been tried before), the workflow and the application (dead letters).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import EngineError, SkippedError, describe
from engine.lifecycle import ActorState
from engine.messages import ErrorValue
from engine.network.boundary import RAISED
from engine.network.outputs import Failure, gather
from engine.network.records import FiringFailed, Turn

if TYPE_CHECKING:
    from engine.messages import Message
    from engine.network.node import Node


@dataclass(slots=True)
class Ended:
    """A turn that is over: so many firings since ``started`` (monotonic), and what they gave."""

    started: float
    count: int
    outputs: dict[str, list[Message]]
    failures: list[Failure]
    announced: bool = False
    ports: tuple[str, ...] | None = None  # it took from; by default those of the node's turn
    key: str = ""  # of its intent, if its effect is unsafe


def finish(node: Node, ended: Ended) -> None:
    """Record a turn, send its outputs, then see to its failures."""
    node.fired += ended.count
    scheduler = node.scheduler
    if ended.count and scheduler.recording:
        clock, failed = scheduler.clock, len(ended.failures)
        took = clock.monotonic() - ended.started
        scheduler.record(
            Turn(clock.now(), node, ended.count, failed, took, ended.outputs, ended.announced)
        )
    if scheduler.committer is not None:
        _commit(node, ended)
        return
    if ended.outputs:
        node.dispatch(ended.outputs)
    if ended.failures:
        outputs: dict[str, list[Message]] = {}
        for failure in ended.failures:
            fail(node, failure, outputs)
        node.dispatch(outputs)


def _commit(node: Node, ended: Ended) -> None:
    """Let the journal have what was taken and given, before anybody gets it."""
    outputs = {port: list(messages) for port, messages in ended.outputs.items()}
    letters = node.scheduler.dead_letters
    before = len(letters)
    for failure in ended.failures:
        fail(node, failure, outputs)
    ports = node.turn_ports if ended.ports is None else ended.ports
    committer = node.scheduler.committer
    if committer is not None and ended.count:
        consumed = dict.fromkeys(ports, ended.count)
        committer.add(node, consumed, outputs, ended.count, letters[before:], closes=ended.key)


def fail(node: Node, failure: Failure, outputs: dict[str, list[Message]]) -> None:
    """One firing failed; what is to be sent for it joins ``outputs``."""
    if isinstance(failure.error, SkippedError):
        node.scheduler.dead_letter(node, failure.inputs, str(failure.error), failure.error.code)
        return
    node.failed += 1
    if node.state is ActorState.PROCESSING:
        node.move(ActorState.ERROR)
        node.move(ActorState.RUNNING)
        node.move(ActorState.PROCESSING)
    replaced, error = _ask_actor(node, failure)
    text = describe(error)
    code = error.code if isinstance(error, EngineError) else type(error).__name__
    if replaced is not None:
        for port, messages in replaced.items():
            outputs.setdefault(port, []).extend(messages)
        _record(node, text, code, "actor")
    elif node.error_port in node.connected_outports:
        outputs.setdefault(str(node.error_port), []).append(ErrorValue(text))
        _record(node, text, code, "error_port")
    else:
        attempts = getattr(failure.error, "reflow_attempts", 1)
        node.scheduler.dead_letter(node, failure.inputs, text, code, attempts)
    if node.scheduler.supervisor is not None:
        node.scheduler.supervisor.failed(node)


def _ask_actor(
    node: Node, failure: Failure
) -> tuple[dict[str, list[Message]] | None, BaseException]:
    """Let the actor's own ``on_error`` handle the failure, or make another error of it."""
    on_error = getattr(node.actor, "on_error", None)
    if on_error is None:
        return None, failure.error
    wrong: list[Failure] = []
    try:
        result = on_error(failure.error, failure.inputs)
        outputs = gather(node, [result], wrong, failure.inputs)
    except RAISED as error:
        return None, error
    if wrong:
        return None, wrong[0].error
    return (None if result is None else outputs), failure.error


def _record(node: Node, text: str, code: str, handled_by: str) -> None:
    if node.scheduler.recording:
        now = node.scheduler.clock.now()
        node.scheduler.record(FiringFailed(now, node, text, code, handled_by))
