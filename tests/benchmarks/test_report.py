from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks import wording
from benchmarks.case import Outcome
from benchmarks.chart import Bar, bar_chart
from benchmarks.figures import Figures
from benchmarks.measure import Measured
from benchmarks.plots import write_plots
from benchmarks.report import reasons, target_rows, write_report

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


def figures() -> Figures:
    return Figures(
        {
            "dict chain 10": [Outcome(Measured(4_000_000, 1.0))],
            "hop": [Outcome(Measured(1, 1.0, values={"p50_us": 4.0, "p99_us": 9.0}))],
            "peer python 10": [Outcome(None, "hung: killed after 120 s")],
        }
    )


def test_a_target_row_has_the_figure_beside_the_target() -> None:
    rows = target_rows(figures())

    assert "| dict chain 10 | >= 3 M hops/s | 4.00 M hops/s | reached |" in rows
    assert "| one hop, idle network, p50 | <= 3 µs | 4.00 µs | **missed** |" in rows


def test_a_peer_that_hung_is_told_in_its_row() -> None:
    rows = target_rows(figures())

    assert (
        "| dict chain 10, against the original's Python actors | >= 100x "
        "| hung: killed after 120 s | **not measured** |"
    ) in rows


def test_a_missed_target_is_listed_with_its_reason() -> None:
    (text,) = reasons(figures())

    assert "\n* one hop, idle network, p50: " in text


def test_a_report_shows_its_plots(tmp_path: Path) -> None:
    plots = write_plots(figures(), tmp_path / "benchmarks")

    write_report(figures(), tmp_path / "benchmarks.md", plots, rounds=1)

    text = (tmp_path / "benchmarks.md").read_text()
    assert "![throughput](benchmarks/throughput.svg)" in text
    assert "![targets](benchmarks/targets.svg)" in text


def test_a_chart_is_proper_svg_with_longer_bars_for_more() -> None:
    bars = [Bar("a < b", 10, "10"), Bar("more", 100_000, "100 k")]

    root = ET.fromstring(bar_chart("Title & more", "of a test", bars, mark=1.0))  # noqa: S314 -- our own

    widths = [float(bar.get("width", "0")) for bar in root.findall(f"{SVG}rect")[1:]]
    assert root.findtext(f"{SVG}title") == "Title & more"
    assert len(widths) == 2
    assert widths[0] < widths[1]
    assert len(root.findall(f"{SVG}line")) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.50"), (14.2, "14.2"), (999, "999"), (9_999, "9,999"), (37_040, "37.0 k")],
)
def test_a_number_shows_three_digits_that_count(value: float, text: str) -> None:
    assert wording.number(value) == text
