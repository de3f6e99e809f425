"""The service refuses to start on a bad setting, and names it."""

import os
from pathlib import Path

import pytest

from luffy.environment import BadEnvironmentError, Environment
from tests.payment_gateway import new_key, private_pem, public_pem
from tests.stand import luffy

SECRET_KEY = "0123456789" * 5
GOOD = {
    "DJANGO_SECRET_KEY": SECRET_KEY,
    "DB_HOST": "mariadb",
    "DB_NAME": "luffy",
    "DB_USER": "luffy",
    "DB_PASSWORD": "p4ssw0rd-of-the-test",
    "REDIS_URL": "redis://luffy:secret-of-the-test@redis:6379/0",
    "ALLOWED_HOSTS": "shop.example, localhost",
    "MEDIA_SECRET": "m3d1a0fTheTest" * 3,
}


def problems(**changes: str | None) -> list[str]:
    variables = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(BadEnvironmentError) as refusal:
        Environment.read(variables)
    return refusal.value.problems


def test_what_is_required_is_enough() -> None:
    environment = Environment.read(GOOD)
    assert environment.db_port == 3306
    assert environment.allowed_hosts == ["shop.example", "localhost"]
    assert environment.public_scheme == "http"
    assert environment.language_code == "zh-hans"
    assert environment.time_zone == "Asia/Shanghai"
    assert environment.admin_password is None
    assert environment.media_root == Path("/srv/media")
    assert environment.staff_two_factor == "required"
    assert environment.audit_keep_days == 365


def test_an_empty_variable_counts_as_unset() -> None:
    environment = Environment.read(GOOD | {"DB_PORT": "", "LOG_LEVEL": ""})
    assert (environment.db_port, environment.log_level) == (3306, "INFO")


