"""The actor: a class with typed ports, a ``Config`` and exactly one behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from engine.errors import ActorError, EmitLimitError
from engine.messages import IMMUTABLE, freeze

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Mapping

    from engine.http import HttpClient
    from engine.messages import Message
    from engine.permissions import Permissions
    from engine.ports import Port

Outputs: TypeAlias = (
    "Mapping[str, Message] | None"  # {port: message}; a port left out sends nothing
)


class Effect(StrEnum):
    """What a firing does to the outside world; what is not declared counts as unsafe."""

    NONE = "none"
    IDEMPOTENT = "idempotent"
    KEYED = "keyed"  # carries an idempotency key
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """The ``Config`` of an actor that has no settings."""


class Actor:
    """The base of all actors: subclass it, name the ports, write one behaviour.

    The behaviour is one of ``process(self, ctx)`` (may be async, may be a generator),
    ``process_value(self, value)`` and ``process_batch(self, values)``. ``setup()`` and
    ``teardown()`` frame the actor's life; both may be async. Every node has an instance of
    its own.

    Two more methods are optional. ``on_error(self, error, inputs)`` is asked when a firing has
    failed for good: what it returns is sent and the failure is handled, None leaves it to the
    next level, and raising makes another error of it. ``drain(self, ctx)`` is called once, when
    no more messages will come: it returns what the actor has held back.
    """

    component: ClassVar[str] = ""
    inports: ClassVar[tuple[Port, ...]] = ()
    outports: ClassVar[tuple[Port, ...]] = ()

    await_all_inports: ClassVar[bool] = False  # fire when each connected inport holds a message
    blocking: ClassVar[bool] = False  # a sync behaviour that may wait: runs in the thread pool
    concurrency: ClassVar[int] = 1  # firings of an async behaviour at the same time
    ordered: ClassVar[bool] = True  # their results leave in the order of their inputs
    effect: ClassVar[Effect | str | None] = None
    stateless: ClassVar[bool] = False
    source: ClassVar[bool] = False  # fires once at start when nothing leads to its inports
    trigger: ClassVar[bool] = False  # gets the run's input, as ctx.inputs["trigger"]

    # How an editor shows it.
    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    subcategory: ClassVar[str] = ""  # such as the service that it calls
    icon: ClassVar[str] = "box"
    required_env: ClassVar[tuple[str, ...]] = ()  # environment variables it cannot work without
    ours: ClassVar[bool] = False  # not in the original's library

    Config: ClassVar[Any] = NoSettings  # a frozen dataclass: what ``ctx.config`` is
    config: Any = None  # the node's Config, set before setup()

    @classmethod
    def outports_for(cls, config: Any) -> tuple[Port, ...]:  # noqa: ARG003 -- for subclasses
        """The outports of a node with this ``Config``, where settings name some."""
        return cls.outports

    @classmethod
    def effect_for(cls, config: Any) -> Effect:  # noqa: ARG003 -- for subclasses
        """What a node with this ``Config`` does to the outside world."""
        return Effect.UNSAFE if cls.effect is None else Effect(cls.effect)

    @classmethod
    def service_for(cls, config: Any) -> str:  # noqa: ARG003 -- for subclasses
        """What a node with this ``Config`` calls, as ``host:port``; its circuit breaker's name."""
        return ""

    @classmethod
    def trouble_in(cls, outputs: Outputs) -> str:  # noqa: ARG003 -- for subclasses
        """Why these outputs count as a failure for a circuit breaker; empty if they do not."""
        return ""

    def setup(self) -> Awaitable[None] | None:
        """Take what the actor needs, once, before the first message."""

    def teardown(self) -> Awaitable[None] | None:
        """Give it back, once, however the run ends."""


