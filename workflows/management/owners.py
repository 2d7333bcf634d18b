"""Whose rows a command is about."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from engine.errors import nearest


def owner_named(name: str) -> User:
    """The user of this name; without one, the only administrator.

    Raises:
        CommandError: there is no such user, or it is not clear who is meant.
    """
    if name:
        found = User.objects.filter(username=name).first()
        if found is None:
            names = User.objects.order_by("username").values_list("username", flat=True)[:100]
            raise CommandError(f"there is no user {name!r} ({nearest(name, names)})")
        return found
    admins = list(User.objects.filter(is_superuser=True, is_active=True)[:2])
    if len(admins) != 1:
        raise CommandError("there is not exactly one administrator: say whose by --owner")
    return admins[0]
