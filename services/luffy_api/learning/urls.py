"""Addresses below `learning/`."""

from django.urls import path

from learning.views.certificates import CertificatePdfView, CertificateView, OneCertificateView
from learning.views.courses import EnrolView, MyCoursesView, OneCourseView
from learning.views.questions import (
    AnswerListView,
    CourseQuestionListView,
    OwnAnswerView,
    OwnQuestionView,
    QuestionListView,
)
from learning.views.reviews import OwnReviewView, ReviewListView
from learning.views.sections import AttachmentView, OneAttachmentView, ProgressView, SectionView

_SECTION = "section/<str:section_id>/"

urlpatterns = [
    path("enrol/", EnrolView.as_view(), name="enrol"),
    path("courses/", MyCoursesView.as_view(), name="my-courses"),
    path("course/<str:course_id>/", OneCourseView.as_view(), name="my-course"),
    path(_SECTION, SectionView.as_view(), name="section"),
    path(f"{_SECTION}progress/", ProgressView.as_view(), name="progress"),
    path(f"{_SECTION}attachment/", AttachmentView.as_view(), name="attachment"),
    path(f"{_SECTION}questions/", QuestionListView.as_view(), name="questions"),
    path("attachment/<str:attachment_id>/", OneAttachmentView.as_view(), name="one-attachment"),
    path(
        "course/<str:course_id>/questions/",
        CourseQuestionListView.as_view(),
        name="course-questions",
    ),
    path("question/<str:question_id>/", OwnQuestionView.as_view(), name="question"),
    path("question/<str:question_id>/answers/", AnswerListView.as_view(), name="answers"),
    path("answer/<str:answer_id>/", OwnAnswerView.as_view(), name="answer"),
    path("course/<str:course_id>/reviews/", ReviewListView.as_view(), name="reviews"),
    path("course/<str:course_id>/review/", OwnReviewView.as_view(), name="review"),
    path("certificate/", CertificateView.as_view(), name="certificate-issue"),
    path("certificate/<str:code>/", OneCertificateView.as_view(), name="certificate"),
    path("certificate/<str:code>/pdf/", CertificatePdfView.as_view(), name="certificate-pdf"),
]
