"""The syntax tree of a CEL expression, read from the protobuf form its library hands out.

The library shows no tree. Its ``serialize()`` gives ``cel.expr.ParsedExpr``, of which this reads
the few fields that matter, without a protobuf library.

Source: cel-spec, proto/cel/expr/syntax.proto.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

# Names of types; an expression may use them without a variable of that name.
TYPE_NAMES = frozenset(
    {
        "bool",
        "bytes",
        "double",
        "dyn",
        "google",
        "int",
        "list",
        "map",
        "null_type",
        "string",
        "type",
        "uint",
    }
)


@dataclass(frozen=True, slots=True)
class Constant:
    size: int
    text: str = ""  # if it is a text


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    operand: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str  # ``_+_`` for an operator
    arguments: tuple[Node, ...]  # the target of ``a.f(b)`` first


@dataclass(frozen=True, slots=True)
class Collection:
    """A list or map that the expression writes out."""

    items: tuple[Node, ...]
    message: str = ""  # the type's name, in ``Type{field: value}``


@dataclass(frozen=True, slots=True)
class Comprehension:
    """What the macros ``all exists exists_one map filter`` stand for."""

    variable: str
    accumulator: str
    range: Node
    start: Node
    condition: Node
    step: Node
    result: Node


Node: TypeAlias = Constant | Name | Select | Call | Collection | Comprehension


def parsed(serialized: bytes) -> Node:
    """The tree of an expression that was compiled without checks."""
    any_value = _fields(serialized)
    return _node(_fields(any_value[2][0])[2][0])


def free_names(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The variables that an expression needs."""
    if isinstance(node, Name):
        return frozenset({node.name}) - bound - TYPE_NAMES
    if isinstance(node, Comprehension):
        outside = free_names(node.range, bound) | free_names(node.start, bound)
        inner = bound | {node.variable, node.accumulator}
        return outside.union(
            *(free_names(part, inner) for part in (node.condition, node.step, node.result))
        )
    return frozenset().union(*(free_names(child, bound) for child in children(node)))


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(operand):
            return (operand,)
        case Call(_, arguments):
            return arguments
        case Collection(items):
            return items
        case Comprehension():
            return (node.range, node.start, node.condition, node.step, node.result)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)


def _node(data: bytes) -> Node:
    fields = _fields(data)
    for number, read in _KINDS.items():
        if number in fields:
            return read(_fields(fields[number][0]))
    constant = _fields(fields[3][0]) if fields[3] else fields
    return Constant(len(data), _text(constant, 6))


def _name(fields: _Fields) -> Node:
    return Name(_text(fields, 1))


def _select(fields: _Fields) -> Node:
    return Select(_node(fields[1][0]))


def _call(fields: _Fields) -> Node:
    return Call(_text(fields, 2), tuple(_node(item) for item in (*fields[1], *fields[3])))


def _list(fields: _Fields) -> Node:
    return Collection(tuple(map(_node, fields[1])))


def _struct(fields: _Fields) -> Node:
    entries = [_fields(entry) for entry in fields[2]]
    items = [_node(item) for entry in entries for item in (*entry[3], *entry[4])]
    return Collection(tuple(items), _text(fields, 1))


def _comprehension(fields: _Fields) -> Node:
    parts = (_node(fields[number][0]) for number in (2, 4, 5, 6, 7))
    return Comprehension(_text(fields, 1), _text(fields, 3), *parts)


_KINDS = {
    4: _name,
    5: _select,
    6: _call,
    7: _list,
    8: _struct,
    9: _comprehension,
}

_Fields: TypeAlias = defaultdict[int, list[bytes]]


def _text(fields: _Fields, number: int) -> str:
    return fields[number][0].decode() if fields[number] else ""


def _fields(data: bytes) -> _Fields:
    """The fields of a protobuf message by number; numbers inside are left out."""
    fields: _Fields = defaultdict(list)
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            _, at = _varint(data, at)
        elif wire == 1:
            at += 8
        elif wire == 2:
            size, at = _varint(data, at)
            fields[key >> 3].append(data[at : at + size])
            at += size
        else:
            at += 4
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1
