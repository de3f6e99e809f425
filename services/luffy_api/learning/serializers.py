"""What people send, checked; and what they get, as the OpenAPI document describes it."""

from typing import Any

from rest_framework import serializers

from course.models import CourseSection
from learning.models import Answer, Question, Review
from learning.progress import LONGEST_S
from luffy.numbers import LARGEST_ID
from luffy.picture_sizes import PictureSizeSerializer


class CourseChoice(serializers.Serializer[Any]):
    """A course by its id."""

    course = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class ProgressReport(serializers.Serializer[Any]):
    """What a player tells, in seconds."""

    position = serializers.IntegerField(min_value=0, max_value=LONGEST_S)
    duration = serializers.IntegerField(min_value=0, max_value=LONGEST_S)
    done = serializers.BooleanField(default=False, help_text="Marked as done; never undone.")
    at = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_ID,
        help_text="Unix milliseconds at which it was so: what comes late moves nothing back.",
    )


class ProgressSerializer(serializers.Serializer[Any]):
    """Where to go on, in seconds."""

    position = serializers.IntegerField()
    duration = serializers.IntegerField()
    done = serializers.BooleanField()


class PlaceSerializer(serializers.Serializer[Any]):
    """Something by its name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file beside a section."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["pdf", "zip", "png", "jpeg", "webp", "mp4", "text"])
    size = serializers.IntegerField(help_text="Bytes.")
    link = serializers.CharField(help_text="Works for a while, with the cookie of this answer.")


class OpenedSectionSerializer(serializers.Serializer[Any]):
    """A section as its viewer gets it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    section_type = serializers.ChoiceField(choices=CourseSection.Type.choices)
    duration = serializers.CharField(allow_blank=True)
    free_trail = serializers.BooleanField()
    enrolled = serializers.BooleanField()
    section_link = serializers.CharField(
        allow_null=True, help_text="The video on this site, or a place elsewhere."
    )
    expires = serializers.DateTimeField(
        allow_null=True, help_text="Until when `section_link` works, where it is on this site."
    )
    course = PlaceSerializer()
    chapter = PlaceSerializer()
    previous = PlaceSerializer(allow_null=True)
    next = PlaceSerializer(allow_null=True)
    attachments = AttachmentSerializer(many=True)
    progress = ProgressSerializer()


class MyCourseSerializer(serializers.Serializer[Any]):
    """A course that the caller takes."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    course_img = serializers.CharField(allow_null=True)
    course_img_set = PictureSizeSerializer(many=True)
    began = serializers.DateTimeField()
    done = serializers.IntegerField(help_text="Sections that are done.")
    sections = serializers.IntegerField(help_text="Sections that are published.")
    percent = serializers.IntegerField()
    go_on = PlaceSerializer(allow_null=True, help_text="The section to go on with.")
    position = serializers.IntegerField(help_text="Where in it, in seconds.")
    certificate = serializers.CharField(allow_null=True, help_text="Its code, once it was issued.")


class MySectionSerializer(serializers.Serializer[Any]):
    """A section of a course that the caller takes."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    section_type = serializers.ChoiceField(choices=CourseSection.Type.choices)
    duration = serializers.CharField(allow_blank=True)
    free_trail = serializers.BooleanField()
    done = serializers.BooleanField()


class MyChapterSerializer(serializers.Serializer[Any]):
    """A chapter of a course that the caller takes."""

    id = serializers.IntegerField()
    chapter = serializers.IntegerField()
    name = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    coursesections = MySectionSerializer(many=True)


class OneCourseSerializer(MyCourseSerializer):
    """A course that the caller takes, with what is in it."""

    chapters = MyChapterSerializer(many=True)


class TextForm(serializers.Serializer[Any]):
    """Plain text: a question or an answer."""

    text = serializers.CharField(max_length=1000)


class ReviewForm(serializers.Serializer[Any]):
    """What somebody thinks of a course."""

    rating = serializers.IntegerField(min_value=1, max_value=5)
    text = serializers.CharField(max_length=1000, allow_blank=True, default="")


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """A review as others read it."""

    author = serializers.CharField(allow_blank=True, help_text="Nothing when they left.")

    class Meta:
        model = Review
        fields = ("id", "author", "rating", "text", "written", "changed")


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    """An answer. `context["caller"]` is the id of who reads it."""

    author = serializers.CharField(allow_blank=True)
    own = serializers.SerializerMethodField()

    class Meta:
        model = Answer
        fields: tuple[str, ...] = ("id", "author", "own", "text", "written", "by_staff")

    def get_own(self, row: Answer) -> bool:
        """Whether the caller wrote it, and may delete it."""
        return row.user_id is not None and row.user_id == self.context.get("caller")


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A question with its answers."""

    author = serializers.CharField(allow_blank=True)
    own = serializers.SerializerMethodField()
    answers = AnswerSerializer(many=True)

    class Meta:
        model = Question
        fields: tuple[str, ...] = ("id", "author", "own", "text", "written", "answers")

    def get_own(self, row: Question) -> bool:
        """Whether the caller wrote it, and may delete it."""
        return row.user_id is not None and row.user_id == self.context.get("caller")


class CourseQuestionSerializer(QuestionSerializer):
    """A question among those of its whole course."""

    section = PlaceSerializer(help_text="The one that it stands under.")

    class Meta(QuestionSerializer.Meta):
        fields = (*QuestionSerializer.Meta.fields, "section")


class CertificateSerializer(serializers.Serializer[Any]):
    """What anyone may know of a certificate."""

    code = serializers.CharField()
    name = serializers.CharField(allow_blank=True, help_text="Nothing when its holder left.")
    course = serializers.CharField(source="course_name")
    issued = serializers.DateTimeField()
