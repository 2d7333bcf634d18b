"""Every error the engine raises, each with a stable code and its data as attributes."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.journal import Intent


def describe(error: BaseException) -> str:
    """An error as a user reads it: its text, or its kind if it has none or cannot say it."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 -- a user's own __str__ may raise anything
        return type(error).__name__


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it is, what it is, and what would mend it."""

    where: str  # "node 'parse'", "connection a.out -> b.in", "config.delayMs"
    message: str
    code: str = "invalid"
    node: str = ""
    port: str = ""
    hint: str = ""  # the nearest right name, or the fix
    severity: str = "error"  # or "warning": said, but nothing is refused for it

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.message}{hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names what was probably meant, or lists what there is.

    Returns:
        ``did you mean 'x'?``, ``one of: a, b, c`` (at most eight), or an empty text.
    """
    names = sorted(set(known))
    folded = {known_name.lower(): known_name for known_name in names}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"one of: {', '.join(names)}" if 0 < len(names) <= 8 else ""


class EngineError(Exception):
    """The base of all errors of the engine."""

    code = "engine_error"


class ProblemsError(EngineError):
    """An input breaks at least one rule; ``problems`` lists all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class GraphError(ProblemsError):
    """The graph breaks at least one rule."""

    code = "graph_invalid"


class ConfigError(ProblemsError):
    """The settings of a node, or a configuration file, break at least one rule."""

    code = "config_invalid"


class RegistrationError(ProblemsError):
    """A class cannot serve as an actor."""

    code = "actor_invalid"


class InputError(ProblemsError):
    """What was given to a run does not fit its inports."""

    code = "input_invalid"


class MessageError(EngineError):
    """A value cannot be a message."""

    code = "message_invalid"


class CodecError(EngineError):
    """Text or bytes are not a message, or a message cannot be written."""

    code = "codec_error"


class ActorError(EngineError):
    """An actor broke its contract: an unknown outport, a result of the wrong kind."""

    code = "actor_error"


class SetupError(ActorError):
    """The ``setup`` of an actor failed: the run ends before any message."""

    code = "setup_failed"


class EmitLimitError(ActorError):
    """One firing emitted more than ``max_emit`` messages without awaiting room."""

    code = "emit_limit"


class LifecycleError(EngineError):
    """A state change that the lifecycle table does not allow."""

    code = "lifecycle_error"


class NetworkError(EngineError):
    """A network was used in a way its state does not allow."""

    code = "network_error"


class BackpressureDeadlock(EngineError):  # noqa: N818 -- the name the seed's users know
    """A cycle's buffers are full and may grow no further; ``ports`` names them."""

    code = "backpressure_deadlock"

    def __init__(self, ports: Iterable[str]) -> None:
        self.ports = tuple(ports)
        super().__init__(f"full and waiting for each other: {', '.join(self.ports)}")


class LimitError(EngineError):
    """A limit was reached; ``limit`` names the setting."""

    code = "limit_exceeded"

    def __init__(self, limit: str, message: str) -> None:
        self.limit = limit
        super().__init__(f"{message} (limit: {limit})")


class FiringTimeoutError(LimitError, TimeoutError):
    """One firing took too long; ``limit`` names what said so."""

    code = "node_timeout"

    def __init__(
        self, node: str, seconds: float, limit: str = "node_seconds; of one node: retry.timeoutMs"
    ) -> None:
        self.node = node
        super().__init__(limit, f"node {node!r} gave nothing within {seconds:g} s")


class PermissionDeniedError(EngineError):
    """An actor reached for something its permissions do not grant."""

    code = "permission_denied"


class ExpressionError(EngineError):
    """An expression could not be evaluated; ``reason`` is why, without its text."""

    code = "expression_error"

    def __init__(self, expression: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{expression}: {reason}")


class InDoubtError(EngineError):
    """Unsafe firings were under way when a worker was lost, and a person has to decide.

    ``intents`` are those firings.
    """

    code = "in_doubt"

    def __init__(self, intents: Iterable[Intent]) -> None:
        self.intents = tuple(intents)
        nodes = ", ".join(sorted({intent.node for intent in self.intents}))
        super().__init__(f"in doubt after the loss of a worker: {nodes}")


class SkippedError(EngineError):
    """A firing in doubt that counts as done, and gave nothing."""

    code = "in_doubt"
