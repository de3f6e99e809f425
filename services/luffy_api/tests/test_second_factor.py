"""Two-factor login of the staff: what opens after the password alone, and which codes are taken."""

import re
import threading
from base64 import b32decode
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import personal_data
from accounts.models import User
from luffy.redis_store import redis_client
from office.second_factor import devices, qr
from office.second_factor.verification import WrongSecondFactorError, verify
from tests.people import PASSWORD
from tests.staff import (
    SECRET,
    browser,
    give_phone,
    logged_in,
    make_boss,
    make_staff,
    shown_by_phone,
)
from tests.stand import luffy

pytestmark = pytest.mark.django_db

CODE = "/admin/second-factor/"
PHONE = "/admin/second-factor/phone/"
BACKUP_CODES = "/admin/second-factor/backup-codes/"
LEAVE = "/admin/second-factor/leave/"


@pytest.fixture
def boss() -> User:
    return make_boss()


def give_password(client: Client, name: str = "boss", password: str = PASSWORD) -> Any:
    form = {"username": name, "password": password, "next": "/admin/course/course/"}
    return client.post("/admin/login/", form)


def give_code(client: Client, code: str) -> Any:
    return client.post(CODE, {"code": code, "next": "/admin/course/course/"})


def is_in(client: Client) -> bool:
    return bool(client.get("/admin/course/course/").status_code == 200)


def codes_on(page: str) -> list[str]:
    return re.findall(r"<code[^>]*>([a-z]{5}-[a-z]{5})</code>", page)


def secret_on(page: str) -> str:
    (text,) = re.findall(r"<code[^>]*>([A-Z2-7 ]{39})</code>", page)
    return b32decode(text.replace(" ", "")).hex()


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a form, as a browser sends them along."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return dict(hidden)


# --- the first login ------------------------------------------------------------------------------


def test_who_opens_the_login_page_itself_gets_to_the_overview(boss: User) -> None:
    give_phone(boss)
    client = browser()
    form = fields_of(client.get("/admin/login/").content.decode())
    answer = client.post(
        "/admin/login/", form | {"username": "boss", "password": PASSWORD}, follow=True
    )
    assert answer.redirect_chain[-1][0].startswith(CODE)
    form = fields_of(answer.content.decode()) | {"code": shown_by_phone()}
    answer = client.post(answer.redirect_chain[-1][0], form, follow=True)
    assert answer.request["PATH_INFO"] == "/admin/"
    assert answer.status_code == 200


def test_the_first_login_leads_to_setting_a_phone_up_and_then_on(boss: User) -> None:
    client = browser()
    answer = client.post(
        "/admin/login/",
        {"username": "boss", "password": PASSWORD, "next": "/admin/course/course/"},
        follow=True,
    )
    assert answer.redirect_chain[-1][0].startswith(PHONE)
    page = answer.content.decode()
    assert "<svg" in page
    secret = secret_on(page)
    answer = client.post(PHONE, {"code": shown_by_phone(secret), "next": "/admin/course/course/"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert len(set(codes_on(page))) == 10
    assert 'href="/admin/course/course/"' in page
    assert is_in(client)
    assert devices.has_phone(boss)


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/course/course/",
        "/admin/accounts/user/",
        "/admin/password_change/",
        "/admin/autocomplete/?app_label=course&model_name=course&field_name=teacher",
        "/admin/jsi18n/",
        BACKUP_CODES,
    ],
)
@pytest.mark.parametrize("has_phone", [True, False])
def test_after_the_password_alone_nothing_else_opens(
    boss: User, path: str, has_phone: bool
) -> None:
    if has_phone:
        give_phone(boss)
    client = logged_in(boss, verified=False)
    answer = client.get(path)
    assert answer.status_code == 302
    answer = client.get(path, follow=True)
    assert answer.redirect_chain[-1][0].startswith(CODE if has_phone else PHONE)
    assert client.post(path, {}).status_code == 302


def test_a_phone_that_is_set_up_is_not_replaced_after_the_password_alone(boss: User) -> None:
    device = give_phone(boss)
    client = logged_in(boss, verified=False)
    session = client.session
    session["office_phone_secret"] = "00" * 20
    session.save()
    for answer in (client.get(PHONE), client.post(PHONE, {"code": shown_by_phone("00" * 20)})):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(CODE)
    assert TOTPDevice.objects.get(user=boss) == device
    assert client.post(BACKUP_CODES).status_code == 302
    assert not StaticToken.objects.exists()


