"""Questions and answers under a section."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction

from accounts import personal_data
from course.models import Course, CourseSection
from learning import questions
from learning.enrolment import enrol
from learning.models import Answer, Enrolment, Question
from tests.people import Caller, Person
from tests.staff import logged_in, make_boss

pytestmark = pytest.mark.django_db


@pytest.fixture
def knots(make_course: Callable[..., Course]) -> Course:
    return make_course("Knots")


@pytest.fixture
def section(knots: Course) -> CourseSection:
    return CourseSection.objects.get(chapter__course=knots, name="Section 1.2")


def buyer(mobile: str, course: Course) -> Person:
    person = Person.make(mobile)
    with transaction.atomic():
        enrol(person.user, [course.pk], Enrolment.Source.BOUGHT)
    return person


@pytest.fixture
def bob(knots: Course) -> Person:
    return buyer("13800000002", knots)


@pytest.fixture
def teacher_at_desk(knots: Course) -> Person:
    person = Person.make("13800000009", is_staff=True, display_name="Captain")
    for right in ("add_answer", "view_coursesection"):
        person.user.user_permissions.add(Permission.objects.get(codename=right))
    return person


def ask(browser: Caller, section: CourseSection, text: Any = "How?") -> Any:
    return browser.learn("POST", f"section/{section.pk}/questions/", {"text": text})


def reply(browser: Caller, question: int, text: Any = "So.") -> Any:
    return browser.learn("POST", f"question/{question}/answers/", {"text": text})


def listed(browser: Caller, section: CourseSection, **parameters: str) -> Any:
    path = f"section/{section.pk}/questions/"
    return browser.learn("GET", path, query_params=parameters)


def test_a_question_is_asked_answered_and_read(
    bob: Person, teacher_at_desk: Person, section: CourseSection, knots: Course
) -> None:
    asked = ask(bob.caller(), section, "Why <i>this</i> knot?\nAnd why now?")
    assert asked.status_code == 200, asked.content
    number = asked.json()["result"]["id"]
    eve = buyer("13800000003", knots).caller()
    assert reply(eve, number, "Because it holds.").json()["result"]["by_staff"] is False
    answered = reply(teacher_at_desk.caller(), number, "Try it.")
    assert answered.json()["result"]["by_staff"] is True
    page = listed(bob.caller(), section).json()
    (question,) = page["results"]
    assert (question["author"], question["own"]) == ("user_0002", True)
    assert question["text"] == "Why <i>this</i> knot?\nAnd why now?"
    assert [(one["author"], one["by_staff"], one["own"]) for one in question["answers"]] == [
        ("user_0003", False, False),
        ("Captain", True, False),
    ]


def test_who_may_not_see_the_section_sees_no_question(
    ann: Person, bob: Person, section: CourseSection
) -> None:
    number = ask(bob.caller(), section).json()["result"]["id"]
    for caller, status in ((Caller(), 401), (ann.caller(), 403)):
        assert listed(caller, section).status_code == status
        assert ask(caller, section).status_code == status
        assert reply(caller, number).status_code == status
    assert (Question.objects.count(), Answer.objects.count()) == (1, 0)


def test_below_a_free_section_all_may_read_and_buyers_write(
    ann: Person, bob: Person, knots: Course
) -> None:
    free = CourseSection.objects.get(chapter__course=knots, name="Section 1.1")
    number = ask(bob.caller(), free).json()["result"]["id"]
    (question,) = listed(Caller(), free).json()["results"]
    assert question["own"] is False
    assert ask(ann.caller(), free).json()["error"] == "not_enrolled"
    assert reply(ann.caller(), number).json()["error"] == "not_enrolled"


@pytest.mark.parametrize("text", [None, "", "   ", "x" * 1001, ["x"], {"a": 1}])
def test_what_is_no_text_is_refused(bob: Person, section: CourseSection, text: Any) -> None:
    number = ask(bob.caller(), section).json()["result"]["id"]
    assert ask(bob.caller(), section, text).status_code == 400
    assert reply(bob.caller(), number, text).status_code == 400
    assert (Question.objects.count(), Answer.objects.count()) == (1, 0)


def test_one_deletes_ones_own_and_nobody_elses(
    bob: Person, section: CourseSection, knots: Course
) -> None:
    eve = buyer("13800000003", knots).caller()
    number = ask(bob.caller(), section).json()["result"]["id"]
    answer = reply(eve, number).json()["result"]["id"]
    assert eve.learn("DELETE", f"question/{number}/").status_code == 404
    assert bob.caller().learn("DELETE", f"answer/{answer}/").status_code == 404
    assert Caller().learn("DELETE", f"answer/{answer}/").status_code == 401
    assert eve.learn("DELETE", f"answer/{answer}/").status_code == 200
    reply(eve, number)
    assert bob.caller().learn("DELETE", f"question/{number}/").status_code == 200
    assert not Answer.objects.exists(), "answers to nothing tell nothing"


@pytest.mark.parametrize("number", ["x", "0", "424242"])
def test_a_number_that_leads_nowhere_is_told_so(bob: Person, number: str) -> None:
    browser = bob.caller()
    status = 404 if number == "424242" else 400
    for method, path in (
        ("GET", f"section/{number}/questions/"),
        ("DELETE", f"question/{number}/"),
        ("DELETE", f"answer/{number}/"),
    ):
        assert browser.learn(method, path).status_code == status
    assert reply(browser, number).status_code == status  # type: ignore[arg-type]


def test_what_staff_hide_is_not_shown(bob: Person, section: CourseSection) -> None:
    browser = bob.caller()
    first, second = (ask(browser, section).json()["result"]["id"] for _number in range(2))
    answer = reply(browser, second).json()["result"]["id"]
    client = logged_in(make_boss())
    for kind, number in (("question", first), ("answer", answer)):
        address = f"/admin/learning/{kind}/{number}/change/"
        assert client.get(address).status_code == 200
        assert client.post(address, {}).status_code == 302
    (question,) = listed(browser, section).json()["results"]
    assert (question["id"], question["answers"]) == (second, [])
    assert reply(browser, first).status_code == 404
    for kind in ("question", "answer"):
        assert client.get(f"/admin/learning/{kind}/").status_code == 200


def test_a_flood_is_slowed(bob: Person, section: CourseSection) -> None:
    browser = bob.caller()
    statuses = [ask(browser, section).status_code for _number in range(11)]
    assert statuses == [200] * 10 + [429]


def test_a_question_has_enough_answers_one_day(
    bob: Person, section: CourseSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_ANSWERS", 2)
    browser = bob.caller()
    number = ask(browser, section).json()["result"]["id"]
    answers = [reply(browser, number) for _number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 409]


def test_pages_and_queries_do_not_grow(
    bob: Person, section: CourseSection, django_assert_num_queries: Any
) -> None:
    browser = bob.caller()
    for number in range(12):
        question = Question.objects.create(user=bob.user, section=section, text=f"{number}")
        for _answer in range(3):
            Answer.objects.create(user=bob.user, question=question, text="x")
        if number in (0, 11):
            with django_assert_num_queries(6):
                page = listed(browser, section).json()
    assert (page["count"], len(page["results"])) == (12, 10)
    assert page["results"][0]["text"] == "11"
    assert len(listed(browser, section, page="2").json()["results"]) == 2


def test_they_stay_without_a_name_when_their_writer_leaves(
    bob: Person, section: CourseSection, knots: Course
) -> None:
    number = ask(bob.caller(), section).json()["result"]["id"]
    reply(bob.caller(), number)
    known = personal_data.export(bob.user)["writings"]
    assert (known["questions"][0]["text"], known["answers"][0]["text"]) == ("How?", "So.")
    personal_data.forget(bob.user)
    eve = buyer("13800000003", knots).caller()
    (question,) = listed(eve, section).json()["results"]
    assert (question["author"], question["answers"][0]["author"]) == ("", "")
    assert (Question.objects.get().user, Answer.objects.get().user) == (None, None)
