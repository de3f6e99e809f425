"""`GET learning/section/{id}/`: who sees what, and with which links."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY

from course.models import Course, CourseSection, SectionAttachment
from learning.enrolment import enrol, withdraw
from learning.models import Enrolment
from luffy.media_links import sign
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db

MakeCourse = Callable[..., Course]
FREE, PAID, LAST = "Section 1.1", "Section 1.2", "Section 2.3"


@pytest.fixture
def knots(make_course: MakeCourse) -> Course:
    return make_course("Knots")


def section(course: Course, name: str = PAID) -> CourseSection:
    return CourseSection.objects.get(chapter__course=course, name=name)


def with_video(course: Course, name: str = PAID) -> CourseSection:
    found = section(course, name)
    found.video.name = f"protected/section/{'0a' * 16}.mp4"
    found.save()
    SectionAttachment.objects.create(
        section=found,
        name="Notes 笔记.pdf",
        kind="pdf",
        size=7,
        file=f"protected/attachment/{'0b' * 16}.pdf",
    )
    return found


def let_in(person: Person, course: Course) -> None:
    with transaction.atomic():
        enrol(person.user, [course.pk], Enrolment.Source.BOUGHT)


def is_for(link: str, holder: str, settings: Any) -> bool:
    """Whether the link was signed for that holder."""
    parts = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    named = re.search(r"&name=([^&]*)", link)
    expected = sign(
        settings.MEDIA_SECRET,
        parts.path,
        int(query["expires"]),
        holder,
        named[1] if named else "",
    )
    return query["signature"] == expected


def test_who_takes_the_course_gets_the_section_with_its_neighbours(
    ann: Person, knots: Course
) -> None:
    let_in(ann, knots)
    answer = ann.caller().learn("GET", f"section/{section(knots).pk}/")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    result = answer.json()["result"]
    assert result["name"] == PAID
    assert result["enrolled"] is True
    assert result["section_link"] == "https://example.com/1/2"
    assert result["expires"] is None
    assert result["course"] == {"id": knots.pk, "name": "Knots"}
    assert result["chapter"]["name"] == "Chapter 1"
    assert (result["previous"]["name"], result["next"]["name"]) == ("Section 1.1", "Section 1.3")
    assert result["progress"] == {"position": 0, "duration": 0, "done": False}
    assert result["attachments"] == []


def test_neighbours_cross_chapters_and_end_at_the_ends(ann: Person, knots: Course) -> None:
    let_in(ann, knots)
    browser = ann.caller()
    first = browser.learn("GET", f"section/{section(knots, FREE).pk}/").json()["result"]
    last = browser.learn("GET", f"section/{section(knots, LAST).pk}/").json()["result"]
    middle = browser.learn("GET", f"section/{section(knots, 'Section 1.3').pk}/").json()["result"]
    assert first["previous"] is None
    assert last["next"] is None
    assert middle["next"]["name"] == "Section 2.1"
    CourseSection.objects.filter(name="Section 2.1").update(is_show=False)
    middle = browser.learn("GET", f"section/{section(knots, 'Section 1.3').pk}/").json()["result"]
    assert middle["next"]["name"] == "Section 2.2"


def test_links_are_for_the_buyers_cookie(ann: Person, knots: Course, settings: Any) -> None:
    let_in(ann, knots)
    browser = ann.caller()
    answer = browser.learn("GET", f"section/{with_video(knots).pk}/")
    cookie = answer.cookies[settings.MEDIA_COOKIE]
    assert re.fullmatch(r"[0-9a-f]{64}", cookie.value)
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/protected/"
    assert cookie["max-age"] >= settings.MEDIA_LINK_LIFETIME_S
    result = answer.json()["result"]
    (attachment,) = result["attachments"]
    assert attachment["name"] == "Notes 笔记.pdf"
    for link in (result["section_link"], attachment["link"]):
        assert is_for(link, cookie.value, settings)
        assert not is_for(link, "", settings)
    again = ann.caller().learn("GET", f"section/{section(knots).pk}/")
    assert again.cookies[settings.MEDIA_COOKIE].value == cookie.value, "another tab's links last"


def test_two_people_have_two_cookies_and_a_new_password_a_new_one(
    ann: Person, knots: Course, settings: Any
) -> None:
    bob = Person.make("13800000002")
    values = []
    for person in (ann, bob):
        let_in(person, knots)
        answer = person.caller().learn("GET", f"section/{section(knots).pk}/")
        values.append(answer.cookies[settings.MEDIA_COOKIE].value)
    ann.user.set_password("another-horse-8")
    ann.user.save()
    browser = Caller()
    browser.login(ann.mobile, "another-horse-8")
    answer = browser.learn("GET", f"section/{section(knots).pk}/")
    values.append(answer.cookies[settings.MEDIA_COOKIE].value)
    assert len(set(values)) == 3


@pytest.mark.parametrize("scheme", [True, False])
def test_the_cookie_is_secure_with_https(
    ann: Person, knots: Course, settings: Any, scheme: bool
) -> None:
    settings.HTTPS = scheme
    let_in(ann, knots)
    answer = ann.caller().learn("GET", f"section/{section(knots).pk}/")
    assert bool(answer.cookies[settings.MEDIA_COOKIE]["secure"]) is scheme


def test_a_section_that_is_free_to_try_is_for_anyone_without_a_cookie(
    knots: Course, settings: Any
) -> None:
    answer = Caller().learn("GET", f"section/{with_video(knots, FREE).pk}/")
    assert answer.status_code == 200
    assert not answer.cookies
    result = answer.json()["result"]
    assert result["enrolled"] is False
    assert is_for(result["section_link"], "", settings)


def test_the_catalogue_leads_to_a_free_video_and_to_no_other(
    api: Callable[..., Any], knots: Course, settings: Any
) -> None:
    free, paid = with_video(knots, FREE), with_video(knots)
    sections = api("course/chapter/", course_id=knots.pk).json()[0]["coursesections"]
    address = f"/api/v1/course/section/{free.pk}/video/"
    assert [one["section_link"] for one in sections] == [address, None, None]
    preview = api(f"course/actual/{knots.pk}/").json()["section_list"]
    assert [one["section_link"] for one in preview[:2]] == [address, None]
    answer = Caller().ask("GET", address)
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_for(answer.headers["Location"], "", settings)
    assert Caller().ask("GET", f"/api/v1/course/section/{paid.pk}/video/").status_code == 404
    for text in ("protected/", "0a0a0a"):
        assert text not in api("course/actual/").content.decode()
        assert text not in api(f"course/actual/{knots.pk}/").content.decode()
        assert text not in api("course/chapter/", course_id=knots.pk).content.decode()


@pytest.mark.parametrize("field", ["is_show", "is_delete", "status", "chapter", "free_trail"])
def test_a_free_video_goes_with_what_it_belongs_to(knots: Course, field: str) -> None:
    free = with_video(knots, FREE)
    if field == "status":
        Course.objects.update(status=Course.Status.OFFLINE)
    elif field == "chapter":
        free.chapter.is_show = False
        free.chapter.save()
    elif field == "free_trail":
        CourseSection.objects.filter(pk=free.pk).update(free_trail=False)
    else:
        CourseSection.objects.filter(pk=free.pk).update(**{field: field == "is_delete"})
    assert Caller().ask("GET", f"/api/v1/course/section/{free.pk}/video/").status_code == 404


def test_nobody_else_sees_a_paid_section(ann: Person, knots: Course) -> None:
    paid = with_video(knots)
    for caller, status, word in (
        (Caller(), 401, "not_authenticated"),
        (ann.caller(), 403, "not_enrolled"),
    ):
        answer = caller.learn("GET", f"section/{paid.pk}/")
        assert (answer.status_code, answer.json()["error"]) == (status, word)
        assert "example.com" not in answer.content.decode()
        assert "protected" not in answer.content.decode()
        assert not answer.cookies.get("luffy_media")


def test_another_course_opens_nothing(ann: Person, knots: Course, make_course: MakeCourse) -> None:
    let_in(ann, make_course("Sails"))
    assert ann.caller().learn("GET", f"section/{section(knots).pk}/").status_code == 403


def test_a_refund_closes_it_again(ann: Person, knots: Course) -> None:
    let_in(ann, knots)
    browser = ann.caller()
    assert browser.learn("GET", f"section/{section(knots).pk}/").status_code == 200
    with transaction.atomic():
        withdraw(ann.user, [knots.pk])
    assert browser.learn("GET", f"section/{section(knots).pk}/").status_code == 403


@pytest.mark.parametrize("token", ["x", "a.b.c"])
def test_a_bad_token_is_told_so_even_for_what_is_free(knots: Course, token: str) -> None:
    browser = Caller()
    browser.token = token
    assert browser.learn("GET", f"section/{section(knots, FREE).pk}/").status_code == 401


def test_what_was_bought_stays_open_while_the_course_is_out_of_sight(
    ann: Person, knots: Course
) -> None:
    let_in(ann, knots)
    browser, free = ann.caller(), section(knots, FREE)
    for change in ({"status": Course.Status.OFFLINE}, {"is_show": False}):
        Course.objects.filter(pk=knots.pk).update(**change)
        assert browser.learn("GET", f"section/{section(knots).pk}/").status_code == 200
        for name in (FREE, PAID):
            path = f"section/{section(knots, name).pk}/"
            assert Caller().learn("GET", path).status_code == 404, "nothing is told of it"
    Course.objects.filter(pk=knots.pk).update(is_delete=True)
    assert browser.learn("GET", f"section/{free.pk}/").status_code == 404


@pytest.mark.parametrize("of", ["section", "chapter"])
@pytest.mark.parametrize("change", [{"is_show": False}, {"is_delete": True}])
def test_a_section_out_of_sight_is_so_for_all(
    ann: Person, knots: Course, of: str, change: dict[str, bool]
) -> None:
    let_in(ann, knots)
    row: Any = section(knots)
    row = row if of == "section" else row.chapter
    for name, value in change.items():
        setattr(row, name, value)
    row.save()
    assert ann.caller().learn("GET", f"section/{section(knots).pk}/").status_code == 404


def test_staff_with_the_right_see_every_section_and_others_do_not(knots: Course) -> None:
    right = Permission.objects.get(codename="view_coursesection")
    editor = Person.make("13800000002", is_staff=True)
    clerk = Person.make("13800000003", is_staff=True)
    stranger = Person.make("13800000004")
    for person in (editor, stranger):
        person.user.user_permissions.add(right)
    path = f"section/{section(knots).pk}/"
    assert editor.caller().learn("GET", path).json()["result"]["enrolled"] is False
    for person in (clerk, stranger):
        assert person.caller().learn("GET", path).status_code == 403


def test_openings_are_counted(ann: Person, knots: Course) -> None:
    def counted(by: str) -> float:
        return REGISTRY.get_sample_value("luffy_sections_opened_total", {"by": by}) or 0

    let_in(ann, knots)
    before = counted("enrolled"), counted("visitor")
    ann.caller().learn("GET", f"section/{section(knots).pk}/")
    Caller().learn("GET", f"section/{section(knots, FREE).pk}/")
    Caller().learn("GET", f"section/{section(knots).pk}/")
    assert (counted("enrolled"), counted("visitor")) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(("number", "status"), [("x", 400), ("0", 400), ("424242", 404)])
def test_a_number_that_leads_nowhere_is_told_so(ann: Person, number: str, status: int) -> None:
    assert ann.caller().learn("GET", f"section/{number}/").status_code == status


def test_queries_do_not_grow_with_the_course(ann: Person, make_course: MakeCourse) -> None:
    small, large = make_course("Small"), make_course("Large")
    row = section(large)
    CourseSection.objects.bulk_create(
        CourseSection(chapter=row.chapter, name=f"More {number}") for number in range(100)
    )
    for number in range(20):
        SectionAttachment.objects.create(
            section=row, name="x", kind="text", size=1, file=f"protected/attachment/{number}.txt"
        )
    browser = ann.caller()
    for course in (small, large):
        let_in(ann, course)
        path = f"section/{section(course).pk}/"
        with CaptureQueriesContext(connection) as queries:
            assert browser.learn("GET", path).status_code == 200
        assert len(queries) == 6, [query["sql"] for query in queries]
