"""Taking a course, and the courses that one takes."""

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView, locked
from course.models import Course
from learning import documentation
from learning.enrolment import enrol
from learning.failures import NotFree
from learning.models import Enrolment
from learning.my_courses import my_course, my_courses
from learning.serializers import CourseChoice
from luffy.envelope import success
from luffy.limits import Limit, take
from luffy.numbers import positive_number
from luffy.pages import Page


class EnrolView(SignedInView):
    """`POST learning/enrol/`."""

    @documentation.enrol
    def post(self, request: Request) -> Response:
        """Take a course that costs nothing."""
        form = CourseChoice(data=request.data)
        form.is_valid(raise_exception=True)
        course_id = form.validated_data["course"]
        take(Limit("enrol", 60, 3600).by(str(self.user.pk)))
        with transaction.atomic():
            user = locked(self.user)
            # Locked, so that no price is set meanwhile.
            course = Course.objects.public().select_for_update().filter(pk=course_id).first()
            if course is None:
                raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
            if course.price:
                raise NotFree
            new = enrol(user, [course.pk], Enrolment.Source.FREE)
        return success(_("OK"), {"course": course_id, "new": bool(new)})


class MyCoursesView(SignedInView):
    """`GET learning/courses/`."""

    @documentation.my_courses
    def get(self, request: Request) -> Response:
        """A page of the courses that the caller takes, those begun last first."""
        page = Page.of(request)
        count, results = my_courses(self.user, page)
        return success(_("OK"), page.answer(request, count, results))


class OneCourseView(SignedInView):
    """`GET learning/course/{id}/`."""

    @documentation.my_course
    def get(self, request: Request, course_id: str) -> Response:
        """A course that the caller takes, with its sections and which of them are done."""
        return success(_("OK"), my_course(self.user, positive_number("id", course_id)))