def test_secrets_are_read_from_files_without_their_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET_KEY + "\n", encoding="utf-8")
    variables = GOOD | {"DJANGO_SECRET_KEY": "", "DJANGO_SECRET_KEY_FILE": str(tmp_path / "key")}
    assert Environment.read(variables).secret_key == SECRET_KEY


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_HOST", "maria db", "a host name or an IPv4 address, found 'maria db'"),
        ("DB_PORT", "0", "a whole number from 1 to 65535, found '0'"),
        ("DB_PORT", "३३०६", "a whole number from 1 to 65535"),
        ("DB_READ_TIMEOUT", "soon", "a whole number from 1 to 86400, found 'soon'"),
        ("PUBLIC_SCHEME", "ftp", "one of http, https, found 'ftp'"),
        ("LANGUAGE_CODE", "fr", "one of zh-hans, en, found 'fr'"),
        ("TIME_ZONE", "Mars/Base", "a time zone such as Asia/Shanghai or UTC, found 'Mars/Base'"),
        ("MEDIA_ROOT", "media", "an absolute path, found 'media'"),
        ("GUNICORN_WORKERS", "-1", "a whole number from 1 to 64, found '-1'"),
        ("GUNICORN_THREADS", "many", "a whole number from 1 to 256, found 'many'"),
        ("GUNICORN_WORKER_CLASS", "gevent", "one of gthread, sync, found 'gevent'"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR, found 'loud'"),
        ("ALLOWED_HOSTS", "*", "without '*', scheme or path, found '*'"),
        ("ALLOWED_HOSTS", "http://shop.example", "host names parted by commas"),
        ("REDIS_URL", "http://redis/0", "redis://user:password@host:port/database"),
        ("REDIS_URL", "redis://redis:port/0", "redis://user:password@host:port/database"),
        ("REDIS_URL", "redis://redis:6379", "redis://user:password@host:port/database"),
        ("DJANGO_SECRET_KEY", "short", "50 or more random characters, found a secret of 5"),
        ("DJANGO_SECRET_KEY", "a" * 60, "50 or more random characters"),
        ("ACCESS_TOKEN_LIFETIME", "604800", "a whole number from 60 to 3600, found '604800'"),
        (
            "MEDIA_SECRET",
            "short",
            "32 or more random letters, digits, - and _, found a secret of 5",
        ),
        ("MEDIA_SECRET", "with a line\nbreak" * 4, "32 or more random letters, digits, - and _"),
        ("MEDIA_LINK_LIFETIME", "0", "a whole number from 60 to 86400, found '0'"),
        ("UPLOAD_MAX_BYTES", "10 MB", "a whole number from 100000 to 10000000000"),
        ("REFRESH_TOKEN_LIFETIME", "1", "a whole number from 3600 to 7776000"),
        ("LOGIN_TRIES_PER_NAME", "0", "a whole number from 3 to 1000"),
        ("LOGIN_TRIES_PER_ADDRESS", "0", "a whole number from 3 to 100000"),
        ("SMS_CODE_LIFETIME", "86400", "a whole number from 60 to 900, found '86400'"),
        ("SMS_PER_PHONE_A_DAY", "many", "a whole number from 1 to 100"),
        ("SMS_PER_ADDRESS_AN_HOUR", "0", "a whole number from 1 to 100000"),
        ("SMS_AN_HOUR", "-1", "a whole number from 1 to 1000000"),
        ("ORDER_LIFETIME", "60", "a whole number from 300 to 86400, found '60'"),
        ("STAFF_TWO_FACTOR", "off", "one of required, optional, found 'off'"),
        ("AUDIT_KEEP_DAYS", "1", "a whole number from 30 to 3650, found '1'"),
        ("ADMIN_PASSWORD", "12345", "12 or more printable characters, found a secret of 5"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected_and_found(
    name: str, value: str, expected: str
) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name}: expected ")
    assert expected in problem
    assert "; correct " in problem


SMS = {
    "SMS_URL": "https://sms.example/",
    "SMS_ACCESS_KEY_ID": "id",
    "SMS_ACCESS_KEY_SECRET": "secret",
    "SMS_SIGN_NAME": "Luffy",
    "SMS_TEMPLATE_CODE": "SMS_1",
}


def test_the_sms_provider_is_optional_and_then_complete() -> None:
    assert Environment.read(GOOD | SMS | {"SMS_URL": ""}).sms is None
    sms = Environment.read(GOOD | SMS).sms
    assert sms is not None
    assert (sms.url, sms.access_key_secret) == ("https://sms.example/", "secret")


@pytest.mark.parametrize("name", sorted(set(SMS) - {"SMS_URL"}))
def test_half_an_sms_provider_is_refused(name: str) -> None:
    (problem,) = problems(**{**SMS, name: None})
    assert problem.startswith((f"{name}: expected ", f"{name}_FILE: expected "))


@pytest.mark.parametrize(
    "url",
    [
        "sms.example",
        "ftp://sms.example/",
        "https://me:pw@sms.example/",
        "https://x/?a=b",
        "https://x:y/",
    ],
)
def test_an_sms_providers_address_is_checked(url: str) -> None:
    (problem,) = problems(**{**SMS, "SMS_URL": url})
    assert problem.startswith("SMS_URL: expected an address such as https://")


SHORT_LINKS = {
    "SHORTLINK_URL": "http://shortlink:8002/",
    "SHORTLINK_ACCOUNT": "luffy:of-the-test",
    "SITE_URL": "https://shop.example/",
}


def test_the_short_link_service_is_optional_and_then_complete() -> None:
    assert Environment.read(GOOD | SHORT_LINKS | {"SHORTLINK_URL": ""}).short_links is None
    found = Environment.read(GOOD | SHORT_LINKS).short_links
    assert found is not None
    assert (found.url, found.site_url) == ("http://shortlink:8002", "https://shop.example")
    assert (found.account, found.password) == ("luffy", "of-the-test")
    assert "of-the-test" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHORTLINK_URL", "shortlink:8002"),
        ("SHORTLINK_ACCOUNT", None),
        ("SHORTLINK_ACCOUNT", "of-the-test"),
        ("SHORTLINK_ACCOUNT", "luffy:"),
        ("SITE_URL", None),
        ("SITE_URL", "shop.example"),
    ],
)
def test_half_a_short_link_service_is_refused(name: str, value: str | None) -> None:
    (problem,) = problems(**{**SHORT_LINKS, name: value})
    assert problem.startswith((f"{name}: expected ", f"{name}_FILE: expected "))
    assert "of-the-test" not in problem


