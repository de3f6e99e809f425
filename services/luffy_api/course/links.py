"""Where the videos of sections that are free to try can be had by anyone.

What is cached names an address that stays the same; it leads to a link that works for a while.
"""

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from course.models import Course, CourseSection
from luffy.media_links import ANYONE, Link, make_link


def open_video(section_id: int) -> str:
    """The address of a free section's video on this site."""
    return f"/api/v1/course/section/{section_id}/video/"


def video_for_anyone(section_id: int) -> Link:
    """A link to a free section's video.

    Raises:
        NotFound: there is no such section that visitors may see, or it has no video here.
    """
    section = (
        CourseSection.objects.shown()
        .filter(
            pk=section_id,
            free_trail=True,
            chapter__is_show=True,
            chapter__is_delete=False,
            chapter__course__in=Course.objects.public(),
        )
        .exclude(video="")
        .first()
    )
    if section is None:
        raise NotFound(_("There is no video that is free to try here."))
    return make_link(section.video.name or "", ANYONE)
