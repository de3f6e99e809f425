"""Certificates: issued once, under the name of that day, and verified by a code.

The code has 100 random bits in letters that are not mistaken for each other (Crockford's base 32),
so nobody finds one by trying.
"""

import re
import secrets

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.authentication import locked
from accounts.models import User
from course.models import Course
from learning.enrolment import is_enrolled
from learning.failures import NameMissing, NotComplete, NotEnrolled
from learning.metrics import certificates_issued
from learning.models import Certificate
from learning.syllabus import course_progress

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH, _GROUP = 20, 5
_CODE = re.compile(rf"[{_LETTERS}]{{{_LENGTH}}}")


def issue(user: User, course_id: int) -> Certificate:
    """The certificate of `user` for a course: the one that was issued, or a new one.

    Raises:
        NotFound: there is no such course.
        NotEnrolled, NotComplete, NameMissing: there is none to issue.
        AuthenticationFailed: the account is gone by now.
    """
    with transaction.atomic():
        # Of two requests at once, the second finds what the first made.
        user = locked(user)
        course = Course.objects.filter(pk=course_id, is_delete=False).first()
        if course is None:
            raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
        known = Certificate.objects.filter(user=user, course=course).first()
        if known is not None:
            return known
        if not is_enrolled(user, course.pk):
            raise NotEnrolled
        progress = course_progress(user, [course.pk])[course.pk]
        if not progress.sections or progress.done < progress.sections:
            raise NotComplete
        if not user.display_name:
            raise NameMissing
        made = Certificate.objects.create(
            user=user,
            course=course,
            code="".join(secrets.choice(_LETTERS) for _letter in range(_LENGTH)),
            name=user.display_name,
            course_name=course.name,
        )
    certificates_issued.inc()
    return made


def find(code: str) -> Certificate:
    """The certificate with `code`, typed in whichever case and with hyphens or without.

    Raises:
        NotFound: there is none.
    """
    typed = code.replace("-", "").upper()
    found = Certificate.objects.filter(code=typed).first() if _CODE.fullmatch(typed) else None
    if found is None:
        raise NotFound(_("There is no certificate with this code."))
    return found


def spelled(code: str) -> str:
    """The code in groups, to read and to type."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
