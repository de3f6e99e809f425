"""Codes by SMS, and registering with one."""

import re
import threading
import time
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import codes, sending
from accounts.codes import Purpose, make_code, use_code
from accounts.failures import WrongCode
from accounts.models import User
from luffy.limits import TooManyRequests
from luffy.outside.sms import sms_circuit
from luffy.redis_store import redis_client
from tests.people import PASSWORD, Caller, Person
from tests.sms_provider import SmsProvider

pytestmark = pytest.mark.django_db

PHONE = "13900000007"
NETWORK = "203.0.113.5"
SEND = "send/send_message/"


def register(caller: Caller, code: str, mobile: str = PHONE, password: str = PASSWORD) -> Any:
    return caller.post("register/", mobile=mobile, code=code, password=password)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1000000:06}"


def forget_minute() -> None:
    """As if a minute had passed, but no hour and no day."""
    for key in redis_client().scan_iter("luffy:limit:*"):
        if redis_client().ttl(key) <= 60:
            redis_client().delete(key)


# --- the whole way --------------------------------------------------------------------------------


def test_somebody_registers_and_logs_in(caller: Caller, sms: SmsProvider) -> None:
    assert caller.get("mobile/check_mobile/", mobile=PHONE).json()["code"] == 101
    assert caller.post(SEND, phone=PHONE, purpose="register").json()["code"] == 100
    answer = register(caller, sms.code(PHONE))
    assert (answer.status_code, answer.json()["code"]) == (200, 100)
    assert caller.get("mobile/check_mobile/", mobile=PHONE).json()["code"] == 100
    assert caller.login(PHONE).status_code == 200
    user = User.objects.get()
    assert PHONE not in user.username
    assert user.password.startswith("argon2$argon2id$")
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_somebody_logs_in_by_code(caller: Caller, sms: SmsProvider, ann: Person) -> None:
    assert caller.get(SEND, phone=ann.mobile).json()["code"] == 100, "as the original's pages ask"
    answer = caller.post("login/sms_login/", mobile=ann.mobile, code=sms.code(ann.mobile))
    assert answer.status_code == 200
    assert set(answer.json()) == {"code", "msg", "token", "username", "name", "icon"}
    assert caller.get("profile/").json()["result"]["mobile"] == ann.mobile


def test_answers_come_in_chinese_too(caller: Caller) -> None:
    answer = caller.ask(
        "POST",
        "register/",
        {"mobile": PHONE, "code": "000000", "password": PASSWORD},
        headers={"Accept-Language": "zh-CN"},
    )
    assert answer.json()["msg"] == "验证码错误或已过期，请重新获取。"


# --- codes ----------------------------------------------------------------------------------------


def test_a_code_is_six_digits_and_not_in_redis(caller: Caller, sms: SmsProvider) -> None:
    caller.post(SEND, phone=PHONE, purpose="register")
    code = sms.code(PHONE)
    assert re.fullmatch(r"[0-9]{6}", code)
    (key,) = redis_client().scan_iter("luffy:code:*")
    stored = redis_client().hgetall(key)
    assert code not in str(stored)
    assert PHONE.encode() not in key
    assert 0 < redis_client().ttl(key) <= 300


def test_codes_differ() -> None:
    assert len({make_code(PHONE, Purpose.LOGIN) for _number in range(30)}) > 25


@pytest.mark.parametrize("code", ["8888", "888888", "", "12345", "1234567", "١٢٣٤٥٦", "abcdef"])
def test_there_is_no_universal_code(caller: Caller, sms: SmsProvider, code: str) -> None:
    caller.post(SEND, phone=PHONE, purpose="register")
    if sms.code(PHONE) == code:  # one time in a million: the next one differs
        forget_minute()
        caller.post(SEND, phone=PHONE, purpose="register")
    answer = register(caller, code)
    assert answer.status_code == 400
    assert not User.objects.exists()


def test_a_code_is_good_once(sms: SmsProvider, caller: Caller, ann: Person) -> None:
    caller.post(SEND, phone=ann.mobile, purpose="login")
    form = {"mobile": ann.mobile, "code": sms.code(ann.mobile)}
    assert caller.post("login/sms_login/", **form).status_code == 200
    answer = caller.post("login/sms_login/", **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "wrong_code")


