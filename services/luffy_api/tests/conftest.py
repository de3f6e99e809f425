"""What the tests share: a clean cache, rows to look at, and a running copy of the service."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from course.models import Course, CourseCategory, CourseChapter, CourseSection, Teacher
from course.reads import course_reads
from home.reads import home_reads
from luffy.cached_reads import redis_availability
from luffy.environment import SmsSettings
from luffy.outside.sms import sms_circuit
from luffy.redis_store import redis_client
from shop.payment.alipay import alipay_circuit
from tests.buyers import Buyer
from tests.payment_gateway import PaymentGateway
from tests.people import Caller, Person
from tests.sms_provider import SmsProvider
from tests.stand import Deployed, Service, fresh_database, luffy


def forget(*kinds: str) -> None:
    """Delete the counters ("limit") or the codes ("code") in Redis."""
    for kind in kinds:
        for key in redis_client().scan_iter(f"luffy:{kind}:*"):
            redis_client().delete(key)


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    """Nothing of an earlier test is in Redis, and this process thinks well of it."""
    redis_availability.answered()
    sms_circuit.succeeded()
    alipay_circuit.succeeded()
    forget("limit", "code")
    home_reads.invalidate()
    course_reads.invalidate()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def api(client: Client) -> Callable[..., Any]:
    """`api("home/banner/", page=2)`: the answer to a GET in English."""

    def get(path: str, **parameters: Any) -> Any:
        return client.get(f"/api/v1/{path}", parameters, headers={"Accept-Language": "en"})

    return get


@pytest.fixture(scope="session")
def _provider() -> Iterator[SmsProvider]:
    with SmsProvider() as provider:
        yield provider


@pytest.fixture
def sms(_provider: SmsProvider, settings: Any) -> SmsProvider:
    """An SMS provider that this site is set up to use, with an empty inbox."""
    _provider.reset()
    settings.SMS = SmsSettings(
        url=_provider.url,
        access_key_id=_provider.key_id,
        access_key_secret=_provider.key_secret,
        sign_name="路飞学城",
        template_code="SMS_100",
    )
    return _provider


@pytest.fixture(scope="session")
def _gateway() -> Iterator[PaymentGateway]:
    with PaymentGateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway: PaymentGateway, settings: Any) -> PaymentGateway:
    """A payment gateway that this site is set up to use, without a trade."""
    _gateway.reset()
    settings.ALIPAY = _gateway.settings()
    return _gateway


@pytest.fixture
def buyer(ann: Person) -> Buyer:
    """Ann, who is logged in."""
    return Buyer.of(ann)


@pytest.fixture
def forget_limits() -> Callable[[], None]:
    """As if enough time had passed for every limit."""
    return lambda: forget("limit")


@pytest.fixture
def caller() -> Caller:
    """Somebody's browser."""
    return Caller()


@pytest.fixture
def ann(db: None) -> Person:
    """Somebody with an account."""
    return Person.make("13800000001")


@pytest.fixture
def category(db: None) -> CourseCategory:
    return CourseCategory.objects.create(name="Navigation")


@pytest.fixture
def teacher(db: None) -> Teacher:
    return Teacher.objects.create(
        name="Ann", title="Captain", brief="Sails.", image="teacher/ann.webp", signature="Ahoy"
    )


@pytest.fixture
def make_course(category: CourseCategory, teacher: Teacher) -> Callable[..., Course]:
    """Makes a course with two chapters of three sections each; only the first is free to try."""

    def make(name: str = "Knots", **fields: Any) -> Course:
        fields = {"course_category": category, "teacher": teacher, "price": 39} | fields
        course = Course.objects.create(name=name, course_img="course/knots.webp", **fields)
        for number in (1, 2):
            chapter = CourseChapter.objects.create(
                course=course, chapter=number, name=f"Chapter {number}"
            )
            for place in (1, 2, 3):
                CourseSection.objects.create(
                    chapter=chapter,
                    name=f"Section {number}.{place}",
                    section_link=f"https://example.com/{number}/{place}",
                    duration="10:00",
                    free_trail=(number, place) == (1, 1),
                    orders=place,
                )
        return course

    return make


@pytest.fixture
def redis_keys() -> Callable[[], list[str]]:
    """The names of the keys in Redis that answers are kept under."""

    def keys() -> list[str]:
        client = cache._cache.get_client(None)  # type: ignore[attr-defined]
        return sorted(key.decode() for key in client.scan_iter("luffy:1:*"))

    return keys


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A database and a media folder after the steps of a deployment; tests only read them."""
    media = tmp_path_factory.mktemp("deployed") / "media"
    with fresh_database("luffy_deployed") as database:
        deployment = Deployed(database, media)
        for command in ("migrate", "sample_data"):
            done = luffy(command, variables=deployment.variables)
            assert done.returncode == 0, done.stdout + done.stderr
        yield deployment


@pytest.fixture
def drawn(deployed: Deployed, media: Path) -> None:
    """The sample pictures are there already: drawing them takes a second each time."""
    shutil.copytree(deployed.media, media)


@pytest.fixture(scope="session")
def service(
    deployed: Deployed, _provider: SmsProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service as a deployment starts it."""
    outside = {
        "SMS_URL": _provider.url,
        "SMS_ACCESS_KEY_ID": _provider.key_id,
        "SMS_ACCESS_KEY_SECRET": _provider.key_secret,
        "SMS_SIGN_NAME": "路飞学城",
        "SMS_TEMPLATE_CODE": "SMS_100",
    }
    with Service(deployed, tmp_path_factory.mktemp("service"), outside) as running:
        yield running


@pytest.fixture
def settled(service: Service) -> Service:
    """The running service with its database and its Redis in reach."""
    service.database_relay.open()
    service.redis_relay.open()
    service.wait_until_ready()
    return service
