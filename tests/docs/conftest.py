"""``--write-docs`` writes the generated parts of the pages; without it they are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.generated import replace_block
from tests.docs.pages import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

STALE = "the page is older than the code: run  .venv/bin/python -m tests.docs.write"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write the pages in docs/ anew")


@pytest.fixture
def up_to_date(request: pytest.FixtureRequest) -> Callable[[tuple[str, str], str], None]:
    """Called with a page and the name of a block, and what belongs there."""

    def check(place: tuple[str, str], made: str) -> None:
        page, name = place
        text = (DOCS / page).read_text("utf-8")
        wanted = replace_block(text, name, made)
        if request.config.getoption("--write-docs"):
            (DOCS / page).write_text(wanted, "utf-8")
        else:
            assert wanted == text, STALE

    return check
