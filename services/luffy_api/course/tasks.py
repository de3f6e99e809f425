"""What is done for the catalogue in the background, a bounded number at a time."""

import logging
import time

from django.conf import settings
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from course.models import Course
from course.reads import course_reads
from luffy.celery import app
from luffy.outside.failures import OutsideError
from luffy.outside.short_links import make_link

logger = logging.getLogger(__name__)

AT_ONCE = 100
# Half the time limit of a task.
LONGEST_S = 30.0


@app.task(name="course.make_short_links")
def make_short_links() -> None:
    """Have short links made for the courses that have none to their page's present address.

    The first failure ends the run: the next comes soon, and the site goes on without.
    """
    if settings.SHORT_LINKS is None:
        return
    began = time.monotonic()
    made = 0
    address = Concat(Value(f"{settings.SHORT_LINKS.site_url}/courses/"), Cast("pk", CharField()))
    due = Course.objects.public().annotate(address=address).exclude(short_url_of=F("address"))
    try:
        for pk, page in due.order_by("pk").values_list("pk", "address")[:AT_ONCE]:
            if time.monotonic() - began > LONGEST_S:
                break
            short_url = make_link(settings.SHORT_LINKS, page)
            Course.objects.filter(pk=pk).update(short_url=short_url, short_url_of=page)
            made += 1
    except OutsideError as error:
        logger.warning("no more short links now: %s", error)
    if made:
        # An update of rows tells nobody.
        course_reads.invalidate()
        logger.info("%d short links were made", made)
