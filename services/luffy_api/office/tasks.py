"""What is done for the administration in the background."""

import logging

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from luffy.celery import app
from office.audit import prune

logger = logging.getLogger(__name__)


@app.task(name="office.prune_audit")
def prune_audit() -> None:
    """Delete entries of the audit trail that are older than they are kept."""
    deleted = prune(settings.AUDIT_KEEP_DAYS)
    logger.info("%d entries of the audit trail were deleted", deleted)


@app.task(name="office.forget_expired_sessions")
def forget_expired_sessions() -> None:
    """Delete the staff's sessions that have expired."""
    SessionStore.clear_expired()
    logger.info("the expired sessions were deleted")
