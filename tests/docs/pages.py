"""Which part of which page is made from the code, and where the pages are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.limits import Limits
from engine.policy import BreakerPolicy, Fallback, RetryPolicy, Supervision
from engine.registry import builtin
from engine.strict_json import JsonLimits
from reflow_site.limits import LIMITS
from tests.docs import conversations, generated

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


# (page, name of the block) -> what belongs there.
BLOCKS: dict[tuple[str, str], Callable[[], str]] = {
    ("components.md", "components"): lambda: generated.components(builtin()),
    ("configuration.md", "environment"): lambda: generated.environment(
        (ROOT / ".env.example").read_text("utf-8")
    ),
    ("configuration.md", "reflow.toml"): generated.engine_file,
    ("configuration.md", "engine limits"): lambda: generated.limits(Limits),
    ("limits.md", "limits"): lambda: generated.server_limits(
        LIMITS, (ROOT / ".env.example").read_text("utf-8")
    ),
    ("messages.md", "json limits"): lambda: generated.limits(JsonLimits),
    ("failures.md", "policies"): lambda: generated.settings(
        {
            "retry": RetryPolicy,
            "breaker": BreakerPolicy,
            "fallback": Fallback,
            "supervision": Supervision,
        }
    ),
    ("observability.md", "events"): generated.events,
    ("zeal.md", "socket.io"): lambda: conversations.conversation("shipped"),
    ("zeal.md", "raw frames"): lambda: conversations.conversation("seed"),
}


def markdown_files() -> list[Path]:
    """The README and every page of the documentation."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
