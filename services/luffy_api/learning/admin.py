"""Learning in the administration."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from learning.models import Answer, Certificate, Enrolment, Question, Review, SectionProgress


class ReadOnlyAdmin(ModelAdmin):
    """Rows that follow from what people do: looked at, not written."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody."""
        return False


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    """Who takes which course. Given and taken elsewhere, where students are counted, too."""

    list_display = ("user", "course", "source", "began", "ended")
    list_filter = ("source", "began")
    list_select_related = ("user", "course")
    search_fields = ("user__username", "user__mobile", "course__name")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody: an enrolment ends, and stays."""
        return False


@admin.register(SectionProgress)
class SectionProgressAdmin(ReadOnlyAdmin):
    """How far people came."""

    list_display = ("user", "section", "position_s", "furthest_s", "duration_s", "done")
    list_select_related = ("user", "section")
    search_fields = ("user__username", "section__name")


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Certificates; one that should not be is deleted."""

    list_display = ("code", "name", "course_name", "issued")
    search_fields = ("code", "name", "course_name")


class TextAdmin(ModelAdmin):
    """What people wrote: hidden by staff, not written for them."""

    list_editable = ("is_show",)
    list_filter = ("is_show", "written")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False


@admin.register(Review)
class ReviewAdmin(TextAdmin):
    """Reviews."""

    list_display = ("course", "rating", "user", "written", "text", "is_show")
    list_select_related = ("user", "course")
    fields = ("course", "user", "rating", "text", "written", "is_show")
    readonly_fields = ("course", "user", "rating", "text", "written")
    search_fields = ("text", "course__name", "user__username")


@admin.register(Question)
class QuestionAdmin(TextAdmin):
    """Questions."""

    list_display = ("section", "user", "written", "text", "is_show")
    list_select_related = ("user", "section")
    fields = ("section", "user", "text", "written", "is_show")
    readonly_fields = ("section", "user", "text", "written")
    search_fields = ("text", "section__name", "user__username")


@admin.register(Answer)
class AnswerAdmin(TextAdmin):
    """Answers."""

    list_display = ("question", "user", "by_staff", "written", "text", "is_show")
    list_select_related = ("user", "question")
    fields = ("question", "user", "by_staff", "text", "written", "is_show")
    readonly_fields = ("question", "user", "by_staff", "text", "written")
    search_fields = ("text", "user__username")
