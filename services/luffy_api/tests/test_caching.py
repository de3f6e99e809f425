"""Answers come from Redis once they were built, and change with what they show."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError

from course.models import Course, CourseCategory, CourseChapter, CourseSection, Teacher
from course.reads import course_reads
from home.models import Banner
from home.reads import home_reads
from home.tasks import refresh_banners
from luffy.cached_reads import CachedReads, redis_availability
from luffy.envelope import as_text
from luffy.redis_store import redis_client

Get = Callable[..., Any]
MakeCourse = Callable[..., Course]


def queries_of(get: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert get().status_code == 200
    return len(queries)


def paths_of(course: Course) -> list[str]:
    return [
        "home/banner/",
        "course/category/",
        "course/actual/",
        "course/actual/?ordering=-price&page_size=3",
        f"course/actual/?course_category={course.course_category_id}",
        f"course/actual/{course.pk}/",
        f"course/chapter/?course_id={course.pk}",
    ]


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_rows(
    api: Get, make_course: MakeCourse
) -> None:
    course = make_course()

    def counts() -> list[int]:
        home_reads.invalidate()
        course_reads.invalidate()
        return [queries_of(lambda path=path: api(path)) for path in paths_of(course)]  # type: ignore[misc]

    few = counts()
    for number in range(12):
        make_course(f"Course {number}")
        Banner.objects.create(title=f"Banner {number}", image="b.webp", link="/")
        CourseCategory.objects.create(name=f"Category {number}")
        chapter = CourseChapter.objects.create(course=course, chapter=9, name="More")
        CourseSection.objects.create(chapter=chapter, name="More")
    assert counts() == few
    assert few == [1, 1, 4, 4, 5, 2, 3]


@pytest.mark.django_db
def test_a_second_read_asks_no_database(api: Get, make_course: MakeCourse) -> None:
    for path in paths_of(make_course()):
        first = api(path).json()
        assert queries_of(lambda path=path: api(path)) == 0, path  # type: ignore[misc]
        assert api(path).json() == first


@pytest.mark.django_db
def test_questions_that_mean_the_same_share_an_answer(api: Get, make_course: MakeCourse) -> None:
    category = make_course().course_category_id
    api("course/actual/", course_category=category)
    same = {"course_category": f"00{category}", "page": "01", "page_size": "10", "unknown": "x"}
    assert queries_of(lambda: api("course/actual/", **same)) == 0


@pytest.mark.django_db
def test_an_empty_answer_is_kept_too(api: Get) -> None:
    api("course/category/")
    assert queries_of(lambda: api("course/category/")) == 0


@pytest.mark.django_db
def test_what_is_refused_is_not_kept(
    api: Get, make_course: MakeCourse, redis_keys: Callable[[], list[str]]
) -> None:
    make_course()
    before = redis_keys()
    api("course/actual/", course_category=999999)
    api("course/actual/", page=7)
    api("course/actual/424242/")
    assert redis_keys() == before


@pytest.mark.django_db
def test_languages_are_kept_apart(client: Any, make_course: MakeCourse) -> None:
    course = make_course()
    path = f"/api/v1/course/actual/{course.pk}/"
    levels = {
        language: client.get(path, headers={"Accept-Language": language}).json()["level_name"]
        for language in ("en", "zh-CN", "en", "fr")
    }
    assert levels == {"en": "Beginner", "zh-CN": "入门", "fr": "入门"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "look"),
    [
        (lambda course: Course.objects.get(pk=course.pk).save(), "course/actual/"),
        (lambda course: CourseCategory.objects.create(name="New"), "course/category/"),
        (lambda course: Teacher.objects.get().save(), "course/actual/"),
        (lambda course: CourseChapter.objects.all()[0].delete(), "course/chapter/?course_id={}"),
        (lambda course: CourseSection.objects.all()[0].save(), "course/actual/{}/"),
        (lambda course: course.delete(), "course/category/"),
    ],
    ids=["course", "category", "teacher", "chapter", "section", "deletion"],
)
def test_a_saved_or_deleted_row_drops_the_courses(
    api: Get,
    make_course: MakeCourse,
    django_capture_on_commit_callbacks: Any,
    change: Callable[[Course], Any],
    look: str,
) -> None:
    course = make_course()
    path = look.format(course.pk)
    api(path)
    assert queries_of(lambda: api(path)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        change(course)
    assert queries_of(lambda: api(path)) > 0


@pytest.mark.django_db(transaction=True)
def test_a_change_shows_at_once_after_its_commit(api: Get, make_course: MakeCourse) -> None:
    course = make_course()
    path = f"course/actual/{course.pk}/"
    assert api(path).json()["name"] == "Knots"
    with transaction.atomic():
        course.name = "More knots"
        course.save()
    assert api(path).json()["name"] == "More knots"


@pytest.mark.django_db(transaction=True)
def test_a_change_of_banners_leaves_the_courses_alone(api: Get, make_course: MakeCourse) -> None:
    make_course()
    api("course/actual/")
    Banner.objects.create(title="New", image="b.webp", link="/")
    assert queries_of(lambda: api("course/actual/")) == 0


def test_an_answer_that_was_built_before_a_change_is_never_shown_after_it() -> None:
    reads = CachedReads("race")
    building, changed = threading.Event(), threading.Event()

    def slow() -> bytes:
        building.set()
        assert changed.wait(10)
        return b"old"

    reader = threading.Thread(target=lambda: reads.get("key", slow))
    reader.start()
    assert building.wait(10)
    reads.invalidate()
    changed.set()
    reader.join(10)
    assert reads.get("key", lambda: b"new") == b"new"


def test_a_generation_that_redis_dropped_is_made_anew(
    redis_keys: Callable[[], list[str]],
) -> None:
    reads = CachedReads("evicted")
    assert reads.get("key", lambda: b"1") == b"1"
    redis_client().delete("luffy:generation:evicted")
    assert reads.get("key", lambda: b"2") == b"2"
    assert reads.get("key", lambda: b"3") == b"2"


def test_a_change_by_another_process_is_seen_at_once() -> None:
    mine, theirs = CachedReads("shared"), CachedReads("shared")
    assert mine.get("key", lambda: b"old") == b"old"
    assert theirs.get("key", lambda: b"not asked") == b"old"
    theirs.invalidate()
    assert mine.get("key", lambda: b"new") == b"new"
    assert theirs.get("key", lambda: b"not asked") == b"new"


def test_what_was_found_last_is_asked_for_in_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = CachedReads("once")
    reads.get("key", lambda: b"1")
    asked: list[Any] = []
    execute = Redis.execute_command

    def record(client: Redis, *words: Any, **options: Any) -> Any:
        asked.append(words[0])
        return execute(client, *words, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(Redis, "execute_command", record)
    assert reads.get("key", lambda: b"not asked") == b"1"
    assert asked == ["MGET"]


def test_an_answer_runs_out_even_where_an_invalidation_was_lost(
    redis_keys: Callable[[], list[str]],
) -> None:
    CachedReads("lasting").get("key", lambda: b"1")
    (key,) = (key for key in redis_keys() if ":lasting:" in key)
    assert 0 < redis_client().ttl(key) <= 300


def test_every_key_carries_the_prefix_that_redis_allows(
    redis_keys: Callable[[], list[str]],
) -> None:
    CachedReads("prefixed").get("key", lambda: b"1")
    assert any(":prefixed:" in key for key in redis_keys())
    with pytest.raises(NoPermissionError):
        redis_client().get("another:key")


def test_an_answer_is_kept_as_it_is_sent() -> None:
    assert as_text({"name": "绳结"}) == '{"name":"绳结"}'.encode()


@pytest.mark.django_db
def test_the_task_builds_the_banners_before_anyone_asks(api: Get) -> None:
    Banner.objects.create(title="Ready", image="b.webp", link="/")
    refresh_banners()
    assert queries_of(lambda: api("home/banner/")) == 0
    with translation.override("zh-hans"):
        assert home_reads.get("banners", lambda: b"not asked") != b"not asked"


# --- without Redis --------------------------------------------------------------------------------


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Redis refuses every call; the calls are listed."""
    calls: list[str] = []

    def refuse(name: str) -> Callable[..., Any]:
        def call(*_arguments: Any, **_options: Any) -> Any:
            calls.append(name)
            raise RedisConnectionError("refused by the test")

        return call

    for name in ("get", "set", "mget"):
        monkeypatch.setattr(Redis, name, refuse(name))
    return calls