KEY, SHORT_KEY = new_key(), new_key(1024)


def bare(pem: str) -> str:
    """Base64 alone, as Alipay's console gives keys."""
    return "".join(pem.splitlines()[1:-1])


ALIPAY = {
    "ALIPAY_GATEWAY_URL": "https://pay.example/gateway.do",
    "ALIPAY_APP_ID": "9021000100000001",
    "ALIPAY_SELLER_ID": "2088000000000011",
    "ALIPAY_PRIVATE_KEY": private_pem(KEY),
    "ALIPAY_PUBLIC_KEY": public_pem(KEY),
    "ALIPAY_NOTIFY_URL": "https://shop.example/api/v1/order/success/",
    "ALIPAY_RETURN_URL": "https://shop.example/pay/success",
}


def test_the_payment_gateway_is_optional_and_then_complete() -> None:
    assert Environment.read(GOOD).alipay is None
    assert Environment.read(GOOD | ALIPAY | {"ALIPAY_GATEWAY_URL": ""}).alipay is None
    alipay = Environment.read(GOOD | ALIPAY).alipay
    assert alipay is not None
    assert alipay.page_url == alipay.gateway_url == "https://pay.example/gateway.do"
    page = {"ALIPAY_PAGE_URL": "https://cashier.example/gateway.do"}
    alipay = Environment.read(GOOD | ALIPAY | page).alipay
    assert alipay is not None
    assert alipay.page_url == "https://cashier.example/gateway.do"


@pytest.mark.parametrize("name", sorted(set(ALIPAY) - {"ALIPAY_GATEWAY_URL"}))
def test_half_a_payment_gateway_is_refused(name: str) -> None:
    (problem,) = problems(**{**ALIPAY, name: None})
    assert problem.startswith((f"{name}: expected ", f"{name}_FILE: expected "))


def test_keys_may_be_pem_or_bare_base64_in_files(tmp_path: Path) -> None:
    plain = Environment.read(GOOD | ALIPAY).alipay
    files = {"ALIPAY_PRIVATE_KEY": "", "ALIPAY_PUBLIC_KEY": ""}
    for name, text in (
        ("ALIPAY_PRIVATE_KEY", bare(private_pem(KEY))),
        ("ALIPAY_PUBLIC_KEY", bare(public_pem(KEY))),
    ):
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
        files[f"{name}_FILE"] = str(tmp_path / name)
    assert Environment.read(GOOD | ALIPAY | files).alipay == plain


def test_what_explains_a_key_may_stand_before_it() -> None:
    explained = {
        name: f"# Made on a day\n{ALIPAY[name]}"
        for name in ("ALIPAY_PRIVATE_KEY", "ALIPAY_PUBLIC_KEY")
    }
    assert (
        Environment.read(GOOD | ALIPAY | explained).alipay == Environment.read(GOOD | ALIPAY).alipay
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ALIPAY_GATEWAY_URL", "pay.example", "an address such as https://openapi.alipay.com/"),
        ("ALIPAY_PAGE_URL", "https://x/?a=b", "an address such as https://openapi.alipay.com/"),
        ("ALIPAY_NOTIFY_URL", "/order", "such as https://shop.example/api/v1/order/success/"),
        ("ALIPAY_RETURN_URL", "ftp://x/", "such as https://shop.example/pay/success"),
        ("ALIPAY_APP_ID", "app", "1 to 32 digits"),
        ("ALIPAY_SELLER_ID", "2088", "16 digits"),
        ("ALIPAY_PRIVATE_KEY", "x", "an RSA private key of 2048 or more bits"),
        ("ALIPAY_PRIVATE_KEY", public_pem(KEY), "an RSA private key of 2048 or more bits"),
        ("ALIPAY_PRIVATE_KEY", private_pem(SHORT_KEY), "an RSA private key of 2048 or more bits"),
        ("ALIPAY_PUBLIC_KEY", private_pem(KEY), "an RSA public key of 2048 or more bits"),
        ("ALIPAY_PUBLIC_KEY", public_pem(SHORT_KEY), "an RSA public key of 2048 or more bits"),
        ("ALIPAY_PUBLIC_KEY", public_pem(KEY)[:99], "an RSA public key of 2048 or more bits"),
    ],
)
def test_a_payment_gateways_settings_are_checked(name: str, value: str, expected: str) -> None:
    (problem,) = problems(**{**ALIPAY, name: value})
    assert problem.startswith(f"{name}: expected ")
    assert expected in problem
    assert "KEY-----" not in problem


