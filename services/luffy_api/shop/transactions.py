"""Transactions that are tried again when MariaDB chose them to end a deadlock."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEADLOCK = 1213
TRIES = 4
PAUSE_S = 0.05


def in_transaction(work: Callable[[], T]) -> T:
    """What `work` returns, done in a transaction.

    After a deadlock nothing of it was kept, so it is done again; within a transaction that runs
    already that is for whoever began it.

    Raises:
        OperationalError: a deadlock each time, or another fault of the database.
    """
    for number in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            is_deadlock = error.args[:1] == (DEADLOCK,)
            if not is_deadlock or connection.in_atomic_block or number == TRIES:
                raise
            logger.warning("a deadlock; trying again (%d of %d)", number, TRIES - 1)
            # Chance keeps the same two from meeting again.
            time.sleep(PAUSE_S * number * random.random())  # noqa: S311
    raise AssertionError("the last try returns or raises")
