"""Reflow's engine: actors in a network, on plain asyncio. Use it without a server.

>>> from engine import Actor, Graph, Network, Port, Registry
"""

from __future__ import annotations

from engine.actor import Actor, Context, Effect, Outputs
from engine.errors import ConfigError, EngineError, GraphError, InputError, NetworkError
from engine.graph import Graph
from engine.messages import FLOW, ErrorValue, Event, Flow, Message, freeze, thaw
from engine.network import Network, Result
from engine.node_config import setting
from engine.permissions import Permissions
from engine.ports import Port
from engine.registry import Registry, builtin, discover

__all__ = [
    "FLOW",
    "Actor",
    "ConfigError",
    "Context",
    "Effect",
    "EngineError",
    "ErrorValue",
    "Event",
    "Flow",
    "Graph",
    "GraphError",
    "InputError",
    "Message",
    "Network",
    "NetworkError",
    "Outputs",
    "Permissions",
    "Port",
    "Registry",
    "Result",
    "builtin",
    "discover",
    "freeze",
    "setting",
    "thaw",
]
