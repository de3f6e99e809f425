"""Courses in the administration."""

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from course.admin_files import AttachmentForm, ProtectedFileInput
from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    HotWord,
    SectionAttachment,
    Teacher,
)

PLACE_AND_SIGHT = ("orders", "is_show", "is_delete")


class ChapterInline(TabularInline):
    """A course's chapters on its own page; each leads to the page with its sections."""

    model = CourseChapter
    # Django's own attribute, which its stubs take for an instance's.
    formfield_overrides = {  # type: ignore[misc]  # noqa: RUF012
        models.TextField: {"widget": UnfoldAdminTextareaWidget({"rows": 2})}
    }
    fields = ("chapter", "name", "summary", *PLACE_AND_SIGHT)
    extra = 0
    show_change_link = True


class SectionInline(TabularInline):
    """A chapter's sections on its own page."""

    model = CourseSection
    fields = ("name", "section_type", "section_link", "duration", "free_trail", *PLACE_AND_SIGHT)
    extra = 0
    show_change_link = True


class AttachmentInline(TabularInline):
    """A section's files on its own page."""

    model = SectionAttachment
    form = AttachmentForm
    fields = ("name", "file", "kind", "size")
    readonly_fields = ("kind", "size")
    extra = 0


@admin.register(CourseCategory)
class CourseCategoryAdmin(ModelAdmin):
    """Categories."""

    fields = ("name", *PLACE_AND_SIGHT)
    list_display = ("name", *PLACE_AND_SIGHT)
    list_editable = ("orders", "is_show")
    search_fields = ("name",)


@admin.register(HotWord)
class HotWordAdmin(ModelAdmin):
    """What visitors are offered to search for."""

    fields = ("word", *PLACE_AND_SIGHT)
    list_display = ("word", *PLACE_AND_SIGHT)
    list_editable = ("orders", "is_show")
    search_fields = ("word",)


@admin.register(Teacher)
class TeacherAdmin(ModelAdmin):
    """Teachers."""

    fields = ("name", "role", "title", "signature", "image", "brief", *PLACE_AND_SIGHT)
    list_display = ("name", "role", "title", *PLACE_AND_SIGHT)
    list_filter = ("role", "is_show", "is_delete")
    search_fields = ("name", "title")


@admin.register(Course)
class CourseAdmin(ModelAdmin):
    """Courses with their chapters."""

    list_display = ("name", "course_category", "teacher", "price", "status", "students", "is_show")
    list_filter = ("status", "course_type", "level", "course_category", "is_show", "is_delete")
    list_select_related = ("course_category", "teacher")
    search_fields = ("name", "brief")
    autocomplete_fields = ("teacher", "course_category")
    fieldsets = (
        (None, {"fields": ("name", "course_img", "course_category", "teacher", "level")}),
        (_("Sale"), {"fields": ("price", "course_type", "status", "pub_date", "period")}),
        (_("Texts"), {"fields": ("brief", "details", "attachment_path")}),
        (_("Numbers"), {"fields": ("students", "sections", "pub_sections")}),
        (_("Place and sight"), {"fields": PLACE_AND_SIGHT}),
    )
    inlines = (ChapterInline,)


@admin.register(CourseChapter)
class CourseChapterAdmin(ModelAdmin):
    """Chapters with their sections."""

    fields = ("course", "chapter", "name", "summary", *PLACE_AND_SIGHT)
    list_display = ("name", "course", "chapter", *PLACE_AND_SIGHT)
    list_filter = ("course",)
    list_select_related = ("course",)
    search_fields = ("name", "course__name")
    autocomplete_fields = ("course",)
    inlines = (SectionInline,)


@admin.register(CourseSection)
class CourseSectionAdmin(ModelAdmin):
    """Sections, to find one among all, with their videos and files."""

    fields = (
        *("chapter", "name", "section_type", "video", "section_link", "duration", "free_trail"),
        *PLACE_AND_SIGHT,
    )
    list_display = ("name", "chapter", "section_type", "duration", "free_trail", "is_show")
    list_filter = ("section_type", "free_trail", "is_show", "is_delete")
    list_select_related = ("chapter",)
    search_fields = ("name", "chapter__name", "chapter__course__name")
    autocomplete_fields = ("chapter",)
    inlines = (AttachmentInline,)
    formfield_overrides = {models.FileField: {"widget": ProtectedFileInput}}  # noqa: RUF012 - Django's
