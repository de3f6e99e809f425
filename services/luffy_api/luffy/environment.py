"""What the service is told from outside: environment variables and secret files.

Everything is read here, once, before Django starts. A value that cannot be right ends the process
with exit code 78 (EX_CONFIG of sysexits.h) and names every wrong variable at once: what was
expected, what was found, and what to do. The text of a secret is never printed.
"""

import base64
import binascii
import os
import sys
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar, cast
from urllib.parse import urlsplit

T = TypeVar("T")

EX_CONFIG = 78
LANGUAGES = ("zh-hans", "en")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SCHEMES = ("http", "https")
STAFF_TWO_FACTOR = ("required", "optional")
# Django's own deployment check (security.W009) asks for this length.
SECRET_KEY_MIN_LENGTH = 50
ADMIN_PASSWORD_MIN_LENGTH = 12
MEDIA_SECRET_MIN_LENGTH = 32
RSA_MIN_BITS = 2048
# Only worker classes that the database driver works with: mysqlclient blocks, so gevent gains
# nothing, and gunicorn's asynchronous classes want ASGI.
WORKER_CLASSES = ("gthread", "sync")


class BadEnvironmentError(Exception):
    """One or more variables are wrong; `problems` holds a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class SmsSettings:
    """How the SMS provider is asked: Alibaba Cloud SMS, or what speaks like it."""

    url: str
    access_key_id: str
    access_key_secret: str
    sign_name: str
    template_code: str


@dataclass(frozen=True)
class AlipaySettings:
    """How payments are taken: by Alipay, or by what speaks like it. The keys are PEM."""

    gateway_url: str
    page_url: str
    app_id: str
    seller_id: str
    private_key: str = field(repr=False)
    public_key: str
    notify_url: str
    return_url: str


@dataclass(frozen=True)
class ShortLinkSettings:
    """How the short-link service is asked, and this site's address, which its links lead to."""

    url: str
    account: str
    password: str = field(repr=False)
    site_url: str


