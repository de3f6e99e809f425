"""Logs: one JSON object a line on stdout, each with the id of the request it belongs to."""

from typing import Any

from pythonjsonlogger.json import JsonFormatter


class LowerLevels(JsonFormatter):
    """Levels as all services write them: `info`, `warning`, `error`."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The object that becomes a line."""
        log_data["level"] = log_data["level"].lower()
        return super().process_log_record(log_data)


def logging_config(level: str) -> dict[str, Any]:
    """A configuration for `logging.config.dictConfig`, for Django, gunicorn and Celery alike."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "django_guid.log_filters.CorrelationId"}},
        "formatters": {
            "json": {
                "()": LowerLevels,
                "format": "{levelname}{name}{message}{correlation_id}",
                "style": "{",
                "timestamp": "time",
                "rename_fields": {
                    "levelname": "level",
                    "name": "logger",
                    "correlation_id": "request_id",
                },
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # Django's default sends these to stderr in a form of its own.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # gunicorn gives it a handler of its own before it reads this.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # The access log already tells of every 4xx; this one adds the tracebacks of the 5xx.
            "django.request": {"level": "ERROR", "propagate": True},
            # It would log addresses with their queries, and others' services take keys in those.
            "urllib3": {"level": "WARNING", "propagate": True},
            # It logs each request id that it makes.
            "django_guid": {"level": "WARNING", "propagate": True},
        },
    }
