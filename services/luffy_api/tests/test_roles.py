"""What each role may do, and may not; and that nobody raises their own rights."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from course.models import Course, CourseCategory
from learning.models import Review
from office.roles import EDITOR, OWNER, ROLES, SUPPORT, keep_roles, rights
from shop.models import Order, OrderDetail
from tests.people import PASSWORD
from tests.staff import browser, give_phone, logged_in, make_boss, make_staff
from tests.stand import Deployed, run_sql

pytestmark = pytest.mark.django_db

BOSS, NONE = "superuser", "no role"
EVERYBODY = (BOSS, OWNER, EDITOR, SUPPORT, NONE)


@pytest.fixture
def staff() -> dict[str, User]:
    people = {role: make_staff(role, role) for role in ROLES}
    return people | {BOSS: make_boss(), NONE: make_staff("nobody")}


@pytest.fixture
def reader() -> User:
    return User.objects.create_user("reader", password=PASSWORD, mobile="13800000001")


def change(user: User, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A user's page, and its form with `fields` changed."""
    form: dict[str, Any] = {
        "username": user.username,
        "display_name": user.display_name,
        "mobile": user.mobile or "",
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }
    for name in ("is_active", "is_staff", "is_superuser"):
        if getattr(user, name):
            form[name] = "on"
    form["groups"] = [group.pk for group in user.groups.all()]
    form["user_permissions"] = [right.pk for right in user.user_permissions.all()]
    form |= fields
    form = {name: value for name, value in form.items() if value is not None}
    return f"/admin/accounts/user/{user.pk}/change/", form


# --- which pages open -----------------------------------------------------------------------------

PAGES: list[tuple[str, tuple[str, ...]]] = [
    ("/admin/", EVERYBODY),
    ("/admin/password_change/", EVERYBODY),
    ("/admin/home/banner/", (BOSS, OWNER, EDITOR)),
    ("/admin/home/banner/add/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/course/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/course/add/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/coursechapter/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/coursesection/add/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/coursecategory/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/teacher/", (BOSS, OWNER, EDITOR)),
    ("/admin/course/hotword/", (BOSS, OWNER, EDITOR)),
    ("/admin/shop/order/", (BOSS, OWNER, SUPPORT)),
    ("/admin/shop/order/add/", ()),
    ("/admin/shop/coupon/", (BOSS, OWNER, SUPPORT)),
    ("/admin/shop/coupon/add/", (BOSS, OWNER)),
    ("/admin/learning/enrolment/", (BOSS, OWNER, SUPPORT)),
    ("/admin/learning/certificate/", (BOSS, OWNER, SUPPORT)),
    ("/admin/learning/sectionprogress/", (BOSS, OWNER)),
    ("/admin/learning/review/", (BOSS, OWNER, SUPPORT)),
    ("/admin/learning/review/add/", ()),
    ("/admin/learning/question/", (BOSS, OWNER, SUPPORT)),
    ("/admin/learning/answer/", (BOSS, OWNER, SUPPORT)),
    ("/admin/accounts/user/", (BOSS, OWNER, SUPPORT)),
    ("/admin/accounts/user/add/", (BOSS, OWNER)),
    ("/admin/auth/group/", (BOSS, OWNER)),
    ("/admin/auth/group/add/", (BOSS,)),
    ("/admin/auditlog/logentry/", (BOSS, OWNER)),
    ("/admin/auditlog/logentry/add/", ()),
]


@pytest.mark.parametrize(("path", "allowed"), PAGES)
def test_which_pages_open_to_whom(
    staff: dict[str, User], path: str, allowed: tuple[str, ...]
) -> None:
    found = {who: logged_in(user).get(path).status_code for who, user in staff.items()}
    assert found == {who: 200 if who in allowed else 403 for who in EVERYBODY}


@pytest.mark.parametrize("role", [OWNER, EDITOR, SUPPORT])
def test_a_role_without_staff_rights_opens_nothing(role: str) -> None:
    user = make_staff("left", role, is_staff=False)
    assert logged_in(user).get("/admin/").status_code == 302


