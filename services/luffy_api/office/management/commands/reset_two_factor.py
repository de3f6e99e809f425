"""`manage.py reset_two_factor NAME`: somebody of the staff lost the phone, and nobody can help."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from accounts.models import User
from luffy.command_outage import clear_outage
from office.audit import watching
from office.second_factor.devices import remove


class Command(BaseCommand):
    """Take phone and backup codes from a user, who sets them up anew at the next login."""

    help = "Take phone and backup codes from a user, who sets them up anew at the next login."
    # The database may not answer: that is told in one line, below.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whose they are."""
        parser.add_argument("name", help="the user's name or phone number")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Reset them, and say so in the audit trail."""
        name = options["name"]
        with clear_outage(), watching(None):
            user = User.objects.filter(Q(username=name) | Q(mobile=name)).first()
            if user is None:
                raise CommandError(f"expected the name or phone of a user, found {name!r}")
            taken = remove(user)
        done = "reset; the next login sets it up anew" if taken else "not set up: nothing to reset"
        self.stdout.write(f"two-factor login of {user.get_username()}: {done}")
