"""What the supervisor tells a reader once the server is up: short, and nothing to look up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from reflow_site.supervisor.credentials import Credentials
    from reflow_site.supervisor.first_run import FirstRun

OUTPUT_CHARACTERS = 160


def banner(url: str, seconds: float, file: Path) -> str:
    return f"""
  Reflow is healthy after {seconds:.1f} s

    admin     {url}/admin/
    API docs  {url}/api/docs/
    health    {url}/health

  User, password and API token: {file}
  Ctrl-C ends everything.
"""


def new_credentials(credentials: Credentials) -> str:
    password = credentials.password or "(as you set it)"
    return f"""
  Made for you, and shown only now:

    user      {credentials.user}
    password  {password}
    token     {credentials.token}
"""


def first_run(run: FirstRun, url: str) -> str:
    outputs = "\n".join(f"    {name:<10} {_short(values)}" for name, values in run.outputs.items())
    return f"""
  The orders example (examples/orders.json) went through the whole path:

    POST /workflows -> queue -> worker -> engine -> stored events -> result
    {run.status} {run.elapsed_ms:.0f} ms after the request ({run.duration_ms:.1f} ms in the engine)

{outputs}

    Look at it: {url}
"""


def _short(values: Any) -> str:
    text = json.dumps(values, ensure_ascii=False)
    return text if len(text) <= OUTPUT_CHARACTERS else f"{text[:OUTPUT_CHARACTERS]} ..."
