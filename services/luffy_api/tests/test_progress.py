"""`PUT learning/section/{id}/progress/`: where to go on, whatever arrives when."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.exceptions import AuthenticationFailed

from accounts import personal_data
from course.models import Course, CourseSection
from learning.enrolment import enrol
from learning.models import Enrolment, SectionProgress
from learning.progress import Seen, record
from learning.syllabus import course_progress
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db

NOW_MS = 1_700_000_000_000


@pytest.fixture
def knots(ann: Person, make_course: Callable[..., Course]) -> Course:
    course = make_course("Knots")
    with transaction.atomic():
        enrol(ann.user, [course.pk], Enrolment.Source.BOUGHT)
    return course


def sections(course: Course) -> list[CourseSection]:
    return list(
        CourseSection.objects.filter(chapter__course=course).order_by("chapter__chapter", "orders")
    )


def tell(browser: Caller, section: CourseSection, **body: Any) -> Any:
    return browser.learn("PUT", f"section/{section.pk}/progress/", body)


def test_one_goes_on_where_one_was(ann: Person, knots: Course) -> None:
    browser, (first, *_others) = ann.caller(), sections(knots)
    answer = tell(browser, first, position=75, duration=600)
    assert answer.status_code == 200, answer.content
    assert answer.json()["result"] == {"position": 75, "duration": 600, "done": False}
    opened = browser.learn("GET", f"section/{first.pk}/").json()["result"]
    assert opened["progress"] == {"position": 75, "duration": 600, "done": False}
    back = tell(browser, first, position=10, duration=600).json()["result"]
    assert back["position"] == 10, "one may go back"


@pytest.mark.parametrize(
    ("position", "duration", "marked", "done"),
    [
        (539, 600, False, False),
        (540, 600, False, True),
        (600, 600, False, True),
        (0, 600, True, True),
        (0, 0, False, False),
        (0, 0, True, True),
        (900, 1000, False, True),
        (899, 1000, False, False),
    ],
)
def test_a_section_is_done_when_seen_to_nine_tenths_or_marked(
    ann: Person, knots: Course, position: int, duration: int, marked: bool, done: bool
) -> None:
    (first, *_others) = sections(knots)
    answer = tell(ann.caller(), first, position=position, duration=duration, done=marked)
    assert answer.json()["result"]["done"] is done


def test_what_is_done_stays_done(ann: Person, knots: Course) -> None:
    browser, (first, *_others) = ann.caller(), sections(knots)
    tell(browser, first, position=600, duration=600)
    since = SectionProgress.objects.get().done
    for body in ({"position": 0, "duration": 600}, {"position": 5, "duration": 9, "done": False}):
        assert tell(browser, first, **body).json()["result"]["done"] is True
    row = SectionProgress.objects.get()
    assert (row.done, row.furthest_s) == (since, 600)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_arrives_in_any_order_ends_the_same(
    ann: Person, knots: Course, order: tuple[int, ...]
) -> None:
    (first, *_others) = sections(knots)
    told = [
        Seen(100, 600, at_ms=NOW_MS),
        Seen(590, 600, at_ms=NOW_MS + 5),
        Seen(30, 600, at_ms=NOW_MS + 9),
    ]
    for number in order:
        record(ann.user, first.pk, told[number])
    row = SectionProgress.objects.get()
    assert (row.position_s, row.furthest_s, row.seen_ms) == (30, 590, NOW_MS + 9)
    assert row.done is not None


def test_a_clock_that_is_ahead_does_not_keep_others_from_being_heard(
    ann: Person, knots: Course
) -> None:
    browser, (first, *_others) = ann.caller(), sections(knots)
    ahead = int(time.time() * 1000) + 10**9
    tell(browser, first, position=500, duration=600, at=ahead)
    answer = tell(browser, first, position=20, duration=600)
    assert answer.json()["result"]["position"] == 20


def test_a_position_beyond_the_end_is_the_end(ann: Person, knots: Course) -> None:
    (first, *_others) = sections(knots)
    answer = tell(ann.caller(), first, position=700, duration=600)
    assert answer.json()["result"]["position"] == 600


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"position": 1},
        {"duration": 1},
        {"position": -1, "duration": 1},
        {"position": 1, "duration": 10**6},
        {"position": "x", "duration": 1},
        {"position": 1.5, "duration": 2},
        {"position": 1, "duration": 2, "at": -1},
        {"position": 1, "duration": 2, "at": 2**64},
        {"position": 1, "duration": 2, "done": "perhaps"},
        {"position": None, "duration": None},
    ],
)
def test_what_no_player_tells_is_refused(ann: Person, knots: Course, body: Any) -> None:
    (first, *_others) = sections(knots)
    assert tell(ann.caller(), first, **body).status_code == 400
    assert not SectionProgress.objects.exists()


def test_who_does_not_take_the_course_leaves_no_trace(knots: Course) -> None:
    bob = Person.make("13800000002")
    first, second, *_others = sections(knots)
    assert tell(Caller(), first, position=1, duration=2).status_code == 401
    for section in (first, second):
        assert tell(bob.caller(), section, position=1, duration=2).status_code == 403
    assert tell(bob.caller(), CourseSection(pk=424242), position=1, duration=2).status_code == 404
    assert not SectionProgress.objects.exists()


def test_a_flood_is_slowed(ann: Person, knots: Course) -> None:
    browser, (first, *_others) = ann.caller(), sections(knots)
    statuses = [tell(browser, first, position=1, duration=2).status_code for _n in range(121)]
    assert set(statuses[:120]) == {200}
    assert statuses[120] == 429


def test_it_costs_a_handful_of_queries(
    ann: Person, knots: Course, django_assert_num_queries: Any
) -> None:
    browser, (first, *_others) = ann.caller(), sections(knots)
    # The caller, the section, the enrolment; savepoint, lock, upsert, row, release.
    with django_assert_num_queries(8):
        tell(browser, first, position=1, duration=2)


def test_the_progress_of_a_course_counts_what_is_published(ann: Person, knots: Course) -> None:
    rows = sections(knots)
    for row in rows[:2]:
        record(ann.user, row.pk, Seen(0, 0, done=True))
    record(ann.user, rows[3].pk, Seen(44, 600))
    progress = course_progress(ann.user, [knots.pk])[knots.pk]
    assert (progress.done, progress.sections, progress.percent) == (2, 6, 33)
    assert progress.go_on is not None
    assert (progress.go_on.id, progress.position_s) == (rows[3].pk, 44)
    rows[0].is_show = False
    rows[0].save()
    progress = course_progress(ann.user, [knots.pk])[knots.pk]
    assert (progress.done, progress.sections, progress.percent) == (1, 5, 20)


def test_where_to_go_on(ann: Person, knots: Course) -> None:
    rows = sections(knots)

    def go_on() -> int:
        place = course_progress(ann.user, [knots.pk])[knots.pk].go_on
        assert place is not None
        return [row.pk for row in rows].index(place.id)

    assert go_on() == 0, "nothing was seen yet"
    record(ann.user, rows[4].pk, Seen(600, 600, at_ms=NOW_MS))
    assert go_on() == 5, "what was seen last is done: the next"
    record(ann.user, rows[5].pk, Seen(600, 600, at_ms=NOW_MS + 1))
    assert go_on() == 0, "behind the last one, what was left out"
    for row in rows:
        record(ann.user, row.pk, Seen(600, 600, at_ms=NOW_MS + 2))
    assert go_on() == 0, "all is done: from the beginning"
    CourseSection.objects.all().delete()
    assert course_progress(ann.user, [knots.pk])[knots.pk].go_on is None


def test_it_is_handed_over_and_forgotten(ann: Person, knots: Course) -> None:
    (first, *_others) = sections(knots)
    record(ann.user, first.pk, Seen(600, 600))
    (row,) = personal_data.export(ann.user)["progress"]
    assert (row["course"], row["section"], row["position"]) == ("Knots", "Section 1.1", 600)
    personal_data.forget(ann.user)
    assert not SectionProgress.objects.exists()
    with pytest.raises(AuthenticationFailed):
        record(ann.user, first.pk, Seen(1, 2))
    assert not SectionProgress.objects.exists(), "a late write leaves nothing"


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_leave_one_row_with_the_best_of_both(
    make_course: Callable[..., Course],
) -> None:
    person, course = Person.make("13800000001"), make_course("Knots")
    (first, *_others) = sections(course)
    barrier = threading.Barrier(8)

    def report(number: int) -> None:
        try:
            barrier.wait(10)
            for step in range(5):
                position = number * 50 + step
                record(person.user, first.pk, Seen(position, 600, at_ms=NOW_MS + position))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(report, range(8)))
    row = SectionProgress.objects.get()
    assert (row.position_s, row.furthest_s, row.seen_ms) == (354, 354, NOW_MS + 354)
