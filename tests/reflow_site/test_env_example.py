from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from django.conf import settings

from engine.config import PREFIX, SECTIONS, EngineConfig, load_config
from engine.node_config import settings_of

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = settings.BASE_DIR / ".env.example"
SHOW = """
import json, reflow_site.settings as made
names = {name for name in dir(made) if name.isupper()} - {"BASE_DIR", "LOGGING", "UNFOLD"}
print(json.dumps({name: repr(getattr(made, name)) for name in names}))
"""


def examples() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE))


def settings_with(environ: dict[str, str]) -> dict[str, str]:
    """The settings module as another process reads it."""
    shown = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", SHOW],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    read: dict[str, str] = json.loads(shown.stdout)
    return read


def test_the_example_names_every_setting_and_no_other() -> None:
    modules = sorted((settings.BASE_DIR / "reflow_site" / "settings").glob("*.py"))
    text = "\n".join(module.read_text() for module in modules)
    read = set(re.findall(r"env\.[a-z_]+\(\s*\"([A-Z_]+)\"", text))
    of_the_engine = {
        f"{PREFIX}{section.upper().replace('.', '__')}__{item.key.upper()}"
        for section, (_, kind) in SECTIONS.items()
        for item in settings_of(kind)
    }

    assert set(examples()) == read | of_the_engine


def test_the_examples_values_are_the_defaults(tmp_path: Path) -> None:
    own = {"REFLOW_VAR": str(tmp_path), "REFLOW_CONFIG": str(tmp_path / "none.toml")}

    written = settings_with({**examples(), **own})

    assert written == settings_with(own)


def test_the_examples_values_are_the_engines_defaults() -> None:
    assert load_config(environ=examples()) == EngineConfig()