def test_of_uses_at_once_exactly_one_wins() -> None:
    for _round in range(5):
        code = make_code(PHONE, Purpose.LOGIN)
        won: list[bool] = []
        barrier = threading.Barrier(4)

        def use(
            code: str = code, barrier: threading.Barrier = barrier, won: list[bool] = won
        ) -> None:
            barrier.wait()
            try:
                use_code(PHONE, Purpose.LOGIN, code, NETWORK)
            except WrongCode:
                won.append(False)
            else:
                won.append(True)

        threads = [threading.Thread(target=use) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == [False, False, False, True]


@pytest.mark.parametrize(
    ("phone", "purpose"),
    [(PHONE, Purpose.RESET), (PHONE, Purpose.REGISTER), ("13900000008", Purpose.LOGIN)],
)
def test_a_code_is_of_one_phone_and_one_purpose(phone: str, purpose: Purpose) -> None:
    code = make_code(PHONE, Purpose.LOGIN)
    make_code(phone, purpose)
    with pytest.raises(WrongCode):
        use_code(phone, purpose, code, NETWORK)
    use_code(PHONE, Purpose.LOGIN, code, NETWORK)


def test_the_fifth_try_may_be_right_and_the_sixth_may_not() -> None:
    for tries, good in ((4, True), (5, False)):
        code = make_code(PHONE, Purpose.LOGIN)
        for _try in range(tries):
            with pytest.raises(WrongCode):
                use_code(PHONE, Purpose.LOGIN, wrong(code), NETWORK)
        if good:
            use_code(PHONE, Purpose.LOGIN, code, NETWORK)
        else:
            with pytest.raises(WrongCode):
                use_code(PHONE, Purpose.LOGIN, code, NETWORK)


def test_tries_at_once_are_counted_too() -> None:
    code = make_code(PHONE, Purpose.LOGIN)
    outcomes: list[str] = []

    def use() -> None:
        try:
            use_code(PHONE, Purpose.LOGIN, wrong(code), NETWORK)
        except WrongCode:
            outcomes.append("wrong")

    threads = [threading.Thread(target=use) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    with pytest.raises(WrongCode):
        use_code(PHONE, Purpose.LOGIN, code, NETWORK)


def test_a_code_expires(settings: Any) -> None:
    settings.SMS_CODE_LIFETIME_S = 1
    code = make_code(PHONE, Purpose.LOGIN)
    time.sleep(1.1)
    with pytest.raises(WrongCode):
        use_code(PHONE, Purpose.LOGIN, code, NETWORK)


def test_a_new_code_ends_the_one_before() -> None:
    first, second = make_code(PHONE, Purpose.LOGIN), make_code(PHONE, Purpose.LOGIN)
    if first != second:
        with pytest.raises(WrongCode):
            use_code(PHONE, Purpose.LOGIN, first, NETWORK)
    use_code(PHONE, Purpose.LOGIN, second, NETWORK)


def test_one_network_cannot_try_a_code_on_many_phones(settings: Any) -> None:
    settings.LOGIN_TRIES_PER_ADDRESS = 3
    for number in range(3):
        with pytest.raises(WrongCode):
            use_code(f"1390000000{number}", Purpose.LOGIN, "000000", NETWORK)
    with pytest.raises(TooManyRequests):
        use_code("13900000009", Purpose.LOGIN, "000000", NETWORK)


def test_a_code_is_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(codes, "constant_time_compare", compare)
    use_code(PHONE, Purpose.LOGIN, make_code(PHONE, Purpose.LOGIN), NETWORK)
    assert len(compared) == 1


# --- sending --------------------------------------------------------------------------------------


def test_a_phone_is_texted_once_a_minute_and_ten_times_a_day(
    caller: Caller, sms: SmsProvider, settings: Any
) -> None:
    settings.SMS_PER_ADDRESS_AN_HOUR = 100
    assert caller.post(SEND, phone=PHONE, purpose="register").status_code == 200
    answer = caller.post(SEND, phone=PHONE, purpose="login")
    assert (answer.status_code, answer.json()["error"]) == (429, "throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    for _number in range(9):
        forget_minute()
        assert caller.post(SEND, phone=PHONE, purpose="register").status_code == 200
    forget_minute()
    answer = caller.post(SEND, phone=PHONE, purpose="register")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3600
    assert len(sms.inbox) == 10


def test_an_address_and_all_together_are_limited(sms: SmsProvider, settings: Any) -> None:
    settings.SMS_PER_ADDRESS_AN_HOUR, settings.SMS_AN_HOUR = 2, 3

    def ask(number: int, address: str) -> int:
        answer = Caller(address).post(SEND, phone=f"1390000000{number}", purpose="register")
        return int(answer.status_code)

    assert [ask(number, "203.0.113.1") for number in (1, 2, 3)] == [200, 200, 429]
    assert [ask(number, "203.0.113.2") for number in (4, 5)] == [200, 429]
    assert len(sms.inbox) == 3


@pytest.mark.parametrize("purpose", ["login", "reset", "delete"])
def test_a_code_for_an_unknown_phone_is_not_sent_and_the_answer_is_the_same(
    sms: SmsProvider, ann: Person, purpose: str
) -> None:
    known = Caller().post(SEND, phone=ann.mobile, purpose=purpose)
    unknown = Caller().post(SEND, phone=PHONE, purpose=purpose)
    assert [known.status_code, unknown.status_code] == [200, 200]
    assert known.content == unknown.content
    assert [phone for phone, _code in sms.inbox] == [ann.mobile]
    assert Caller().post(SEND, phone=PHONE, purpose=purpose).status_code == 429


def test_sending_takes_as_long_for_an_unknown_phone(sms: SmsProvider, ann: Person) -> None:
    sms.delay_s = 0.5
    Caller().post(SEND, phone=ann.mobile, purpose="login")
    began = time.monotonic()
    Caller().post(SEND, phone=PHONE, purpose="login")
    assert time.monotonic() - began > 0.5
    sending._LastSending.took_s = 0.0


@pytest.mark.parametrize(
    ("answer", "known", "register"),
    [
        ((500, b""), 503, 503),
        ((403, b'{"Code": "InvalidAccessKeyId.NotFound"}'), 503, 503),
        ((200, b'{"Code": "isv.BUSINESS_LIMIT_CONTROL"}'), 200, 400),
    ],
)
def test_a_provider_that_refuses_shows_nobody_who_is_registered(
    sms: SmsProvider, ann: Person, answer: tuple[int, bytes], known: int, register: int
) -> None:
    sms.answer = answer
    found = Caller().post(SEND, phone=ann.mobile, purpose="login")
    assert found.status_code == known
    assert Caller().post(SEND, phone=PHONE, purpose="login").status_code == known
    assert Caller().post(SEND, phone="13900000008", purpose="register").status_code == register
    assert b"isv" not in found.content
    assert b"AccessKey" not in found.content


@pytest.mark.parametrize("purpose", ["login", "register"])
def test_an_outage_uses_up_no_day_for_known_and_unknown_alike(
    sms: SmsProvider, ann: Person, settings: Any, purpose: str
) -> None:
    settings.SMS_PER_PHONE_A_DAY = 1
    good = settings.SMS
    settings.SMS = type(good)("http://127.0.0.1:9/", *("x",) * 4)
    for phone in (ann.mobile, PHONE):
        answer = Caller().post(SEND, phone=phone, purpose=purpose)
        assert (answer.status_code, answer.json()["error"]) == (503, "sms_unavailable")
        assert answer.headers["Retry-After"] == "60"
        assert Caller().post(SEND, phone=phone, purpose=purpose).status_code == 429
    settings.SMS = good
    sms_circuit.succeeded()
    forget_minute()
    for phone in (ann.mobile, PHONE):
        assert Caller().post(SEND, phone=phone, purpose=purpose).status_code == 200
    forget_minute()
    for phone in (ann.mobile, PHONE):
        assert Caller().post(SEND, phone=phone, purpose=purpose).status_code == 429


def test_a_message_that_may_arrive_late_is_good_then(caller: Caller, sms: SmsProvider) -> None:
    sms.hangs_up = True
    answer = caller.post(SEND, phone=PHONE, purpose="register")
    assert answer.json()["error"] == "sms_unavailable"
    assert register(caller, sms.code(PHONE)).status_code == 200


def test_without_a_provider_the_answer_says_so(caller: Caller, settings: Any) -> None:
    settings.SMS = None
    answer = caller.post(SEND, phone=PHONE, purpose="register")
    assert (answer.status_code, answer.json()["error"]) == (503, "sms_not_configured")
    assert "Traceback" not in answer.content.decode()


def test_without_redis_codes_are_a_clean_503(
    caller: Caller, sms: SmsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Any:
        raise RedisConnectionError("Error 111 connecting to redis:6379")

    monkeypatch.setattr("luffy.limits.redis_client", gone)
    for answer in (
        caller.post(SEND, phone=PHONE, purpose="register"),
        caller.get("mobile/check_mobile/", mobile=PHONE),
        register(caller, "123456"),
        caller.login(PHONE),
    ):
        assert (answer.status_code, answer.json()["error"]) == (503, "redis_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "6379" not in answer.content.decode()
    assert sms.inbox == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"phone": ""},
        {"phone": "12345"},
        {"phone": "23900000007"},
        {"phone": "1390000000７"},
        {"phone": f"{PHONE},13900000008"},
        {"phone": [PHONE]},
        {"phone": PHONE, "purpose": "anything"},
        {"phone": PHONE, "purpose": None},
    ],
)
def test_a_malformed_request_to_send_is_refused(
    caller: Caller, sms: SmsProvider, form: dict[str, Any]
) -> None:
    answer = caller.ask("POST", SEND, form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")
    assert sms.inbox == []


# --- registering ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["", "short1", "12345678", "password", f"a{PHONE}b", "x" * 129, None, "a\0bcdefgh1"]
)
def test_a_weak_password_is_refused_before_the_code_is_used(
    caller: Caller, sms: SmsProvider, password: Any
) -> None:
    caller.post(SEND, phone=PHONE, purpose="register")
    answer = register(caller, sms.code(PHONE), password=password)
    assert answer.status_code == 400
    assert "password" in answer.json()["errors"]
    assert register(caller, sms.code(PHONE)).status_code == 200


def test_a_number_is_registered_once(sms: SmsProvider, ann: Person, caller: Caller) -> None:
    caller.post(SEND, phone=ann.mobile, purpose="register")
    answer = register(caller, sms.code(ann.mobile), ann.mobile, "another-horse-8")
    assert (answer.status_code, answer.json()["error"]) == (409, "already_registered")
    assert caller.login(ann.mobile).status_code == 200, "the account is as it was"


@pytest.mark.django_db(transaction=True)
def test_of_registrations_at_once_one_makes_the_account() -> None:
    code = make_code(PHONE, Purpose.REGISTER)
    statuses: list[int] = []

    def run() -> None:
        from django.db import connection

        try:
            statuses.append(register(Caller(), code).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400, 400]
    assert User.objects.count() == 1


def test_registering_gives_no_rights(caller: Caller, sms: SmsProvider) -> None:
    caller.post(SEND, phone=PHONE, purpose="register")
    form = {"mobile": PHONE, "code": sms.code(PHONE), "password": PASSWORD}
    caller.post("register/", **form, is_staff=True, is_superuser=True, username="admin")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert user.username != "admin"


def test_the_forms_check_is_throttled(caller: Caller, settings: Any) -> None:
    settings.CHECK_MOBILE_PER_ADDRESS = 2
    statuses = [caller.get("mobile/check_mobile/", mobile=PHONE).status_code for _n in range(3)]
    assert statuses == [200, 200, 429]
    assert caller.get("mobile/check_mobile/").status_code == 400
    other = Caller("203.0.113.77")
    assert other.get("mobile/check_mobile/", mobile=PHONE).status_code == 200


def test_a_body_of_a_megabyte_is_refused_unread(caller: Caller) -> None:
    answer = caller.post("register/", mobile=PHONE, code="1" * 1_000_000, password=PASSWORD)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize("body", ["[1, 2]", '"text"', "{", "null", "\xff"])
def test_json_that_is_no_form_is_refused(caller: Caller, body: str) -> None:
    for path in ("register/", SEND, "login/mul_login/", "login/sms_login/", "password/reset/"):
        answer = caller.client.generic(
            "POST", f"/api/v1/user/{path}", body, content_type="application/json"
        )
        assert answer.status_code == 400, path
        assert "Traceback" not in answer.content.decode()