@dataclass(frozen=True)
class Environment:
    """The checked configuration of one process."""

    secret_key: str
    old_secret_key: str
    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str
    db_read_timeout_s: int
    redis_url: str
    admin_password: str | None
    allowed_hosts: list[str]
    public_scheme: str
    language_code: str
    time_zone: str
    media_root: Path
    media_secret: str
    media_link_lifetime_s: int
    upload_max_bytes: int
    gunicorn_workers: int
    gunicorn_threads: int
    gunicorn_worker_class: str
    log_level: str
    access_token_lifetime_s: int
    refresh_token_lifetime_s: int
    login_tries_per_name: int
    login_tries_per_address: int
    sms: SmsSettings | None
    sms_code_lifetime_s: int
    sms_per_phone_a_day: int
    sms_per_address_an_hour: int
    sms_an_hour: int
    alipay: AlipaySettings | None
    short_links: ShortLinkSettings | None
    order_lifetime_s: int
    staff_two_factor: str
    audit_keep_days: int

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Environment":
        """Read and check `variables`.

        Raises:
            BadEnvironmentError: with every problem that was found, not only the first.
        """
        reader = _Reader(variables)
        environment = cls(
            secret_key=reader.secret("DJANGO_SECRET_KEY", _secret_key),
            old_secret_key=reader.optional_secret("DJANGO_OLD_SECRET_KEY", _old_secret_key) or "",
            db_host=reader.plain("DB_HOST", _host),
            db_port=reader.plain("DB_PORT", _whole_number(1, 65535), "3306"),
            db_name=reader.plain("DB_NAME", _text),
            db_user=reader.plain("DB_USER", _text),
            db_password=reader.secret("DB_PASSWORD", _text),
            db_read_timeout_s=reader.plain("DB_READ_TIMEOUT", _whole_number(1, 86400), "20"),
            redis_url=reader.secret("REDIS_URL", _redis_url),
            admin_password=reader.optional_secret("ADMIN_PASSWORD", _admin_password),
            allowed_hosts=reader.plain("ALLOWED_HOSTS", _hosts),
            public_scheme=reader.plain("PUBLIC_SCHEME", _one_of(SCHEMES), "http"),
            language_code=reader.plain("LANGUAGE_CODE", _one_of(LANGUAGES), "zh-hans"),
            time_zone=reader.plain("TIME_ZONE", _time_zone, "Asia/Shanghai"),
            media_root=reader.plain("MEDIA_ROOT", _absolute_path, "/srv/media"),
            media_secret=reader.secret("MEDIA_SECRET", _media_secret),
            media_link_lifetime_s=reader.plain(
                "MEDIA_LINK_LIFETIME", _whole_number(60, 86400), "7200"
            ),
            upload_max_bytes=reader.plain(
                "UPLOAD_MAX_BYTES", _whole_number(100_000, 10**10), "10000000"
            ),
            gunicorn_workers=reader.plain("GUNICORN_WORKERS", _whole_number(1, 64), "2"),
            gunicorn_threads=reader.plain("GUNICORN_THREADS", _whole_number(1, 256), "4"),
            gunicorn_worker_class=reader.plain(
                "GUNICORN_WORKER_CLASS", _one_of(WORKER_CLASSES), "gthread"
            ),
            log_level=reader.plain("LOG_LEVEL", _one_of(LOG_LEVELS), "INFO"),
            access_token_lifetime_s=reader.plain(
                "ACCESS_TOKEN_LIFETIME", _whole_number(60, 3600), "600"
            ),
            refresh_token_lifetime_s=reader.plain(
                "REFRESH_TOKEN_LIFETIME", _whole_number(3600, 7776000), "1209600"
            ),
            login_tries_per_name=reader.plain("LOGIN_TRIES_PER_NAME", _whole_number(3, 1000), "10"),
            login_tries_per_address=reader.plain(
                "LOGIN_TRIES_PER_ADDRESS", _whole_number(3, 100000), "100"
            ),
            sms=_sms(reader),
            sms_code_lifetime_s=reader.plain("SMS_CODE_LIFETIME", _whole_number(60, 900), "300"),
            sms_per_phone_a_day=reader.plain("SMS_PER_PHONE_A_DAY", _whole_number(1, 100), "10"),
            sms_per_address_an_hour=reader.plain(
                "SMS_PER_ADDRESS_AN_HOUR", _whole_number(1, 100000), "20"
            ),
            sms_an_hour=reader.plain("SMS_AN_HOUR", _whole_number(1, 1000000), "1000"),
            alipay=_alipay(reader),
            short_links=_short_links(reader),
            order_lifetime_s=reader.plain("ORDER_LIFETIME", _whole_number(300, 86400), "1800"),
            staff_two_factor=reader.plain(
                "STAFF_TWO_FACTOR", _one_of(STAFF_TWO_FACTOR), "required"
            ),
            audit_keep_days=reader.plain("AUDIT_KEEP_DAYS", _whole_number(30, 3650), "365"),
        )
        if reader.problems:
            raise BadEnvironmentError(reader.problems)
        return environment


def load() -> Environment:
    """Read this process's environment, or end the process with exit code 78."""
    try:
        return Environment.read(os.environ)
    except BadEnvironmentError as error:
        refuse(error.problems)


def refuse(problems: list[str]) -> NoReturn:
    """Print `problems` to stderr, one a line, and end the process with exit code 78."""
    print("luffy_api refuses to start:", *problems, sep="\n  ", file=sys.stderr)
    raise SystemExit(EX_CONFIG)


class _UnexpectedError(ValueError):
    """A value is not what a parser takes; its text says what was expected."""


