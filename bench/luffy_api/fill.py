"""Fills the database with courses and writes what is asked for into /shared/requests.json.

    with_django.py fill COURSES PEOPLE

Courses have two chapters of five sections; a tenth costs nothing. People have access tokens that
last as long as the measurement.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from accounts.models import User
from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    Teacher,
)
from course.reads import course_reads
from course.search import index
from django.contrib.auth.hashers import make_password
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.utils import get_md5_hash_password

WORDS = ("Knots", "Sails", "Charts", "Stars", "Tides", "绳结", "风帆", "海图", "星空", "潮汐")
SHARED = Path("/shared")
UNUSABLE = make_password(None)
_AT_ONCE = 1000
_DETAILS = 100
"""So many courses are asked for one by one."""


def fill(count: int) -> list[Course]:
    """Have exactly `count` courses more than none; those that are there stay."""
    categories = [CourseCategory.objects.get_or_create(name=word)[0] for word in WORDS[:5]]
    teachers = [
        Teacher.objects.get_or_create(name=f"Teacher {word}", defaults={"title": "Captain"})[0]
        for word in WORDS[:5]
    ]
    there = Course.objects.count()
    new = [
        Course(
            name=f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} {number}",
            brief="How to do it, from the first day on. " * 4,
            course_img="course/knots.webp",
            price=0 if number % 10 == 0 else 39 + number % 200,
            students=number * 7 % 1000,
            sections=10,
            pub_sections=10,
            orders=number,
            teacher=teachers[number % 5],
            course_category=categories[number % 5],
        )
        for number in range(there, count)
    ]
    Course.objects.bulk_create(new, batch_size=_AT_ONCE)
    courses = list(Course.objects.order_by("pk"))
    made = courses[there:]
    CourseChapter.objects.bulk_create(
        [
            CourseChapter(course=course, chapter=number, name=f"Chapter {number}")
            for course in made
            for number in (1, 2)
        ],
        batch_size=_AT_ONCE,
    )
    chapters = CourseChapter.objects.filter(course__in=[course.pk for course in made])
    CourseSection.objects.bulk_create(
        [
            CourseSection(
                chapter=chapter,
                name=f"Section {chapter.chapter}.{number}",
                duration="10:00",
                orders=number,
                free_trail=chapter.chapter == number == 1,
            )
            for chapter in chapters.iterator()
            for number in range(1, 6)
        ],
        batch_size=_AT_ONCE,
    )
    index(Course.objects.filter(pk__in=[course.pk for course in made]))
    course_reads.invalidate()
    return courses


def people(count: int, whose: str) -> list[str]:
    """An access token for each of `count` new people, who have not ordered anything."""
    User.objects.bulk_create(
        [User(username=f"{whose}_{number}", password=UNUSABLE) for number in range(count)],
        batch_size=_AT_ONCE,
    )
    tokens = []
    for user in User.objects.filter(username__startswith=f"{whose}_").order_by("pk"):
        token = AccessToken.for_user(user)
        token.set_exp(lifetime=timedelta(hours=2))
        token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
        tokens.append(str(token))
    return tokens


def requests(courses: list[Course], tokens: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What is asked for, by case; each is asked over and over, one after the other."""
    list_of = "/api/v1/course/actual/"
    pages = [f"?page={1 + number % max(1, len(courses) // 10)}" for number in range(5)]
    queries = [f"{page}{order}" for page in pages for order in ("", "&ordering=-price")]
    few = courses[:: max(1, len(courses) // _DETAILS)][:_DETAILS]
    paid = [course for course in courses if course.price][:200]
    return {
        "list": [get(list_of + query) for query in queries],
        # It answers what the list did.
        "bare": [get("/bare/")],
        "list, no cache": [get("/uncached/" + query) for query in queries],
        "course": [get(f"{list_of}{course.pk}/") for course in few],
        "search": [get(f"/api/v1/course/search/?search={word}") for word in ("Knots", "Sails")],
        "waiting": [get("/waiting/")],
        "order": [order(paid[number % len(paid)], token) for number, token in enumerate(tokens)],
    }


def get(path: str) -> dict[str, Any]:
    """A request without a body."""
    return {"method": "GET", "path": path}


def order(course: Course, token: str) -> dict[str, Any]:
    """Somebody orders a course."""
    body = {
        "subject": course.name,
        "total_amount": f"{course.price:.2f}",
        "pay_type": 1,
        "courses": [course.pk],
    }
    return {
        "method": "POST",
        "path": "/api/v1/order/pay/",
        "body": json.dumps(body),
        "token": token,
    }


def main(count: str, buyers: str) -> None:
    """Fill."""
    courses = fill(int(count))
    tokens = people(int(buyers), f"buyer{len(courses)}")
    (SHARED / "requests.json").write_text(json.dumps(requests(courses, tokens)))
