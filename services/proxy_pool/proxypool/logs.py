"""The log: JSON lines on standard error, in UTC like every other time that is shown."""

import json
import logging
import sys
import time
from contextvars import ContextVar

from proxypool.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered, as the edge has it in its own log."""


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and the request's id where there is one."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        line = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if asked := request_id.get():
            line["request_id"] = asked
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_log(settings: Settings, *, quiet: bool = False) -> None:
    """Set up this process's log; `quiet`: without what is said for information alone."""
    level = settings.log_level
    if quiet and level == "INFO":
        level = "WARNING"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler])