def test_a_wrong_code_sets_nothing_up(boss: User) -> None:
    client = logged_in(boss, verified=False)
    client.get(PHONE)
    secret = client.session["office_phone_secret"]
    for code in ("000000", "abcdef", shown_by_phone(secret, 3600), "", "١٢٣٤٥٦"):
        answer = client.post(PHONE, {"code": code})
        assert answer.status_code == 200
    assert not TOTPDevice.objects.exists()
    assert not is_in(client)
    assert client.session["office_phone_secret"] == secret, "a mistake asks for no other picture"


def test_tries_of_setting_up_are_limited(boss: User) -> None:
    client = logged_in(boss, verified=False)
    for _try in range(20):
        client.post(PHONE, {"code": "000000"})
    secret = client.session["office_phone_secret"]
    answer = client.post(PHONE, {"code": shown_by_phone(secret)})
    assert "Too many requests" in answer.content.decode()
    assert not TOTPDevice.objects.exists()


def test_each_browser_is_offered_a_secret_of_its_own(boss: User) -> None:
    first, second = (logged_in(boss, verified=False) for _browser in range(2))
    assert secret_on(first.get(PHONE).content.decode()) != secret_on(
        second.get(PHONE).content.decode()
    )


def test_visitors_and_users_without_staff_rights_get_none_of_its_pages() -> None:
    reader = User.objects.create_user("reader", password=PASSWORD)
    for client in (browser(), logged_in(reader, verified=False)):
        for path in (CODE, PHONE, BACKUP_CODES):
            answer = client.get(path)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/admin/login/")


# --- codes of the phone ---------------------------------------------------------------------------


def test_password_and_code_let_one_in(boss: User) -> None:
    give_phone(boss)
    client = browser()
    assert give_password(client).status_code == 302
    assert not is_in(client)
    before = client.session.session_key
    answer = give_code(client, shown_by_phone())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/course/course/")
    assert is_in(client)
    assert client.session.session_key != before


@pytest.mark.parametrize("code", ["000000", "12345", "1234567", "abcdef", "", " ", "a" * 500, "\0"])
def test_a_wrong_code_lets_nobody_in(boss: User, code: str) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    answer = give_code(client, code)
    assert answer.status_code == 200
    assert not is_in(client)


def test_the_code_of_another_is_wrong(boss: User) -> None:
    give_phone(boss)
    give_phone(make_boss("other"), "00" * 20)
    client = logged_in(boss, verified=False)
    assert "wrong" in give_code(client, shown_by_phone("00" * 20)).content.decode()
    assert not is_in(client)


def test_a_code_is_good_once(boss: User) -> None:
    give_phone(boss)
    code = shown_by_phone()
    assert give_code(logged_in(boss, verified=False), code).status_code == 302
    again = logged_in(boss, verified=False)
    assert give_code(again, code).status_code == 200
    assert not is_in(again)


@pytest.mark.django_db(transaction=True)
def test_a_code_used_by_many_at_once_lets_one_in() -> None:
    boss = make_boss()
    give_phone(boss)
    code = shown_by_phone()
    passed: list[int] = []
    gate = threading.Barrier(4)

    def use() -> None:
        gate.wait()
        try:
            verify(boss, code, "203.0.113.9")
        except WrongSecondFactorError:
            pass
        else:
            passed.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 1


@pytest.mark.parametrize(("seconds", "good"), [(-30, True), (30, True), (-95, False), (95, False)])
def test_a_clock_may_be_off_by_half_a_minute(boss: User, seconds: int, good: bool) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    give_code(client, shown_by_phone(SECRET, seconds))
    assert is_in(client) is good


def test_a_clock_that_drifts_is_followed(boss: User) -> None:
    device = give_phone(boss)
    give_code(logged_in(boss, verified=False), shown_by_phone(SECRET, 30))
    device.refresh_from_db()
    assert device.drift == 1


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} ", "{0}-{1}"])
def test_blanks_and_dashes_do_not_matter(boss: User, typed: str) -> None:
    give_phone(boss)
    code = shown_by_phone()
    client = logged_in(boss, verified=False)
    assert give_code(client, typed.format(code[:3], code[3:])).status_code == 302


