"""`GET home/banner/`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from home.models import Banner

pytestmark = pytest.mark.django_db


def test_banners_come_in_the_envelope_and_in_their_order(api: Callable[..., Any]) -> None:
    Banner.objects.create(title="Second", image="banner/b.webp", link="/b", orders=2)
    Banner.objects.create(title="第一", image="banner/a.webp", link="/a", orders=1)
    answer = api("home/banner/")
    assert answer.status_code == 200
    assert answer.json() == {
        "code": 100,
        "msg": "OK",
        "result": [
            {"title": "第一", "image": "/media/banner/a.webp", "image_set": [], "link": "/a"},
            {"title": "Second", "image": "/media/banner/b.webp", "image_set": [], "link": "/b"},
        ],
    }


def test_hidden_and_deleted_banners_are_not_listed(api: Callable[..., Any]) -> None:
    Banner.objects.create(title="Hidden", image="a.webp", link="/", is_show=False)
    Banner.objects.create(title="Deleted", image="a.webp", link="/", is_delete=True)
    assert api("home/banner/").json()["result"] == []


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "data:text/html,x", ""])
def test_a_link_that_could_run_code_or_leave_unseen_is_refused(link: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Banner(title="Bad", image="a.webp", link=link).full_clean()
    assert "link" in refusal.value.message_dict


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_banners_are_read_only(client: Any, method: str) -> None:
    answer = getattr(client, method)("/api/v1/home/banner/")
    assert answer.status_code == 405
    assert answer.json()["error"] == "method_not_allowed"
