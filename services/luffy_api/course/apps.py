"""The app of courses."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CourseConfig(AppConfig):
    """Categories, teachers, courses, chapters and sections."""

    name = "course"
    verbose_name = _("Courses")

    def ready(self) -> None:
        """Drop what is cached of the courses when any part of one changes, index them anew,
        make pictures in several sizes, and delete files that no row names any more."""
        from course.models import (
            Course,
            CourseCategory,
            CourseChapter,
            CourseSection,
            HotWord,
            SectionAttachment,
            Teacher,
        )
        from course.reads import course_reads
        from course.search import index_on_save
        from luffy.invalidation import drop_on_change
        from luffy.picture_sizes import SMALL, WIDE, keep_sizes
        from luffy.stored_files import delete_with_row

        catalogue = (CourseCategory, Teacher, Course, CourseChapter, CourseSection, HotWord)
        drop_on_change(course_reads, *catalogue)
        index_on_save()
        delete_with_row(CourseSection, "video")
        delete_with_row(SectionAttachment, "file")
        keep_sizes(Course, "course_img", WIDE, course_reads)
        keep_sizes(Teacher, "image", SMALL, course_reads)
