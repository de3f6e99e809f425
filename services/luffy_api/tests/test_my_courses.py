"""Taking a course that costs nothing, and the courses that one takes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from course.models import Course, CourseSection
from learning.enrolment import enrol, withdraw
from learning.models import Enrolment
from learning.progress import Seen, record
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db

MakeCourse = Callable[..., Course]


def take(browser: Caller, course: Any) -> Any:
    return browser.learn("POST", "enrol/", {"course": course})


def test_a_free_course_is_taken_once(ann: Person, make_course: MakeCourse) -> None:
    course, browser = make_course("Knots", price=0), ann.caller()
    for new in (True, False):
        answer = take(browser, course.pk)
        assert answer.status_code == 200, answer.content
        assert answer.json()["result"] == {"course": course.pk, "new": new}
    row = Enrolment.objects.get()
    assert (row.user, row.course, row.source) == (ann.user, course, "free")
    course.refresh_from_db()
    assert course.students == 1


def test_a_course_that_costs_something_is_not_given_away(
    ann: Person, make_course: MakeCourse
) -> None:
    answer = take(ann.caller(), make_course("Knots", price="0.01").pk)
    assert (answer.status_code, answer.json()["error"]) == (409, "not_free")
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    "change", [{"is_show": False}, {"is_delete": True}, {"status": Course.Status.OFFLINE}]
)
def test_a_course_out_of_sight_is_not_taken(
    ann: Person, make_course: MakeCourse, change: dict[str, Any]
) -> None:
    assert take(ann.caller(), make_course("Knots", price=0, **change).pk).status_code == 404
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize("course", [None, "", "x", 0, -1, 1.5, 2**63, [], {}, True])
def test_what_is_no_course_is_refused(ann: Person, course: Any) -> None:
    assert take(ann.caller(), course).status_code in (400, 404)
    assert take(ann.caller(), 424242).status_code == 404


def test_nobody_takes_a_course_without_a_login(make_course: MakeCourse) -> None:
    assert take(Caller(), make_course("Knots", price=0).pk).status_code == 401
    assert Caller().learn("GET", "courses/").status_code == 401


def test_my_courses_tell_how_far_i_came_and_where_to_go_on(
    ann: Person, make_course: MakeCourse
) -> None:
    knots, sails, other = make_course("Knots"), make_course("Sails"), make_course("Other")
    bob = Person.make("13800000002")
    with transaction.atomic():
        enrol(ann.user, [knots.pk], Enrolment.Source.BOUGHT)
        enrol(ann.user, [sails.pk], Enrolment.Source.FREE)
        enrol(bob.user, [other.pk], Enrolment.Source.FREE)
    second = CourseSection.objects.get(chapter__course=knots, name="Section 1.2")
    record(ann.user, second.pk, Seen(33, 600))
    answer = ann.caller().learn("GET", "courses/")
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.json()["result"]
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    first, last = page["results"]
    assert (first["name"], first["percent"], first["go_on"]["name"]) == ("Sails", 0, "Section 1.1")
    assert last | {"began": ""} == {
        "id": knots.pk,
        "name": "Knots",
        "course_img": "/media/course/knots.webp",
        "course_img_set": [],
        "began": "",
        "done": 0,
        "sections": 6,
        "percent": 0,
        "go_on": {"id": second.pk, "name": "Section 1.2"},
        "position": 33,
        "certificate": None,
    }


def test_one_of_my_courses_tells_which_sections_are_done(
    ann: Person, make_course: MakeCourse, django_assert_num_queries: Any
) -> None:
    knots = make_course("Knots")
    with transaction.atomic():
        enrol(ann.user, [knots.pk], Enrolment.Source.BOUGHT)
    sections = CourseSection.objects.filter(chapter__course=knots)
    record(ann.user, sections.get(name="Section 1.2").pk, Seen(0, 0, done=True))
    sections.filter(name="Section 2.3").update(is_show=False)
    # It stays open to who took it.
    Course.objects.filter(pk=knots.pk).update(status=Course.Status.OFFLINE)
    browser = ann.caller()
    with django_assert_num_queries(7):
        answer = browser.learn("GET", f"course/{knots.pk}/")
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    assert (result["name"], result["done"], result["sections"]) == ("Knots", 1, 5)
    assert result["go_on"]["name"] == "Section 1.3"
    chapters = result["chapters"]
    assert [chapter["name"] for chapter in chapters] == ["Chapter 1", "Chapter 2"]
    found = [section for chapter in chapters for section in chapter["coursesections"]]
    assert [section["name"][-3:] for section in found] == ["1.1", "1.2", "1.3", "2.1", "2.2"]
    assert [section["name"] for section in found if section["done"]] == ["Section 1.2"]


def test_a_course_that_i_do_not_take_is_not_mine(ann: Person, make_course: MakeCourse) -> None:
    knots, hidden = make_course("Knots"), make_course("Hidden", is_show=False)
    answer = ann.caller().learn("GET", f"course/{knots.pk}/")
    assert (answer.status_code, answer.json()["error"]) == (403, "not_enrolled")
    assert ann.caller().learn("GET", f"course/{hidden.pk}/").status_code == 404
    assert ann.caller().learn("GET", "course/x/").status_code == 400
    assert Caller().learn("GET", f"course/{knots.pk}/").status_code == 401


def test_what_ended_or_was_deleted_is_not_among_them(ann: Person, make_course: MakeCourse) -> None:
    ended, deleted, offline = make_course("Ended"), make_course("Deleted"), make_course("Offline")
    with transaction.atomic():
        enrol(ann.user, [ended.pk, deleted.pk, offline.pk], Enrolment.Source.BOUGHT)
        withdraw(ann.user, [ended.pk])
    Course.objects.filter(pk=deleted.pk).update(is_delete=True)
    Course.objects.filter(pk=offline.pk).update(status=Course.Status.OFFLINE)
    page = ann.caller().learn("GET", "courses/").json()["result"]
    assert [course["name"] for course in page["results"]] == ["Offline"]


def test_pages_and_queries_do_not_grow(
    ann: Person, make_course: MakeCourse, django_assert_num_queries: Any
) -> None:
    browser = ann.caller()
    courses = [make_course(f"Course {number}") for number in range(12)]
    with transaction.atomic():
        enrol(ann.user, [courses[0].pk], Enrolment.Source.FREE)
    with django_assert_num_queries(6):
        assert browser.learn("GET", "courses/").json()["result"]["count"] == 1
    with transaction.atomic():
        enrol(ann.user, [course.pk for course in courses], Enrolment.Source.FREE)
    with django_assert_num_queries(6):
        page = browser.learn("GET", "courses/").json()["result"]
    assert (page["count"], len(page["results"])) == (12, 10)
    assert page["next"].endswith("/api/v1/learning/courses/?page=2")
    rest = browser.learn("GET", "courses/?page=2").json()["result"]["results"]
    assert len(rest) == 2
    assert browser.learn("GET", "courses/?page=3").status_code == 404
    assert browser.learn("GET", "courses/?page=x").status_code == 400
