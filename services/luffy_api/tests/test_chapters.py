"""`GET course/chapter/?course_id=`."""

from collections.abc import Callable
from typing import Any

import pytest

from course.models import Course, CourseChapter, CourseSection

pytestmark = pytest.mark.django_db

Get = Callable[..., Any]
MakeCourse = Callable[..., Course]


def test_chapters_are_a_bare_list_with_their_sections(api: Get, make_course: MakeCourse) -> None:
    course = make_course()
    make_course("Another")
    chapters = api("course/chapter/", course_id=course.pk).json()
    assert [(chapter["chapter"], chapter["name"]) for chapter in chapters] == [
        (1, "Chapter 1"),
        (2, "Chapter 2"),
    ]
    assert set(chapters[0]) == {"id", "chapter", "name", "summary", "coursesections"}
    first, second, _third = chapters[0]["coursesections"]
    assert first == {
        "id": CourseSection.objects.get(chapter__course=course, name="Section 1.1").pk,
        "name": "Section 1.1",
        "orders": 1,
        "section_type": 2,
        "section_link": "https://example.com/1/1",
        "duration": "10:00",
        "free_trail": True,
    }
    assert second["section_link"] is None


def test_no_link_of_a_section_that_is_not_free_is_anywhere(
    api: Get, make_course: MakeCourse
) -> None:
    course = make_course()
    paths = (
        f"course/chapter/?course_id={course.pk}",
        "course/actual/",
        f"course/actual/{course.pk}/",
    )
    for path in paths:
        assert "https://example.com/1/2" not in api(path).content.decode()


def test_chapters_and_sections_out_of_sight_are_left_out(api: Get, make_course: MakeCourse) -> None:
    course = make_course()
    CourseChapter.objects.filter(name="Chapter 2").update(is_show=False)
    CourseSection.objects.filter(name="Section 1.2").update(is_delete=True)
    chapters = api("course/chapter/", course_id=course.pk).json()
    assert [chapter["name"] for chapter in chapters] == ["Chapter 1"]
    sections = [section["name"] for section in chapters[0]["coursesections"]]
    assert sections == ["Section 1.1", "Section 1.3"]


def test_a_course_without_chapters_has_an_empty_list(api: Get, make_course: MakeCourse) -> None:
    course = make_course()
    CourseChapter.objects.all().delete()
    assert api("course/chapter/", course_id=course.pk).json() == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "course_id: This parameter is required."),
        ({"course_id": ""}, "course_id: This parameter is required."),
        ({"course_id": "x"}, "course_id: Expected a whole number from 1 on, found “x”."),
        ({"course_id": "-3"}, "course_id: Expected a whole number from 1 on, found “-3”."),
    ],
)
def test_a_malformed_course_id_is_refused(
    api: Get, db: None, parameters: dict[str, str], message: str
) -> None:
    answer = api("course/chapter/", **parameters)
    assert answer.status_code == 400
    assert answer.json()["msg"] == message


def test_an_unknown_course_is_not_found(api: Get, db: None) -> None:
    assert api("course/chapter/", course_id=424242).status_code == 404
