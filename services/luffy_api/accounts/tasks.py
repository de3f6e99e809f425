"""What is done for accounts in the background."""

import logging

from accounts.sessions import forget_expired
from luffy.celery import app

logger = logging.getLogger(__name__)


@app.task(name="accounts.forget_expired_tokens")
def forget_expired_tokens() -> None:
    """Delete what is known of refresh tokens that have expired."""
    logger.info("%d rows of expired tokens were deleted", forget_expired())
