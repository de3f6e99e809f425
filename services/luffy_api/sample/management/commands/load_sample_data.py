"""`manage.py load_sample_data`: sample rows, sample pictures and the first administrator."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from luffy.command_outage import clear_outage
from luffy.environment import refuse
from luffy.named_lock import LockNotFreeError, named_lock
from sample.loading import load_samples

ADMIN = "admin"
LOCK_WAIT_S = 60


class Command(BaseCommand):
    """Add what is missing; a second run changes nothing."""

    help = "Load the invented sample data and make the staff user `admin`."
    # The database may not answer yet: that is told in one line, below.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Run under a lock: two at once would add some rows twice."""
        password = settings.ENVIRONMENT.admin_password
        if password is None:
            refuse(
                [
                    "ADMIN_PASSWORD_FILE: expected a file with the administrator's password, "
                    "found nothing; set it to a file with 12 or more characters"
                ]
            )
        try:
            with clear_outage(), named_lock("sample_data", LOCK_WAIT_S):
                loaded = load_samples()
                made = self._make_admin(password)
        except LockNotFreeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"sample data: {loaded.rows} rows, {loaded.pictures} pictures and {loaded.files} files "
            "added, "
            f"user {ADMIN} {'made' if made else 'was there'}"
        )

    def _make_admin(self, password: str) -> bool:
        if User.objects.filter(username=ADMIN).exists():
            return False
        User.objects.create_superuser(username=ADMIN, email="", password=password)
        return True
