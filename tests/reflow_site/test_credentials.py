from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from reflow_site.supervisor.admin_user import ensure_admin
from reflow_site.supervisor.credentials import Credentials, invent, read, write
from tests.factories import UserFactory

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = Credentials("ada", "lovelace", "0123")


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.CREDENTIALS_FILE = tmp_path / "credentials.env"
    return tmp_path / "credentials.env"


def test_what_is_written_is_read_again(file: Path) -> None:
    write(file, replace(KNOWN, token="first"))
    write(file, KNOWN)

    assert read(file) == KNOWN
    assert file.read_text() == (
        "REFLOW_ADMIN_USER=ada\nREFLOW_ADMIN_PASSWORD=lovelace\nREFLOW_API_TOKEN=0123\n"
    )


def test_only_its_owner_may_read_the_file(file: Path) -> None:
    write(file, KNOWN)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["credentials.env"]


@pytest.mark.parametrize("text", [b"", b"nonsense", b"REFLOW_ADMIN_PASSWORD=x\n", b"\xff\xfe\0"])
def test_a_file_that_names_no_user_is_as_good_as_none(file: Path, text: bytes) -> None:
    file.write_bytes(text)

    assert read(file) is None


def test_without_a_file_nothing_is_known(file: Path) -> None:
    assert read(file) is None


def test_nobody_could_guess_what_is_invented() -> None:
    first, second = invent(), invent()

    assert first.user == second.user == "admin"
    assert first.password != second.password
    assert first.token != second.token
    assert (len(first.password), len(first.token)) == (16, 40)


@pytest.mark.django_db
def test_the_first_start_makes_a_user_with_password_and_token(file: Path) -> None:
    user, credentials, is_new = ensure_admin(file)

    assert is_new
    assert read(file) == credentials
    assert user.check_password(credentials.password)
    assert user.is_superuser
    assert Token.objects.get(user=user).key == credentials.token


@pytest.mark.django_db
def test_the_second_start_changes_nothing(file: Path) -> None:
    first = ensure_admin(file)

    second = ensure_admin(file)

    assert second == (first[0], first[1], False)


@pytest.mark.django_db
def test_with_a_new_database_the_user_of_the_file_comes_back(file: Path) -> None:
    write(file, KNOWN)

    user, credentials, is_new = ensure_admin(file)

    assert (credentials, is_new) == (KNOWN, False)
    assert user.check_password("lovelace")


@pytest.mark.django_db
def test_a_user_whose_file_is_lost_keeps_the_password_and_the_token(file: Path) -> None:
    _, credentials, _ = ensure_admin(file)
    file.unlink()

    _, found, is_new = ensure_admin(file)

    assert (found, is_new) == (Credentials("admin", "", credentials.token), True)
    assert User.objects.get().check_password(credentials.password)


@pytest.mark.django_db
def test_a_token_that_was_replaced_elsewhere_is_written_down(file: Path) -> None:
    user, credentials, _ = ensure_admin(file)
    Token.objects.filter(user=user).delete()
    other = Token.objects.create(user=user)

    found = ensure_admin(file)

    assert found == (user, replace(credentials, token=other.key), True)


@pytest.mark.django_db
def test_a_lost_token_is_replaced_in_the_database_and_the_file(file: Path) -> None:
    user, before, _ = ensure_admin(file)
    said = StringIO()

    call_command("create_token", stdout=said)

    token = said.getvalue().strip()
    assert token != before.token
    assert [row.key for row in Token.objects.filter(user=user)] == [token]
    assert read(file) == replace(before, token=token)


@pytest.mark.django_db
def test_another_users_token_leaves_the_file_alone(file: Path) -> None:
    _, before, _ = ensure_admin(file)
    other = UserFactory(username="grace")
    said = StringIO()

    call_command("create_token", "grace", stdout=said)

    assert Token.objects.get(user=other).key == said.getvalue().strip()
    assert read(file) == before


@pytest.mark.django_db
def test_an_unknown_user_is_refused_with_the_nearest_name(file: Path) -> None:
    UserFactory(username="grace")

    with pytest.raises(CommandError, match=r"^There is no user 'grce': did you mean 'grace'\?$"):
        call_command("create_token", "grce")


@pytest.mark.django_db
def test_without_any_user_the_refusal_says_how_to_make_one(file: Path) -> None:
    with pytest.raises(CommandError, match=r"manage\.py createsuperuser makes one$"):
        call_command("create_token")
