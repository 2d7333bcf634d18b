"""One turn of a sync actor, for each style of behaviour.

Failure isolation costs nothing here: ``list.extend`` over an iterator keeps what it had when a
firing raises, and the iterator goes on behind the bad message. A test pins this.
"""

from __future__ import annotations

from itertools import islice
from operator import countOf
from typing import TYPE_CHECKING, Any

from engine.behaviour import Style
from engine.errors import ActorError
from engine.messages import IMMUTABLE, Message, freeze
from engine.network.boundary import RAISED
from engine.network.completion import Ended, finish
from engine.network.outputs import Emitted, Failure, gather, gather_pairs
from engine.network.records import TurnStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.actor import Context
    from engine.network.node import Node

_FAILED: Any = object()  # in place of a result, so that results and messages stay aligned


def step_process(node: Node, credit: int) -> None:
    """Fire ``process(ctx)`` for each set of inputs."""
    ctx, process = node.ctx, node.actor.process  # type: ignore[attr-defined]
    emitted = ctx.emitted
    started = node.scheduler.clock.monotonic()
    inputs = node.take(credit)
    results: list[Any] = []
    failed: list[Failure] = []
    append = results.append
    pending = iter(inputs)
    while True:
        try:
            for ctx.inputs in pending:
                result = process(ctx)
                append(with_emitted(ctx, result) if emitted else result)
            break
        except RAISED as error:
            emitted.clear()
            failed.append(Failure(error, ctx.inputs))
    _end(node, started, len(inputs), gather(node, results, failed, inputs), failed)


def step_value(node: Node, credit: int) -> None:
    """Fire ``process_value(value)`` for each message of the one inport."""
    started = node.scheduler.clock.monotonic()
    port, values = node.take_port(credit)
    results, failures = run_each(node.actor.process_value, values)  # type: ignore[attr-defined]
    failed = [Failure(item.error, {port: values[item.index]}) for item in failures]
    kept = values
    if failures:
        kept, results = _good(values, results)
    outputs = {str(node.only_outport): frozen(results, failed, port, kept)}
    _end(node, started, len(values), outputs, failed)


def step_batch(node: Node, credit: int) -> None:
    """Fire ``process_batch(values)``; if it raises, with each of its values alone."""
    process: Callable[[list[Message]], list[Message]] = node.actor.process_batch  # type: ignore[attr-defined]
    started = node.scheduler.clock.monotonic()
    port, values = node.take_port(credit)
    failed: list[Failure] = []
    kept = values
    try:
        results = _one_each(node.node_id, values, process(values))
    except RAISED:  # told apart one by one
        results, failures = run_each(
            lambda value: _one_each(node.node_id, [value], process([value]))[0], values
        )
        failed = [Failure(item.error, {port: values[item.index]}) for item in failures]
        kept, results = _good(values, results)
    outputs = {str(node.only_outport): frozen(results, failed, port, kept)}
    _end(node, started, len(values), outputs, failed)


def step_generator(node: Node, credit: int) -> None:
    """Pull the open generator, or open one for the next inputs; as many as there is room for."""
    scheduler = node.scheduler
    if node.generator is None:
        (node.ctx.inputs,) = node.take(1)
        node.since = scheduler.clock.monotonic()
        node.generator = node.actor.process(node.ctx)  # type: ignore[attr-defined]
        if scheduler.recording:
            scheduler.record(TurnStarted(scheduler.clock.now(), node, 1))
    # What it emits goes between what it yields: into the list that is just being extended.
    pairs = node.ctx.emitted = Emitted(node.ctx.emitted)
    generator: Any = node.generator
    failed: list[Failure] = []
    try:
        pairs.extend(islice(generator, credit))
        over = generator.gi_frame is None
    except RAISED as error:
        failed.append(Failure(error, node.ctx.inputs))
        over = True
    node.ctx.emitted = []
    outputs = gather_pairs(node, pairs, failed, node.ctx.inputs)
    if over:
        node.generator = None
        finish(node, Ended(node.since, 1, outputs, failed, announced=True))
    else:
        node.send(outputs)


def _end(
    node: Node,
    started: float,
    count: int,
    outputs: dict[str, list[Message]],
    failed: list[Failure],
) -> None:
    """Close a turn; without a listener, a journal and a failure there is nothing to it."""
    scheduler = node.scheduler
    if failed or scheduler.recording or scheduler.committer is not None:
        finish(node, Ended(started, count, outputs, failed))
    else:
        node.fired += count
        if outputs:
            node.dispatch(outputs)


STEPS: dict[Style, Callable[[Node, int], None]] = {
    Style.PROCESS: step_process,
    Style.VALUE: step_value,
    Style.BATCH: step_batch,
    Style.GENERATOR: step_generator,
}


class _Raised:
    __slots__ = ("error", "index")

    def __init__(self, index: int, error: BaseException) -> None:
        self.index = index
        self.error = error


def run_each(fire: Callable[[Any], Any], inputs: list[Any]) -> tuple[list[Any], list[_Raised]]:
    """Call ``fire`` with each; what raises is put aside, and the rest goes on."""
    results: list[Any] = []
    failures: list[_Raised] = []
    pending = iter(inputs)
    while len(results) < len(inputs):  # a StopIteration out of fire ends extend without a raise
        before = len(results)
        try:
            results.extend(map(fire, pending))
        except RAISED as error:
            failures.append(_Raised(len(results), error))
            results.append(_FAILED)
        else:
            if len(results) < len(inputs):
                failures.append(_Raised(len(results), ActorError("StopIteration in a behaviour")))
                results.append(_FAILED)
        assert len(results) > before  # noqa: S101 -- else this loop would not end
    return results, failures


def _good(values: list[Message], results: list[Any]) -> tuple[list[Message], list[Any]]:
    """The values that did not fail, and their results."""
    good = [pair for pair in zip(values, results, strict=True) if pair[1] is not _FAILED]
    return [value for value, _ in good], [result for _, result in good]


def frozen(
    results: list[Any], failed: list[Failure], port: str, values: list[Message]
) -> list[Message]:
    """The results as messages; one that cannot be a message joins the failures.

    ``values`` of ``port`` are those that the results are of.
    """
    kind = type(results[0]) if results else None
    if kind in IMMUTABLE and countOf(map(type, results), kind) == len(results):
        return results  # all of one kind: the fastest look there is
    if IMMUTABLE.issuperset(map(type, results)):
        return results
    messages, failures = run_each(freeze, results)
    failed.extend(Failure(item.error, {port: values[item.index]}) for item in failures)
    return [message for message in messages if message is not _FAILED]


def with_emitted(ctx: Context, result: Any) -> Emitted:
    """What a firing emitted, then what it returned."""
    emitted = Emitted(ctx.emitted)
    ctx.emitted.clear()
    if result is None:
        return emitted
    if not isinstance(result, dict):
        raise ActorError(f"{ctx.node_id} returned a {type(result).__name__}, not {{port: message}}")
    emitted.extend(result.items())
    return emitted


def _one_each(node_id: str, values: list[Message], results: Any) -> list[Message]:
    if not isinstance(results, list) or len(results) != len(values):
        got = f"{len(results)} results" if isinstance(results, list) else type(results).__name__
        raise ActorError(f"{node_id}: process_batch got {len(values)} values and gave {got}")
    return results