@pytest.mark.parametrize("name", ["DB_HOST", "DB_NAME", "DB_USER", "ALLOWED_HOSTS"])
def test_a_missing_variable_is_named(name: str) -> None:
    (problem,) = problems(**{name: None})
    assert problem.startswith(f"{name}: expected ")
    assert f"found nothing; set {name}" in problem


@pytest.mark.parametrize("name", ["DJANGO_SECRET_KEY", "DB_PASSWORD", "REDIS_URL"])
def test_a_missing_secret_is_asked_for_as_a_file(name: str) -> None:
    (problem,) = problems(**{name: None})
    assert problem.startswith(f"{name}_FILE: expected ")
    assert f"found nothing; set {name}_FILE to a file that holds the secret" in problem


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(DB_PASSWORD_FILE=str(tmp_path / "password"))
    assert "found both DB_PASSWORD and DB_PASSWORD_FILE" in problem


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: (path.touch(), path.chmod(0)), "Permission denied"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8 text"),
        (lambda path: path.touch(), "a secret of 0 characters"),
        (lambda path: path.write_text("two\nlines"), "a secret of 9 characters"),
    ],
    ids=["missing", "directory", "unreadable", "binary", "empty", "lines"],
)
def test_a_secret_file_with_wrong_rights_or_content_is_named(
    tmp_path: Path, make: object, found: str
) -> None:
    path = tmp_path / "password"
    make(path)  # type: ignore[operator]
    (problem,) = problems(DB_PASSWORD=None, DB_PASSWORD_FILE=str(path))
    assert problem.startswith("DB_PASSWORD_FILE: expected ")
    assert found in problem
    assert str(path) in problem


def test_every_problem_is_told_at_once() -> None:
    found = problems(DB_PORT="x", TIME_ZONE="x", REDIS_URL=None)
    assert [problem.split(":")[0] for problem in found] == [
        "DB_PORT",
        "REDIS_URL_FILE",
        "TIME_ZONE",
    ]


def test_no_secret_is_ever_printed() -> None:
    text = "\n".join(problems(DJANGO_SECRET_KEY="weak-secret", REDIS_URL="redis://x:hunter2@h"))
    assert "weak-secret" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize("command", ["serve", "worker", "beat", "migrate", "sample_data", "manage"])
def test_every_command_ends_with_78(command: str) -> None:
    done = luffy(command, variables={"DB_PORT": "none", "PUBLIC_SCHEME": "gopher"})
    assert done.returncode == 78, done.stdout + done.stderr
    assert done.stderr.startswith("luffy_api refuses to start:\n  DB_PORT: expected ")
    assert "\n  PUBLIC_SCHEME: expected one of http, https, found 'gopher'" in done.stderr
    assert "Traceback" not in done.stderr


def test_sample_data_needs_the_administrators_password() -> None:
    done = luffy("sample_data", variables={"ADMIN_PASSWORD_FILE": ""})
    assert done.returncode == 78
    assert "ADMIN_PASSWORD_FILE: expected a file" in done.stderr


def test_an_unknown_command_is_told_the_known_ones() -> None:
    done = luffy("server")
    assert done.returncode == os.EX_USAGE
    known = (
        "serve, worker, beat, migrate, check_migrations, sample_data, pictures, reset_two_factor, "
        "doctor, manage"
    )
    assert f'expected one of {known}; found "server"' in done.stderr
