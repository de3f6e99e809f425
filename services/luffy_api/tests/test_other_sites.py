"""Pages of other sites: browsers let them read nothing here, and send nothing in a name of ours."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from course.models import Course
from tests.people import Person

pytestmark = pytest.mark.django_db

ELSEWHERE = {"Origin": "https://elsewhere.example"}


@pytest.mark.parametrize("path", ["course/actual/", "home/banner/", "user/profile/", "order/"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_answer_is_for_a_page_of_another_site(
    ann: Person, make_course: Callable[..., Course], method: str, path: str
) -> None:
    make_course()
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
    headers = ELSEWHERE | asked | {"Authorization": f"jwt {ann.caller().token}"}
    answer = Client().generic(method, f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_form_of_another_site_logs_nobody_in(client: Any, ann: Person) -> None:
    # What a page can send without asking first: a form, or text that looks like JSON.
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = client.post(
            "/api/v1/user/login/mul_login/",
            f'{{"username": "{ann.mobile}", "password": "x"}}',
            content_type=kind,
            headers=ELSEWHERE,
        )
        assert answer.status_code == 415
