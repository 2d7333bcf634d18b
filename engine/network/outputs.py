"""What firings gave, sorted by port and frozen: the border every output crosses once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.errors import ActorError
from engine.messages import IMMUTABLE, freeze

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.messages import Message
    from engine.network.node import Node


Given: TypeAlias = "Sequence[Mapping[str, Message]] | Mapping[str, Message]"


@dataclass(frozen=True, slots=True)
class Failure:
    """A firing that raised, or whose result was wrong, and what it had been given."""

    error: BaseException
    inputs: Mapping[str, Message]


class Emitted(list[tuple[str, Any]]):
    """What one firing emitted, in order: (port, message)."""

    __slots__ = ()


def gather(
    node: Node,
    results: list[Any],
    failures: list[Failure],
    inputs: Given = (),
) -> dict[str, list[Message]]:
    """Sort the results of firings by port, frozen; a wrong one joins the failures.

    ``inputs`` are those of the firings, in order, also of those among the ``failures``; or those
    of the one firing that gave all results.
    """
    given = results
    if results.count(None):
        given = [result for result in results if result is not None]
    only = node.only_outport
    if only is not None:  # the common case, at the speed of a comprehension
        try:
            if sum(map(len, given)) == len(given):
                messages = [result[only] for result in given]
                if IMMUTABLE.issuperset(map(type, messages)):
                    return {only: messages} if messages else {}
        except (TypeError, KeyError):  # a wrong one among them
            pass
    sorted_out: dict[str, list[Message]] = {name: [] for name in node.outports}
    wrong: list[tuple[int, Exception]] = []
    for index, result in enumerate(results):
        try:
            if result is not None:
                _sort(node.node_id, result, sorted_out)
        except Exception as error:  # noqa: BLE001 -- the boundary around a behaviour
            wrong.append((index, error))
    if wrong:
        failures += _told(wrong, inputs, failures)
    return {name: messages for name, messages in sorted_out.items() if messages}


def _told(
    wrong: list[tuple[int, Exception]], inputs: Given, failures: list[Failure]
) -> list[Failure]:
    """Failures for wrong results, with what each firing had been given."""
    if isinstance(inputs, Mapping):
        return [Failure(error, inputs) for _, error in wrong]
    raised = {id(failure.inputs) for failure in failures}
    ended = [item for item in inputs if id(item) not in raised]
    return [Failure(error, ended[index] if ended else {}) for index, error in wrong]


def gather_pairs(
    node: Node,
    pairs: list[tuple[str, Any]],
    failures: list[Failure],
    inputs: Mapping[str, Message],
) -> dict[str, list[Message]]:
    """The same for what a generator gave, each pair on its own."""
    only = node.only_outport
    try:
        messages = [message for port, message in pairs if port == only]
        if len(messages) == len(pairs) and IMMUTABLE.issuperset(map(type, messages)):
            return {str(only): messages} if messages else {}
    except (TypeError, ValueError):  # something that is no pair
        pass
    return gather(node, [Emitted([pair]) for pair in pairs], failures, inputs)


def _sort(node_id: str, result: Any, sorted_out: dict[str, list[Message]]) -> None:
    if isinstance(result, dict):
        pairs: Iterable[Any] = result.items()
    elif type(result) is Emitted:
        pairs = result
    else:
        raise ActorError(f"{node_id} returned a {type(result).__name__}, not {{port: message}}")
    checked = []
    for pair in pairs:
        port, message = _pair(node_id, pair)
        if port not in sorted_out:
            names = ", ".join(sorted_out) or "none"
            raise ActorError(f"{node_id} has no outport {port!r} (it has: {names})")
        checked.append((port, message if type(message) in IMMUTABLE else freeze(message)))
    for port, message in checked:  # all of a firing, or nothing
        sorted_out[port].append(message)


def _pair(node_id: str, pair: Any) -> tuple[str, Any]:
    if isinstance(pair, tuple) and len(pair) == 2:
        return pair
    raise ActorError(f"{node_id} gave a {type(pair).__name__}, not (port, message)")
