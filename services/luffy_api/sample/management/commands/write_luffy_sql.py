"""`manage.py write_luffy_sql`: generate `luffy.sql` from a migrated database with samples."""

from typing import Any

from django.core.management.base import BaseCommand

from sample.luffy_sql import luffy_sql


class Command(BaseCommand):
    """Print the file."""

    help = "Print luffy.sql, made from this database: it should hold the sample data alone."
    requires_migrations_checks = True

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Print it to stdout."""
        self.stdout.write(luffy_sql(), ending="")
