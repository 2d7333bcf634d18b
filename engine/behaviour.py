"""Which of the behaviours an actor class has, and whether the class keeps the contract."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from functools import cache
from typing import Any

from engine.actor import Actor, Effect
from engine.errors import Problem, RegistrationError
from engine.node_config import settings_of
from engine.ports import Port

COMPONENT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]{0,127}")


class Style(StrEnum):
    """How a behaviour is called."""

    PROCESS = "process"  # def process(ctx) -> {port: message}
    GENERATOR = "generator"  # def process(ctx) yields (port, message)
    ASYNC = "async"
    ASYNC_GENERATOR = "async generator"
    VALUE = "value"  # def process_value(value) -> value
    BATCH = "batch"  # def process_batch(values) -> values


_METHODS = ("process", "process_value", "process_batch")


def style_of(actor: type[Actor]) -> Style:
    """The style of the one behaviour of a class that has been checked."""
    any_actor: Any = actor  # the cache's stubs take no class for hashable
    return _style(any_actor)


@cache
def _style(actor: Any) -> Style:
    if hasattr(actor, "process_value"):
        return Style.VALUE
    if hasattr(actor, "process_batch"):
        return Style.BATCH
    process = actor.process
    if inspect.isasyncgenfunction(process):
        return Style.ASYNC_GENERATOR
    if inspect.iscoroutinefunction(process):
        return Style.ASYNC
    return Style.GENERATOR if inspect.isgeneratorfunction(process) else Style.PROCESS


def check_actor(actor: Any) -> type[Actor]:
    """The class itself, if it keeps the contract.

    Raises:
        RegistrationError: it does not; ``problems`` lists every reason.
    """
    where = f"actor {getattr(actor, '__qualname__', actor)!s}"
    if not (isinstance(actor, type) and issubclass(actor, Actor)):
        raise RegistrationError([Problem(where, "is not a subclass of engine.Actor")])
    problems = [
        Problem(where, message)
        for message in (*_name(actor), *_ports(actor), *_behaviour(actor), *_attributes(actor))
    ]
    if problems:
        raise RegistrationError(problems)
    return actor


# A user's class is Any below: nothing about it is known until it is looked at.


def _name(actor: Any) -> list[str]:
    if isinstance(actor.component, str) and COMPONENT_NAME.fullmatch(actor.component):
        return []
    return [f"component must be a name such as 'my_actor', not {actor.component!r}"]


def _ports(actor: Any) -> list[str]:
    problems = []
    for side in ("inports", "outports"):
        ports = getattr(actor, side)
        if not isinstance(ports, tuple) or not all(isinstance(port, Port) for port in ports):
            problems.append(f"{side} must be a tuple of Port, such as (Port('in'),)")
            continue
        names = [name for port in ports for name in (port.name, *port.aliases)]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [f"{side} name {name!r} twice" for name in twice]
    return problems


def _behaviour(actor: Any) -> list[str]:
    found = [name for name in _METHODS if callable(getattr(actor, name, None))]
    if len(found) != 1:
        has = " and ".join(found) or "none"
        return [f"must have exactly one of {', '.join(_METHODS)}; it has {has}"]
    method = getattr(actor, found[0])
    parameters = list(inspect.signature(method).parameters.values())
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(parameters) != 2 or any(item.kind not in positional for item in parameters):
        return [f"{found[0]} must take self and one argument"]
    problems = []
    if found[0] != "process":
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            problems.append(f"{found[0]} must be a plain function; async and generators: process")
        if (len(actor.inports), len(actor.outports)) != (1, 1):
            problems.append(f"{found[0]} needs one inport and one outport")
    if actor.blocking and (
        inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
    ):
        problems.append("blocking = True is for sync behaviours; an async one must not block")
    return problems


def _attributes(actor: Any) -> list[str]:
    problems = []
    if not isinstance(actor.concurrency, int) or actor.concurrency < 1:
        problems.append(f"concurrency must be a whole number from 1, not {actor.concurrency!r}")
    if actor.effect is not None and actor.effect not in tuple(Effect):
        problems.append(f"effect must be one of {', '.join(Effect)}, not {actor.effect!r}")
    return problems + _config(actor.Config)


def _config(config: Any) -> list[str]:
    parameters = getattr(config, "__dataclass_params__", None)
    if not isinstance(config, type) or parameters is None or not parameters.frozen:
        return ["Config must be a @dataclass(frozen=True)"]
    try:
        settings_of(config)
    except (TypeError, NameError) as error:
        return [f"Config: {error}"]
    return []
