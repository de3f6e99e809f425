"""What is done for the front page in the background."""

import logging

from django.conf import settings
from django.utils import translation

from home import reads
from luffy.celery import app

logger = logging.getLogger(__name__)


@app.task(name="home.refresh_banners")
def refresh_banners() -> None:
    """Build the cached banners anew in each language, so that no visitor waits for them."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reads.refresh_banners()
    logger.info("the banners were refreshed")
