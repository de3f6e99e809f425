"""Courses have short links made by another service, and the site goes on without it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from course import tasks as course_tasks
from course.models import Course
from course.reads import course_reads
from course.tasks import ASK_AGAIN_AFTER, make_short_links
from luffy.outside.failures import (
    BadAnswerError,
    CircuitOpenError,
    NoAnswerError,
    NotReachedError,
    OutsideError,
    RefusedError,
)
from luffy.outside.short_links import make_link, short_links_circuit, short_links_client
from tests.short_link_service import ShortLinkService

PAGE = "https://shop.example/courses/7"


@pytest.fixture(scope="module")
def _service() -> Iterator[ShortLinkService]:
    with ShortLinkService() as service:
        yield service


@pytest.fixture(autouse=True)
def service(_service: ShortLinkService, settings: Any) -> ShortLinkService:
    """A service that this site is set up to use, without a link."""
    _service.reset()
    short_links_circuit.succeeded()
    settings.SHORT_LINKS = _service.settings()
    return _service


@pytest.fixture
def course(make_course: Callable[..., Course]) -> Course:
    return make_course()


def test_a_page_has_one_short_link(service: ShortLinkService) -> None:
    first = make_link(service.settings(), PAGE)
    assert first == "http://s.example:8002/code1"
    assert make_link(service.settings(), PAGE) == first
    assert service.links == {PAGE: "code1"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, b"{}"), BadAnswerError),
        ((503, b'{"name": "mariadb"}'), BadAnswerError),
        ((401, b'{"name": "credentials"}'), BadAnswerError),
        ((429, b'{"name": "calls"}'), BadAnswerError),
        ((302, b""), BadAnswerError),
        ((201, b"not JSON"), BadAnswerError),
        ((201, b"[]"), BadAnswerError),
        ((201, b'{"short_url": "javascript:alert(1)"}'), BadAnswerError),
        ((201, b'{"short_url": "http://s/' + b"x" * 300 + b'"}'), BadAnswerError),
        ((201, b'{"short_url": null}'), BadAnswerError),
        ((400, b'{"name": "url"}'), RefusedError),
    ],
)
def test_every_bad_answer_has_a_name(
    service: ShortLinkService, answer: tuple[int, bytes], error: type[OutsideError]
) -> None:
    service.answer = answer
    with pytest.raises(error):
        make_link(service.settings(), PAGE)


def test_it_is_left_alone_after_it_failed_again_and_again(service: ShortLinkService) -> None:
    service.answer = (500, b"")
    for _ in range(3):
        with pytest.raises(BadAnswerError):
            make_link(service.settings(), PAGE)
    with pytest.raises(CircuitOpenError):
        make_link(service.settings(), PAGE)
    assert service.asked == 3


def test_one_that_is_silent_is_not_waited_for_long(service: ShortLinkService) -> None:
    object.__setattr__(short_links_client, "read_timeout_s", 0.2)
    service.delay_s = 1.0
    try:
        with pytest.raises(NoAnswerError):
            make_link(service.settings(), PAGE)
    finally:
        object.__setattr__(short_links_client, "read_timeout_s", 4)


def test_one_that_is_down_is_a_failure_with_a_name(service: ShortLinkService) -> None:
    away = replace(service.settings(), url="http://127.0.0.1:1")
    with pytest.raises(NotReachedError):
        make_link(away, PAGE)


def test_no_password_is_logged(service: ShortLinkService, caplog: pytest.LogCaptureFixture) -> None:
    service.answer = (401, b'{"name": "credentials"}')
    with caplog.at_level(logging.DEBUG), pytest.raises(BadAnswerError):
        make_link(service.settings(), PAGE)
    assert "HTTP 401" in caplog.text
    assert service.password not in caplog.text
    assert service.password not in repr(service.settings())


def test_courses_get_links_and_their_answers_say_so(
    service: ShortLinkService, api: Callable[..., Any], course: Course
) -> None:
    address = f"course/actual/{course.pk}/"
    assert api(address).json()["short_url"] is None
    make_short_links()
    assert list(service.links) == [f"https://shop.example/courses/{course.pk}"]
    assert api(address).json()["short_url"] == "http://s.example:8002/code1"
    assert "short_url" not in api("course/actual/").json()["results"][0]
    make_short_links()
    assert service.asked == 1


def test_courses_that_nobody_may_see_get_none(service: ShortLinkService, course: Course) -> None:
    Course.objects.update(status=Course.Status.OFFLINE)
    make_short_links()
    assert service.asked == 0


def test_another_address_of_the_site_means_other_links(
    service: ShortLinkService, course: Course, settings: Any
) -> None:
    make_short_links()
    settings.SHORT_LINKS = replace(service.settings(), site_url="https://new.example")
    make_short_links()
    course.refresh_from_db()
    assert course.short_url == "http://s.example:8002/code2"
    assert course.short_url_of == f"https://new.example/courses/{course.pk}"


def after_a_while() -> None:
    """Have it be so late that every link is asked for again."""
    Course.objects.update(short_url_at=timezone.now() - ASK_AGAIN_AFTER)


def test_a_link_that_is_reached_elsewhere_by_now_is_shown_as_it_is(
    service: ShortLinkService, api: Callable[..., Any], course: Course
) -> None:
    make_short_links()
    assert api(f"course/actual/{course.pk}/").json()["short_url"] == "http://s.example:8002/code1"
    service.public_url = "https://go.example"
    make_short_links()
    assert service.asked == 1
    after_a_while()
    make_short_links()
    assert api(f"course/actual/{course.pk}/").json()["short_url"] == "https://go.example/code1"
    make_short_links()
    assert service.asked == 2


def test_a_link_that_was_deleted_is_made_anew(
    service: ShortLinkService, api: Callable[..., Any], course: Course
) -> None:
    make_short_links()
    service.links.clear()
    after_a_while()
    make_short_links()
    assert api(f"course/actual/{course.pk}/").json()["short_url"] == "http://s.example:8002/code2"


def test_a_new_course_comes_before_what_is_asked_for_again(
    make_course: Callable[..., Course], course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_short_links()
    after_a_while()
    new = make_course()
    monkeypatch.setattr(course_tasks, "AT_ONCE", 1)
    make_short_links()
    new.refresh_from_db()
    assert new.short_url == "http://s.example:8002/code2"


def test_the_site_goes_on_without_it_and_catches_up(
    service: ShortLinkService,
    api: Callable[..., Any],
    course: Course,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service.answer = (503, b"{}")
    with caplog.at_level(logging.WARNING):
        make_short_links()
    assert "no more short links now" in caplog.text
    answer = api(f"course/actual/{course.pk}/")
    assert (answer.status_code, answer.json()["short_url"]) == (200, None)
    service.answer = None
    make_short_links()
    assert api(f"course/actual/{course.pk}/").json()["short_url"] is not None


def test_what_was_made_stays_while_it_is_away(
    service: ShortLinkService, api: Callable[..., Any], course: Course
) -> None:
    make_short_links()
    service.answer = (500, b"")
    after_a_while()
    make_short_links()
    assert service.asked == 2
    assert api(f"course/actual/{course.pk}/").json()["short_url"] is not None


def test_a_site_without_such_a_service_shows_none(
    service: ShortLinkService, api: Callable[..., Any], course: Course, settings: Any
) -> None:
    make_short_links()
    settings.SHORT_LINKS = None
    course_reads.invalidate()
    make_short_links()
    assert api(f"course/actual/{course.pk}/").json()["short_url"] is None
    assert service.asked == 1
