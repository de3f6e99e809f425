"""`manage.py doctor`: what is amiss with the site's own work, a line of JSON for each finding."""

from typing import Any

from django.core.management.base import BaseCommand

from luffy.command_outage import clear_outage
from office.doctor import findings


class Command(BaseCommand):
    """Tell what is amiss with the site's own work."""

    help = "Tell what is amiss with the site's own work, as lines of JSON for the release engine."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Print each finding."""
        with clear_outage():
            for finding in findings():
                self.stdout.write(finding.line())
