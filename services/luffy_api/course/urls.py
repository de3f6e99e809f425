"""Addresses below `course/`."""

from django.urls import path

from course.video_views import SectionVideoView
from course.views import (
    CategoryView,
    ChapterView,
    CourseListView,
    CourseView,
    HotWordView,
    SearchView,
    SuggestionView,
    TeacherView,
)

urlpatterns = [
    path("category/", CategoryView.as_view(), name="category"),
    path("actual/", CourseListView.as_view(), name="course-list"),
    # Any text: one that is no number is told so, instead of "nothing at this address".
    path("actual/<str:course_id>/", CourseView.as_view(), name="course"),
    path("search/", SearchView.as_view(), name="course-search"),
    path("suggestions/", SuggestionView.as_view(), name="course-suggestions"),
    path("hot_words/", HotWordView.as_view(), name="hot-words"),
    path("teacher/", TeacherView.as_view(), name="teachers"),
    path("section/<str:section_id>/video/", SectionVideoView.as_view(), name="section-video"),
    path("chapter/", ChapterView.as_view(), name="chapter"),
]
