"""`GET course/suggestions/`: names of courses for what somebody has begun to type."""

from collections.abc import Callable
from typing import Any

import pytest

from course.models import Course

# A full-text index holds what has been committed.
pytestmark = pytest.mark.django_db(transaction=True)

Get = Callable[..., Any]
MakeCourse = Callable[..., Course]


def offered(api: Get, text: str) -> list[str]:
    answer = api("course/suggestions/", search=text)
    assert answer.status_code == 200, answer.json()
    return [each["name"] for each in answer.json()]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("py", True),
        ("P", True),
        ("python 数", True),
        ("数据", True),
        ("据", True),
        ("ython", False),
        ("py 帆", False),
    ],
)
def test_beginnings_and_characters_are_enough(
    api: Get, make_course: MakeCourse, text: str, hit: bool
) -> None:
    course = make_course("Python 数据分析")
    make_course("Knots")
    answer = api("course/suggestions/", search=text)
    assert answer.json() == ([{"id": course.pk, "name": course.name}] if hit else [])


def test_names_alone_are_looked_at(api: Get, make_course: MakeCourse) -> None:
    make_course("Sails", brief="After this you know knots.")
    assert offered(api, "knots") == []
    assert offered(api, "ann") == [], "the teacher"


def test_eight_are_offered_the_popular_ones_first(api: Get, make_course: MakeCourse) -> None:
    for number in range(10):
        make_course(f"Knots {number}", students=number)
    assert offered(api, "kn") == [f"Knots {number}" for number in range(9, 1, -1)]


@pytest.mark.parametrize("fields", [{"is_show": False}, {"is_delete": True}, {"status": 1}])
def test_what_visitors_may_not_see_is_not_offered(
    api: Get, make_course: MakeCourse, fields: dict[str, Any]
) -> None:
    make_course("Knots", **fields)
    assert offered(api, "knots") == []


@pytest.mark.parametrize("text", ["!!!", "+-*", "@", "😀", "(py", '"', "py*'"])
def test_signs_do_no_harm(api: Get, make_course: MakeCourse, text: str) -> None:
    make_course("Knots")
    assert offered(api, text) == []


@pytest.mark.parametrize("parameters", [{}, {"search": "  "}, {"search": "x" * 101}])
def test_a_bad_question_is_refused_as_in_a_search(api: Get, parameters: dict[str, str]) -> None:
    answer = api("course/suggestions/", **parameters)
    assert answer.status_code == 400
    assert answer.json()["errors"] == api("course/search/", **parameters).json()["errors"]


def test_it_takes_two_queries_whatever_there_is(
    api: Get, make_course: MakeCourse, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        make_course(f"Knots {number}")
    with django_assert_num_queries(2):
        assert len(offered(api, "knots")) == 8
    with django_assert_num_queries(0):
        assert offered(api, "!") == []
