"""`manage.py luffy_migrate`: Django's migrate, by one process at a time."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from luffy.command_outage import clear_outage
from luffy.named_lock import LockNotFreeError, named_lock


class Command(BaseCommand):
    """Bring the schema to what this code needs, under a lock of the database."""

    help = "Run migrate under a lock that all hosts share."
    # The database may not answer yet, and migrate runs the checks itself.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the lock's patience."""
        parser.add_argument(
            "--wait", type=int, default=600, help="seconds to wait for another run (%(default)s)"
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Migrate once nobody else does."""
        try:
            with clear_outage(), named_lock("migrate", options["wait"]):
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
        except LockNotFreeError as error:
            raise CommandError(str(error)) from error
