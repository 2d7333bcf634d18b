from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reflow_site.supervisor.lock import AlreadyRunningError, sole_owner

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_owner_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with (
        sole_owner(tmp_path, "http://here:1"),
        pytest.raises(AlreadyRunningError) as caught,
        sole_owner(tmp_path, "http://there:2"),
    ):
        pass

    assert str(caught.value) == (
        f"Reflow already runs in {tmp_path} at http://here:1 (process {os.getpid()})."
        " Stop that one, or give this one a folder of its own: REFLOW_VAR=/another/folder"
    )


def test_a_holder_that_has_written_nothing_yet_is_refused_all_the_same(tmp_path: Path) -> None:
    with sole_owner(tmp_path, ""):
        (tmp_path / "up.lock").write_text("")

        with pytest.raises(AlreadyRunningError) as caught, sole_owner(tmp_path, ""):
            pass

    assert (caught.value.pid, caught.value.url) == (0, "")


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with sole_owner(tmp_path, "http://here:1"):
        pass

    with sole_owner(tmp_path, "http://there:2"):
        assert "http://there:2" in (tmp_path / "up.lock").read_text()
