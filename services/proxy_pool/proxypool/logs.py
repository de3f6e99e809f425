"""The log: lines on standard error, in UTC like every other time that is shown."""

import logging
import sys
import time

from proxypool.settings import Settings


def start_log(settings: Settings, *, quiet: bool = False) -> None:
    """Set up this process's log; `quiet`: without what is said for information alone."""
    level = settings.log_level
    if quiet and level == "INFO":
        level = "WARNING"
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=level,
        format="%(asctime)sZ %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
