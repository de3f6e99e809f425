"""`GET course/search/`: words in Chinese and in Latin letters."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from course.models import Course, CourseCategory, CourseSearch, Teacher
from course.search import index
from course.words import index_words, search_words

# A full-text index holds what has been committed.
pytestmark = pytest.mark.django_db(transaction=True)

Get = Callable[..., Any]
MakeCourse = Callable[..., Course]


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [course["name"] for course in answer.json()["results"]]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("数据分析", True),
        ("分析", True),
        ("海", True),
        ("python", True),
        ("PYTH", True),
        ("Ｐｙｔｈｏｎ", True),
        ("c++", True),
        ("c", True),
        ("the", True),
        ("python 数据", True),
        ("数据 python 海", True),
        ("python，数据！", True),
        ("析数", False),
        ("数据海", False),
        ("ython", False),
        ("python 容器", False),
        ("c#", False),
    ],
)
def test_words_are_found(api: Get, make_course: MakeCourse, text: str, hit: bool) -> None:
    make_course("Python 数据分析：第一次出海 with the C++ of it")
    make_course("Knots")
    answer = found(api("course/search/", search=text))
    assert answer == (["Python 数据分析：第一次出海 with the C++ of it"] if hit else [])


def test_what_stands_in_the_name_comes_first(api: Get, make_course: MakeCourse) -> None:
    make_course("Splicing", brief="After this you know knots.", orders=1)
    make_course("Knots for all", orders=2)
    make_course("Sails", orders=3)
    assert found(api("course/search/", search="knots")) == ["Knots for all", "Splicing"]


def test_a_course_is_found_by_its_teacher_and_its_category_also_after_they_changed(
    api: Get, make_course: MakeCourse, teacher: Teacher, category: CourseCategory
) -> None:
    make_course("Knots")
    assert found(api("course/search/", search="ann navigation")) == ["Knots"]
    teacher.name = "示例老师"
    teacher.save()
    category.name = "航海"
    category.save()
    assert found(api("course/search/", search="示例老师 航海")) == ["Knots"]
    assert found(api("course/search/", search="ann")) == []


def test_a_renamed_or_deleted_course_is_not_found_by_what_it_was(
    api: Get, make_course: MakeCourse
) -> None:
    course = make_course("Knots")
    course.name = "Splices"
    course.save()
    assert found(api("course/search/", search="knots")) == []
    assert found(api("course/search/", search="splices")) == ["Splices"]
    course.delete()
    assert found(api("course/search/", search="splices")) == []
    assert not CourseSearch.objects.exists()


@pytest.mark.parametrize("fields", [{"is_show": False}, {"is_delete": True}, {"status": 1}])
def test_what_visitors_may_not_see_is_not_found(
    api: Get, make_course: MakeCourse, fields: dict[str, Any]
) -> None:
    make_course("Knots", **fields)
    assert found(api("course/search/", search="knots")) == []


def test_a_search_takes_what_a_list_takes(api: Get, make_course: MakeCourse) -> None:
    for price in (3, 1, 2, 0):
        make_course(f"Knots {price}", price=price)
    answer = api("course/search/", search="knots", ordering="-price", page_size=2, free="false")
    assert found(answer) == ["Knots 3", "Knots 2"]
    assert answer.json()["count"] == 3
    assert "search=knots" in answer.json()["next"]
    assert found(api("course/search/", search="knots", free="true")) == ["Knots 0"]
    answer = api("course/search/", search="knots", min_price="1", max_price="2", ordering="price")
    assert found(answer) == ["Knots 1", "Knots 2"]


@pytest.mark.parametrize("text", ["!!!", "+-*", "@", "\u200b", "😀"])
def test_a_text_without_words_finds_nothing(api: Get, make_course: MakeCourse, text: str) -> None:
    make_course("Knots")
    assert found(api("course/search/", search=text)) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "This parameter is required."),
        ({"search": "  "}, "This parameter is required."),
        ({"search": "x" * 101}, "Expected at most 100 characters, found 101."),
    ],
)
def test_a_bad_search_is_refused(api: Get, parameters: dict[str, str], message: str) -> None:
    answer = api("course/search/", **parameters)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"search": [message]}


@pytest.mark.parametrize(
    "text",
    [
        "knots*",
        '"knots"',
        "+knots -sails",
        "(knots",
        "knots' OR 1=1 --",
        "kno%",
        "knots @distance",
        "~knots",
        "<knots>",
    ],
)
def test_operators_are_no_operators(api: Get, make_course: MakeCourse, text: str) -> None:
    make_course("Knots and sails, or 1 of 1 at a distance")
    assert found(api("course/search/", search=text)) == ["Knots and sails, or 1 of 1 at a distance"]


def test_the_number_of_queries_does_not_grow(api: Get, make_course: MakeCourse) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            api("course/search/", search="knots")
        return len(seen)

    make_course("Knots 1")
    few = queries()
    for number in range(2, 9):
        make_course(f"Knots {number}")
    assert queries() == few


def test_courses_that_were_changed_in_bulk_are_indexed_by_hand(
    api: Get, make_course: MakeCourse
) -> None:
    make_course("Knots")
    Course.objects.update(name="Splices")
    assert found(api("course/search/", search="splices")) == []
    assert index(Course.objects.all()) == 1
    assert found(api("course/search/", search="splices")) == ["Splices"]


@settings(database=None)
@given(st.text(max_size=80))
def test_every_text_is_found_by_itself(text: str) -> None:
    held = index_words(text)
    for word in search_words(text):
        if word.endswith("*"):
            assert any(one.startswith(word[:-1]) for one in held)
        else:
            assert word in held
    assert all(word.isalnum() and len(word) >= 3 for word in held)