def test_the_catalogue_is_changed_by_owners_and_editors(
    staff: dict[str, User], category: CourseCategory
) -> None:
    page = f"/admin/course/coursecategory/{category.pk}/change/"
    for who, user in staff.items():
        form = {"name": f"By {who}", "orders": "0", "is_show": "on"}
        allowed = who in (BOSS, OWNER, EDITOR)
        assert logged_in(user).post(page, form).status_code == (302 if allowed else 403), who
        category.refresh_from_db()
        assert (category.name == f"By {who}") is allowed, who


def test_the_catalogue_is_deleted_from_by_owners_and_editors(
    staff: dict[str, User], make_course: Callable[..., Course]
) -> None:
    for who, user in staff.items():
        course = make_course()
        answer = logged_in(user).post(f"/admin/course/course/{course.pk}/delete/", {"post": "yes"})
        allowed = who in (BOSS, OWNER, EDITOR)
        assert answer.status_code == (302 if allowed else 403), who
        assert Course.objects.filter(pk=course.pk).exists() is not allowed, who


# --- people ---------------------------------------------------------------------------------------


def test_people_are_changed_by_owners_alone_and_read_by_support(
    staff: dict[str, User], reader: User
) -> None:
    for who, user in staff.items():
        client = logged_in(user)
        page, form = change(reader, display_name=who)
        seen = client.get(page).status_code
        assert seen == (200 if who in (BOSS, OWNER, SUPPORT) else 403), who
        allowed = who in (BOSS, OWNER)
        answer = client.post(page, form)
        assert answer.status_code == (302 if allowed else 403), f"{who}: {answer.content.decode()}"
        reader.refresh_from_db()
        assert (reader.display_name == who) is allowed, who


def test_a_support_sees_people_without_a_field_to_type_in(
    staff: dict[str, User], reader: User
) -> None:
    page, _form = change(reader)
    text = logged_in(staff[SUPPORT]).get(page).content.decode()
    assert "13800000001" in text
    assert 'name="mobile"' not in text
    assert reader.password not in text


@pytest.mark.parametrize("target", EVERYBODY)
def test_who_may_change_whom_of_the_staff(staff: dict[str, User], target: str) -> None:
    other = staff[target]
    if target in ROLES:
        other = make_staff("other", target)
    for who, user in staff.items():
        page, form = change(other, first_name=f"By {who}")
        answer = logged_in(user).post(page, form)
        allowed = who == BOSS or (who == OWNER and target != BOSS)
        assert (answer.status_code == 302) is allowed, who
        other.refresh_from_db()
        assert (other.first_name == f"By {who}") is allowed, who


@pytest.mark.parametrize("target", ["reader", *EVERYBODY])
def test_who_may_set_whose_password(staff: dict[str, User], reader: User, target: str) -> None:
    other = reader if target == "reader" else staff[target]
    form = {
        "usable_password": "true",
        "password1": "horse-9-battery",
        "password2": "horse-9-battery",
    }
    for who, user in staff.items():
        if user == other:
            continue
        client = logged_in(user)
        answer = client.post(f"/admin/accounts/user/{other.pk}/password/", form)
        allowed = who == BOSS or (who == OWNER and target != BOSS)
        assert (answer.status_code == 302) is allowed, who
        other.refresh_from_db()
        assert other.check_password("horse-9-battery") is allowed, who
        other.set_password(PASSWORD)
        other.save()


@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_changes_their_own_rights(staff: dict[str, User], who: str) -> None:
    user = staff[who]
    before = (user.is_active, user.is_staff, user.is_superuser, set(user.groups.all()))
    page, _form = change(user)
    every_group = [group.pk for group in Group.objects.all()]
    every_right = [right.pk for right in Permission.objects.all()]
    attempts: tuple[dict[str, Any], ...] = (
        {"is_superuser": "on", "groups": every_group, "user_permissions": every_right},
        {"is_staff": None, "is_active": None, "is_superuser": None, "groups": []},
    )
    for fields in attempts:
        logged_in(user).post(page, change(user, **fields)[1])
        user = User.objects.get(pk=user.pk)
        assert (
            user.is_active,
            user.is_staff,
            user.is_superuser,
            set(user.groups.all()),
        ) == before
        assert not user.user_permissions.exists()


