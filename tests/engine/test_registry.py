"""What may be registered, and what is said of what may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from engine import Actor, Context, Outputs, Port, Registry, builtin, discover
from engine.behaviour import Style, style_of
from engine.components.catalog import CATALOG
from engine.errors import RegistrationError
from tests.engine.fakes import ACTORS, Double, Increment, IncrementAll, Numbers


class Good(Actor):
    component = "good"
    inports: ClassVar[tuple[Port, ...]] = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return None


class NoName(Good):
    component = ""


class NoBehaviour(Actor):
    component = "none"


class TwoBehaviours(Good):
    def process_value(self, value: Any) -> Any:
        return value


class NoArgument(Actor):
    component = "no_argument"

    def process(self) -> None: ...


class BlockingAsync(Actor):
    component = "blocking_async"
    blocking = True

    async def process(self, ctx: Context) -> Outputs:
        return None


class AsyncValue(Actor):
    component = "async_value"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process_value(self, value: Any) -> Any:
        return value


class ValueWithoutPorts(Actor):
    component = "value_without_ports"

    def process_value(self, value: Any) -> Any:
        return value


class ListPorts(Good):
    inports = [Port("in")]  # type: ignore[assignment]


class SamePorts(Good):
    inports = (Port("in"), Port("data", aliases=("in",)))


class OpenConfig(Good):
    @dataclass
    class Config:
        size: int = 1


class OddConfig(Good):
    @dataclass(frozen=True)
    class Config:
        size: complex = 1j


class WrongEffect(Good):
    effect = "sometimes"


class NoConcurrency(Good):
    concurrency = 0


REASONS = [
    (NoName, "component must be a name such as 'my_actor', not ''"),
    (NoBehaviour, "must have exactly one of process, process_value, process_batch; it has none"),
    (TwoBehaviours, "it has process and process_value"),
    (NoArgument, "process must take self and one argument"),
    (BlockingAsync, "blocking = True is for sync behaviours"),
    (AsyncValue, "process_value must be a plain function"),
    (ValueWithoutPorts, "process_value needs one inport and one outport"),
    (ListPorts, "inports must be a tuple of Port"),
    (SamePorts, "inports name 'in' twice"),
    (OpenConfig, "Config must be a @dataclass(frozen=True)"),
    (OddConfig, "no JSON value can become <class 'complex'>"),
    (WrongEffect, "effect must be one of none, idempotent, keyed, unsafe, not 'sometimes'"),
    (NoConcurrency, "concurrency must be a whole number from 1, not 0"),
]


@pytest.mark.parametrize(
    ("actor", "reason"), REASONS, ids=lambda item: getattr(item, "__name__", "")
)
def test_an_actor_that_breaks_the_contract_is_refused_with_the_reason(
    actor: type[Actor], reason: str
) -> None:
    with pytest.raises(RegistrationError) as caught:
        Registry([actor])

    (problem,) = caught.value.problems
    assert reason in problem.message
    assert actor.__name__ in problem.where


def test_every_reason_is_given_at_once() -> None:
    class Bad(Good):
        component = "two words"
        concurrency = -1
        effect = "?"

    with pytest.raises(RegistrationError) as caught:
        Registry([Bad])

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("thing", [object, Good(), "engine.Actor", None])
def test_what_is_no_actor_class_is_refused(thing: Any) -> None:
    with pytest.raises(RegistrationError, match=r"is not a subclass of engine\.Actor"):
        Registry([thing])


def test_a_port_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="'number' is not a valid PortType"):
        Port("in", "number")


def test_two_classes_cannot_have_one_name() -> None:
    class Other(Good):
        component = "double"

    with pytest.raises(RegistrationError, match=r"component 'double'.*twice"):
        Registry([Double, Other])


def test_a_registry_is_a_value() -> None:
    class Mine(Good):
        component = "tpl_passthrough"

    registry = builtin() | Registry([Double, Mine])

    assert {"tpl_passthrough", "double"} <= set(registry)
    assert registry.get("tpl_passthrough") is Mine
    assert builtin().get("tpl_passthrough") is not Mine
    assert "double" not in builtin()
    assert registry.get("dubble") is None
    assert registry.hint("dubble") == "did you mean 'double'?"
    assert len(Registry(ACTORS)) == len(ACTORS)


def test_the_right_side_of_a_union_wins() -> None:
    class Mine(Good):
        component = "tpl_passthrough"

    assert (Registry([Mine]) | builtin()).get("tpl_passthrough") is not Mine


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_component_of_the_library_keeps_the_contract(name: str) -> None:
    actor = builtin().get(name)

    assert actor is not None
    assert actor.component == name
    assert actor.title
    assert actor.category


def test_actors_are_found_by_dotted_path() -> None:
    found = discover(["tests.engine.fakes:Double", "tests.engine.fakes:ACTORS"])

    assert found.get("double") is Double
    assert "join" in found


@pytest.mark.parametrize("path", ["nowhere:Thing", "tests.engine.fakes:Nothing", "", "x"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(RegistrationError, match="cannot be loaded"):
        discover([path])


@pytest.mark.parametrize(
    ("actor", "style"),
    [
        (Double, Style.PROCESS),
        (Increment, Style.VALUE),
        (IncrementAll, Style.BATCH),
        (Numbers, Style.GENERATOR),
    ],
)
def test_the_style_is_read_off_the_behaviour(actor: type[Actor], style: Style) -> None:
    assert style_of(actor) is style
