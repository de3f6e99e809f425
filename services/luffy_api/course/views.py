"""The catalogue's endpoints."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from course import documentation, reads
from course.pages import CourseQuery
from luffy.numbers import positive_number


class CategoryView(APIView):
    """`GET course/category/`."""

    @documentation.categories
    def get(self, request: Request) -> Response:
        """The categories: a bare list of id and name."""
        return Response(reads.categories())


class TeacherView(APIView):
    """`GET course/teacher/`."""

    @documentation.teachers
    def get(self, request: Request) -> Response:
        """The teachers: a bare list."""
        return Response(reads.teachers())


class HotWordView(APIView):
    """`GET course/hot_words/`."""

    @documentation.hot_words
    def get(self, request: Request) -> Response:
        """The words that visitors are offered to search for: a bare list."""
        return Response(reads.hot_words())


class SearchView(APIView):
    """`GET course/search/`."""

    @documentation.search
    def get(self, request: Request) -> Response:
        """A page of the courses that hold every word of `search`, those that fit best first.

        It takes the parameters of a list of courses too.
        """
        query = CourseQuery.of(request, searches=True)
        count, results = reads.found_page(query)
        return Response(query.answer(request, count, results))


class CourseListView(APIView):
    """`GET course/actual/`."""

    @documentation.courses
    def get(self, request: Request) -> Response:
        """A page of courses, by `page`, `page_size`, `ordering`, `course_category`, `teacher` and
        `free`."""
        query = CourseQuery.of(request)
        count, results = reads.course_page(query)
        return Response(query.answer(request, count, results))


class CourseView(APIView):
    """`GET course/actual/{id}/`."""

    @documentation.course
    def get(self, request: Request, course_id: str) -> Response:
        """One course."""
        return Response(reads.course(positive_number("id", course_id)))


class ChapterView(APIView):
    """`GET course/chapter/`."""

    @documentation.chapters
    def get(self, request: Request) -> Response:
        """The chapters of the course `course_id`, with their sections: a bare list."""
        course_id = positive_number("course_id", request.query_params.get("course_id"))
        return Response(reads.chapters(course_id))
