"""``make test`` and ``make lint``: every check in order, then one table of what each found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
REPORTS = Path("build")  # relative: pytest's option variable is split at spaces
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@dataclass(frozen=True, slots=True)
class Check:
    """One command, run with this interpreter; ``counts`` when it is a test run."""

    name: str
    arguments: tuple[str, ...]
    counts: bool = False

    @property
    def report(self) -> Path:
        return REPORTS / f"{self.name.split()[-1].lower()}.xml"


@dataclass(frozen=True, slots=True)
class Outcome:
    check: Check
    passed: bool
    seconds: float
    found: str


LINT = (
    Check("format", ("-m", "ruff", "format", "--check", ".")),
    Check("ruff", ("-m", "ruff", "check", ".")),
    Check("imports", ("-c", LINT_IMPORTS)),
    Check("mypy", ("-m", "mypy")),
    Check("migrations", ("manage.py", "makemigrations", "--check", "--dry-run")),
)
TESTS = (
    Check("(fresh coverage)", ("-m", "coverage", "erase")),
    Check("tests on SQLite", ("-m", "coverage", "run", "-m", "pytest"), counts=True),
    Check("tests on PostgreSQL", ("-m", "tests.with_postgres"), counts=True),
    Check("(coverage data)", ("-m", "coverage", "combine", "--quiet")),
    Check("coverage", ("-m", "coverage", "report")),
    Check("speed", ("-m", "benchmarks", "--short")),
)


def run(check: Check, console: Console) -> Outcome:
    console.rule(f"[bold]{check.name}", align="left")
    environment = dict(os.environ)
    if check.counts:
        given = environment.get("PYTEST_ADDOPTS", "")
        environment["PYTEST_ADDOPTS"] = f"{given} --junitxml={check.report.as_posix()}".strip()
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 -- our own list of commands
        [sys.executable, *check.arguments], cwd=ROOT, env=environment, check=False
    )
    seconds = time.monotonic() - started
    found = counts(ROOT / check.report) if check.counts else ""
    return Outcome(check, done.returncode == 0, seconds, found)


def counts(report: Path) -> str:
    """What a JUnit report says: ``812 passed, 2 failed, 1 skipped``."""
    if not report.exists():
        return "no report"
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 -- pytest wrote it just now
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    words = (f"{total - failed - skipped} passed", f"{failed} failed", f"{skipped} skipped")
    return ", ".join(word for word in words if not word.startswith("0 ")) or "no tests"


def table(outcomes: list[Outcome]) -> Table:
    made = Table("check", "result", "found", "seconds")
    for outcome in outcomes:
        result = "[green]passed" if outcome.passed else "[bold red]FAILED"
        made.add_row(outcome.check.name, result, outcome.found, f"{outcome.seconds:.1f}")
    made.add_section()
    made.add_row("all", "", "", f"{sum(outcome.seconds for outcome in outcomes):.1f}")
    return made


def chosen(arguments: list[str]) -> tuple[Check, ...]:
    """The checks for ``lint``, for ``test``, or only the tests that were named."""
    match arguments:
        case ["lint"]:
            return LINT
        case ["test"] | ["test", "--"]:
            return LINT + TESTS
        case ["test", "--", *named]:
            return (Check("tests named", ("-m", "pytest", *named), counts=True),)
    raise SystemExit("usage: python -m tests.checks lint | test [-- TESTS ...]")


def main(arguments: list[str]) -> int:
    console = Console()
    checks = chosen(arguments)
    for check in checks:
        (ROOT / check.report).unlink(missing_ok=True)
    outcomes = [run(check, console) for check in checks]
    console.print(table(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
