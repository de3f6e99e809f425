"""Courses as JSON, for visitors who have not bought any."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from course.links import open_video
from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    HotWord,
    Teacher,
)
from luffy.picture_sizes import PictureSetField


class CategorySerializer(serializers.ModelSerializer[CourseCategory]):
    """A category."""

    class Meta:
        model = CourseCategory
        fields = ("id", "name")


class HotWordSerializer(serializers.ModelSerializer[HotWord]):
    """A word to search for."""

    class Meta:
        model = HotWord
        fields = ("id", "word")


class TeacherSerializer(serializers.ModelSerializer[Teacher]):
    """A teacher, beside a course."""

    role_name = serializers.CharField(source="get_role_display")
    image_set = PictureSetField("image")

    class Meta:
        model = Teacher
        fields = ("id", "name", "role_name", "title", "signature", "image", "image_set", "brief")


class SectionPreviewSerializer(serializers.ModelSerializer[CourseSection]):
    """A section in a course's short list; the link only if it is free to try."""

    section_link = serializers.SerializerMethodField()

    class Meta:
        model = CourseSection
        fields: tuple[str, ...] = ("name", "section_link", "duration", "free_trail")

    def get_section_link(self, section: CourseSection) -> str | None:
        """Where the section lies, or nothing: a link would be the section itself."""
        if not section.free_trail:
            return None
        return open_video(section.pk) if section.video else section.section_link or None


class SectionSerializer(SectionPreviewSerializer):
    """A section in its chapter."""

    class Meta(SectionPreviewSerializer.Meta):
        fields = (
            "id",
            "name",
            "orders",
            "section_type",
            "section_link",
            "duration",
            "free_trail",
        )


class ChapterSerializer(serializers.ModelSerializer[CourseChapter]):
    """A chapter with its sections, which the caller has prefetched."""

    coursesections = SectionSerializer(many=True)

    class Meta:
        model = CourseChapter
        fields = ("id", "chapter", "name", "summary", "coursesections")


class CourseSerializer(serializers.ModelSerializer[Course]):
    """A course. `context["previews"]` maps a course's id to the sections to show with it."""

    course_img_set = PictureSetField("course_img")
    attachment_path = serializers.SerializerMethodField()
    course_type_name = serializers.CharField(source="get_course_type_display")
    level_name = serializers.CharField(source="get_level_display")
    status_name = serializers.CharField(source="get_status_display")
    for_sale = serializers.SerializerMethodField()
    rating = serializers.FloatField(
        read_only=True, allow_null=True, min_value=1, max_value=5, help_text="Null without reviews."
    )
    teacher = serializers.SerializerMethodField()
    section_list = serializers.SerializerMethodField()

    class Meta:
        model = Course
        fields: tuple[str, ...] = (
            "id",
            "name",
            "course_img",
            "course_img_set",
            "brief",
            "attachment_path",
            "price",
            "students",
            "period",
            "sections",
            "pub_sections",
            "rating",
            "reviews",
            "course_type_name",
            "level_name",
            "status_name",
            "for_sale",
            "teacher",
            "section_list",
        )

    def get_for_sale(self, course: Course) -> bool:
        """Whether an order of it would be taken, rather than it is coming soon."""
        return course.status == Course.Status.ONLINE

    def get_attachment_path(self, course: Course) -> str | None:
        """Where the material lies: of a course that costs nothing alone."""
        return course.attachment_path or None if not course.price else None

    @extend_schema_field(TeacherSerializer(allow_null=True))
    def get_teacher(self, course: Course) -> dict[str, Any] | None:
        """The teacher, unless hidden or deleted."""
        teacher = course.teacher
        if teacher.is_delete or not teacher.is_show:
            return None
        return dict(TeacherSerializer(teacher).data)

    @extend_schema_field(SectionPreviewSerializer(many=True))
    def get_section_list(self, course: Course) -> list[Any]:
        """The first sections of the course."""
        sections = self.context["previews"].get(course.pk, [])
        return list(SectionPreviewSerializer(sections, many=True).data)


class WholeCourseSerializer(CourseSerializer):
    """A course on its own page."""

    short_url = serializers.SerializerMethodField()

    class Meta(CourseSerializer.Meta):
        fields = (*CourseSerializer.Meta.fields, "details", "short_url")

    def get_short_url(self, course: Course) -> str | None:
        """A short link to its page, whose QR code is at the same address with `.svg` behind it.

        Null where there is none, or not yet.
        """
        return course.short_url or None if settings.SHORT_LINKS else None