class _Reader:
    """Looks variables up and collects what is wrong with them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._variables = variables

    def plain(self, name: str, parse: Callable[[str], T], default: str | None = None) -> T:
        # An empty variable counts as unset: that is what compose hands over for `${NAME:-}`.
        value = self._variables.get(name) or default
        if value is None:
            return self._refused(parse, name, _expected_by(parse), "nothing", f"set {name}")
        return self._parsed(name, value, parse, found=repr(value), advice=f"correct {name}")

    def secret(self, name: str, parse: Callable[[str], T]) -> T:
        file_name, value = f"{name}_FILE", self._variables.get(name)
        path = self._variables.get(file_name)
        if value and path:
            found = f"both {name} and {file_name}"
            return self._refused(parse, name, "one of the two forms", found, f"unset {name}")
        if not value and not path:
            advice = f"set {file_name} to a file that holds the secret"
            return self._refused(parse, file_name, _expected_by(parse), "nothing", advice)
        if path:
            return self._secret_file(file_name, Path(path), parse)
        found = f"a secret of {len(value or '')} characters"
        return self._parsed(name, value or "", parse, found, f"correct {name}")

    def has(self, name: str) -> bool:
        return bool(self._variables.get(name))

    def optional_secret(self, name: str, parse: Callable[[str], T]) -> T | None:
        if self._variables.get(name) or self._variables.get(f"{name}_FILE"):
            return self.secret(name, parse)
        return None

    def _secret_file(self, name: str, path: Path, parse: Callable[[str], T]) -> T:
        try:
            value = path.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            found = f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
            advice = f"give {path} to uid {os.getuid()} with mode 0400, or correct {name}"
            return self._refused(parse, name, "a readable text file", found, advice)
        found = f"a secret of {len(value)} characters in {path}"
        return self._parsed(name, value, parse, found, advice=f"write it anew to {path}")

    def _parsed(
        self, name: str, value: str, parse: Callable[[str], T], found: str, advice: str
    ) -> T:
        try:
            return parse(value)
        except _UnexpectedError as error:
            return self._refused(parse, name, str(error), found, advice)

    def _refused(
        self, parse: Callable[[str], T], name: str, expected: str, found: str, advice: str
    ) -> T:
        self.problems.append(f"{name}: expected {expected}, found {found}; {advice}")
        # Never used: `Environment.read` raises once it has asked for everything.
        return cast("T", None)


def _sms(reader: _Reader) -> SmsSettings | None:
    """The provider's settings: with an address all of them, without one none is looked at."""
    if not reader.has("SMS_URL"):
        return None
    return SmsSettings(
        url=reader.plain("SMS_URL", _web_address("https://dysmsapi.aliyuncs.com/")),
        access_key_id=reader.plain("SMS_ACCESS_KEY_ID", _text),
        access_key_secret=reader.secret("SMS_ACCESS_KEY_SECRET", _text),
        sign_name=reader.plain("SMS_SIGN_NAME", _text),
        template_code=reader.plain("SMS_TEMPLATE_CODE", _text),
    )


def _alipay(reader: _Reader) -> AlipaySettings | None:
    """The payment gateway's settings: with an address all of them, without one none is looked
    at."""
    if not reader.has("ALIPAY_GATEWAY_URL"):
        return None
    gateway_address = _web_address("https://openapi.alipay.com/gateway.do")
    gateway_url = reader.plain("ALIPAY_GATEWAY_URL", gateway_address)
    # Browsers may find it elsewhere than this service does.
    page_url = gateway_url
    if reader.has("ALIPAY_PAGE_URL"):
        page_url = reader.plain("ALIPAY_PAGE_URL", gateway_address)
    return AlipaySettings(
        gateway_url=gateway_url,
        page_url=page_url,
        app_id=reader.plain("ALIPAY_APP_ID", _digits(1, 32)),
        seller_id=reader.plain("ALIPAY_SELLER_ID", _digits(16, 16)),
        private_key=reader.secret("ALIPAY_PRIVATE_KEY", _rsa_key(private=True)),
        public_key=reader.secret("ALIPAY_PUBLIC_KEY", _rsa_key(private=False)),
        notify_url=reader.plain(
            "ALIPAY_NOTIFY_URL", _web_address("https://shop.example/api/v1/order/success/")
        ),
        return_url=reader.plain(
            "ALIPAY_RETURN_URL", _web_address("https://shop.example/pay/success")
        ),
    )


def _short_links(reader: _Reader) -> ShortLinkSettings | None:
    """The short-link service's settings: with an address all of them, without one none is looked
    at."""
    if not reader.has("SHORTLINK_URL"):
        return None
    url = reader.plain("SHORTLINK_URL", _web_address("http://shortlink:8002"))
    site_url = reader.plain("SITE_URL", _web_address("https://shop.example"))
    account = reader.secret("SHORTLINK_ACCOUNT", _account)
    if reader.problems:
        return None
    return ShortLinkSettings(url.rstrip("/"), *account, site_url.rstrip("/"))


def _expected_by(parse: Callable[[str], object]) -> str:
    """What `parse` expects, in its own words: it refuses an empty value with them."""
    try:
        parse("")
    except _UnexpectedError as error:
        return str(error)
    return "a value"


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise _UnexpectedError("printable text on one line")
    return value


def _account(value: str) -> tuple[str, str]:
    name, colon, password = value.partition(":")
    if not (name and colon and password) or not value.isprintable():
        raise _UnexpectedError("name:password on one line")
    return name, password


