"""Telling a database or a Redis that cannot be reached from a query that is wrong."""

from django.db import InterfaceError, OperationalError
from redis import exceptions as redis_errors

# Errors of the server and the client library after which the same query may succeed later, and
# for which the query is not to blame.
# https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference
_TEMPORARY = frozenset(
    {
        1040,  # too many connections
        1053,  # server shutdown in progress
        1152,  # aborted connection
        1159,  # timeout while reading from the network
        1161,  # timeout while writing to the network
        1203,  # too many connections of this user
        1205,  # lock wait timeout
        1213,  # deadlock
        1290,  # the server is read-only
        1927,  # the connection was killed
        2002,  # cannot connect: refused, timed out
        2003,  # cannot connect to the server
        2005,  # unknown host: a stopped container has no name
        2006,  # server has gone away
        2013,  # lost connection
        2026,  # TLS connection error
        4031,  # disconnected for inactivity
    }
)


def is_outage(error: BaseException | None) -> bool:
    """Whether `error` says that the database is out of reach or overloaded for now."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    return bool(error.args) and error.args[0] in _TEMPORARY


# Refused connections, timeouts, a wrong password while it is changed, a server that is loading; a
# replica that takes no writes; a memory that is full.
_REDIS_OUTAGES = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.ReadOnlyError,
    redis_errors.OutOfMemoryError,
)


def is_redis_outage(error: BaseException | None) -> bool:
    """Whether `error` says that Redis is out of reach or takes nothing for now."""
    return isinstance(error, _REDIS_OUTAGES)
