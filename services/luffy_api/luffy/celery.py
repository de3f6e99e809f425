"""The Celery app of worker and beat. The web process imports it only to send a task."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from luffy.heartbeat import ConsumerHeartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")

app = Celery("luffy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(ConsumerHeartbeat)


@setup_logging.connect
def _keep_djangos_logging(**_options: Any) -> None:
    """Celery sets up no logging of its own once somebody listens to this signal."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
