"""Courses and what belongs to them."""

from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from course.files import attachment_name, validate_video, video_name
from luffy.base_model import BaseModel, ShownQuerySet
from luffy.html import HtmlField
from luffy.picture_sizes import sizes_field


class CourseCategory(BaseModel):
    """A kind of courses."""

    name = models.CharField(_("name"), max_length=64)

    class Meta(BaseModel.Meta):
        db_table = "luffy_course_category"
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.name


class Teacher(BaseModel):
    """Someone who teaches courses."""

    class Role(models.IntegerChoices):
        """What a teacher does."""

        LECTURER = 0, _("Lecturer")
        TUTOR = 1, _("Tutor")
        HEAD_TEACHER = 2, _("Head teacher")

    name = models.CharField(_("name"), max_length=40)
    role = models.SmallIntegerField(_("role"), choices=Role.choices, default=Role.LECTURER)
    title = models.CharField(_("title"), max_length=64)
    signature = models.CharField(_("motto"), max_length=255, blank=True)
    image = models.ImageField(_("picture"), upload_to="teacher/", blank=True)
    image_sizes = sizes_field()
    brief = models.TextField(_("introduction"), max_length=1024)

    class Meta(BaseModel.Meta):
        db_table = "luffy_teacher"
        verbose_name = _("teacher")
        verbose_name_plural = _("teachers")

    def __str__(self) -> str:
        return self.name


class CourseQuerySet(ShownQuerySet["Course"]):
    """Courses, with a way to ask for those that visitors may see."""

    def public(self) -> Self:
        """Courses that are neither hidden, deleted nor offline."""
        return self.shown().exclude(status=Course.Status.OFFLINE)


