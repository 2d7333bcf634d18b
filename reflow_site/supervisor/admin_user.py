"""The first user: made once, with a password and a token that nobody chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.authtoken.models import Token

from reflow_site.supervisor.credentials import Credentials, invent, read, write

if TYPE_CHECKING:
    from pathlib import Path


@transaction.atomic
def ensure_admin(file: Path) -> tuple[User, Credentials, bool]:
    """Make the database and the file agree on the first user.

    A user who is there keeps password and token; what the file no longer knows is left empty,
    or, for the token, read from the database.

    Returns:
        The user, what is known of it, and whether any of it is new.
    """
    known = read(file)
    wanted = known or invent()
    user = User.objects.filter(username=wanted.user).first()
    if user is None:
        wanted = wanted if wanted.password else replace(wanted, password=invent().password)
        user = User.objects.create_superuser(wanted.user, password=wanted.password)
    elif known is None:
        wanted = replace(wanted, password="")
    token, _ = Token.objects.get_or_create(user=user, defaults={"key": wanted.token})
    current = replace(wanted, token=token.key)
    if current != known:
        write(file, current)
    return user, current, current != known


def replace_token(user: User) -> str:
    """End the user's API token and make another."""
    with transaction.atomic():
        Token.objects.filter(user=user).delete()
        token: str = Token.objects.create(user=user, key=invent().token).key
    return token