class Context:
    """What one firing sees. Valid during that firing only."""

    __slots__ = (
        "_host",
        "_key",
        "_keyed",
        "away",
        "config",
        "emitted",
        "inputs",
        "node_id",
        "patience",
        "state",
    )

    def __init__(self, host: ActorHost, state: dict[str, Message]) -> None:
        self._host = host
        self.node_id: str = host.node_id
        self.config: Any = host.config
        self.state = state  # messages, private to the node; what a checkpoint keeps
        self.inputs: Mapping[str, Any] = {}
        self.emitted: list[tuple[str, Message]] = []
        self.away = 0  # waits of this firing that are meant, and do not count for its time
        self.patience: Any = None  # the time that it has left, once it waits
        self._key = ""
        self._keyed: Mapping[str, Any] | None = None  # the inputs that ``_key`` was made for

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        return self._host.log

    @property
    def http(self) -> HttpClient:
        """The guarded HTTP client of the run."""
        return self._host.http

    @property
    def permissions(self) -> Permissions:
        return self._host.permissions

    @property
    def idempotency_key(self) -> str:
        """What tells a service that it has had this call: the same in every try of this firing.

        It is made of the run, the node and the inputs, and stays the same when a lost run is
        resumed.
        """
        if self._keyed is not self.inputs:
            self._key, self._keyed = self._host.idempotency_key(self.inputs), self.inputs
        return self._key

    @property
    def connected_outports(self) -> frozenset[str]:
        """The outports that something listens to."""
        return self._host.connected_outports

    def emit(self, port: str, message: Message) -> None:
        """Send a message when this firing is over; several to one port keep their order.

        Raises:
            MessageError: it cannot be a message.
            EmitLimitError: more than the limit ``max_emit``; use a generator or ``send``.
        """
        most = self._host.max_emit
        if len(self.emitted) >= most:
            raise EmitLimitError(f"{self.node_id}: more than {most} messages in one firing")
        frozen = message if type(message) in IMMUTABLE else freeze(message)
        self.emitted.append((port, frozen))

    async def send(self, port: str, message: Message) -> None:
        """Send a message now, and wait until there is room for it. Async actors only."""
        self.leave_off()
        try:
            await self._host.send_now(port, message)
        finally:
            self.go_on()

    async def sleep(self, seconds: float) -> None:
        """Wait on the network's clock; not counted as time of the firing. Async actors only."""
        self.leave_off()
        try:
            await self._host.sleep(seconds)
        finally:
            self.go_on()

    # For the network alone.

    def leave_off(self) -> None:
        """The time from here on does not count."""
        self.away += 1
        if self.patience is not None:
            self.patience.pause()

    def go_on(self) -> None:
        self.away -= 1
        if self.patience is not None:
            self.patience.go_on()

    def for_one_try(self) -> Context:
        """The same firing, in a context that may be closed without harm to the next try."""
        own = Context(self._host, self.state)
        own.inputs, own._key, own._keyed = self.inputs, self._key, self._keyed
        return own

    def take_from(self, own: Context) -> None:
        """Know what one try came to know, and send what it emitted."""
        self._key, self._keyed = own._key, own._keyed
        self.emitted.extend(own.emitted)

    def close(self) -> None:
        """The firing is over, though its code may still run in a thread: it reaches nothing."""
        self._host = _Over(self.node_id)
        self.state = dict(self.state)


class _Over:
    """In the place of the host of a firing that took too long."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id

    def __getattr__(self, name: str) -> Any:
        raise ActorError(f"{self._node_id}: this firing has ended, it took too long")


class ActorHost(Protocol):
    """What a node of a network offers to the contexts of its actor."""

    node_id: str
    config: Any

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]: ...
    @property
    def http(self) -> HttpClient: ...
    @property
    def permissions(self) -> Permissions: ...
    @property
    def connected_outports(self) -> frozenset[str]: ...
    @property
    def max_emit(self) -> int: ...

    def idempotency_key(self, inputs: Mapping[str, Message]) -> str: ...
    async def sleep(self, seconds: float) -> None: ...
    async def send_now(self, port: str, message: Message) -> None: ...
