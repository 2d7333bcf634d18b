"""How much work an expression can be at most, known before it is evaluated.

CEL always ends, but ``[x].map(a, a + a)`` twenty times over makes a text a million times longer,
and a list that a macro builds is copied at every step. The library bounds the number of steps
(10,000 an evaluation), not their size, and it cannot be interrupted. So the worst case is
worked out from the syntax tree and the sizes of the variables, and refused if it is too much.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import LimitError
from engine.expressions.syntax import (
    Call,
    Collection,
    Comprehension,
    Constant,
    Name,
    Node,
    Select,
    children,
)
from engine.patterns import Pattern

MAX_WORK = 64 * 1024 * 1024  # bytes touched: at most about 0.1 s
MAX_ITERATIONS = 10_000  # of all macros in one evaluation: the library's own bound
_SLOT = 16  # bytes that an element of a list takes
_INSTRUCTION = 512  # work of compiling one instruction of a pattern, done at each use
_UNKNOWN_PATTERN = 1024 * 1024

_LOGIC = frozenset({"_&&_", "_||_", "!_", "@not_strictly_false", "-_", "_-_", "_*_", "_/_", "_%_"})
_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
_TESTS = frozenset({"@in", "startsWith", "endsWith", "contains", "size", "matches"})
_CHOICES = frozenset({"_?_:_", "_[_]"})


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a value is: bytes in all, and the elements of its longest list or map."""

    size: float
    longest: float


SMALL = Extent(8, 0)


def check_work(node: Node, variables: dict[str, Extent]) -> None:
    """Refuse an evaluation that could take too long, or too much memory.

    Raises:
        LimitError: it could.
    """
    estimate = _Estimate()
    size = estimate.extent(node, variables, 1).size
    if max(size, estimate.work) > MAX_WORK:
        raise LimitError(
            "expression_work",
            "the expression is too much work for values of this size; lists of thousands are for "
            "the components map, filter and reduce",
        )


class _Estimate:
    """Adds up the work of one evaluation, each node as often as it is evaluated."""

    def __init__(self) -> None:
        self.work: float = 0

    def extent(self, node: Node, variables: dict[str, Extent], times: float) -> Extent:
        """The average extent of the node's value, when it is evaluated so many times."""
        match node:
            case Constant():
                return Extent(node.size, 0)
            case Name(name):
                return variables.get(name, SMALL)
            case Select(operand):
                self.work += times
                return self.extent(operand, variables, times)
            case Comprehension():
                return self._comprehension(node, variables, times)
        parts = [self.extent(child, variables, times) for child in children(node)]
        size = sum(part.size for part in parts) + 8
        longest = max((part.longest for part in parts), default=0.0)
        if isinstance(node, Collection):
            self.work += times * size
            return Extent(size + _SLOT * len(parts), max(longest, len(parts)))
        return self._call(node, parts, Extent(size, longest), times)

    def _call(self, node: Call, parts: list[Extent], all_of_it: Extent, times: float) -> Extent:
        name = node.function
        if name in _LOGIC:
            self.work += times
            return SMALL
        if name in _COMPARISONS:  # as far as the smaller of the two goes
            self.work += times * min((part.size for part in parts), default=8)
            return SMALL
        if name in _CHOICES:
            self.work += times
            return all_of_it
        self.work += times * (all_of_it.size + _pattern_work(node))
        if name in _TESTS:
            return SMALL
        if name == "_+_":
            return Extent(all_of_it.size, sum(part.longest for part in parts))
        return all_of_it

    def _comprehension(
        self, node: Comprehension, variables: dict[str, Extent], times: float
    ) -> Extent:
        over = self.extent(node.range, variables, times)
        start = self.extent(node.start, variables, times)
        steps = min(MAX_ITERATIONS, max(1, times * over.longest))
        each = steps / times
        inner = {
            **variables,
            node.variable: Extent(over.size / max(each, 1), over.longest),
            node.accumulator: SMALL,
        }
        self.extent(node.condition, inner, steps)
        step = self.extent(node.step, inner, steps)
        if isinstance(node.start, Collection):  # the list so far is copied at each step
            self.work += steps * min(over.longest, MAX_ITERATIONS) * _SLOT
        return Extent(start.size + step.size * each, max(over.longest, step.longest, start.longest))


def _pattern_work(node: Call) -> float:
    if node.function != "matches":
        return 0
    pattern = node.arguments[-1]
    if isinstance(pattern, Constant):
        return _INSTRUCTION * Pattern.from_setting(pattern.text).instructions
    return _UNKNOWN_PATTERN
