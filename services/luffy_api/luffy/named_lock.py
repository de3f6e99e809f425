"""A lock that all processes of a database share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


class LockNotFreeError(Exception):
    """Somebody else held the lock for longer than we wait."""


@contextmanager
def named_lock(name: str, wait_s: int) -> Iterator[None]:
    """Hold the lock `name` of this database, waiting for it at most `wait_s` seconds.

    The lock is MariaDB's GET_LOCK: it is let go with the connection, however the process ends. It
    has a connection of its own, since Django may close and open the usual one in between.
    https://mariadb.com/docs/server/reference/sql-functions/secondary-functions/miscellaneous-functions/get_lock

    Raises:
        LockNotFreeError: it was not free in time.
    """
    # A read may take as long as the lock's wait, and then some.
    connection = connections.create_connection("default")
    options = connection.settings_dict["OPTIONS"]
    connection.settings_dict = connection.settings_dict | {
        "OPTIONS": options | {"read_timeout": wait_s + 10}
    }
    # Locks belong to the server, which may hold other databases.
    full_name = f"{connection.settings_dict['NAME']}.{name}"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, %s)", [full_name, wait_s])
            if cursor.fetchone() != (1,):
                raise LockNotFreeError(
                    f"expected the lock {full_name} to be free within {wait_s} s, found it held; "
                    "wait until the other run has ended and start this one again"
                )
        yield
    finally:
        connection.close()
