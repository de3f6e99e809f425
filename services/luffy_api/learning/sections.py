"""A section as its viewer gets it."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import User
from course.models import CourseSection, SectionAttachment
from learning.access import Access
from learning.media_cookie import holder
from learning.models import SectionProgress
from learning.syllabus import Place, neighbours, places
from luffy.media_links import ANYONE, make_link


def section_answer(access: Access, user: User | None) -> dict[str, Any]:
    """The section, what lies beside it, and links to its files for this caller alone.

    The links to a section that is free to try work for anyone: so does this answer.
    """
    section, course = access.section, access.course
    to = ANYONE if section.free_trail or user is None else holder(user)
    before, after = neighbours(places([course.pk])[course.pk], section.pk)
    video = make_link(section.video.name or "", to) if section.video else None
    return {
        "id": section.pk,
        "name": section.name,
        "section_type": section.section_type,
        "duration": section.duration,
        "free_trail": section.free_trail,
        "enrolled": access.enrolled,
        "section_link": video.address if video else section.section_link or None,
        "expires": datetime.fromtimestamp(video.expires, UTC).isoformat() if video else None,
        "course": {"id": course.pk, "name": course.name},
        "chapter": {"id": section.chapter.pk, "name": section.chapter.name},
        "previous": _place(before),
        "next": _place(after),
        "attachments": [attachment_answer(one, to) for one in section.attachments.all()],
        "progress": progress_answer(_progress(section, user)),
    }


def attachment_answer(attachment: SectionAttachment, to: str) -> dict[str, Any]:
    """A file beside a section, with a link to download it."""
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "kind": attachment.kind,
        "size": attachment.size,
        "link": make_link(attachment.file.name or "", to, attachment.name).address,
    }


def progress_answer(row: SectionProgress | None) -> dict[str, Any]:
    """Where to go on, in seconds, and whether the section is done."""
    return {
        "position": row.position_s if row else 0,
        "duration": row.duration_s if row else 0,
        "done": row is not None and row.done is not None,
    }


def _progress(section: CourseSection, user: User | None) -> SectionProgress | None:
    if user is None:
        return None
    return SectionProgress.objects.filter(user=user, section=section).first()


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"id": place.id, "name": place.name} if place else None
