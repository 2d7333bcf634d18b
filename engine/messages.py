"""Messages: plain immutable values, the few wrappers, and the border that freezes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, Self, TypeAlias

from engine.errors import MessageError

# One of MESSAGE_TYPES. Any, because an actor knows the types of its own ports.
Message: TypeAlias = Any


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"{type(self).__name__} is immutable: build a new value, or thaw() a copy")


class FrozenList(list[Any]):
    """A list that refuses every change. Equal to a plain list with the same items."""

    __slots__ = ()

    append = extend = insert = pop = remove = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self),)


class FrozenDict(dict[str, Any]):
    """A dict that refuses every change. Equal to a plain dict with the same items."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self.items()),)


@dataclass(frozen=True, slots=True)
class Flow:
    """An empty signal: it says when, not what."""


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A failure as data, as it travels on an ``error`` port."""

    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """A named happening; ``value`` is bare JSON."""

    value: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", freeze(self.value))


@dataclass(frozen=True, slots=True)
class AnyValue:
    """A value sent as ``Any``. An actor's port sees ``value``: the border takes it out."""

    value: Any


@dataclass(frozen=True, slots=True)
class OptionalValue:
    """``Optional`` with a value; without one it is None."""

    value: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", freeze(self.value))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes in an encoding that only sender and receiver know."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StreamHandle:
    """A name for a stream whose frames travel beside the graph."""

    stream_id: int
    origin_actor: str = ""
    origin_port: str = ""
    content_type: str | None = None
    size_hint: int | None = None  # bytes


@dataclass(frozen=True, slots=True)
class RemoteReference:
    """A port of an actor in another network."""

    network_id: str
    actor_id: str
    port: str


FLOW = Flow()
WRAPPERS = (ErrorValue, Flow, Event, OptionalValue, Encoded, StreamHandle, RemoteReference)

# What passes the border unexamined: immutable by type alone.
IMMUTABLE: frozenset[type] = frozenset(
    {bool, int, float, str, bytes, type(None), FrozenList, FrozenDict, *WRAPPERS}
)

_TAGS: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    str: "String",
    bytes: "Bytes",
    type(None): "Optional",
    FrozenList: "Array",
    FrozenDict: "Object",
    list: "Array",
    dict: "Object",
    ErrorValue: "Error",
    Flow: "Flow",
    Event: "Event",
    AnyValue: "Any",
    OptionalValue: "Optional",
    Encoded: "Encoded",
    StreamHandle: "StreamHandle",
    RemoteReference: "RemoteReference",
}


def type_name(message: Message) -> str:
    """The tag of a message on the wire, such as ``Integer``."""
    return _TAGS[type(message)]


def freeze(value: Any) -> Message:
    """Make a value immutable, all the way down; an immutable one is returned as it is.

    Raises:
        MessageError: the value, or one inside it, cannot be a message.
    """
    if type(value) in IMMUTABLE:
        return value
    try:
        return _freeze(value)
    except _UnfitError as error:
        path = _path(value)
        raise MessageError(error.text.format(at=f" at {path}" if path else "")) from None
    except RecursionError as error:
        raise MessageError("the value is nested too deeply, or contains itself") from error


class _UnfitError(Exception):
    """A value that cannot be a message; where it was is looked for only then."""

    def __init__(self, text: str) -> None:
        self.text = text  # with a place for ``at``
        super().__init__(text)


def _freeze(value: Any) -> Message:
    kind = type(value)
    if kind in IMMUTABLE:
        return value
    if isinstance(value, dict):
        return FrozenDict([(_key(key), _freeze(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return FrozenList([_freeze(item) for item in value])
    if kind is AnyValue:
        return _freeze(value.value)
    if isinstance(value, str):  # a subclass, such as a member of a text enum
        return str.__str__(value)
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise _UnfitError(f"{kind.__name__}{{at}} cannot be a message")


def _key(key: object) -> str:
    if type(key) is str:
        return key
    if isinstance(key, str):
        return str.__str__(key)
    shown = repr(key).replace("{", "{{").replace("}", "}}")
    raise _UnfitError(f"the key {shown}{{at}} is not a text")


def _path(value: Any) -> str:
    """Where in a value the first thing is that cannot be a message, such as ``.rows[].name``."""
    if isinstance(value, dict):
        steps = [(f".{key}", item) for key, item in value.items() if isinstance(key, str)]
    elif isinstance(value, (list, tuple)):
        steps = [("[]", item) for item in value]
    else:
        return ""
    for step, item in steps:
        try:
            _freeze(item)
        except _UnfitError:
            return step + _path(item)
    return ""


def thaw(message: Message) -> Any:
    """Give plain lists and dicts for frozen ones; everything else is returned as it is."""
    if isinstance(message, dict):
        return {key: thaw(item) for key, item in message.items()}
    if isinstance(message, list):
        return [thaw(item) for item in message]
    return message
