"""What firings gave, sorted by port and frozen: the border every output crosses once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import ActorError
from engine.messages import IMMUTABLE, freeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.messages import Message
    from engine.network.node import Node


@dataclass(frozen=True, slots=True)
class Failure:
    """A firing that raised, or whose result was wrong, and what it had been given."""

    error: BaseException
    inputs: Mapping[str, Message]


class Emitted(list[tuple[str, Any]]):
    """What one firing emitted, in order: (port, message)."""

    __slots__ = ()


def gather(node: Node, results: list[Any], failures: list[Failure]) -> dict[str, list[Message]]:
    """Sort the results of firings by port, frozen; a wrong one joins the failures."""
    if results.count(None):
        results = [result for result in results if result is not None]
    only = node.only_outport
    if only is not None:  # the common case, at the speed of a comprehension
        try:
            if sum(map(len, results)) == len(results):
                messages = [result[only] for result in results]
                if IMMUTABLE.issuperset(map(type, messages)):
                    return {only: messages} if messages else {}
        except (TypeError, KeyError):  # a wrong one among them
            pass
    sorted_out: dict[str, list[Message]] = {name: [] for name in node.outports}
    for result in results:
        try:
            _sort(node.node_id, result, sorted_out)
        except Exception as error:  # noqa: BLE001 -- the boundary around a behaviour
            failures.append(Failure(error, {}))
    return {name: messages for name, messages in sorted_out.items() if messages}


def gather_pairs(
    node: Node, pairs: list[tuple[str, Any]], failures: list[Failure]
) -> dict[str, list[Message]]:
    """The same for what a generator gave, each pair on its own."""
    only = node.only_outport
    try:
        messages = [message for port, message in pairs if port == only]
        if len(messages) == len(pairs) and IMMUTABLE.issuperset(map(type, messages)):
            return {str(only): messages} if messages else {}
    except (TypeError, ValueError):  # something that is no pair
        pass
    return gather(node, [Emitted([pair]) for pair in pairs], failures)


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
