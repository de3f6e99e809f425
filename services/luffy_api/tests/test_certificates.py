"""Certificates: for who did it all, verified by anyone, printed with their name."""

import base64
import re
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import personal_data
from course.models import Course, CourseSection
from learning import certificate_pdf
from learning.certificate_pdf import draw
from learning.certificates import find, issue, spelled
from learning.enrolment import enrol, withdraw
from learning.models import Certificate, Enrolment
from learning.progress import Seen, record
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db

NAME = "王小帆 Ann"


@pytest.fixture
def ann(db: None) -> Person:
    return Person.make("13800000001", display_name=NAME)


def complete(person: Person, course: Course) -> None:
    with transaction.atomic():
        enrol(person.user, [course.pk], Enrolment.Source.BOUGHT)
    for section in CourseSection.objects.filter(chapter__course=course):
        record(person.user, section.pk, Seen(0, 0, done=True))


@pytest.fixture
def knots(make_course: Callable[..., Course]) -> Course:
    return make_course("绳结 Knots")


def ask(browser: Caller, course: Any) -> Any:
    return browser.learn("POST", "certificate/", {"course": course})


def test_who_did_it_all_gets_one_certificate(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    browser = ann.caller()
    answer = ask(browser, knots.pk)
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    assert (result["name"], result["course"]) == (NAME, "绳结 Knots")
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{20}", result["code"])
    assert ask(browser, knots.pk).json()["result"] == result
    assert Certificate.objects.count() == 1
    (course,) = browser.learn("GET", "courses/").json()["result"]["results"]
    assert course["certificate"] == result["code"]
    assert course["percent"] == 100


def test_one_section_less_is_not_enough(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    new = CourseSection.objects.create(
        chapter=CourseSection.objects.filter(chapter__course=knots)[0].chapter, name="New"
    )
    answer = ask(ann.caller(), knots.pk)
    assert (answer.status_code, answer.json()["error"]) == (409, "not_complete")
    new.is_show = False
    new.save()
    assert ask(ann.caller(), knots.pk).status_code == 200, "it counts what is published"


def test_what_was_issued_stays_when_a_section_is_added(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    chapter = CourseSection.objects.filter(chapter__course=knots)[0].chapter
    CourseSection.objects.create(chapter=chapter, name="New")
    assert ask(ann.caller(), knots.pk).json()["result"]["code"] == code


def test_an_empty_course_is_not_done(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    CourseSection.objects.all().delete()
    assert ask(ann.caller(), knots.pk).json()["error"] == "not_complete"


def test_others_get_none(ann: Person, knots: Course) -> None:
    assert ask(Caller(), knots.pk).status_code == 401
    assert ask(ann.caller(), knots.pk).json()["error"] == "not_enrolled"
    assert ask(ann.caller(), 424242).status_code == 404
    assert ask(ann.caller(), "x").status_code == 400
    complete(ann, knots)
    with transaction.atomic():
        withdraw(ann.user, [knots.pk])
    assert ask(ann.caller(), knots.pk).json()["error"] == "not_enrolled"
    assert not Certificate.objects.exists()


def test_a_name_to_print_is_needed(knots: Course) -> None:
    bob = Person.make("13800000002")
    complete(bob, knots)
    browser = bob.caller()
    assert ask(browser, knots.pk).json()["error"] == "name_missing"
    browser.ask("PATCH", "profile/", {"name": "Bob"})
    assert ask(browser, knots.pk).json()["result"]["name"] == "Bob"


def test_the_names_printed_are_those_of_that_day(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    ann.caller().ask("PATCH", "profile/", {"name": "Somebody else"})
    Course.objects.update(name="Renamed")
    result = Caller().learn("GET", f"certificate/{code}/").json()["result"]
    assert (result["name"], result["course"]) == (NAME, "绳结 Knots")


def test_anyone_verifies_it_and_learns_nothing_more(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    for typed in (code, code.lower(), spelled(code), spelled(code).lower()):
        answer = Caller().learn("GET", f"certificate/{typed}/")
        assert answer.status_code == 200, typed
        assert set(answer.json()["result"]) == {"code", "name", "course", "issued"}


@pytest.mark.parametrize(
    "code", ["x", "0" * 20, "I" * 20, "0" * 19, "0" * 2000, "' OR 1=1 --", "%00", "零" * 20]
)
def test_a_code_that_nobody_has_is_not_found(db: None, code: str) -> None:
    for path in (f"certificate/{code}/", f"certificate/{code}/pdf/"):
        assert Caller().learn("GET", path).status_code == 404


def test_guessing_is_slowed(db: None) -> None:
    statuses = [
        Caller().learn("GET", f"certificate/{number:020}/").status_code for number in range(121)
    ]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {404}


def test_it_is_printed_with_chinese_names_in_a_font_of_its_own(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    answer = Caller().learn("GET", f"certificate/{code}/pdf/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert code in answer.headers["Content-Disposition"]
    pdf = answer.content
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < 200_000, "a subset of the font, not all of it"
    assert b"/FontFile2" in pdf
    # The page's text as it was written, by the table that maps glyphs back to letters.
    assert set(NAME.replace(" ", "") + "绳结") <= letters(pdf)


def test_what_is_printed_leads_to_the_page_that_verifies_it(
    ann: Person, knots: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    drawn: list[str] = []

    def draw_nothing(_row: Certificate, address: str) -> bytes:
        drawn.append(address)
        return b"%PDF-"

    monkeypatch.setattr(certificate_pdf, "draw", draw_nothing)
    Caller().learn("GET", f"certificate/{spelled(code).lower()}/pdf/")
    assert drawn == [f"http://testserver/certificate/{code}"]


def letters(pdf: bytes) -> set[str]:
    """Every letter that the file's fonts say they show."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        data = stream.strip()
        if data.endswith(b"~>"):
            data = base64.a85decode(b"<~" + data, adobe=True)
        try:
            data = zlib.decompress(data)
        except zlib.error:
            continue
        if b"beginbfrange" in data or b"beginbfchar" in data:
            found |= {chr(int(one, 16)) for one in re.findall(rb"<([0-9A-Fa-f]{4})>", data)}
    return found


def test_the_same_certificate_gives_the_same_bytes(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    certificate = issue(ann.user, knots.pk)
    assert draw(certificate, "http://a.test/") == draw(certificate, "http://a.test/")
    assert draw(certificate, "http://a.test/") != draw(certificate, "http://b.test/")


@pytest.mark.parametrize("name", ["名" * 150, "<b>&amp;", "a\u0300", "🙂", "אב", " "])
def test_any_name_can_be_printed(ann: Person, knots: Course, name: str) -> None:
    complete(ann, knots)
    certificate = issue(ann.user, knots.pk)
    certificate.name = name
    assert draw(certificate, "http://a.test/").startswith(b"%PDF-")


def test_whoever_left_is_named_no_more(ann: Person, knots: Course) -> None:
    complete(ann, knots)
    code = ask(ann.caller(), knots.pk).json()["result"]["code"]
    (row,) = personal_data.export(ann.user)["certificates"]
    assert (row["code"], row["name"], row["course"]) == (code, NAME, "绳结 Knots")
    personal_data.forget(ann.user)
    result = Caller().learn("GET", f"certificate/{code}/").json()["result"]
    assert (result["name"], result["course"]) == ("", "绳结 Knots")
    assert Caller().learn("GET", f"certificate/{code}/pdf/").status_code == 404
    assert find(code).user is None


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_issue_one(make_course: Callable[..., Course]) -> None:
    person, course = Person.make("13800000001", display_name=NAME), make_course("Knots")
    complete(person, course)
    barrier = threading.Barrier(6)

    def run(_number: int) -> str:
        try:
            barrier.wait(10)
            return issue(person.user, course.pk).code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(run, range(6)))
    assert len(set(codes)) == 1
    assert Certificate.objects.count() == 1
