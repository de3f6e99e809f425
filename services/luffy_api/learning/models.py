"""Who takes which course, how far they came, and what they wrote."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from course.models import Course, CourseSection


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


class SectionProgress(models.Model):
    """How far somebody came in a section."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="progress",
        verbose_name=_("user"),
    )
    section = models.ForeignKey(
        CourseSection, on_delete=models.CASCADE, related_name="progress", verbose_name=_("section")
    )
    position_s = models.PositiveIntegerField(_("goes on at (seconds)"), default=0)
    furthest_s = models.PositiveIntegerField(_("came to (seconds)"), default=0)
    duration_s = models.PositiveIntegerField(_("duration (seconds)"), default=0)
    seen_ms = models.PositiveBigIntegerField(_("was there at (Unix milliseconds)"), default=0)
    """When the position was the player's: an older one that arrives later moves nothing back."""
    done = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        db_table = "luffy_section_progress"
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = (
            models.UniqueConstraint(fields=("user", "section"), name="luffy_one_progress"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.section}"


class Certificate(models.Model):
    """That somebody completed a course, under the names that stood then."""

    # Nothing once its holder left.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="certificates",
        verbose_name=_("user"),
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, related_name="certificates", verbose_name=_("course")
    )
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name printed"), max_length=150, blank=True)
    course_name = models.CharField(_("course printed"), max_length=128)
    issued = models.DateTimeField(_("issued"), auto_now_add=True)

    class Meta:
        db_table = "luffy_certificate"
        ordering = ("-issued", "-id")
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints = (
            models.UniqueConstraint(fields=("user", "course"), name="luffy_one_certificate"),
        )

    def __str__(self) -> str:
        return self.code


class Text(models.Model):
    """What somebody wrote where others read it. It stays, without a name, when they leave."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    text = models.TextField(_("text"), max_length=1000)
    is_show = models.BooleanField(_("shown"), default=True)
    written = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def author(self) -> str:
        """The writer's name as others see it; nothing when they left."""
        return self.user.shown_name if self.user and self.user.is_active else ""


class Review(Text):
    """What somebody who takes a course thinks of it: one each."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="+", verbose_name=_("course")
    )
    rating = models.PositiveSmallIntegerField(
        _("rating"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    changed = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        db_table = "luffy_review"
        ordering = ("-written", "-id")
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = (models.UniqueConstraint(fields=("user", "course"), name="luffy_one_review"),)
        indexes = (models.Index(fields=("course", "-written", "-id"), name="luffy_review_by_date"),)


class Question(Text):
    """A question under a section."""

    section = models.ForeignKey(
        CourseSection, on_delete=models.CASCADE, related_name="+", verbose_name=_("section")
    )

    class Meta:
        db_table = "luffy_question"
        ordering = ("-written", "-id")
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        indexes = (
            models.Index(fields=("section", "-written", "-id"), name="luffy_question_by_date"),
        )


class Answer(Text):
    """An answer to a question."""

    question = models.ForeignKey(
        Question, on_delete=models.CASCADE, related_name="answers", verbose_name=_("question")
    )
    by_staff = models.BooleanField(_("by staff"), default=False)

    class Meta:
        db_table = "luffy_answer"
        ordering = ("id",)
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
