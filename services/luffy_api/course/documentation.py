"""The catalogue's endpoints as the OpenAPI document describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from course.pages import LONGEST_SEARCH
from course.serializers import (
    CategorySerializer,
    ChapterSerializer,
    CourseSerializer,
    HotWordSerializer,
    TeacherSerializer,
    WholeCourseSerializer,
)
from luffy.documentation import ERROR, PAGE_PARAMETERS, amount, answers, enveloped, number, word

TAG = "course"


class CoursePageSerializer(serializers.Serializer[Any]):
    """A page of courses."""

    count = serializers.IntegerField(help_text="How many there are on all pages.")
    next = serializers.CharField(allow_null=True, help_text="The next page's address.")
    previous = serializers.CharField(allow_null=True)
    results = CourseSerializer(many=True)


PAGE = [
    *PAGE_PARAMETERS,
    word(
        "ordering",
        "A minus before it: the largest first. By the editors' order without it.",
        enum=["price", "-price", "students", "-students", "pub_date", "-pub_date"],
    ),
    number("course_category", "The id of a category."),
    number("teacher", "The id of a teacher."),
    amount("min_price", "Those that cost as much or more."),
    amount("max_price", "Those that cost as much or less; not below `min_price`."),
    word("free", "Those that cost nothing, or those that cost something.", enum=["true", "false"]),
]
SEARCH = OpenApiParameter(
    "search",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH},
    required=True,
    description="Words, Chinese or Latin: each must be in a course's name, description, teacher or "
    "category.",
)

categories = extend_schema(
    operation_id="list_categories",
    tags=[TAG],
    summary="The categories",
    responses=answers(CategorySerializer(many=True)),
)
teachers = extend_schema(
    operation_id="list_teachers",
    tags=[TAG],
    summary="The teachers",
    responses=answers(TeacherSerializer(many=True)),
)
hot_words = extend_schema(
    operation_id="list_hot_words",
    tags=[TAG],
    summary="Words that visitors are offered to search for",
    responses=answers(HotWordSerializer(many=True)),
)
courses = extend_schema(
    operation_id="list_courses",
    tags=[TAG],
    summary="A page of courses",
    parameters=PAGE,
    responses=answers(CoursePageSerializer, 400, 404),
)
search = extend_schema(
    operation_id="search_courses",
    tags=[TAG],
    summary="A page of the courses that hold all words, those that fit best first",
    parameters=[SEARCH, *PAGE],
    responses=answers(CoursePageSerializer, 400, 404),
)
suggestions = extend_schema(
    operation_id="suggest_courses",
    tags=[TAG],
    summary="A few courses whose names hold what was typed so far",
    parameters=[SEARCH],
    responses=answers(
        inline_serializer(
            "Suggestion",
            {"id": serializers.IntegerField(), "name": serializers.CharField()},
            many=True,
        ),
        400,
    ),
)
course = extend_schema(
    operation_id="get_course",
    tags=[TAG],
    summary="One course",
    parameters=[number("course_id", "", required=True, location=OpenApiParameter.PATH)],
    responses=answers(WholeCourseSerializer, 400, 404),
)
chapters = extend_schema(
    operation_id="list_chapters",
    tags=[TAG],
    summary="The chapters of a course, with their sections",
    parameters=[number("course_id", "The id of a course.", required=True)],
    responses=answers(ChapterSerializer(many=True), 400, 404),
)
section_video = extend_schema(
    operation_id="get_open_video",
    tags=[TAG],
    summary="Leads to the video of a section that is free to try",
    parameters=[number("section_id", "", required=True, location=OpenApiParameter.PATH)],
    responses={
        302: enveloped(
            "OpenVideo", inline_serializer("OpenVideoLink", {"link": serializers.CharField()})
        ),
        **dict.fromkeys((400, 404, 503), ERROR),
    },
)
