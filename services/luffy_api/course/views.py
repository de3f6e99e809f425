"""The catalogue's endpoints."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from course import reads
from course.pages import CourseQuery
from luffy.numbers import positive_number


class CategoryView(APIView):
    """`GET course/category/`."""

    def get(self, request: Request) -> Response:
        """The categories: a bare list of id and name."""
        return Response(reads.categories())


class CourseListView(APIView):
    """`GET course/actual/`."""

    def get(self, request: Request) -> Response:
        """A page of courses, by `page`, `page_size`, `ordering` and `course_category`."""
        query = CourseQuery.of(request)
        count, results = reads.course_page(query)
        return Response(query.answer(request, count, results))


class CourseView(APIView):
    """`GET course/actual/{id}/`."""

    def get(self, request: Request, course_id: str) -> Response:
        """One course."""
        return Response(reads.course(positive_number("id", course_id)))


class ChapterView(APIView):
    """`GET course/chapter/`."""

    def get(self, request: Request) -> Response:
        """The chapters of the course `course_id`, with their sections: a bare list."""
        course_id = positive_number("course_id", request.query_params.get("course_id"))
        return Response(reads.chapters(course_id))
