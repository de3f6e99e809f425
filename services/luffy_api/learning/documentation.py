"""Learning's endpoints as the OpenAPI document describes them."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from accounts.documentation import FILE, SAID
from learning.reviews import RATINGS
from learning.serializers import (
    AnswerSerializer,
    AttachmentSerializer,
    CertificateSerializer,
    CourseChoice,
    CourseQuestionSerializer,
    MyCourseSerializer,
    OneCourseSerializer,
    OpenedSectionSerializer,
    ProgressReport,
    ProgressSerializer,
    QuestionSerializer,
    ReviewForm,
    ReviewSerializer,
    TextForm,
)
from luffy.documentation import ERROR, PAGE_PARAMETERS, answers, enveloped, number, paged

TAG = "learning"
View = TypeVar("View", bound=Callable[..., Any])
_SIGNED_IN = (400, 401, 404)
_OF_A_BODY = (*_SIGNED_IN, 413, 415, 429)
"""Wrong, of nobody, of nothing, too large, of another kind, or too often."""
_CODE = OpenApiParameter(
    "code", str, OpenApiParameter.PATH, description="In either case, with hyphens or without."
)


def _described(
    operation_id: str, summary: str, responses: Any, *, path_id: str = "", **more: Any
) -> Callable[[View], View]:
    if path_id:
        place = number(path_id, "", required=True, location=OpenApiParameter.PATH)
        more["parameters"] = [place, *more.get("parameters", [])]
    return extend_schema(
        operation_id=operation_id, tags=[TAG], summary=summary, responses=responses, **more
    )


SECTION = enveloped("OpenedSectionAnswer", OpenedSectionSerializer())
PROGRESS = enveloped("ProgressAnswer", ProgressSerializer())
ATTACHMENT = enveloped("AttachmentAnswer", AttachmentSerializer())
CERTIFICATE = enveloped("CertificateAnswer", CertificateSerializer())
REVIEW = enveloped("ReviewAnswer", ReviewSerializer())
OWN_REVIEW = enveloped("OwnReviewAnswer", ReviewSerializer(allow_null=True))
QUESTION = enveloped("QuestionAnswer", QuestionSerializer())
ANSWER = enveloped("AnswerAnswer", AnswerSerializer())
DELETED = enveloped(
    "DeletedAnswer", inline_serializer("Deleted", {"id": serializers.IntegerField()})
)
ENROLLED = enveloped(
    "EnrolAnswer",
    inline_serializer(
        "Enrolled",
        {
            "course": serializers.IntegerField(),
            "new": serializers.BooleanField(help_text="False: the caller takes it already."),
        },
    ),
)
MY_COURSES = enveloped("MyCoursesAnswer", paged("MyCoursesPage", MyCourseSerializer(many=True)))
MY_COURSE = enveloped("MyCourseAnswer", OneCourseSerializer())
REVIEWS = paged(
    "ReviewPage",
    ReviewSerializer(many=True),
    rating=serializers.FloatField(allow_null=True, help_text="Of all pages."),
    ratings=inline_serializer(
        "Ratings", {str(rating): serializers.IntegerField() for rating in RATINGS}
    ),
)
QUESTIONS = paged("QuestionPage", QuestionSerializer(many=True))
COURSE_QUESTIONS = paged("CourseQuestionPage", CourseQuestionSerializer(many=True))

enrol = _described(
    "enrol",
    "Take a course that costs nothing",
    answers(ENROLLED, *_OF_A_BODY, 409),
    request=CourseChoice,
)
my_courses = _described(
    "list_my_courses",
    "A page of the courses that the caller takes",
    answers(MY_COURSES, *_SIGNED_IN),
    parameters=PAGE_PARAMETERS,
)
my_course = _described(
    "get_my_course",
    "A course that the caller takes, with its sections and which of them are done",
    answers(MY_COURSE, *_SIGNED_IN, 403),
    path_id="course_id",
)
section = _described(
    "open_section",
    "A section, with links for this caller; free ones for anyone",
    answers(SECTION, *_SIGNED_IN, 403),
    path_id="section_id",
)
progress = _described(
    "record_progress",
    "How far the caller came in a section",
    answers(PROGRESS, *_OF_A_BODY, 403),
    path_id="section_id",
    request=ProgressReport,
)
attachment = _described(
    "add_attachment",
    "A file beside a section, by staff: PDF, ZIP, PNG, JPEG, WebP, MP4 or text",
    answers(ATTACHMENT, *_OF_A_BODY, 403, 507),
    path_id="section_id",
    request=FILE,
)
attachment_deletion = _described(
    "delete_attachment",
    "Delete a file beside a section, by staff",
    answers(DELETED, *_SIGNED_IN, 403),
    path_id="attachment_id",
)
certificate_issue = _described(
    "issue_certificate",
    "The caller's certificate for a course that is done",
    answers(CERTIFICATE, *_OF_A_BODY, 403, 409),
    request=CourseChoice,
)
certificate = _described(
    "verify_certificate",
    "Whose a certificate is, for anyone",
    answers(CERTIFICATE, 404, 429),
    parameters=[_CODE],
)
certificate_pdf = _described(
    "print_certificate",
    "A certificate as a PDF",
    {
        (200, "application/pdf"): OpenApiTypes.BINARY,
        **dict.fromkeys((404, 429, 503), ERROR),
    },
    parameters=[_CODE],
)
reviews = _described(
    "list_reviews",
    "A page of a course's reviews, the newest first",
    answers(REVIEWS, 400, 404),
    path_id="course_id",
    parameters=PAGE_PARAMETERS,
)
own_review = _described(
    "get_own_review",
    "One's own review of a course, null where there is none",
    answers(OWN_REVIEW, *_SIGNED_IN),
    path_id="course_id",
)
own_review_change = _described(
    "write_own_review",
    "Write one's review of a course, or change it",
    answers(REVIEW, *_OF_A_BODY, 403),
    path_id="course_id",
    request=ReviewForm,
)
own_review_deletion = _described(
    "delete_own_review",
    "Delete one's review of a course",
    answers(SAID, *_SIGNED_IN),
    path_id="course_id",
)
questions = _described(
    "list_questions",
    "A page of the questions under a section, the newest first",
    answers(QUESTIONS, *_SIGNED_IN, 403),
    path_id="section_id",
    parameters=PAGE_PARAMETERS,
)
course_questions = _described(
    "list_course_questions",
    "A page of the questions under a course's sections that the caller may see, the newest first",
    answers(COURSE_QUESTIONS, *_SIGNED_IN),
    path_id="course_id",
    parameters=PAGE_PARAMETERS,
)
question = _described(
    "ask_question",
    "Ask under a section",
    answers(QUESTION, *_OF_A_BODY, 403),
    path_id="section_id",
    request=TextForm,
)
answer = _described(
    "answer_question",
    "Answer a question",
    answers(ANSWER, *_OF_A_BODY, 403, 409),
    path_id="question_id",
    request=TextForm,
)
question_deletion = _described(
    "delete_own_question",
    "Delete one's question, with its answers",
    answers(SAID, *_SIGNED_IN),
    path_id="question_id",
)
answer_deletion = _described(
    "delete_own_answer",
    "Delete one's answer",
    answers(SAID, *_SIGNED_IN),
    path_id="answer_id",
)
