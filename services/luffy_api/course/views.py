"""The catalogue's endpoints."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from course import documentation, reads
from course.pages import CourseQuery, searched
from course.suggestions import suggestions
from luffy.envelope import as_text, text_answer, with_text
from luffy.numbers import positive_number


class CategoryView(APIView):
    """`GET course/category/`."""

    @documentation.categories
    def get(self, request: Request) -> HttpResponse:
        """The categories: a bare list of id and name."""
        return text_answer(reads.categories())


class TeacherView(APIView):
    """`GET course/teacher/`."""

    @documentation.teachers
    def get(self, request: Request) -> HttpResponse:
        """The teachers: a bare list."""
        return text_answer(reads.teachers())


class HotWordView(APIView):
    """`GET course/hot_words/`."""

    @documentation.hot_words
    def get(self, request: Request) -> HttpResponse:
        """The words that visitors are offered to search for: a bare list."""
        return text_answer(reads.hot_words())


class SearchView(APIView):
    """`GET course/search/`."""

    @documentation.search
    def get(self, request: Request) -> HttpResponse:
        """A page of the courses that hold every word of `search`, those that fit best first.

        It takes the parameters of a list of courses too.
        """
        query = CourseQuery.of(request, searches=True)
        count, results = reads.built_page(query)
        return text_answer(with_text(query.page.links(request, count), "results", results))


class SuggestionView(APIView):
    """`GET course/suggestions/`."""

    @documentation.suggestions
    def get(self, request: Request) -> HttpResponse:
        """A few courses whose names hold what was typed so far: a bare list of id and name."""
        text = searched(request.query_params.get("search"))
        return text_answer(as_text(suggestions(text)))


class CourseListView(APIView):
    """`GET course/actual/`."""

    @documentation.courses
    def get(self, request: Request) -> HttpResponse:
        """A page of courses, by `page`, `page_size`, `ordering`, `course_category`, `teacher`,
        `free`, `min_price` and `max_price`."""
        query = CourseQuery.of(request)
        count, results = reads.course_page(query)
        return text_answer(with_text(query.page.links(request, count), "results", results))


class CourseView(APIView):
    """`GET course/actual/{id}/`."""

    @documentation.course
    def get(self, request: Request, course_id: str) -> HttpResponse:
        """One course."""
        return text_answer(reads.course(positive_number("id", course_id)))


class ChapterView(APIView):
    """`GET course/chapter/`."""

    @documentation.chapters
    def get(self, request: Request) -> HttpResponse:
        """The chapters of the course `course_id`, with their sections: a bare list."""
        course_id = positive_number("course_id", request.query_params.get("course_id"))
        return text_answer(reads.chapters(course_id))
