"""The registry: which component names there are, as an immutable value."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from engine.behaviour import check_actor
from engine.components.catalog import CATALOG
from engine.errors import Problem, RegistrationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.actor import Actor

ENTRY_POINT_GROUP = "reflow.actors"


class Registry:
    """Actor classes under their component names.

    ``Registry([Double])`` holds only these, ``builtin() | Registry([Double])`` both; on a name
    in both the right side wins.

    Args:
        actors: classes; each is checked here.
        paths: component name -> ``module:Class``, imported and checked at first use.

    Raises:
        RegistrationError: a class breaks the actor contract, or two have one name.
    """

    __slots__ = ("_actors", "_paths")

    def __init__(
        self, actors: Iterable[type[Actor]] = (), *, paths: Mapping[str, str] | None = None
    ) -> None:
        self._actors: dict[str, type[Actor]] = {}
        self._paths: dict[str, str] = dict(paths or {})
        for actor in actors:
            name = check_actor(actor).component
            if self._actors.setdefault(name, actor) is not actor:
                raise RegistrationError([Problem(f"component {name!r}", "is registered twice")])

    def __or__(self, other: Registry) -> Registry:
        both = Registry()
        both._paths = {
            name: path for name, path in self._paths.items() if name not in other._actors
        } | other._paths
        both._actors = {
            name: actor for name, actor in self._actors.items() if name not in other._paths
        } | other._actors
        return both

    def __contains__(self, component: object) -> bool:
        return component in self._actors or component in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._actors, *self._paths}))

    def __len__(self) -> int:
        return len({*self._actors, *self._paths})

    def get(self, component: str) -> type[Actor] | None:
        """The class under this name, or None."""
        actor = self._actors.get(component)
        if actor is None and component in self._paths:
            actor = check_actor(load_object(self._paths[component]))
            self._actors[component] = actor
        return actor

    def hint(self, component: str) -> str:
        """What an unknown component was probably meant to be."""
        return nearest(component, self)


def builtin() -> Registry:
    """The component library; each class is imported when it is first used."""
    return Registry(paths=CATALOG)


def discover(paths: Iterable[str] = ()) -> Registry:
    """Actors of other packages: from dotted paths, and from installed entry points.

    Each names an actor class, or a list of them: ``my_package.actors:Double``.

    Raises:
        RegistrationError: something cannot be imported, or is not a proper actor.
    """
    found = [load_object(path) for path in paths]
    found += [load_object(point.value) for point in entry_points(group=ENTRY_POINT_GROUP)]
    actors: list[Any] = []
    for item in found:
        actors.extend(item if isinstance(item, (list, tuple)) else [item])
    return Registry(actors)


def load_object(path: str) -> Any:
    """What ``package.module:name`` names."""
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RegistrationError(
            [Problem(f"actor {path!r}", f"cannot be loaded: {error}")]
        ) from error
