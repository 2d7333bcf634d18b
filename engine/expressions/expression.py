"""One compiled CEL expression, and the border between its values and messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cel_expr_python import cel

from engine.codec import to_plain
from engine.errors import ExpressionError, MessageError, nearest
from engine.expressions.cost import MAX_WORK, Extent, check_work
from engine.expressions.syntax import (
    Call,
    Collection,
    Comprehension,
    Constant,
    Node,
    free_names,
    parsed,
    walk,
)
from engine.messages import Message, freeze
from engine.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_TEXT = 4096  # characters of an expression
_I64 = range(-(2**63), 2**63)
_REPORTED = re.compile(r"<input>:(\d+):(\d+): (.+)")
_NO_OVERLOAD = re.compile(r"No matching overloads found : (\S+?)\((.*)\)")
_OPERATOR = re.compile(r"_?([^A-Za-z_\s]+)_?")
_STATUS = re.compile(r"^[A-Z_]+: ")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of numbers that expressions may call besides CEL's own."""

    name: str
    parameters: int  # how many numbers
    call: Callable[..., float]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; ``names`` are the variables that it needs."""

    text: str
    names: frozenset[str]
    _tree: Node = field(repr=False, compare=False)
    _compiled: Any = field(repr=False, compare=False)
    _macros: bool = field(repr=False, compare=False)
    _nodes: int = field(repr=False, compare=False)

    @classmethod
    def from_setting(cls, text: Any) -> Self:
        """Compile a setting.

        Raises:
            ValueError: it is no expression; says why and where.
        """
        return cls.compile(text)

    @classmethod
    def compile(cls, text: Any, functions: Iterable[Function] = ()) -> Self:
        """Compile an expression that may call these functions too; errors as above."""
        if not isinstance(text, str):
            raise ValueError(f"must be an expression, not {text!r}")  # noqa: TRY004 -- one error for all settings
        if len(text) > MAX_TEXT:
            raise ValueError(f"the expression is longer than {MAX_TEXT} characters")
        try:
            plain = cel.NewEnv(variables={}).compile(text, disable_check=True)
            tree = parsed(plain.serialize())
        except (RuntimeError, UnicodeError) as error:
            raise ValueError(_problem(text, str(error))) from error
        nodes = list(walk(tree))
        if any(isinstance(node, Collection) and node.message for node in nodes):
            raise ValueError("messages such as Type{field: value} are not supported")
        for node in nodes:
            if isinstance(node, Call) and node.function == "matches":
                _check_pattern(node.arguments[-1])
        names = free_names(tree)
        try:
            checked = cel.NewEnv(
                variables=dict.fromkeys(names, cel.Type.DYN),
                functions=[_declared(item) for item in functions],
            ).compile(text)
        except (RuntimeError, UnicodeError) as error:
            raise ValueError(_problem(text, str(error))) from error
        macros = any(isinstance(node, Comprehension) for node in nodes)
        return cls(text, names, tree, checked, macros, len(nodes))

    def require_names(self, known: Iterable[str]) -> None:
        """Check that there is nothing but these variables in it.

        Raises:
            ValueError: there is; names the nearest known one.
        """
        known = frozenset(known)
        for name in sorted(self.names - known):
            raise ValueError(f"{name!r} is not known here: {nearest(name, known)}")

    def evaluate(self, variables: Mapping[str, Message]) -> Message:
        """The value for these variables; those that it does not need are not looked at.

        Raises:
            ExpressionError: it has none: a missing field, types that do not fit, a division by
                zero, or a result that is no message.
            LimitError: it could be too much work.
        """
        extents = {}
        data = {}
        for name in self.names:
            if name not in variables:
                raise ExpressionError(self.text, f"{name!r} has no value")
            reader = _Reader(self.text)
            data[name] = reader.plain(variables[name])
            extents[name] = Extent(reader.size, reader.longest)
        size = sum(extent.size for extent in extents.values())
        if self._macros or size * self._nodes > MAX_WORK:
            check_work(self._tree, extents)
        return self._result(data)

    def _result(self, data: dict[str, Any]) -> Message:
        try:
            value = self._compiled.eval(data=data)
            result = value.plain_value()
        except (RuntimeError, ValueError) as error:  # a lone surrogate, for one
            raise ExpressionError(self.text, _reason(str(error))) from error
        if value.type() == cel.Type.ERROR:
            raise ExpressionError(self.text, _reason(str(result)))
        try:
            return freeze(result)
        except MessageError as error:
            raise ExpressionError(self.text, f"its result is no message: {error}") from error


class _Reader:
    """Makes a message plain for CEL, and measures it on the way."""

    def __init__(self, text: str) -> None:
        self.size: float = 0
        self.longest = 0
        self._text = text

    def plain(self, message: Message) -> Any:
        self.size += 16
        if message is None or isinstance(message, (bool, float)):
            return message
        if isinstance(message, int):
            if message not in _I64:
                raise ExpressionError(self._text, f"{message!r} does not fit 64 bits")
            return message
        if isinstance(message, str):
            return self._characters(message, "\0")
        if isinstance(message, bytes):
            return self._characters(message, b"\0")
        if isinstance(message, list):
            self.longest = max(self.longest, len(message))
            return [self.plain(item) for item in message]
        if isinstance(message, dict):
            self.longest = max(self.longest, len(message))
            return {self._characters(key, "\0"): self.plain(item) for key, item in message.items()}
        return self.plain(to_plain(message))

    def _characters(self, value: Any, nul: Any) -> Any:
        self.size += len(value)
        if nul in value:  # the library would cut the value off there, silently
            raise ExpressionError(self._text, "a text or bytes with a NUL cannot be used")
        return value


def _check_pattern(node: Node) -> None:
    if isinstance(node, Constant):
        try:
            Pattern.from_setting(node.text)
        except ValueError as error:
            raise ValueError(f"pattern {node.text!r}: {error}") from error


def _declared(function: Function) -> Any:
    overload = cel.Overload(
        id=f"{function.name}_{function.parameters}",
        return_type=cel.Type.DOUBLE,
        parameters=[cel.Type.DOUBLE] * function.parameters,
        is_member=False,
        impl=function.call,
    )
    return cel.FunctionDecl(function.name, [overload])


def _problem(text: str, reported: str) -> str:
    """Every error that the library found, each with its place."""
    problems = []
    for line, column, reason in _REPORTED.findall(reported):
        where = f"line {line}, position {column}" if "\n" in text else f"position {column}"
        what = reason.split(" expecting {")[0].replace(" (in container '')", "")
        if int(column) > 0:
            problems.append(f"{what.removesuffix(' [INVALID_ARGUMENT]')} at {where}")
    if not problems:
        too_deep = "recursion" in reported
        problems = ["is nested too deeply" if too_deep else _reason(reported)]
    return "not a CEL expression: " + "; ".join(dict.fromkeys(problems))


def _reason(reported: str) -> str:
    """What went wrong, without the library's codes."""
    text = _STATUS.sub("", reported).split(" [")[0].split("\n")[0]
    unfit = _NO_OVERLOAD.search(text)
    if unfit is None:
        return text.replace(" : ", ": ")
    operator = _OPERATOR.fullmatch(unfit[1])
    name = operator[1] if operator else unfit[1]
    types = unfit[2].replace("int64", "int")
    hint = "; int and double do not mix: use double(...)" if types in _MIXED else ""
    return f"no {name} for ({types}){hint}"


_MIXED = ("int, double", "double, int")
