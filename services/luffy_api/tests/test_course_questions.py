"""The questions of a whole course: by the same rules as those under each of its sections."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction

from course.models import Course, CourseChapter, CourseSection
from learning.enrolment import enrol, withdraw
from learning.models import Answer, Enrolment, Question
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db

FREE, PAID, LAST = "Section 1.1", "Section 1.2", "Section 2.3"


def section(course: Course, name: str) -> CourseSection:
    return CourseSection.objects.get(chapter__course=course, name=name)


@pytest.fixture
def knots(make_course: Callable[..., Course], ann: Person) -> Course:
    """A course with a question under three of its sections, beside one that has some too."""
    course = make_course("Knots")
    for one in (course, make_course("Ropes")):
        for name in (FREE, PAID, LAST):
            text = f"{one.name}: {name}?"
            Question.objects.create(user=ann.user, section=section(one, name), text=text)
    return course


@pytest.fixture
def bob(knots: Course) -> Person:
    """Somebody who takes the course."""
    person = Person.make("13800000002")
    with transaction.atomic():
        enrol(person.user, [knots.pk], Enrolment.Source.BOUGHT)
    return person


@pytest.fixture
def staff(knots: Course) -> Person:
    """Somebody of the staff who may see every section."""
    person = Person.make("13800000009", is_staff=True)
    person.user.user_permissions.add(Permission.objects.get(codename="view_coursesection"))
    return person


def ask(browser: Caller, course: Course | str, **parameters: str) -> Any:
    number = course.pk if isinstance(course, Course) else course
    return browser.learn("GET", f"course/{number}/questions/", query_params=parameters)


def seen(browser: Caller, course: Course) -> list[str]:
    """The sections under which the caller sees questions, in the order of the list."""
    answer = ask(browser, course)
    assert answer.status_code == 200, answer.content
    page = answer.json()
    assert page["count"] == len(page["results"])
    return [question["section"]["name"] for question in page["results"]]


def test_who_takes_the_course_reads_all_the_newest_first(bob: Person, knots: Course) -> None:
    assert seen(bob.caller(), knots) == [LAST, PAID, FREE]


def test_a_question_stands_there_as_under_its_section(
    ann: Person, bob: Person, knots: Course
) -> None:
    last = section(knots, LAST)
    asked = Question.objects.get(section=last)
    Answer.objects.create(user=bob.user, question=asked, text="So.")
    Answer.objects.create(user=ann.user, question=asked, text="Rude.", is_show=False)
    browser = bob.caller()
    question, *_others = ask(browser, knots).json()["results"]
    below = browser.learn("GET", f"section/{last.pk}/questions/").json()["results"]
    assert question.pop("section") == {"id": last.pk, "name": LAST}
    assert [question] == below
    assert (question["author"], question["own"]) == ("user_0001", False)
    assert [(one["text"], one["own"]) for one in question["answers"]] == [("So.", True)]


def test_all_others_read_those_under_free_sections(ann: Person, bob: Person, knots: Course) -> None:
    assert seen(Caller(), knots) == [FREE]
    assert seen(ann.caller(), knots) == [FREE], "not even one's own elsewhere"
    browser = bob.caller()
    with transaction.atomic():
        withdraw(bob.user, [knots.pk])
    assert seen(browser, knots) == [FREE]


def test_staff_reads_all_with_the_right_to(staff: Person, knots: Course) -> None:
    assert seen(staff.caller(), knots) == [LAST, PAID, FREE]
    staff.user.user_permissions.clear()
    assert seen(staff.caller(), knots) == [FREE]


@pytest.mark.parametrize(
    ("fields", "who_takes_it"),
    [
        ({"is_show": False}, 200),
        ({"status": Course.Status.OFFLINE}, 200),
        ({"is_delete": True}, 404),
    ],
    ids=["hidden", "offline", "deleted"],
)
def test_a_course_out_of_sight_is_none_to_others(
    fields: dict[str, Any],
    who_takes_it: int,
    ann: Person,
    bob: Person,
    staff: Person,
    knots: Course,
) -> None:
    Course.objects.filter(pk=knots.pk).update(**fields)
    for person in (bob, staff):
        answer = ask(person.caller(), knots)
        assert answer.status_code == who_takes_it
        assert who_takes_it == 404 or answer.json()["count"] == 3
    for browser in (Caller(), ann.caller()):
        answer = ask(browser, knots)
        assert answer.status_code == 404
        assert answer.json()["msg"] == f"There is no course {knots.pk}."


def test_a_course_that_is_coming_soon_is_in_sight(knots: Course) -> None:
    Course.objects.filter(pk=knots.pk).update(status=Course.Status.PRE)
    assert seen(Caller(), knots) == [FREE]


@pytest.mark.parametrize("field", [{"is_show": False}, {"is_delete": True}])
@pytest.mark.parametrize("place", ["section", "chapter"])
def test_sections_out_of_sight_take_their_questions_along(
    field: dict[str, bool], place: str, bob: Person, staff: Person, knots: Course
) -> None:
    if place == "section":
        CourseSection.objects.filter(pk=section(knots, PAID).pk).update(**field)
        left = [LAST, FREE]
    else:
        CourseChapter.objects.filter(course=knots, chapter=1).update(**field)
        left = [LAST]
    assert seen(bob.caller(), knots) == left
    assert seen(staff.caller(), knots) == left
    assert seen(Caller(), knots) == [name for name in left if name == FREE]


def test_what_staff_hid_is_not_shown(bob: Person, knots: Course) -> None:
    Question.objects.filter(section=section(knots, PAID)).update(is_show=False)
    assert seen(bob.caller(), knots) == [LAST, FREE]


def test_a_course_without_sections_has_none(knots: Course) -> None:
    CourseChapter.objects.filter(course=knots).delete()
    assert ask(Caller(), knots).json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_there_are_pages_with_links_and_none_beyond_the_last(bob: Person, knots: Course) -> None:
    browser = bob.caller()
    first = ask(browser, knots, page_size="2").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    assert first["next"].endswith(f"/course/{knots.pk}/questions/?page=2&page_size=2")
    second = ask(browser, knots, page_size="2", page="2").json()
    names = [one["section"]["name"] for one in (*first["results"], *second["results"])]
    assert (names, second["next"]) == ([LAST, PAID, FREE], None)
    beyond = ask(browser, knots, page_size="2", page="3")
    assert beyond.status_code == 404
    assert beyond.json()["msg"] == "There is no page 3; the last one is 2."


@pytest.mark.parametrize(
    ("number", "parameters", "status"),
    [
        ("x", {}, 400),
        ("0", {}, 400),
        ("-1", {}, 400),
        ("9" * 30, {}, 400),
        ("424242", {}, 404),
        ("424242", {"page": "x"}, 400),
        ("424242", {"page_size": "0"}, 400),
    ],
)
def test_what_leads_nowhere_is_told_so(
    number: str, parameters: dict[str, str], status: int
) -> None:
    assert ask(Caller(), number, **parameters).status_code == status


def test_a_login_that_is_over_is_told_so(knots: Course) -> None:
    browser = Caller()
    browser.token = "x.y.z"
    assert ask(browser, knots).status_code == 401


def test_who_reads_is_nobody_elses_business(bob: Person, knots: Course) -> None:
    assert ask(bob.caller(), knots).headers["Cache-Control"] == "no-store"


def test_queries_do_not_grow_with_rows(
    bob: Person, staff: Person, knots: Course, django_assert_num_queries: Any
) -> None:
    browsers = {4: Caller(), 6: bob.caller(), 8: staff.caller()}
    for times in (1, 20):
        for number in range(times):
            chapter = CourseChapter.objects.create(course=knots, name=f"{number}")
            for free in (True, False):
                place = CourseSection.objects.create(chapter=chapter, name="x", free_trail=free)
                question = Question.objects.create(user=bob.user, section=place, text="?")
                for _answer in range(3):
                    Answer.objects.create(user=bob.user, question=question, text="x")
        for queries, browser in browsers.items():
            with django_assert_num_queries(queries):
                ask(browser, knots)
