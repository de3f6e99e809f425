"""Who may see a section or a course's sections, and who may take part below them.

A course that was taken stays open to who took it while it is hidden or offline; one that was
deleted is closed to all.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request

from accounts.authentication import AccessTokenAuthentication, PersonalView
from accounts.models import User
from course.models import Course, CourseSection
from learning.enrolment import is_enrolled
from learning.failures import NotEnrolled

SEES_ALL = "course.view_coursesection"


@dataclass(frozen=True)
class Access:
    """A section that the caller may see; `enrolled` tells whether as one who takes the course."""

    section: CourseSection
    enrolled: bool

    @property
    def course(self) -> Course:
        """The section's course."""
        return self.section.chapter.course


class MaybeSignedInView(PersonalView):
    """A view for everybody, which knows who has logged in."""

    authentication_classes = (AccessTokenAuthentication,)

    @property
    def caller(self) -> User | None:
        """Who calls, if they have logged in."""
        user: Any = self.request.user
        return user if isinstance(user, User) else None


@dataclass(frozen=True)
class Sight:
    """What a caller may see of a course."""

    enrolled: bool
    whole: bool
    """All its sections, or those alone that are free to try."""


def see(section_id: int, user: User | None) -> Access:
    """The section, for who takes the course, for staff, and for anyone if it is free to try.

    Raises:
        NotFound: there is none, or none that this caller may know of.
        NotAuthenticated: perhaps after a login.
        NotEnrolled: it belongs to those who take the course.
    """
    rows = _published().filter(pk=section_id).select_related("chapter__course")
    section = rows.first()
    sight = _sight(section.chapter.course, user) if section else None
    if section is None or sight is None:
        raise NotFound(_("There is no section %(id)s.") % {"id": section_id})
    if sight.whole or section.free_trail:
        return Access(section, sight.enrolled)
    if user is None:
        raise NotAuthenticated
    raise NotEnrolled


def seen_sections(course_id: int, user: User | None) -> QuerySet[CourseSection]:
    """Those sections of a course that `see` lets this caller see.

    Raises:
        NotFound: there is no course, or none that this caller may know of.
    """
    course = Course.objects.filter(pk=course_id, is_delete=False).defer("details").first()
    sight = _sight(course, user) if course else None
    if sight is None:
        raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
    rows = _published().filter(chapter__course_id=course_id)
    return rows if sight.whole else rows.filter(free_trail=True)


def _published() -> QuerySet[CourseSection]:
    """Sections of which neither they, nor what they stand in, are closed to all."""
    return CourseSection.objects.shown().filter(
        chapter__is_show=True, chapter__is_delete=False, chapter__course__is_delete=False
    )


def _sight(course: Course, user: User | None) -> Sight | None:
    """What of a course that was not deleted the caller may see; nothing where they may not know
    of it."""
    enrolled = user is not None and is_enrolled(user, course.pk)
    if enrolled or (user is not None and user.is_staff and user.has_perm(SEES_ALL)):
        return Sight(enrolled, whole=True)
    if not course.is_show or course.status == Course.Status.OFFLINE:
        return None
    return Sight(enrolled=False, whole=False)


def take_part(section_id: int, user: User) -> Access:
    """The same for those alone who take the course.

    Raises:
        NotFound, NotEnrolled: as above; staff and free sections make no exception.
    """
    access = see(section_id, user)
    if not access.enrolled:
        raise NotEnrolled
    return access


def demand(request: Request, permission: str) -> None:
    """Let staff with a right go on.

    Raises:
        PermissionDenied: the caller is none of them.
    """
    if not (isinstance(request.user, User) and request.user.is_staff):
        raise PermissionDenied
    if not request.user.has_perm(permission):
        raise PermissionDenied
