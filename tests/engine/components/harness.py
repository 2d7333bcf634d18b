"""Run one component alone, on the public API, and see what each of its outports sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import Network, Registry, builtin, thaw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.clock import Clock
    from engine.network import Result
    from engine.permissions import Permissions


async def run_actor(
    component: str,
    config: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Sequence[Any]] | None = None,
    **options: Any,
) -> dict[str, list[Any]]:
    """The messages of each outport that sent any, in order, as plain values.

    Raises:
        AssertionError: the run did not complete; use ``run_result`` for failures.
    """
    result = await run_result(component, config, inputs, **options)
    assert (result.status, result.errors) == ("completed", ())
    return {port: thaw(messages) for port, messages in result.outputs.items() if messages}


async def run_result(
    component: str,
    config: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Sequence[Any]] | None = None,
    *,
    registry: Registry | None = None,
    permissions: Permissions | None = None,
    clock: Clock | None = None,
) -> Result:
    """The whole result of a network of this node, all its outports exposed.

    Each inport is fed by a passthrough, so that the node itself sees messages of every type.
    """
    registry = registry or builtin()
    actor = registry.get(component)
    assert actor is not None, f"{component} is not in the registry"
    network = Network(registry=builtin() | registry, permissions=permissions, clock=clock)
    network.add_node("node", component, dict(config or {}))
    for port, messages in (inputs or {}).items():
        network.add_node(f"feed-{port}", "tpl_passthrough")
        network.add_connection(f"feed-{port}", "output", "node", port)
        for message in messages:
            network.add_initial(f"feed-{port}", "input", message)
    for outport in actor.outports:
        network.add_outport(outport.name, "node", outport.name)
    return await network.run()