def test_after_five_wrong_codes_a_right_one_waits(boss: User, forget_limits: Any) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    for _try in range(5):
        assert "wrong" in give_code(client, "000000").content.decode()
    answer = give_code(logged_in(boss, verified=False, address="198.51.100.7"), shown_by_phone())
    assert "Too many requests" in answer.content.decode()
    forget_limits()
    assert give_code(client, shown_by_phone()).status_code == 302


def test_right_codes_use_up_no_limit(boss: User) -> None:
    give_phone(boss)
    for _time in range(7):
        TOTPDevice.objects.update(last_t=-1)
        assert give_code(logged_in(boss, verified=False), shown_by_phone()).status_code == 302


def test_who_may_log_in_no_more_is_out_at_once(boss: User) -> None:
    client = logged_in(boss)
    assert is_in(client)
    User.objects.update(is_staff=False)
    assert not is_in(client)


def test_without_redis_no_code_is_tried(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    client.raise_request_exception = False

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(redis_client(), "eval", refuse)
    answer = give_code(client, shown_by_phone())
    assert answer.status_code == 503
    monkeypatch.undo()
    assert not is_in(client)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_sent_to_another_site(boss: User, wanted: str) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    answer = client.post(CODE, {"code": shown_by_phone(), "next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_one_can_leave_before_the_code(boss: User) -> None:
    client = logged_in(boss, verified=False)
    assert client.get(LEAVE).status_code == 405
    assert client.post(LEAVE).headers["Location"] == "/admin/login/"
    assert client.get(CODE).headers["Location"].startswith("/admin/login/")


def test_forms_want_their_token(boss: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    for path in (CODE, PHONE, LEAVE):
        assert client.post(path, {"code": "000000"}).status_code == 403


# --- backup codes ---------------------------------------------------------------------------------


def test_a_backup_code_lets_one_in_once(boss: User) -> None:
    give_phone(boss)
    first, *_rest = devices.new_backup_codes(boss)
    client = logged_in(boss, verified=False)
    assert give_code(client, first.upper().replace("-", " ")).status_code == 302
    assert is_in(client)
    again = logged_in(boss, verified=False)
    assert give_code(again, first).status_code == 200
    assert not is_in(again)
    assert devices.backup_codes_left(boss) == 9


def test_backup_codes_are_kept_as_digests_of_their_owner(boss: User) -> None:
    other = make_boss("other")
    give_phone(other)
    codes = devices.new_backup_codes(boss)
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert not kept & {text for code in codes for text in (code, code.replace("-", ""))}
    devices.new_backup_codes(other)
    with pytest.raises(WrongSecondFactorError):
        verify(other, codes[0], "203.0.113.9")


def test_new_backup_codes_end_the_earlier_ones(boss: User) -> None:
    client = logged_in(boss)
    early = codes_on(client.post(BACKUP_CODES).content.decode())
    assert "10" in client.get(BACKUP_CODES).content.decode()
    late = codes_on(client.post(BACKUP_CODES).content.decode())
    assert len(early) == len(late) == 10
    with pytest.raises(WrongSecondFactorError):
        verify(boss, early[0], "203.0.113.9")
    verify(boss, late[0], "203.0.113.9")
    assert codes_on(client.get(BACKUP_CODES).content.decode()) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_set_up_a_phone_at_once_one_gets_in() -> None:
    boss = make_boss()
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def set_up(secret: str) -> None:
        matched = devices.match(secret, shown_by_phone(secret))
        assert matched is not None
        gate.wait()
        try:
            devices.set_phone(boss, secret, matched, may_replace=False)
            outcomes.append("in")
        except devices.PhoneExistsError:
            outcomes.append("refused")
        finally:
            connection.close()

    secrets = [devices.new_secret() for _phone in range(2)]
    threads = [threading.Thread(target=set_up, args=(secret,)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused"]
    assert TOTPDevice.objects.count() == 1


# --- another phone, and none ----------------------------------------------------------------------


def test_another_phone_ends_the_one_before(boss: User) -> None:
    client = logged_in(boss)
    secret = secret_on(client.get(PHONE).content.decode())
    assert client.post(PHONE, {"code": shown_by_phone(secret)}).status_code == 200
    assert TOTPDevice.objects.get(user=boss).key == secret
    fresh = logged_in(boss, verified=False)
    assert give_code(fresh, shown_by_phone()).status_code == 200
    assert give_code(fresh, shown_by_phone(secret, 30)).status_code == 302


def test_an_owner_resets_anothers_phone(boss: User) -> None:
    owner = logged_in(make_staff("olive", "owner"))
    editor = make_staff("ed", "editor")
    theirs = logged_in(editor)
    devices.new_backup_codes(editor)
    page = f"/admin/accounts/user/{editor.pk}/reset-two-factor/"
    assert owner.get(page).status_code == 200
    assert devices.has_phone(editor), "to ask is not to do"
    assert owner.post(page).status_code == 302
    assert not devices.has_phone(editor)
    assert devices.backup_codes_left(editor) == 0
    assert theirs.get("/admin/", follow=True).redirect_chain[-1][0].startswith(PHONE)


def test_who_may_reset_whose_phone(boss: User) -> None:
    owner, editor, support = (make_staff(role, role) for role in ("owner", "editor", "support"))
    other = make_staff("other", "owner")
    for caller, target, allowed in (
        (owner, editor, True),
        (owner, other, True),
        (owner, owner, False),
        (owner, boss, False),
        (editor, support, False),
        (support, editor, False),
        (support, support, False),
        (boss, owner, True),
        (boss, boss, False),
    ):
        give_phone(target)
        page = f"/admin/accounts/user/{target.pk}/reset-two-factor/"
        answer = logged_in(caller).post(page)
        what = f"{caller} resets {target}"
        assert answer.status_code == (302 if allowed else 403), what
        assert devices.has_phone(target) is not allowed, what


def test_the_operator_resets_it_on_the_command_line(
    boss: User, capsys: pytest.CaptureFixture[str]
) -> None:
    give_phone(boss)
    call_command("reset_two_factor", "boss")
    assert "of boss: reset" in capsys.readouterr().out
    assert not devices.has_phone(boss)
    call_command("reset_two_factor", "boss")
    assert "nothing to reset" in capsys.readouterr().out
    with pytest.raises(CommandError, match="found 'nobody'"):
        call_command("reset_two_factor", "nobody")


def test_the_images_command_wants_a_name() -> None:
    done = luffy("reset_two_factor")
    assert done.returncode != 0
    assert "name" in done.stderr


# --- settings, and what is known ------------------------------------------------------------------


def test_where_it_is_optional_a_phone_that_is_set_up_is_asked_for_all_the_same(
    boss: User, settings: Any
) -> None:
    settings.STAFF_TWO_FACTOR = "optional"
    client = logged_in(boss, verified=False)
    assert is_in(client)
    assert client.get(PHONE).status_code == 200
    give_phone(boss)
    assert not is_in(client)
    assert give_code(client, shown_by_phone()).status_code == 302
    assert is_in(client)


def test_the_picture_says_what_an_authenticator_app_reads() -> None:
    # The secret of RFC 6238's own examples.
    text = qr.address("äda", SECRET)
    assert text == (
        "otpauth://totp/Luffy%3A%C3%A4da?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Luffy"
    )
    picture = qr.picture(text, "QR <code>")
    assert picture.startswith("<svg")
    assert "&lt;code&gt;" in picture
    assert "href" not in picture


def test_codes_are_those_of_rfc_6238() -> None:
    totp = TOTP(bytes.fromhex(SECRET), digits=8)
    totp.time = 59
    assert totp.token() == 94287082


def test_neither_secret_nor_codes_are_in_a_log(
    boss: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = logged_in(boss, verified=False)
    secret = secret_on(client.get(PHONE).content.decode())
    code = shown_by_phone(secret)
    codes = codes_on(client.post(PHONE, {"code": code}).content.decode())
    give_code(logged_in(boss, verified=False), "000000")
    for text in (secret, code, *codes):
        assert text not in caplog.text


def test_it_is_handed_over_and_forgotten_with_the_person(boss: User) -> None:
    give_phone(boss)
    devices.new_backup_codes(boss)
    known = personal_data.export(boss)["administration"]
    assert (known["two_factor_login"], known["backup_codes_left"]) == (True, 10)
    personal_data.forget(boss)
    boss.refresh_from_db()
    assert not devices.has_phone(boss)
    assert (boss.is_staff, boss.is_superuser, boss.is_active) == (False, False, False)
