"""Networks: scheduling, mailboxes, routing, and what a run gives."""

from __future__ import annotations

from engine.network.dead_letter import DeadLetter
from engine.network.network import Network
from engine.network.result import Result, Statistics
from engine.network.subscription import Subscription

__all__ = ["DeadLetter", "Network", "Result", "Statistics", "Subscription"]