class Course(BaseModel):
    """A course, sold as a whole."""

    class Type(models.IntegerChoices):
        """How a course is sold."""

        PAID = 0, _("Paid")
        VIP = 1, _("VIP only")
        DEGREE = 2, _("Degree course")

    class Level(models.IntegerChoices):
        """How much a student should know before."""

        BEGINNER = 0, _("Beginner")
        ELEMENTARY = 1, _("Elementary")
        INTERMEDIATE = 2, _("Intermediate")
        ADVANCED = 3, _("Advanced")
        EXPERT = 4, _("Expert")

    class Status(models.IntegerChoices):
        """Whether a course can be seen and bought."""

        ONLINE = 0, _("Online")
        OFFLINE = 1, _("Offline")
        PRE = 2, _("Coming soon")

    name = models.CharField(_("name"), max_length=128)
    course_img = models.ImageField(_("picture"), upload_to="course/", blank=True)
    course_img_sizes = sizes_field()
    course_type = models.SmallIntegerField(_("sold as"), choices=Type.choices, default=Type.PAID)
    brief = models.TextField(_("description"), max_length=2048, blank=True)
    details = HtmlField(
        _("details"),
        blank=True,
        help_text=_("HTML, on the course's own page. What could do harm in it is taken out."),
    )
    level = models.SmallIntegerField(_("level"), choices=Level.choices, default=Level.BEGINNER)
    pub_date = models.DateField(_("published on"), default=timezone.localdate)
    period = models.PositiveIntegerField(_("days of study"), default=7)
    attachment_path = models.CharField(
        _("course material"),
        max_length=255,
        blank=True,
        help_text=_("Where it lies. Shown to visitors of free courses only."),
    )
    status = models.SmallIntegerField(_("status"), choices=Status.choices, default=Status.ONLINE)
    students = models.PositiveIntegerField(_("students"), default=0)
    sections = models.PositiveIntegerField(_("sections in all"), default=0)
    pub_sections = models.PositiveIntegerField(_("sections published"), default=0)
    # Counted by the learning app from the reviews that are shown.
    reviews = models.PositiveIntegerField(_("reviews"), default=0, db_default=0, editable=False)
    rating_total = models.PositiveIntegerField(
        _("sum of ratings"), default=0, db_default=0, editable=False
    )
    # Where a short link to its page was made, for which address of the page, and when that was
    # last asked for.
    short_url = models.CharField(
        _("short link"), max_length=255, default="", db_default="", editable=False
    )
    short_url_of = models.CharField(max_length=255, default="", db_default="", editable=False)
    short_url_at = models.DateTimeField(null=True, editable=False)
    price = models.DecimalField(
        _("price"), max_digits=8, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    teacher = models.ForeignKey(
        Teacher, on_delete=models.PROTECT, related_name="courses", verbose_name=_("teacher")
    )
    course_category = models.ForeignKey(
        CourseCategory,
        on_delete=models.PROTECT,
        related_name="courses",
        verbose_name=_("category"),
    )

    # mypy takes the base's manager for a class variable and this one for an instance's.
    objects = CourseQuerySet.as_manager()  # type: ignore[misc]

    class Meta(BaseModel.Meta):
        db_table = "luffy_course"
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        # One for each order that a list of courses can be asked in.
        indexes = (
            models.Index(fields=("orders", "id"), name="luffy_course_by_place"),
            models.Index(fields=("price", "id"), name="luffy_course_by_price"),
            models.Index(fields=("students", "id"), name="luffy_course_by_students"),
            models.Index(fields=("pub_date", "id"), name="luffy_course_by_date"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def rating(self) -> float | None:
        """What those who took the course think of it, 1.0 to 5.0; nothing before the first."""
        return round(self.rating_total / self.reviews, 1) if self.reviews else None


class CourseChapter(BaseModel):
    """A chapter of a course."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="coursechapters", verbose_name=_("course")
    )
    chapter = models.PositiveSmallIntegerField(_("number"), default=1)
    name = models.CharField(_("name"), max_length=128)
    summary = models.TextField(_("summary"), blank=True)

    class Meta(BaseModel.Meta):
        db_table = "luffy_course_chapter"
        ordering = ("chapter", "id")
        verbose_name = _("chapter")
        verbose_name_plural = _("chapters")

    def __str__(self) -> str:
        return f"{self.chapter}. {self.name}"


class CourseSection(BaseModel):
    """A section of a chapter: something to read, do or watch."""

    class Type(models.IntegerChoices):
        """What a section is."""

        DOCUMENT = 0, _("Document")
        EXERCISE = 1, _("Exercise")
        VIDEO = 2, _("Video")

    chapter = models.ForeignKey(
        CourseChapter,
        on_delete=models.CASCADE,
        related_name="coursesections",
        verbose_name=_("chapter"),
    )
    name = models.CharField(_("name"), max_length=128)
    section_type = models.SmallIntegerField(_("kind"), choices=Type.choices, default=Type.VIDEO)
    section_link = models.CharField(
        _("link"),
        max_length=255,
        blank=True,
        help_text=_("Where it lies. Shown to visitors only if it is free to try."),
    )
    video = models.FileField(
        _("video"),
        upload_to=video_name,
        validators=[validate_video],
        max_length=100,
        blank=True,
        default="",
        # The release before knows nothing of this column, and goes on to add sections.
        db_default="",
        help_text=_("An MP4 file on this site, played instead of what the link leads to."),
    )
    duration = models.CharField(_("duration"), max_length=32, blank=True)
    free_trail = models.BooleanField(_("free to try"), default=False)

    class Meta(BaseModel.Meta):
        db_table = "luffy_course_section"
        verbose_name = _("section")
        verbose_name_plural = _("sections")

    def __str__(self) -> str:
        return self.name


class SectionAttachment(models.Model):
    """A file beside a section, for those who may see the section."""

    section = models.ForeignKey(
        CourseSection,
        on_delete=models.CASCADE,
        related_name="attachments",
        verbose_name=_("section"),
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    file = models.FileField(_("file"), upload_to=attachment_name, max_length=100)
    kind = models.CharField(_("kind"), max_length=8, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    added = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        db_table = "luffy_section_attachment"
        ordering = ("id",)
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.name


class CourseSearch(models.Model):
    """The words that a course is found by; see `course.words`. Written when the course is saved."""

    course = models.OneToOneField(
        Course, on_delete=models.CASCADE, primary_key=True, related_name="search"
    )
    name_words = models.TextField()
    other_words = models.TextField()
    """Of its description, its teacher's and its category's name."""

    class Meta:
        db_table = "luffy_course_search"
        # With full-text indexes, which Django has no word for: see migration 0003.


class HotWord(BaseModel):
    """A word that visitors are offered to search for."""

    word = models.CharField(_("word"), max_length=32, unique=True)

    class Meta(BaseModel.Meta):
        db_table = "luffy_hot_word"
        verbose_name = _("hot word")
        verbose_name_plural = _("hot words")

    def __str__(self) -> str:
        return self.word
