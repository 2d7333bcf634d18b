"""``manage.py create_token``: a new API token for a user; the old one ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from engine.errors import nearest
from reflow_site.supervisor.admin_user import replace_token
from reflow_site.supervisor.credentials import read, write

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Make a new API token for a user and print it. The user's old token ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", help="whose token (the user that `up` made)")

    def handle(self, *_args: Any, **options: Any) -> None:
        known = read(settings.CREDENTIALS_FILE)
        name = options["username"] or (known.user if known else "admin")
        token = replace_token(_user(name))
        if known and known.user == name:
            write(settings.CREDENTIALS_FILE, replace(known, token=token))
        self.stdout.write(token)


def _user(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        names = User.objects.order_by("username").values_list("username", flat=True)[:100]
        hint = nearest(name, names) or "manage.py createsuperuser makes one"
        raise CommandError(f"There is no user {name!r}: {hint}") from error
