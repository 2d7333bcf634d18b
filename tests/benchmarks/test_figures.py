from __future__ import annotations

from benchmarks.case import Outcome
from benchmarks.figures import Figures, Spread
from benchmarks.measure import Measured
from benchmarks.targets import RATE, Target


def rates(*found: float | None) -> list[Outcome]:
    return [
        Outcome(None, "hung") if rate is None else Outcome(Measured(int(rate), 1.0))
        for rate in found
    ]


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    figures = Figures({"ours": rates(5, 1, 3)})

    assert figures.spread("ours", RATE) == Spread(3, 1, 5)
    assert figures.spread("theirs", RATE) is None


def test_a_ratio_is_one_of_the_same_round() -> None:
    figures = Figures({"ours": rates(10, 40, 90), "theirs": rates(1, 2, 3)})

    assert figures.ratio("ours", "theirs", RATE) == Spread(20, 10, 30)


def test_a_round_in_which_one_of_two_failed_gives_no_ratio() -> None:
    figures = Figures({"ours": rates(10, 40, 90), "theirs": rates(1, None, 3)})

    assert figures.ratio("ours", "theirs", RATE) == Spread(20, 10, 30)
    assert figures.failures("theirs") == ["hung"]


def test_a_ratio_of_times_says_how_many_times_less_ours_is() -> None:
    figures = Figures(
        {
            "ours": [Outcome(Measured(values={"cpu_ms": 20}))],
            "theirs": [Outcome(Measured(values={"cpu_ms": 500}))],
        }
    )

    assert figures.ratio("ours", "theirs", "cpu_ms") == Spread(25, 25, 25)


def test_a_rate_is_to_be_at_least_and_a_time_at_most_its_bound() -> None:
    rate, time = Target("chain", RATE, 100), Target("hop", "p50_us", 3)

    assert [rate.reached(99), rate.reached(100)] == [False, True]
    assert [time.reached(3), time.reached(3.1)] == [True, False]