def _host(value: str) -> str:
    if not value or any(character in value for character in " /:@"):
        raise _UnexpectedError("a host name or an IPv4 address")
    return value


def _absolute_path(value: str) -> Path:
    if not value.startswith("/"):
        raise _UnexpectedError("an absolute path")
    return Path(value)


def _secret_key(value: str) -> str:
    if len(value) < SECRET_KEY_MIN_LENGTH or len(set(value)) < 5:
        raise _UnexpectedError(f"{SECRET_KEY_MIN_LENGTH} or more random characters")
    return value


def _old_secret_key(value: str) -> str:
    # An empty file: no key was changed for long.
    return _secret_key(value) if value else value


def _media_secret(value: str) -> str:
    letters = value.replace("-", "").replace("_", "")
    if len(value) < MEDIA_SECRET_MIN_LENGTH or not letters.isascii() or not letters.isalnum():
        expected = f"{MEDIA_SECRET_MIN_LENGTH} or more random letters, digits, - and _"
        raise _UnexpectedError(expected)
    return value


def _admin_password(value: str) -> str:
    if len(value) < ADMIN_PASSWORD_MIN_LENGTH or not value.isprintable():
        raise _UnexpectedError(f"{ADMIN_PASSWORD_MIN_LENGTH} or more printable characters")
    return value


def _redis_url(value: str) -> str:
    expected = "redis://user:password@host:port/database"
    url = urlsplit(value)
    try:
        port = url.port
    except ValueError:
        port = 0
    if url.scheme not in ("redis", "rediss") or not url.hostname or port == 0:
        raise _UnexpectedError(expected)
    if not url.path.removeprefix("/").isdigit():
        raise _UnexpectedError(expected)
    return value


def _web_address(example: str) -> Callable[[str], str]:
    expected = f"an address such as {example}, without user, query or fragment"

    def parse(value: str) -> str:
        try:
            url = urlsplit(value)
            wrong = url.port == 0 or not url.hostname or "@" in url.netloc
        except ValueError:
            raise _UnexpectedError(expected) from None
        if wrong or url.scheme not in SCHEMES or url.query or url.fragment or " " in value:
            raise _UnexpectedError(expected)
        return value

    return parse


def _digits(fewest: int, most: int) -> Callable[[str], str]:
    number = str(most) if fewest == most else f"{fewest} to {most}"

    def parse(value: str) -> str:
        if not (value.isascii() and value.isdecimal() and fewest <= len(value) <= most):
            raise _UnexpectedError(f"{number} digits")
        return value

    return parse


def _bare(value: str) -> bytes:
    return base64.b64decode("".join(value.split()), validate=True)


def _rsa_key(*, private: bool) -> Callable[[str], str]:
    """Reads a key as PEM or as the bare Base64 of it that Alipay's console and tools give."""
    kind = "private" if private else "public"
    expected = f"an RSA {kind} key of {RSA_MIN_BITS} or more bits, as PEM or bare Base64"

    def parse(value: str) -> str:
        # Imported where it is needed: who takes no payments does not load it.
        from Cryptodome.PublicKey import RSA

        try:
            # What stands before the block explains it (RFC 7468).
            _explanation, begin, block = value.partition("-----BEGIN")
            key = RSA.import_key((begin + block).strip() if begin else _bare(value))
        except (ValueError, IndexError, TypeError, binascii.Error):
            raise _UnexpectedError(expected) from None
        if key.has_private() != private or key.size_in_bits() < RSA_MIN_BITS:
            raise _UnexpectedError(expected)
        return key.export_key("PEM").decode()

    return parse


def _hosts(value: str) -> list[str]:
    hosts = [host.strip() for host in value.split(",") if host.strip()]
    # "*" would answer under any name, and links in answers would then point wherever a caller says.
    if not hosts or "*" in hosts or any("/" in host or " " in host for host in hosts):
        raise _UnexpectedError("host names parted by commas, without '*', scheme or path")
    return hosts


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise _UnexpectedError("a time zone such as Asia/Shanghai or UTC")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise _UnexpectedError(f"one of {', '.join(choices)}")
        return value

    return parse


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        # isdecimal alone also accepts digits of other scripts
        if not (value.isascii() and value.isdecimal() and low <= int(value) <= high):
            raise _UnexpectedError(f"a whole number from {low} to {high}")
        return int(value)

    return parse
