from __future__ import annotations

from benchmarks.zeal.__main__ import merged


def test_cases_measured_alone_replace_their_lines_and_leave_the_others() -> None:
    old = "| case | n |\n| --- | --- |\n| a | 1 |\n| b | 2 |\n\nMemory: 3\n\nLive: 4"
    new = "| case | n |\n| --- | --- |\n| b | 5 |\n| c | 6 |\n\nLive, at 7: 8"

    assert merged(old, new) == (
        "| case | n |\n| --- | --- |\n| a | 1 |\n| b | 5 |\n| c | 6 |\n\nMemory: 3\n\nLive, at 7: 8"
    )
