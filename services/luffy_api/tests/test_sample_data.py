"""Sample data: enough of it, obviously invented, and never in anybody's way."""

import shutil
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model
from PIL import Image

from accounts.models import User
from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    SectionAttachment,
    Teacher,
)
from home.models import Banner
from luffy.file_kinds import MP4, TEXT, kind_of
from luffy.named_lock import named_lock
from sample.content import COURSES
from sample.films import FILMS
from sample.loading import load_samples
from sample.models import LoadedSample
from sample.pictures import draw
from shop.models import Coupon
from tests.stand import read_secret

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("drawn")]

MODELS: tuple[type[Model], ...] = (
    Banner,
    CourseCategory,
    Teacher,
    Course,
    CourseChapter,
    CourseSection,
    Coupon,
    SectionAttachment,
    User,
)


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model.__name__: [dict(row) for row in model._default_manager.order_by("pk").values()]
        for model in MODELS
    }


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_there_is_enough_to_look_at() -> None:
    call_command("load_sample_data")
    assert Banner.objects.count() >= 4
    assert CourseCategory.objects.count() == 3
    assert Teacher.objects.count() == 3
    assert Course.objects.count() == 6
    assert {course.price for course in Course.objects.all()} >= {Decimal(39), Decimal(299)}
    assert Coupon.objects.count() == 3
    for course in Course.objects.all():
        sections = CourseSection.objects.filter(chapter__course=course)
        assert course.pub_sections == sections.count()
        assert course.sections >= course.pub_sections
        assert sections.filter(free_trail=True).exists()


def test_it_is_obviously_invented() -> None:
    load_samples()
    assert all("示例" in course.name for course in Course.objects.all())
    assert all("Sample" in teacher.name for teacher in Teacher.objects.all())
    assert all("Sample" in coupon.name for coupon in Coupon.objects.all())
    assert all(coupon.code.startswith("SAMPLE-") for coupon in Coupon.objects.all())
    for coupon in Coupon.objects.all():
        coupon.full_clean()
    links = CourseSection.objects.values_list("section_link", flat=True)
    assert all(link.startswith("https://example.com/") for link in links)


def test_loading_twice_changes_nothing(media: Path) -> None:
    call_command("load_sample_data")
    rows, pictures = everything(), files(media)
    loaded = load_samples()
    call_command("load_sample_data")
    assert (loaded.rows, loaded.pictures, loaded.files) == (0, 0, 0)
    assert everything() == rows
    assert files(media) == pictures


def test_what_an_editor_changed_or_deleted_stays_so() -> None:
    load_samples()
    Course.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
    Banner.objects.all().delete()
    teacher = Teacher.objects.first()
    assert teacher is not None
    teacher.name = "Somebody real"
    teacher.save()
    rows = everything()
    load_samples()
    assert everything() == rows


def test_real_rows_of_the_same_name_are_left_alone() -> None:
    real_category = CourseCategory.objects.create(name="Python 编程（示例）", orders=77)
    real_teacher = Teacher.objects.create(name="Real", title="Real", brief="Real")
    real = Course.objects.create(
        name="Python 入门：第一次出海（示例）",
        price=1,
        course_category=real_category,
        teacher=real_teacher,
    )
    load_samples()
    real.refresh_from_db()
    assert real.price == 1
    assert not real.coursechapters.exists()
    assert Course.objects.filter(name=real.name).count() == 1
    assert CourseCategory.objects.get(name=real_category.name).orders == 77


def test_every_picture_that_a_row_names_can_be_opened_and_read_by_all(media: Path) -> None:
    shutil.rmtree(media)
    assert load_samples().pictures == 13
    named = [
        *Banner.objects.values_list("image", flat=True),
        *Teacher.objects.values_list("image", flat=True),
        *Course.objects.values_list("course_img", flat=True),
    ]
    assert len(named) == 13
    for name in named:
        path = media / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "WEBP"
            assert picture.width >= 320


