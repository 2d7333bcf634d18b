"""``python -m benchmarks.zeal``: the table of docs/zeal.md, against a double of Zeal."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import ROOT

PAGE = ROOT / "docs" / "zeal.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
CASES = ("killed", "sync", "cut", "parallel", "long", "memory", "latency")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zeal", description=__doc__)
    parser.add_argument("--only", action="append", choices=CASES, help="these cases alone")
    parser.add_argument("--write", action="store_true", help="put the table into docs/zeal.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reflow-zeal-") as name:
        folder = Path(name)
        _settle_in(folder)
        text = _measure(folder, given.only or CASES)
    print(text)
    if given.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        old, _, after = rest.partition(END)
        if given.only:
            text = merged(old.strip("\n"), text)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def merged(old: str, new: str) -> str:
    """The old block with the new lines: rows by their case, notes by their first word."""
    rows: dict[str, str] = {}
    notes: dict[str, str] = {}
    for line in f"{old}\n{new}".splitlines():
        if line.startswith("|"):
            rows[line.split("|")[1]] = line
        elif line:
            notes[re.split(r"\W", line)[0]] = line
    return "\n\n".join(["\n".join(rows.values()), *notes.values()])


def _settle_in(folder: Path) -> None:
    """Settings for us and for all that we start, before Django reads them."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "reflow_site.settings",
        "REFLOW_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": f"unix://{folder / 'valkey.sock'}",
        "BROKER_URL": f"redis+socket://{folder / 'valkey.sock'}",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)


def _measure(folder: Path, chosen: list[str] | tuple[str, ...]) -> str:
    import django  # noqa: PLC0415 -- after the settings

    django.setup()
    from benchmarks.zeal import cases  # noqa: PLC0415 -- needs the app registry
    from benchmarks.zeal.place import valkey  # noqa: PLC0415 -- likewise

    server = valkey(folder)
    lines, notes = [], []

    def add(line: tuple[str, ...]) -> None:
        print(*line, sep=" | ", flush=True)
        lines.append(line)

    try:
        for mode in ("intended", "shipped"):
            if "long" in chosen:
                add(cases.long_run(folder, mode))
            if "killed" in chosen:
                add(cases.zeal_killed(folder, mode))
            if "sync" in chosen:
                add(cases.sync_killed(folder, mode))
            if "cut" in chosen:
                add(cases.network_cut(folder, mode))
        if "parallel" in chosen:
            add(cases.parallel(folder))
        if "memory" in chosen:
            line, note = cases.memory(folder)
            add(line)
            notes.append(f"Memory of the sync process: {note}.")
        if "latency" in chosen:
            notes.append(f"Live, at {cases.LIVE_RATE} events/s: {cases.latency(folder)}.")
    finally:
        server.kill()
        server.wait()
    table = [cases.HEADING, ("---",) * len(cases.HEADING), *lines]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in table), "", *notes])


if __name__ == "__main__":
    main()
