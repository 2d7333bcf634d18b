from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reflow_site import checks
from reflow_site.checks import settings_are_sound
from reflow_site.storage import storages

if TYPE_CHECKING:
    from pathlib import Path


def ids() -> list[str | None]:
    return [message.id for message in settings_are_sound()]


def test_the_defaults_are_sound() -> None:
    assert settings_are_sound() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EVENT_PAGE", 0, ["reflow.E001"]),
        ("LEASE_SECONDS", -1, ["reflow.E001"]),
        ("DRAIN_SECONDS", -1, ["reflow.E001"]),
        ("LEASE_SECONDS", 1, ["reflow.E002"]),
        ("BROKER_URL", "filesystem://", ["reflow.E003"]),
        ("ASGI_SERVER", "gunicorn", ["reflow.E008"]),
        ("REFLOW_ACTORS", ["nowhere:Actor"], ["reflow.E006"]),
        ("ALLOWED_HOSTS", ["*"], ["reflow.E007"]),
        ("HTTP_ALLOW_PRIVATE", ["*"], ["reflow.W001"]),
        ("RETENTION_EVENTS_DAYS", -1, ["reflow.E001"]),
        ("PAYLOAD_STORAGE", "ftp", ["reflow.E011"]),
        ("ZEAL_URL", "zeal.example", ["reflow.E010"]),
        ("ZEAL_TEMPLATE_CHUNK", 0, ["reflow.E001"]),
    ],
)
def test_a_wrong_setting_has_an_id(
    settings: Any, name: str, value: Any, expected: list[str]
) -> None:
    setattr(settings, name, value)

    assert ids() == expected


def test_a_web_server_that_is_not_installed_has_an_id(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ASGI_SERVER = "uvicorn"
    monkeypatch.setattr(checks, "find_spec", lambda name: None)

    assert ids() == ["reflow.E008"]


def test_a_missing_file_is_named(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REFLOW_CONFIG = tmp_path / "nowhere.toml"
    monkeypatch.setenv("REFLOW_CONFIG", str(settings.REFLOW_CONFIG))

    assert ids() == ["reflow.E004"]


def test_each_problem_of_the_file_is_named(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "reflow.toml"
    file.write_text("[actor_system]\nthread_pool_size = 0\nthread_pool = 1\n")
    settings.REFLOW_CONFIG = file

    assert ids() == ["reflow.E005", "reflow.E005"]


def test_s3_needs_its_package_and_a_bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYLOAD_STORAGE = "s3"
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name == "storages" else name)
    neither = ids()

    settings.PAYLOAD_S3 = {"bucket_name": "reflow"}
    monkeypatch.setattr(checks, "find_spec", lambda name: name)

    assert (neither, ids()) == (["reflow.E011", "reflow.E011"], [])


def test_only_what_is_given_goes_to_s3(tmp_path: Path) -> None:
    given = {"bucket_name": "reflow", "endpoint_url": "", "access_key": "", "secret_key": ""}

    made = storages("s3", tmp_path, given)["payloads"]

    assert made == {
        "BACKEND": "workflows.payload_objects.PayloadObjects",
        "OPTIONS": {"bucket_name": "reflow"},
    }