def test_every_video_section_has_a_video_that_plays_and_every_other_a_file(media: Path) -> None:
    load_samples()
    videos = CourseSection.objects.filter(section_type=CourseSection.Type.VIDEO)
    assert videos.count() > 15
    for section in videos:
        path = media / str(section.video)
        assert path.parent == media / "protected" / "sample"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        with path.open("rb") as file:
            assert kind_of(file, path.stat().st_size) is MP4
            file.seek(0)
            content = file.read()
        # H.264, and the index before the pictures: it plays while it loads.
        assert b"avc1" in content
        assert content.index(b"moov") < content.index(b"mdat")
    others = CourseSection.objects.exclude(section_type=CourseSection.Type.VIDEO)
    assert {section.attachments.count() for section in others} == {1}
    for attachment in SectionAttachment.objects.all():
        path = media / str(attachment.file)
        assert path.stat().st_size == attachment.size
        with path.open("rb") as file:
            assert kind_of(file, attachment.size) is TEXT


def test_the_videos_are_small_and_each_course_has_one() -> None:
    assert set(FILMS) == {course.picture for course in COURSES}
    films = list((Path(__file__).parent.parent / "sample" / "films").iterdir())
    assert {path.stem for path in films} == set(FILMS)
    assert sum(path.stat().st_size for path in films) < 2_000_000


def test_sections_of_an_earlier_version_get_their_videos_once(media: Path) -> None:
    load_samples()
    # As that version left them: with links alone.
    LoadedSample.objects.filter(kind="files").delete()
    SectionAttachment.objects.all().delete()
    CourseSection.objects.update(video="")
    mine = CourseSection.objects.order_by("pk").first()
    assert mine is not None
    mine.section_link = "https://example.com/my-own"
    mine.save()
    load_samples()
    assert CourseSection.objects.filter(section_type=CourseSection.Type.VIDEO, video="").get() == (
        mine
    )
    assert SectionAttachment.objects.count() == 5
    CourseSection.objects.update(video="")
    SectionAttachment.objects.all().delete()
    load_samples()
    assert not CourseSection.objects.exclude(video="").exists(), "an editor took them away"
    assert not SectionAttachment.objects.exists()


def test_a_sample_section_that_is_deleted_leaves_the_video_of_the_others(
    media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    load_samples()
    course = Course.objects.order_by("pk").first()
    assert course is not None
    sections = CourseSection.objects.filter(chapter__course=course).exclude(video="")
    first, *others = sections
    path = media / str(first.video)
    with django_capture_on_commit_callbacks(execute=True):
        first.delete()
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        for section in others:
            section.delete()
    assert not path.exists()


def test_a_lost_picture_is_drawn_again(media: Path) -> None:
    load_samples()
    (media / "sample" / "course-linux.webp").unlink()
    assert load_samples().pictures == 1
    assert (media / "sample" / "course-linux.webp").exists()


def test_a_picture_is_the_same_on_each_run_and_differs_by_its_words() -> None:
    assert draw((64, 64), "ONE").tobytes() == draw((64, 64), "ONE").tobytes()
    assert draw((64, 64), "ONE").tobytes() != draw((64, 64), "TWO").tobytes()


def test_a_media_folder_that_cannot_be_written_leaves_no_row(settings: Any) -> None:
    settings.MEDIA_ROOT = "/proc/nowhere"
    with pytest.raises(OSError, match="/proc/nowhere"):
        load_samples()
    assert not Banner.objects.exists()


def test_the_administrator_is_made_once_with_the_generated_password() -> None:
    call_command("load_sample_data")
    admin = User.objects.get(username="admin")
    assert admin.is_staff
    assert admin.is_superuser
    assert admin.password.startswith("argon2")
    assert admin.check_password(read_secret("ADMIN_PASSWORD"))
    admin.set_password("changed by the administrator")
    admin.save()
    call_command("load_sample_data")
    admin.refresh_from_db()
    assert admin.check_password("changed by the administrator")


def test_two_runs_at_once_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sample.management.commands.load_sample_data.LOCK_WAIT_S", 1)
    with named_lock("sample_data", 1):
        message = "expected the lock .*sample_data to be free within 1 s, found it held"
        with pytest.raises(CommandError, match=message):
            call_command("load_sample_data")
    call_command("load_sample_data")
    assert connection.settings_dict["OPTIONS"]["read_timeout"] == 20
