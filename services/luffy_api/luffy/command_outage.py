"""What a command says when its database cannot be reached."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from luffy.outage import is_outage


@contextmanager
def clear_outage() -> Iterator[None]:
    """Turn an outage of the database into one line instead of a traceback.

    Raises:
        CommandError: the database was out of reach.
    """
    try:
        yield
    except DatabaseError as error:
        if not is_outage(error):
            raise
        database = settings.DATABASES["default"]
        raise CommandError(
            f"expected MariaDB to answer at {database['HOST']}:{database['PORT']}, "
            f"found: {error}; see that it is up and healthy, then run this again"
        ) from error
