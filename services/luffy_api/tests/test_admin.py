"""The administration."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from course.models import Course, CourseChapter
from home.models import Banner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "home/banner/",
        "course/coursecategory/",
        "course/teacher/",
        "course/course/",
        "course/coursechapter/",
        "course/coursesection/",
        "accounts/user/",
    ],
)
def test_every_list_and_every_empty_form_opens(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"/admin/{path}").status_code == 200
    assert admin_client.get(f"/admin/{path}?q=x").status_code == 200
    assert admin_client.get(f"/admin/{path}add/").status_code == 200


def test_a_courses_page_holds_its_chapters_and_a_chapters_its_sections(
    admin_client: Client, make_course: Callable[..., Course]
) -> None:
    course = make_course()
    page = admin_client.get(f"/admin/course/course/{course.pk}/change/").content.decode()
    assert 'name="coursechapters-1-name" value="Chapter 2"' in page
    chapter = CourseChapter.objects.get(name="Chapter 1")
    page = admin_client.get(f"/admin/course/coursechapter/{chapter.pk}/change/").content.decode()
    assert 'name="coursesections-2-name" value="Section 1.3"' in page


def test_a_banner_made_in_the_administration_is_shown(
    admin_client: Client, api: Callable[..., Any], media: Path, settings: Any
) -> None:
    picture = BytesIO()
    Image.new("RGB", (12, 4), "teal").save(picture, "PNG")
    form = {
        "title": "New",
        "link": "/courses",
        "info": "",
        "orders": "0",
        "is_show": "on",
        "image": SimpleUploadedFile("new.png", picture.getvalue(), "image/png"),
    }
    answer = admin_client.post("/admin/home/banner/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    assert Banner.objects.get().image.name == "banner/new.png"
    assert (media / "banner" / "new.png").stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_no_picture_is_refused(admin_client: Client) -> None:
    form = {"title": "New", "link": "/", "orders": "0"}
    script = SimpleUploadedFile("new.png", b"<script>alert(1)</script>", "image/png")
    answer = admin_client.post("/admin/home/banner/add/", form | {"image": script})
    assert answer.status_code == 200
    assert not Banner.objects.exists()


def test_visitors_are_sent_to_the_login(client: Client) -> None:
    answer = client.get("/admin/course/course/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_a_form_without_its_token_is_refused_plainly() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {}, headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "The form has expired." in answer.content.decode()


def test_phone_numbers_are_unique_and_may_be_absent() -> None:
    for name in ("one", "two"):
        user = User(username=name, password="x", mobile="")
        user.full_clean()
        user.save()
    User.objects.create(username="three", password="x", mobile="13000000000")
    with pytest.raises(ValidationError) as refusal:
        User(username="four", password="x", mobile="13000000000").full_clean()
    assert "mobile" in refusal.value.message_dict


@pytest.mark.parametrize("mobile", ["12345", "23000000000", "1300000000a", "１3000000000"])
def test_a_malformed_phone_number_is_refused(mobile: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        User(username="x", password="x", mobile=mobile).full_clean()
    assert "mobile" in refusal.value.message_dict


def test_a_users_page_changes_phone_name_and_picture(admin_client: Client, media: Path) -> None:
    user = User.objects.create_user("reader", password="correct-horse-7", mobile="13800000001")
    page = f"/admin/accounts/user/{user.pk}/change/"
    assert 'value="13800000001"' in admin_client.get(page).content.decode()
    picture = BytesIO()
    Image.new("RGB", (4, 4), "teal").save(picture, "PNG")
    form = {
        "username": "reader",
        "mobile": "13800000002",
        "display_name": "Reader",
        "email": "reader@example.com",
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "icon": SimpleUploadedFile("me.png", picture.getvalue(), "image/png"),
    }
    answer = admin_client.post(page, form)
    assert answer.status_code == 302, answer.content.decode()
    user.refresh_from_db()
    assert (user.mobile, user.display_name) == ("13800000002", "Reader")
    assert user.check_password("correct-horse-7")
    assert (media / str(user.icon.name)).exists()


def test_a_user_made_in_the_administration_can_log_in(admin_client: Client, client: Client) -> None:
    form = {
        "username": "writer",
        "usable_password": "true",
        "password1": "correct-horse-7",
        "password2": "correct-horse-7",
    }
    answer = admin_client.post("/admin/accounts/user/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    login = {"username": "writer", "password": "correct-horse-7"}
    answer = client.post("/api/v1/user/login/mul_login/", login, content_type="application/json")
    assert answer.status_code == 200, answer.content