def test_an_owner_makes_staff_and_gives_roles_but_no_more(
    staff: dict[str, User], reader: User
) -> None:
    client = logged_in(staff[OWNER])
    editor = Group.objects.get(name=EDITOR)
    page, form = change(
        reader,
        is_staff="on",
        is_superuser="on",
        groups=[editor.pk],
        user_permissions=[Permission.objects.all()[0].pk],
    )
    assert client.post(page, form).status_code == 302
    reader = User.objects.get(pk=reader.pk)
    assert (reader.is_staff, reader.is_superuser) == (True, False)
    assert list(reader.groups.all()) == [editor]
    assert not reader.user_permissions.exists()
    page, form = change(reader, is_staff=None, groups=[])
    assert client.post(page, form).status_code == 302
    reader.refresh_from_db()
    assert not reader.is_staff
    assert not reader.groups.exists()


def test_an_owner_gives_no_group_that_a_superuser_made_and_takes_none_away(
    staff: dict[str, User], reader: User
) -> None:
    special = Group.objects.create(name="auditors")
    client = logged_in(staff[OWNER])
    page, form = change(reader, groups=[special.pk])
    assert client.post(page, form).status_code == 200
    assert not reader.groups.exists()
    reader.groups.add(special)
    page, form = change(reader, display_name="Reader")
    assert client.post(page, form).status_code == 302
    assert list(reader.groups.all()) == [special]


def test_the_right_to_change_people_alone_reaches_no_staff(
    staff: dict[str, User], reader: User
) -> None:
    helper = make_staff("helper")
    helper.user_permissions.set(
        Permission.objects.filter(codename__in=("view_user", "change_user", "delete_user"))
    )
    client = logged_in(helper)
    page, form = change(reader, is_staff="on", display_name="Reader")
    assert client.post(page, form).status_code == 302
    reader.refresh_from_db()
    assert (reader.display_name, reader.is_staff) == ("Reader", False)
    for target in (*ROLES, BOSS):
        page, form = change(staff[target], display_name="Mine")
        assert client.post(page, form).status_code == 403
        answer = client.post(f"/admin/accounts/user/{staff[target].pk}/delete/", {"post": "yes"})
        assert answer.status_code == 403


def test_a_superuser_is_made_by_a_superuser_alone(staff: dict[str, User], reader: User) -> None:
    page, form = change(reader, is_staff="on", is_superuser="on")
    logged_in(staff[BOSS]).post(page, form)
    reader.refresh_from_db()
    assert reader.is_superuser


