"""What is to happen when a node fails, as graph data under ``metadata.policy``.

``{"retry": {"attempts": 3, "delayMs": 500}, "breaker": {"failures": 5}, "fallback": {...}}``;
every key is optional, unknown ones are refused. The order is: retry, fallback, error port, dead
letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from engine.errors import ConfigError, Problem, nearest
from engine.node_config import build_config, setting, settings_of

if TYPE_CHECKING:
    from random import Random


class _Settings:
    """A part of a policy: read from an object whose every key must be known."""

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        kind: Any = cls
        if not isinstance(raw, Mapping):
            raise ValueError(f"must be an object, not {raw!r}")  # noqa: TRY004 -- one error for all
        known = [name for item in settings_of(kind) for name in item.names]
        for key in raw:
            if key not in known:
                raise ValueError(f"{key!r} is unknown: {nearest(key, known)}")
        try:
            config: Self = build_config(kind, raw)
        except ConfigError as error:
            texts = (
                f"{item.where.rpartition('config.')[2]} {item.message}" for item in error.problems
            )
            raise ValueError("; ".join(texts)) from error
        return config


@dataclass(frozen=True)
class RetryPolicy(_Settings):
    """How often a firing is tried, and how long it waits in between."""

    attempts: int = setting(1, minimum=1, maximum=10, help="tries in all, the first among them")
    delay_ms: float = setting(1000, key="delayMs", minimum=0, help="before the second try")
    factor: float = setting(2, minimum=1, help="how much longer each further wait is")
    max_delay_ms: float = setting(60_000, key="maxDelayMs", minimum=0)
    jitter: float = setting(0.1, minimum=0, maximum=1, help="share of the wait that is random")
    on: Literal["retryable", "any"] = setting("retryable", help="which errors are tried again")
    timeout_ms: float | None = setting(
        None, key="timeoutMs", maximum=86_400_000, help="for one try; at most a day"
    )

    def delay_s(self, attempt: int, random: Random) -> float:
        """Seconds to wait after this attempt, counted from 1."""
        wait: float = min(self.delay_ms * self.factor ** (attempt - 1), self.max_delay_ms)
        return wait * (1 - self.jitter * random.random()) / 1000

    def again(self, attempt: int, error: BaseException) -> bool:
        """Whether to try again after this attempt has failed with this error."""
        return attempt < self.attempts and (self.on == "any" or is_retryable(error))


@dataclass(frozen=True)
class BreakerPolicy(_Settings):
    """When calls are given up for a while, and who shares the count."""

    failures: int = setting(5, minimum=1, help="in a row, until it opens")
    reset_ms: float = setting(30_000, key="resetMs", minimum=0, help="open for so long")
    probes: int = setting(1, minimum=1, help="calls let through to see whether it may close")
    name: str = setting("", help="nodes with one name share one breaker; by default the node's own")
    scope: Literal["node", "service"] = setting(
        "node", help="service: all nodes that call the same host and port share one breaker"
    )

    def __post_init__(self) -> None:
        if self.name and self.scope == "service":
            raise ValueError('has a name and the scope "service": give one of them')


@dataclass(frozen=True)
class Fallback(_Settings):
    """What is sent instead, when every try has failed."""

    port: str = setting(help="the outport")
    value: Any = None


class InDoubt(StrEnum):
    """What is to be done with an unsafe firing that a lost worker had begun.

    Nobody knows whether its effect has happened.
    """

    RERUN = "rerun"  # it happens at least once
    SKIP = "skip"  # it happens at most once
    ASK = "ask"  # a person says


@dataclass(frozen=True)
class NodePolicy(_Settings):
    retry: RetryPolicy = RetryPolicy()
    breaker: BreakerPolicy | None = None
    fallback: Fallback | None = None
    in_doubt: InDoubt | None = setting(
        None,
        key="inDoubt",
        help="an unsafe (or keyed) firing after a loss; by default as the graph says",
    )

    @property
    def of_failures(self) -> NodePolicy | None:
        """The part of it that is about failures, if there is one."""
        rest = replace(self, in_doubt=None)
        return None if rest == NodePolicy() else rest


@dataclass(frozen=True)
class Supervision(_Settings):
    """Which actors begin anew when one has failed; of a graph, ``properties.supervision``.

    ``one_for_one``: the failed one. ``one_for_all``: all. ``rest_for_one``: it and those behind
    it. More than ``max_restarts`` within the time end the run.
    """

    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"] = "one_for_one"
    max_restarts: int = setting(3, key="maxRestarts", minimum=0)
    within_ms: float = setting(60_000, key="withinMs", minimum=1)


def policy_of(metadata: Mapping[str, Any], *, node: str) -> NodePolicy | None:
    """The policy of a node, if it has one.

    Raises:
        ConfigError: a key or a value of it is wrong.
    """
    where = f"node {node!r}: policy"
    policy: NodePolicy | None = _read(NodePolicy, metadata.get("policy"), where, node)
    return policy


def supervision_of(properties: Mapping[str, Any]) -> Supervision | None:
    """The supervision that a graph asks for, if it does.

    Raises:
        ConfigError: a key or a value of it is wrong.
    """
    raw = properties.get("supervision")
    supervision: Supervision | None = _read(Supervision, raw, "properties.supervision", "")
    return supervision


def in_doubt_of(properties: Mapping[str, Any]) -> InDoubt:
    """What a graph says of firings in doubt, as ``inDoubt`` or ``in_doubt``; else ask.

    Raises:
        ConfigError: it is none of the three.
    """
    name = next((name for name in ("inDoubt", "in_doubt") if name in properties), None)
    if name is None:
        return InDoubt.ASK
    try:
        return InDoubt(properties[name])
    except ValueError as error:
        text, hint = (
            f"{properties[name]!r} is no policy",
            nearest(str(properties[name]), map(str, InDoubt)),
        )
        where = f"properties.{name}"
        raise ConfigError([Problem(where, text, "policy_invalid", hint=hint)]) from error


def _read(kind: Any, raw: Any, where: str, node: str) -> Any:
    if raw is None:
        return None
    try:
        return kind.from_setting(raw)
    except ValueError as error:
        problem = Problem(where, str(error), "policy_invalid", node=node)
        raise ConfigError([problem]) from error


def is_retryable(error: BaseException) -> bool:
    """Whether trying again may help: an error says so itself, a broken connection always."""
    default = isinstance(error, (TimeoutError, ConnectionError))
    return bool(getattr(error, "retryable", default))
