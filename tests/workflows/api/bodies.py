"""What answers must look like."""

from __future__ import annotations

from typing import Any

from workflows.api.envelope import now_ms


def timeless(body: dict[str, Any]) -> dict[str, Any]:
    """An envelope without its timestamp, which must be about now."""
    rest = dict(body)
    assert abs(now_ms() - rest.pop("timestamp")) < 60_000
    return rest


def problem(where: str, message: str, code: str, **more: str) -> dict[str, str]:
    blank = {"node": "", "port": "", "hint": "", "severity": "error"}
    return {"where": where, "message": message, "code": code, **blank, **more}
