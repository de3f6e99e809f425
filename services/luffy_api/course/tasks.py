"""What is done for the catalogue in the background, a bounded number at a time."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from course.models import Course
from course.reads import course_reads
from luffy.celery import app
from luffy.outside.failures import OutsideError
from luffy.outside.short_links import make_link

logger = logging.getLogger(__name__)

AT_ONCE = 100
# Half the time limit of a task.
LONGEST_S = 30.0
# The service may have got another address, or the link may be gone there.
ASK_AGAIN_AFTER = timedelta(hours=1)


@app.task(name="course.make_short_links")
def make_short_links() -> None:
    """Have short links made for the courses that have none to their page's present address, and
    ask for the others again now and then: the service answers with the link that there is.

    The first failure ends the run: the next comes soon, and the site goes on without.
    """
    if settings.SHORT_LINKS is None:
        return
    began = time.monotonic()
    made = 0
    try:
        for pk, page, *known in _due(settings.SHORT_LINKS.site_url)[:AT_ONCE]:
            if time.monotonic() - began > LONGEST_S:
                break
            short_url = make_link(settings.SHORT_LINKS, page)
            Course.objects.filter(pk=pk).update(
                short_url=short_url, short_url_of=page, short_url_at=timezone.now()
            )
            made += known != [short_url, page]
    except OutsideError as error:
        logger.warning("no more short links now: %s", error)
    if made:
        # An update of rows tells nobody.
        course_reads.invalidate()
        logger.info("%d short links were made", made)


def _due(site_url: str) -> "QuerySet[Course, tuple[int, str, str, str]]":
    """Of each course that is to be asked for: its key, its page, its short link and whose that is;
    those that never were come first."""
    address = Concat(Value(f"{site_url}/courses/"), Cast("pk", CharField()))
    old = Q(short_url_at=None) | Q(short_url_at__lt=timezone.now() - ASK_AGAIN_AFTER)
    return (
        Course.objects.public()
        .annotate(address=address)
        .filter(~Q(short_url_of=F("address")) | old)
        .order_by("short_url_at", "pk")
        .values_list("pk", "address", "short_url", "short_url_of")
    )
