"""The component library by name: where each class lives, imported when it is first used."""

from __future__ import annotations

_HERE = "engine.components"

CATALOG: dict[str, str] = {
    "tpl_passthrough": f"{_HERE}.flow_control.passthrough:Passthrough",
}
