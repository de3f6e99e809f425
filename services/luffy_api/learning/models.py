"""Who takes which course."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from course.models import Course


class Enrolment(models.Model):
    """That somebody takes a course. The row outlives a refund: whoever buys again goes on there."""

    class Source(models.TextChoices):
        """Why somebody may take a course."""

        FREE = "free", _("Free course")
        BOUGHT = "bought", _("Bought")
        GIVEN = "given", _("Given by staff")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="enrolments",
        verbose_name=_("user"),
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("course")
    )
    source = models.CharField(_("why"), max_length=8, choices=Source.choices)
    began = models.DateTimeField(_("began"), auto_now_add=True)
    ended = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        db_table = "luffy_enrolment"
        ordering = ("-began", "-id")
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = (
            models.UniqueConstraint(fields=("user", "course"), name="luffy_one_enrolment"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.course}"
