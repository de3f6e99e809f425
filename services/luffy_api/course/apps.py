"""The app of courses."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CourseConfig(AppConfig):
    """Categories, teachers, courses, chapters and sections."""

    name = "course"
    verbose_name = _("Courses")

    def ready(self) -> None:
        """Drop what is cached of the courses when any part of one changes."""
        from course.models import Course, CourseCategory, CourseChapter, CourseSection, Teacher
        from course.reads import course_reads
        from luffy.invalidation import drop_on_change

        drop_on_change(course_reads, CourseCategory, Teacher, Course, CourseChapter, CourseSection)
