"""`GET course/category/`, `course/actual/` and `course/actual/{id}/`."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    HotWord,
    Teacher,
)

pytestmark = pytest.mark.django_db

Get = Callable[..., Any]
MakeCourse = Callable[..., Course]


def names(answer: Any) -> list[str]:
    return [course["name"] for course in answer.json()["results"]]


def test_categories_are_a_bare_list(api: Get, category: CourseCategory) -> None:
    CourseCategory.objects.create(name="Hidden", is_show=False)
    CourseCategory.objects.create(name="Deleted", is_delete=True)
    assert api("course/category/").json() == [{"id": category.pk, "name": "Navigation"}]


def test_a_course_has_every_field_of_the_reference(api: Get, make_course: MakeCourse) -> None:
    course = make_course(price=Decimal("39.9"), students=7, sections=6, pub_sections=6, level=2)
    assert api(f"course/actual/{course.pk}/").json() == {
        "id": course.pk,
        "name": "Knots",
        "course_img": "/media/course/knots.webp",
        "course_img_set": [],
        "brief": "",
        "attachment_path": None,
        "price": "39.90",
        "students": 7,
        "period": 7,
        "sections": 6,
        "pub_sections": 6,
        "rating": None,
        "reviews": 0,
        "course_type_name": "Paid",
        "level_name": "Intermediate",
        "status_name": "Online",
        "for_sale": True,
        "teacher": {
            "id": course.teacher.pk,
            "name": "Ann",
            "role_name": "Lecturer",
            "title": "Captain",
            "signature": "Ahoy",
            "image": "/media/teacher/ann.webp",
            "image_set": [],
            "brief": "Sails.",
        },
        "section_list": [
            {
                "name": "Section 1.1",
                "section_link": "https://example.com/1/1",
                "duration": "10:00",
                "free_trail": True,
            },
            *(
                {
                    "name": f"Section {place}",
                    "section_link": None,
                    "duration": "10:00",
                    "free_trail": False,
                }
                for place in ("1.2", "1.3", "2.1")
            ),
        ],
        "details": "",
        "short_url": None,
    }


def test_a_list_is_a_bare_page_of_the_same_courses(api: Get, make_course: MakeCourse) -> None:
    course = make_course()
    page = api("course/actual/").json()
    whole = api(f"course/actual/{course.pk}/").json()
    for own in ("details", "short_url"):
        del whole[own]
    assert page == {"count": 1, "next": None, "previous": None, "results": [whole]}


def test_pages_are_cut_by_page_size_and_linked(api: Get, make_course: MakeCourse) -> None:
    for number in range(5):
        make_course(f"Course {number}")
    first = api("course/actual/", page_size=2, ordering="price")
    assert names(first) == ["Course 0", "Course 1"]
    assert first.json()["count"] == 5
    assert first.json()["previous"] is None
    following = first.json()["next"]
    assert following.startswith("http://testserver/api/v1/course/actual/?")
    second = api(following.removeprefix("http://testserver/api/v1/"))
    assert names(second) == ["Course 2", "Course 3"]
    assert "page=" not in second.json()["previous"].replace("page_size=", "")
    last = api("course/actual/", page=3, page_size=2)
    assert names(last) == ["Course 4"]
    assert last.json()["next"] is None
    assert "page=2" in last.json()["previous"]


def test_a_page_size_above_the_largest_counts_as_the_largest(
    api: Get, category: CourseCategory, teacher: Teacher
) -> None:
    Course.objects.bulk_create(
        Course(name=f"Course {number}", course_category=category, teacher=teacher)
        for number in range(51)
    )
    answer = api("course/actual/", page_size=5000)
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 50


def test_an_empty_catalogue_is_an_empty_first_page(api: Get, db: None) -> None:
    answer = api("course/actual/")
    assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("price", ["Cheap", "Same A", "Same B", "Dear"]),
        ("-price", ["Dear", "Same A", "Same B", "Cheap"]),
        ("students", ["Dear", "Same A", "Same B", "Cheap"]),
        ("-students", ["Cheap", "Same A", "Same B", "Dear"]),
        ("", ["Dear", "Same A", "Same B", "Cheap"]),
    ],
)
def test_courses_are_ordered_by_price_or_students(
    api: Get, make_course: MakeCourse, ordering: str, expected: list[str]
) -> None:
    make_course("Dear", price=99, students=1)
    make_course("Same A", price=50, students=5)
    make_course("Same B", price=50, students=5)
    make_course("Cheap", price=5, students=9)
    assert names(api("course/actual/", ordering=ordering)) == expected


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("-pub_date", ["New B", "New A", "Old"]),
        ("pub_date", ["Old", "New A", "New B"]),
    ],
)
def test_courses_are_ordered_by_the_day_they_were_published(
    api: Get, make_course: MakeCourse, ordering: str, expected: list[str]
) -> None:
    make_course("New A", pub_date=date(2026, 5, 2))
    make_course("Old", pub_date=date(2026, 5, 1))
    make_course("New B", pub_date=date(2026, 5, 2))
    assert names(api("course/actual/", ordering=ordering)) == expected
    pages = [api("course/actual/", ordering=ordering, page=n, page_size=1) for n in (1, 2, 3)]
    assert [name for page in pages for name in names(page)] == expected


def test_courses_are_filtered_by_category(
    api: Get, make_course: MakeCourse, category: CourseCategory
) -> None:
    other = CourseCategory.objects.create(name="Cooking")
    make_course("Knots")
    make_course("Soup", course_category=other)
    assert names(api("course/actual/", course_category=other.pk)) == ["Soup"]
    assert names(api("course/actual/", course_category=category.pk)) == ["Knots"]


@pytest.mark.parametrize(
    "fields", [{"is_show": False}, {"is_delete": True}, {"status": Course.Status.OFFLINE}]
)
def test_a_course_out_of_sight_is_neither_listed_nor_shown(
    api: Get, make_course: MakeCourse, fields: dict[str, Any]
) -> None:
    course = make_course(**fields)
    assert api("course/actual/").json()["count"] == 0
    for path in (f"course/actual/{course.pk}/", f"course/chapter/?course_id={course.pk}"):
        answer = api(path)
        assert answer.status_code == 404
        assert answer.json()["msg"] == f"There is no course {course.pk}."


def test_an_announced_course_is_listed_as_such(api: Get, make_course: MakeCourse) -> None:
    make_course(status=Course.Status.PRE)
    [course] = api("course/actual/").json()["results"]
    assert (course["status_name"], course["for_sale"]) == ("Coming soon", False)


def test_a_teacher_out_of_sight_is_left_out(
    api: Get, make_course: MakeCourse, teacher: Teacher
) -> None:
    teacher.is_show = False
    teacher.save()
    assert api(f"course/actual/{make_course().pk}/").json()["teacher"] is None


def test_sections_out_of_sight_are_left_out_of_the_short_list(
    api: Get, make_course: MakeCourse
) -> None:
    course = make_course()
    CourseSection.objects.filter(name="Section 1.2").update(is_show=False)
    CourseChapter.objects.filter(name="Chapter 2").update(is_delete=True)
    shown = api(f"course/actual/{course.pk}/").json()["section_list"]
    assert [section["name"] for section in shown] == ["Section 1.1", "Section 1.3"]


@pytest.mark.parametrize(("price", "shown"), [(0, "material/knots.zip"), (39, None)])
def test_course_material_is_shown_of_free_courses_alone(
    api: Get, make_course: MakeCourse, price: int, shown: str | None
) -> None:
    course = make_course(price=price, attachment_path="material/knots.zip")
    assert api(f"course/actual/{course.pk}/").json()["attachment_path"] == shown


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "last"}, "page"),
        ({"page": "1.5"}, "page"),
        ({"page": "٣"}, "page"),
        ({"page": "9" * 5000}, "page"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"ordering": "name"}, "ordering"),
        ({"ordering": "teacher__brief"}, "ordering"),
        ({"ordering": "price;drop table luffy_course"}, "ordering"),
        ({"course_category": "cooking"}, "course_category"),
        ({"course_category": "0"}, "course_category"),
        ({"course_category": "1" * 40}, "course_category"),
        ({"course_category": "999999"}, "course_category"),
        ({"course_category": "1\x00"}, "course_category"),
    ],
)
def test_a_malformed_question_is_refused_by_the_name_of_its_field(
    api: Get, make_course: MakeCourse, parameters: dict[str, str], field: str
) -> None:
    make_course()
    answer = api("course/actual/", **parameters)
    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["error"]) == (400, "invalid")
    assert list(body["errors"]) == [field]
    assert body["msg"].startswith(f"{field}: ")


def test_a_hidden_category_is_unknown(api: Get, make_course: MakeCourse) -> None:
    hidden = CourseCategory.objects.create(name="Hidden", is_show=False)
    make_course(course_category=hidden)
    answer = api("course/actual/", course_category=hidden.pk)
    assert answer.json()["msg"] == f"course_category: There is no category {hidden.pk}."


def test_a_page_beyond_the_last_is_not_found(api: Get, make_course: MakeCourse) -> None:
    make_course()
    answer = api("course/actual/", page=2)
    assert answer.status_code == 404
    assert answer.json()["msg"] == "There is no page 2; the last one is 1."
    assert api("course/actual/", page=2**63 - 1).status_code == 404


@pytest.mark.parametrize("text", ["abc", "0", "-1", "1e3", "1' or '1'='1", "9" * 30])
def test_a_course_id_that_is_no_number_is_refused(api: Get, db: None, text: str) -> None:
    answer = api(f"course/actual/{text}/")
    assert answer.status_code == 400
    assert answer.json()["errors"]["id"][0].startswith("Expected a whole number")


def test_an_unknown_course_is_not_found(api: Get, db: None) -> None:
    answer = api("course/actual/424242/")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_courses_of_a_teacher_and_those_that_are_free(
    api: Get,
    make_course: MakeCourse,
    teacher: Teacher,
    django_capture_on_commit_callbacks: Any,
) -> None:
    other = Teacher.objects.create(name="Bob", title="Mate", brief="Rows.")
    make_course("Free", price=0)
    make_course("Paid", price=1)
    make_course("Bob's", price=1, teacher=other)
    assert names(api("course/actual/", free="true")) == ["Free"]
    assert names(api("course/actual/", free="false")) == ["Paid", "Bob's"]
    assert names(api("course/actual/", teacher=other.pk)) == ["Bob's"]
    assert names(api("course/actual/", teacher=teacher.pk, free="true")) == ["Free"]
    other.is_show = False
    with django_capture_on_commit_callbacks(execute=True):
        other.save()
    answer = api("course/actual/", teacher=other.pk)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"teacher": [f"There is no teacher {other.pk}."]}


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"min_price": "20"}, ["20", "39.90", "100"]),
        ({"max_price": "20.00"}, ["0", "20"]),
        ({"min_price": "0", "max_price": "39.90"}, ["0", "20", "39.90"]),
        ({"min_price": "39.9", "max_price": "39.9"}, ["39.90"]),
        ({"min_price": "39.91", "max_price": "99"}, []),
        ({"min_price": "", "max_price": ""}, ["0", "20", "39.90", "100"]),
        ({"min_price": "1", "free": "true"}, []),
    ],
)
def test_courses_between_two_prices(
    api: Get, make_course: MakeCourse, bounds: dict[str, str], expected: list[str]
) -> None:
    for price in ("0", "20", "39.90", "100"):
        make_course(price, price=price)
    assert names(api("course/actual/", ordering="price", **bounds)) == expected
    # And from the cache, where no other bounds are.
    assert names(api("course/actual/", ordering="price", **bounds)) == expected
    assert len(names(api("course/actual/"))) == 4


@pytest.mark.parametrize("name", ["min_price", "max_price"])
@pytest.mark.parametrize(
    "value", ["-1", "x", "1.234", "1234567", "NaN", "Infinity", "1e9", "1,5", "--", "9" * 400]
)
def test_a_bad_price_is_refused_by_its_name(api: Get, db: None, name: str, value: str) -> None:
    for path, more in (("course/actual/", {}), ("course/search/", {"search": "knots"})):
        answer = api(path, **{name: value}, **more)
        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == {name}


def test_bounds_that_leave_nothing_are_refused(api: Get, db: None) -> None:
    answer = api("course/actual/", min_price="20", max_price="19.99")
    assert answer.status_code == 400
    message = "Expected at least min_price, 20.00, found 19.99."
    assert answer.json()["errors"] == {"max_price": [message]}


def test_the_same_bounds_are_kept_once(
    api: Get, make_course: MakeCourse, redis_keys: Callable[[], list[str]]
) -> None:
    make_course()
    # What earlier tests left lies under other words and runs out by itself.
    before = set(redis_keys())
    for value in ("20", "20.0", "20.00", " 20 "):
        api("course/actual/", min_price=value)
    assert len(set(redis_keys()) - before) == 1


@pytest.mark.parametrize("parameters", [{"free": "yes"}, {"teacher": "x"}, {"teacher": "0"}])
def test_a_bad_filter_is_refused(api: Get, parameters: dict[str, str]) -> None:
    answer = api("course/actual/", **parameters)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == set(parameters)


def test_teachers_are_a_bare_list(api: Get, teacher: Teacher) -> None:
    Teacher.objects.create(name="Hidden", title="-", brief="-", is_show=False)
    Teacher.objects.create(name="Deleted", title="-", brief="-", is_delete=True)
    assert api("course/teacher/").json() == [
        {
            "id": teacher.pk,
            "name": "Ann",
            "role_name": "Lecturer",
            "title": "Captain",
            "signature": "Ahoy",
            "image": "/media/teacher/ann.webp",
            "image_set": [],
            "brief": "Sails.",
        }
    ]


def test_hot_words_are_in_order_and_changed_at_once(
    api: Get, django_capture_on_commit_callbacks: Any
) -> None:
    second = HotWord.objects.create(word="sails", orders=2)
    first = HotWord.objects.create(word="结绳", orders=1)
    HotWord.objects.create(word="hidden", is_show=False)
    listed = [{"id": first.pk, "word": "结绳"}, {"id": second.pk, "word": "sails"}]
    assert api("course/hot_words/").json() == listed
    with django_capture_on_commit_callbacks(execute=True):
        first.delete()
    assert api("course/hot_words/").json() == listed[1:]
