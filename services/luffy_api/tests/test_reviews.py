"""Reviews: by those who take the course, one each, counted in the course's row."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import personal_data
from course.models import Course
from course.reads import course_reads
from learning.enrolment import enrol, withdraw
from learning.models import Enrolment, Review
from learning.reviews import write
from tests.people import Caller, Person
from tests.staff import logged_in, make_boss

pytestmark = pytest.mark.django_db

Get = Callable[..., Any]


@pytest.fixture
def knots(make_course: Callable[..., Course]) -> Course:
    return make_course("Knots")


def buyer(mobile: str, course: Course) -> Person:
    person = Person.make(mobile)
    with transaction.atomic():
        enrol(person.user, [course.pk], Enrolment.Source.BOUGHT)
    return person


@pytest.fixture
def bob(knots: Course) -> Person:
    return buyer("13800000002", knots)


def put(person: Person | Caller, course: Course, **body: Any) -> Any:
    browser = person.caller() if isinstance(person, Person) else person
    return browser.learn("PUT", f"course/{course.pk}/review/", body)


def listed(course: Course, **parameters: str) -> Any:
    return Caller().learn("GET", f"course/{course.pk}/reviews/", query_params=parameters).json()


def test_a_buyer_writes_changes_and_deletes_one_review(bob: Person, knots: Course) -> None:
    browser = bob.caller()
    answer = put(browser, knots, rating=4, text="Good <b>knots</b>")
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    assert (result["author"], result["rating"]) == ("user_0002", 4)
    assert result["text"] == "Good <b>knots</b>", "plain text, shown as it was written"
    put(browser, knots, rating=2, text="Worse")
    assert listed(knots)["count"] == 1
    own = browser.learn("GET", f"course/{knots.pk}/review/").json()["result"]
    assert (own["rating"], own["text"]) == (2, "Worse")
    for _time in range(2):
        assert browser.learn("DELETE", f"course/{knots.pk}/review/").status_code == 200
    gone = browser.learn("GET", f"course/{knots.pk}/review/")
    assert (gone.status_code, gone.json()["result"]) == (200, None)
    assert listed(knots)["count"] == 0


def test_only_buyers_review(ann: Person, bob: Person, knots: Course) -> None:
    assert put(Caller(), knots, rating=5).status_code == 401
    assert put(ann, knots, rating=5).json()["error"] == "not_enrolled"
    with transaction.atomic():
        withdraw(bob.user, [knots.pk])
    assert put(bob, knots, rating=5).json()["error"] == "not_enrolled"
    assert put(bob, Course(pk=424242), rating=5).status_code == 403
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 0},
        {"rating": 6},
        {"rating": 2.5},
        {"rating": "x"},
        {"rating": None},
        {"text": "no rating"},
        {"rating": 3, "text": "x" * 1001},
        {"rating": 3, "text": None},
        {"rating": 3, "text": ["x"]},
    ],
)
def test_what_is_no_review_is_refused(bob: Person, knots: Course, body: dict[str, Any]) -> None:
    assert put(bob, knots, **body).status_code == 400
    assert not Review.objects.exists()


def test_anyone_reads_them_newest_first_with_how_often_each_rating_was_given(
    knots: Course,
) -> None:
    for number, rating in enumerate((5, 5, 4, 1)):
        person = buyer(f"1380000001{number}", knots)
        write(person.user, knots.pk, rating, f"Review {number}")
    page = listed(knots, page_size="3")
    assert [row["text"] for row in page["results"]] == ["Review 3", "Review 2", "Review 1"]
    assert (page["count"], page["rating"]) == (4, 3.8)
    assert page["ratings"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 2}
    assert len(listed(knots, page_size="3", page="2")["results"]) == 1
    assert set(page["results"][0]) == {"id", "author", "rating", "text", "written", "changed"}


def test_a_course_without_any_has_no_rating(api: Get, knots: Course) -> None:
    page = listed(knots)
    assert (page["count"], page["rating"], page["results"]) == (0, None, [])
    course = api(f"course/actual/{knots.pk}/").json()
    assert (course["rating"], course["reviews"]) == (None, 0)


def test_list_and_detail_show_them_without_a_query_more(
    api: Get, bob: Person, knots: Course, django_assert_num_queries: Any
) -> None:
    write(bob.user, knots.pk, 4, "")
    write(buyer("13800000003", knots).user, knots.pk, 5, "")
    # How many there are, the page's ids, its courses, and their first sections.
    with django_assert_num_queries(4):
        (course,) = api("course/actual/").json()["results"]
    assert (course["rating"], course["reviews"]) == (4.5, 2)
    assert api(f"course/actual/{knots.pk}/").json()["rating"] == 4.5


def test_staff_hide_one_and_it_counts_no_more(api: Get, bob: Person, knots: Course) -> None:
    review = write(bob.user, knots.pk, 1, "Rude")
    write(buyer("13800000003", knots).user, knots.pk, 5, "Kind")
    client = logged_in(make_boss())
    page = client.get(f"/admin/learning/review/{review.pk}/change/")
    assert page.status_code == 200
    answer = client.post(f"/admin/learning/review/{review.pk}/change/", {})
    assert answer.status_code == 302
    review.refresh_from_db()
    assert (review.is_show, review.text, review.rating) == (False, "Rude", 1)
    assert [row["text"] for row in listed(knots)["results"]] == ["Kind"]
    course_reads.invalidate()
    assert api(f"course/actual/{knots.pk}/").json()["rating"] == 5.0
    assert put(bob, knots, rating=1, text="Rude again").status_code == 200
    assert listed(knots)["count"] == 1, "it stays hidden"


def test_a_course_out_of_sight_shows_none(knots: Course) -> None:
    path = f"course/{knots.pk}/reviews/"
    Course.objects.update(status=Course.Status.OFFLINE)
    assert Caller().learn("GET", path).status_code == 404
    for number, status in (("424242", 404), ("x", 400)):
        assert Caller().learn("GET", f"course/{number}/reviews/").status_code == status


def test_it_stays_without_a_name_when_its_writer_leaves(bob: Person, knots: Course) -> None:
    write(bob.user, knots.pk, 4, "Good")
    (row,) = personal_data.export(bob.user)["writings"]["reviews"]
    assert (row["course"], row["rating"], row["text"]) == ("Knots", 4, "Good")
    personal_data.forget(bob.user)
    (shown,) = listed(knots)["results"]
    assert (shown["author"], shown["text"]) == ("", "Good")
    assert Review.objects.get().user is None


def test_queries_do_not_grow(knots: Course, django_assert_num_queries: Any) -> None:
    for number in range(10):
        person = buyer(f"138000000{number + 10}", knots)
        write(person.user, knots.pk, 3, "x")
        if number in (0, 9):
            with django_assert_num_queries(4):
                listed(knots)


@pytest.mark.django_db(transaction=True)
def test_reviews_at_once_are_all_counted(make_course: Callable[..., Course]) -> None:
    course = make_course("Knots")
    people = [buyer(f"1380000002{number}", course) for number in range(6)]
    barrier = threading.Barrier(12)

    def review(person: Person) -> None:
        try:
            barrier.wait(10)
            for rating in (1, 4):
                write(person.user, course.pk, rating, "x")
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(review, people * 2))
    course.refresh_from_db()
    rows = Review.objects.all()
    assert rows.count() == 6, "one each"
    assert course.reviews == 6
    assert course.rating_total == sum(row.rating for row in rows)