@pytest.mark.django_db
def test_every_answer_is_read_from_the_database_and_the_log_says_so(
    api: Get, make_course: MakeCourse, no_redis: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    course = make_course()
    for path in paths_of(course):
        assert api(path).status_code == 200
    assert "Redis did not answer" in caplog.text


@pytest.mark.django_db
def test_a_redis_that_failed_is_left_alone_for_a_moment(
    api: Get, no_redis: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api("home/banner/")
    assert len(no_redis) == 1
    api("home/banner/")
    assert len(no_redis) == 1
    monkeypatch.setattr("luffy.cached_reads.PAUSE_AFTER_FAILURE_S", 0)
    api("home/banner/")
    assert len(no_redis) == 2


@pytest.mark.django_db(transaction=True)
def test_an_invalidation_that_was_lost_is_made_up_for(
    api: Get, no_redis: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Banner.objects.create(title="New", image="b.webp", link="/")
    assert "did not take an invalidation" in caplog.text
    monkeypatch.undo()
    written: list[str] = []
    set_value = Redis.set

    def record(client: Redis, key: str, *rest: Any, **options: Any) -> Any:
        written.append(key)
        return set_value(client, key, *rest, **options)

    monkeypatch.setattr(Redis, "set", record)
    redis_availability.answered()
    assert [banner["title"] for banner in api("home/banner/").json()["result"]] == ["New"]
    assert written[0] == "luffy:generation:home"