def test_who_may_delete_whom(staff: dict[str, User]) -> None:
    for who, user in staff.items():
        for target in ("reader", OWNER, BOSS):
            name = f"{target}{user.pk}"
            if target == "reader":
                other = User.objects.create_user(name, password=PASSWORD)
            else:
                other = make_boss(name) if target == BOSS else make_staff(name, OWNER)
            allowed = who == BOSS or (who == OWNER and target != BOSS)
            page = f"/admin/accounts/user/{other.pk}/delete/"
            answer = logged_in(user).post(page, {"post": "yes"})
            assert answer.status_code == (302 if allowed else 403), f"{who} deletes {target}"
            other.refresh_from_db()
            assert other.username.startswith("deleted_") is allowed
            assert other.is_active is not allowed
    boss = staff[BOSS]
    assert (
        logged_in(boss).post(f"/admin/accounts/user/{boss.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )


def test_deleting_several_at_once_spares_whom_one_may_not_delete(
    staff: dict[str, User], reader: User
) -> None:
    client = logged_in(staff[OWNER])
    form = {"action": "delete_selected", "post": "yes"}
    both = form | {"_selected_action": [reader.pk, staff[BOSS].pk]}
    assert client.post("/admin/accounts/user/", both).status_code == 403
    reader.refresh_from_db()
    assert reader.username == "reader"
    client.post("/admin/accounts/user/", form | {"_selected_action": [reader.pk]})
    reader.refresh_from_db()
    assert reader.username.startswith("deleted_")


# --- orders ---------------------------------------------------------------------------------------


def test_orders_are_seen_and_refunded_by_owners_and_support(
    staff: dict[str, User], reader: User, make_course: Callable[..., Course]
) -> None:
    now = timezone.now()
    paid = Order.objects.create(
        out_trade_no="T1",
        user=reader,
        amount=0,
        total_amount=0,
        expires=now,
        pay_time=now,
        order_status=Order.Status.PAID,
    )
    OrderDetail.objects.create(
        order=paid, course=make_course("Knots"), name="Knots", price=0, real_price=0
    )
    for who, user in staff.items():
        client = logged_in(user)
        allowed = who in (BOSS, OWNER, SUPPORT)
        expected = 200 if allowed else 403
        page = client.get(f"/admin/shop/order/{paid.pk}/change/")
        assert page.status_code == expected, who
        assert ("Knots" in page.content.decode()) is allowed, who
        assert client.get(f"/admin/shop/order/{paid.pk}/refund/").status_code == expected, who
        # Nobody changes or deletes one.
        for place in ("change", "delete"):
            answer = client.post(f"/admin/shop/order/{paid.pk}/{place}/", {"post": "yes"})
            assert answer.status_code == 403, f"{who}: {place}"
    assert Order.objects.filter(pk=paid.pk).exists()


def test_what_people_wrote_is_hidden_by_owners_and_support_and_rewritten_by_nobody(
    staff: dict[str, User], reader: User, make_course: Callable[..., Course]
) -> None:
    review = Review.objects.create(course=make_course(), user=reader, rating=1, text="Rude")
    for who, user in staff.items():
        Review.objects.update(is_show=True)
        page = f"/admin/learning/review/{review.pk}/change/"
        answer = logged_in(user).post(page, {"text": "Nice", "rating": "5"})
        allowed = who in (BOSS, OWNER, SUPPORT)
        assert answer.status_code == (302 if allowed else 403), who
        review.refresh_from_db()
        assert review.is_show is not allowed, who
        assert (review.text, review.rating) == ("Rude", 1), who


# --- the roles themselves -------------------------------------------------------------------------


def test_roles_are_changed_by_nobody_and_other_groups_by_superusers(
    staff: dict[str, User],
) -> None:
    other = Group.objects.create(name="auditors")
    for who, user in staff.items():
        client = logged_in(user)
        for group in (*Group.objects.filter(name__in=ROLES), other):
            page = f"/admin/auth/group/{group.pk}/change/"
            answer = client.post(page, {"name": group.name, "permissions": []})
            allowed = who == BOSS and group == other
            assert answer.status_code == (302 if allowed else 403), f"{who} changes {group}"
    assert Group.objects.get(name=OWNER).permissions.exists()


def test_the_roles_are_kept_and_a_second_time_changes_nothing() -> None:
    editor = Group.objects.get(name=EDITOR)
    before = set(editor.permissions.all())
    assert {right.content_type.app_label for right in before} == {"home", "course"}
    editor.permissions.add(Permission.objects.get(codename="delete_user"))
    Group.objects.get(name=SUPPORT).delete()
    stranger = Group.objects.create(name="auditors")
    keep_roles()
    keep_roles()
    assert set(editor.permissions.all()) == before
    assert Group.objects.get(name=SUPPORT).permissions.exists()
    assert not stranger.permissions.exists()
    assert Group.objects.count() == 4


def test_every_right_of_a_role_is_one_of_our_models() -> None:
    known = {
        (right.content_type.app_label, right.codename)
        for right in Permission.objects.select_related("content_type")
    }
    for role, wanted in rights().items():
        assert wanted <= known, role
        assert wanted, role


def test_a_deployment_has_the_roles(deployed: Deployed) -> None:
    names = run_sql("SELECT name FROM auth_group ORDER BY name", deployed.database)
    assert names == [("editor",), ("owner",), ("support",)]


def test_a_role_opens_nothing_in_the_api(staff: dict[str, User]) -> None:
    client = browser()
    login = {"username": "owner", "password": PASSWORD}
    answer = client.post("/api/v1/user/login/mul_login/", login, content_type="application/json")
    token = {"Authorization": f"jwt {answer.json()['token']}"}
    assert client.delete("/api/v1/user/account/", headers=token).status_code == 400
    assert client.get("/admin/", headers=token).status_code == 302


def test_a_client_of_the_tests_is_verified_only_when_it_says_so() -> None:
    boss = make_boss()
    give_phone(boss)
    assert isinstance(logged_in(boss), Client)
    assert logged_in(boss, verified=False).get("/admin/").status_code == 302
