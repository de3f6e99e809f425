"""Wrong input: each field says what is wrong with it, nothing that was typed is lost, and the first
wrong field has the focus."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import expect
from visitor import PASSWORD

from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.visit import Visit, expect_wrong, named
from tests.browser.luffycity.words import said

REFUSED = tuple(f"status of {status} " for status in (400, 401, 403, 404, 409))
NOBODY = "13900000000"


def saying(key: str, **values: Any) -> re.Pattern[str]:
    """A text within what else is said of a field."""
    return re.compile(re.escape(said(key, **values)))


@pytest.fixture
def guest(open_window: OpenWindow) -> Visit:
    return Visit.at(open_window(expected=REFUSED))


@pytest.fixture
def member(open_window: OpenWindow, newcomer: Person) -> Visit:
    return Visit.at(open_window(expected=REFUSED, person=newcomer))


def test_log_in_by_password(guest: Visit) -> None:
    guest.go("/login")
    name, password = guest.field("account.field.username"), guest.field("account.field.password")
    submit = guest.page.locator("main").get_by_role("button", name=named("account.login.submit"))
    submit.click()
    expect_wrong(name, saying("form.required", name=said("account.field.username")), focused=True)
    expect_wrong(password, saying("form.required", name=said("account.field.password")))
    name.fill(NOBODY)
    submit.click()
    expect(name).to_have_attribute("aria-invalid", "false")
    expect(password).to_be_focused()
    password.fill("wrong-password")
    submit.click()
    expect(guest.page.get_by_role("alert").filter(has_text=re.compile(r"\S"))).to_be_visible()
    expect(name).to_have_value(NOBODY)
    guest.expect_guest()


def test_log_in_by_code(guest: Visit) -> None:
    guest.go("/login")
    guest.tab("account.login.byCode").click()
    phone = guest.field("account.field.phone")
    guest.button("account.code.send").click()
    expect_wrong(phone, saying("form.required", name=said("account.field.phone")), focused=True)
    phone.fill("12345")
    guest.button("account.code.send").click()
    expect_wrong(phone, saying("account.rule.phone"), focused=True)
    phone.fill(NOBODY)
    code = guest.field("account.field.code")
    code.fill("12")
    submit = guest.page.locator("main").get_by_role("button", name=named("account.login.submit"))
    submit.click()
    expect_wrong(code, saying("account.rule.code"), focused=True)
    code.fill("000000")
    submit.click()
    expect_wrong(code, re.compile(r"\S"), focused=True)
    expect(phone).to_have_value(NOBODY)


def test_register(guest: Visit, newcomer: Person) -> None:
    guest.go("/register")
    phone, code = guest.field("account.field.phone"), guest.field("account.field.code")
    password = guest.field("account.field.password")
    submit = guest.button("account.register.submit")
    submit.click()
    expect_wrong(phone, saying("form.required", name=said("account.field.phone")), focused=True)
    expect_wrong(code, saying("form.required", name=said("account.field.code")))
    expect_wrong(password, saying("form.required", name=said("account.field.password")))
    phone.fill("23456789012")
    code.fill("000000")
    password.fill("short")
    submit.click()
    expect_wrong(phone, saying("account.rule.phone"), focused=True)
    expect_wrong(password, saying("account.rule.passwordShort", n=8))
    phone.fill(NOBODY)
    password.fill("12345678")
    submit.click()
    expect_wrong(password, saying("account.rule.passwordDigits"), focused=True)
    password.fill(secrets.token_urlsafe(12))
    submit.click()
    expect_wrong(code, re.compile(r"\S"), focused=True)
    phone.fill(newcomer.phone)
    code.focus()
    expect(guest.text("account.register.taken", begins=True)).to_be_visible()
    guest.expect_guest()


def test_reset_the_password(guest: Visit, newcomer: Person) -> None:
    guest.go("/password-reset")
    phone, code = guest.field("account.field.phone"), guest.field("account.field.code")
    password = guest.field("account.field.newPassword")
    submit = guest.button("account.reset.submit")
    submit.click()
    expect_wrong(phone, saying("form.required", name=said("account.field.phone")), focused=True)
    expect_wrong(password, re.compile(r"\S"))
    phone.fill(newcomer.phone)
    code.fill("000000")
    password.fill("password")
    submit.click()
    expect(guest.page.locator("[aria-invalid=true]").first).to_be_focused()
    expect(phone).to_have_value(newcomer.phone)


def test_profile(member: Visit) -> None:
    member.go("/my/profile")
    email = member.field("account.field.email")
    email.fill("nobody")
    member.button("account.person.submit").click()
    expect_wrong(email, saying("account.rule.email"), focused=True)


def test_change_the_password(member: Visit) -> None:
    member.go("/my/profile")
    old, new = member.field("account.field.oldPassword"), member.field("account.field.newPassword")
    submit = member.button("account.password.submit")
    submit.click()
    expect_wrong(old, saying("form.required", name=said("account.field.password")), focused=True)
    old.fill("wrong-password")
    new.fill("1234567")
    submit.click()
    expect_wrong(new, saying("account.rule.passwordShort", n=8), focused=True)
    new.fill(secrets.token_urlsafe(12))
    submit.click()
    expect_wrong(old, re.compile(r"\S"), focused=True)
    member.expect_signed_in()


def test_a_picture_that_is_none(member: Visit) -> None:
    member.go("/my/profile")
    file = {"name": "picture.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    member.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    told = member.page.get_by_text(said("account.avatar.problem.notAPicture")).first
    submit = member.button("account.avatar.submit")
    expect(told.or_(submit).first).to_be_visible()
    if not told.is_visible():
        submit.click()
    expect(told).to_be_visible()


def test_delete_the_account(member: Visit) -> None:
    member.go("/my/profile")
    member.button("account.deletion.open").click()
    dialog = member.page.get_by_role("dialog").or_(member.page.get_by_role("alertdialog"))
    password = member.field("account.field.password")
    submit = dialog.get_by_role("button", name=named("account.deletion.submit"))
    submit.click()
    expect_wrong(password, saying("form.required", name=said("account.field.password")))
    password.fill("wrong-password")
    submit.click()
    expect_wrong(password, re.compile(r"\S"), focused=True)
    member.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    member.expect_signed_in()


def test_a_coupon_that_is_none(open_window: OpenWindow, learner: Learner) -> None:
    visit = Visit.at(
        open_window(expected=REFUSED, person=learner.person),
        "/checkout?courses={wanted}".format(**learner.names),
    )
    coupon = visit.field("shop.coupon.label")
    visit.button("shop.coupon.apply").click()
    expect_wrong(coupon, saying("form.required", name=said("shop.coupon.label")), focused=True)
    coupon.fill("NO-SUCH-CODE")
    visit.button("shop.coupon.apply").click()
    expect_wrong(coupon, re.compile(r"\S"), focused=True)
    expect(coupon).to_have_value("NO-SUCH-CODE")


def test_a_certificate_that_is_none(guest: Visit) -> None:
    guest.go("/certificate")
    code = guest.field("learning.certificate.code")
    guest.button("learning.certificate.check").click()
    expect_wrong(code, saying("learning.certificate.required"), focused=True)
    code.fill("00000000000000000000")
    guest.button("learning.certificate.check").click()
    expect(guest.text("learning.certificate.unknown")).to_be_visible()


def test_a_question_of_nothing(open_window: OpenWindow, learner: Learner) -> None:
    window = open_window(expected=REFUSED, person=learner.person)
    visit = Visit.at(window, "/learn/{course}/{section}".format(**learner.names))
    visit.button("learning.questions.ask").click()
    visit.button("learning.questions.send").click()
    question = visit.field("learning.questions.text")
    expect_wrong(question, saying("learning.questions.required"), focused=True)


def test_who_logs_in_goes_on_to_where_they_wanted(guest: Visit, newcomer: Person) -> None:
    guest.go("/my/orders")
    assert guest.path == "/login?next=/my/orders"
    guest.field("account.field.username").fill(newcomer.phone)
    guest.field("account.field.password").fill(PASSWORD)
    guest.page.keyboard.press("Enter")
    guest.page.wait_for_url("**/my/orders")
    guest.expect_signed_in()
