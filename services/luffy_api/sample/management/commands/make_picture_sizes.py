"""`manage.py make_picture_sizes`: WebP copies for pictures that came before there were any."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from luffy.command_outage import clear_outage
from luffy.picture_sizes import make_missing


class Command(BaseCommand):
    """Make what is missing; a second run, or one beside this, changes nothing."""

    help = "Make the copies in several sizes of pictures that have none."
    # The database may not answer yet: that is told in one line, below.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how long a deploy may wait for it."""
        parser.add_argument(
            "--most",
            type=float,
            default=300,
            metavar="SECONDS",
            help="begin no picture after that; the next run goes on (%(default)s)",
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Make them, and say how many."""
        try:
            with clear_outage():
                made, left = make_missing(options["most"])
        except OSError as error:
            raise CommandError(
                f"expected to write copies of pictures to the volume, found: {error}; "
                "give it space and rights, then run this again"
            ) from error
        self.stdout.write(f"picture sizes: {made} pictures got theirs, {left} are left for later")
