"""``python -m tests.docs.write``: put the generated parts into the pages of ``docs/``."""

from __future__ import annotations

from tests.docs.generated import replace_block
from tests.docs.pages import BLOCKS, DOCS


def main() -> None:
    for (page, name), make in BLOCKS.items():
        file = DOCS / page
        file.write_text(replace_block(file.read_text("utf-8"), name, make()), "utf-8")


if __name__ == "__main__":
    main()
