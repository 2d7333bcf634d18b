"""The least and the greatest number that a component sends."""

from __future__ import annotations

from dataclasses import dataclass

from engine.node_config import setting


@dataclass(frozen=True, slots=True)
class Bounds:
    """Settings of such a component; ``min`` may equal ``max``, but not be greater."""

    minimum: float = setting(0.0, key="min", help="the least result")
    maximum: float = setting(1.0, key="max", help="the greatest result")
    precision: int = setting(10, minimum=0, help="decimals that results are rounded to")

    def __post_init__(self) -> None:
        if self.minimum > self.maximum:
            raise ValueError(f"min {self.minimum:g} is greater than max {self.maximum:g}")
