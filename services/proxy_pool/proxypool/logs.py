"""The log: lines on standard error, in UTC like every other time that is shown."""

import logging
import sys
import time

from proxypool.settings import Settings


def start_log(settings: Settings) -> None:
    """Set up this process's log."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=settings.log_level,
        format="%(asctime)sZ %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
