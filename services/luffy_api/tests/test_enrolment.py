"""Who takes which course."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction

from accounts import personal_data
from accounts.authentication import locked
from accounts.models import User
from course.models import Course
from learning.enrolment import enrol, enrolled_ids, is_enrolled, withdraw
from learning.models import Enrolment
from tests.buyers import at_once, people
from tests.people import Person

pytestmark = pytest.mark.django_db

BOUGHT, FREE = Enrolment.Source.BOUGHT, Enrolment.Source.FREE


def students(course: Course) -> int:
    return Course.objects.get(pk=course.pk).students


def test_somebody_takes_a_course_once(ann: Person, make_course: Callable[..., Course]) -> None:
    knots, sails = make_course("Knots"), make_course("Sails")
    assert enrol(ann.user, [knots.pk, sails.pk], BOUGHT) == {knots.pk, sails.pk}
    assert enrol(ann.user, [knots.pk], FREE) == set(), "they take it already"
    assert enrolled_ids(ann.user, [knots.pk, sails.pk, 999]) == {knots.pk, sails.pk}
    assert (students(knots), students(sails)) == (1, 1)
    assert set(Enrolment.objects.values_list("source", flat=True)) == {"bought"}


def test_a_course_that_ended_can_begin_again(
    ann: Person, make_course: Callable[..., Course]
) -> None:
    knots = make_course()
    enrol(ann.user, [knots.pk], BOUGHT)
    began = Enrolment.objects.get().began
    assert withdraw(ann.user, [knots.pk]) == {knots.pk}
    assert withdraw(ann.user, [knots.pk]) == set(), "it ended already"
    assert not is_enrolled(ann.user, knots.pk)
    assert students(knots) == 0
    assert enrol(ann.user, [knots.pk], FREE) == {knots.pk}
    row = Enrolment.objects.get()
    assert (row.source, row.ended, row.began) == ("free", None, began)
    assert students(knots) == 1


def test_what_somebody_else_takes_is_not_mine(
    ann: Person, make_course: Callable[..., Course]
) -> None:
    bob = Person.make("13800000002")
    knots = make_course()
    enrol(bob.user, [knots.pk], BOUGHT)
    assert not is_enrolled(ann.user, knots.pk)
    assert withdraw(ann.user, [knots.pk]) == set()
    assert is_enrolled(bob.user, knots.pk)


def test_enrolments_are_handed_over_and_forgotten(
    ann: Person, make_course: Callable[..., Course]
) -> None:
    knots = make_course()
    enrol(ann.user, [knots.pk], FREE)
    (row,) = personal_data.export(ann.user)["enrolments"]
    assert (row["course"], row["why"], row["ended"]) == ("Knots", "free", None)
    personal_data.forget(ann.user)
    assert not Enrolment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_enrolling_at_once_counts_one_student(make_course: Callable[..., Course]) -> None:
    user: User = Person.make("13800000001").user
    courses = [make_course(f"Course {number}") for number in range(4)]
    barrier = threading.Barrier(6)
    errors: list[BaseException] = []

    def take(order: list[int]) -> None:
        try:
            barrier.wait(10)
            with transaction.atomic():
                enrol(locked(user), order, BOUGHT)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    ids = [course.pk for course in courses]
    threads = [
        threading.Thread(target=take, args=(ids if number % 2 else ids[::-1],))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [students(course) for course in courses] == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_many_people_at_once_end_no_transaction_in_a_deadlock(
    make_course: Callable[..., Course],
) -> None:
    courses = [make_course(f"Course {number}").pk for number in range(3)]

    def take(user: User, order: list[int]) -> None:
        with transaction.atomic():
            enrol(locked(user), order, FREE)

    calls = [
        partial(take, person.user, courses if number % 2 else courses[::-1])
        for number, person in enumerate(people(12))
    ]
    assert at_once(*calls) == [None] * 12
    assert [Course.objects.get(pk=pk).students for pk in courses] == [12, 12, 12]
