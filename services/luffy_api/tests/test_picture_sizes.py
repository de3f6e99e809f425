"""Copies of pictures in WebP and several widths: when they are made, shown and deleted."""

import logging
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from course.models import Course, Teacher
from home.models import Banner
from luffy import picture_copies, pictures
from luffy.picture_sizes import make_missing
from sample.pictures import COURSE_SIZE, TEACHER_SIZE, draw
from tests.stand import Deployed, luffy

pytestmark = pytest.mark.django_db(transaction=True)

Api = Callable[..., Any]
LONG_S = 60.0


def drawn(size: tuple[int, int], kind: str = "PNG", **options: Any) -> bytes:
    output = BytesIO()
    draw(size, "KNOTS").save(output, kind, **options)
    return output.getvalue()


def upload(content: bytes, name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def banner(content: bytes, name: str = "a.png") -> Banner:
    return Banner.objects.create(title="Sails", link="/courses", image=upload(content, name))


def widths(rows: list[dict[str, Any]]) -> list[int]:
    return [row["width"] for row in rows]


def files(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


# --- what is made ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (2000, [320, 640, 960, 1280]),
        (1280, [320, 640, 960, 1280]),
        (1000, [320, 640, 960, 1000]),
        (640, [320, 640]),
        (300, [300]),
    ],
)
def test_a_picture_has_copies_up_to_its_own_width(
    api: Api, media: Path, own: int, expected: list[int]
) -> None:
    banner(drawn((own, 200)))
    result = api("home/banner/").json()["result"]
    assert [each["image"] for each in result] == ["/media/banner/a.png"], "it stays as it was"
    (shown,) = result
    assert widths(shown["image_set"]) == expected
    for each in shown["image_set"]:
        path = media / each["url"].removeprefix("/media/")
        assert path.stat().st_mode & 0o777 == 0o644
        with Image.open(path) as copy:
            copy.load()
            assert copy.format == "WEBP"
            assert copy.width == each["width"]
            assert abs(copy.height - copy.width * 200 / own) <= 1


def test_courses_teachers_carts_and_lists_show_them(
    api: Api, make_course: Callable[..., Course], media: Path
) -> None:
    course = make_course()
    course.course_img = upload(drawn((700, 400)))
    course.save()
    course.teacher.image = upload(drawn((200, 200)), "ann.png")
    course.teacher.save()
    (listed,) = api("course/actual/").json()["results"]
    whole = api(f"course/actual/{course.pk}/").json()
    for shown in (listed, whole):
        assert widths(shown["course_img_set"]) == [320, 640, 700]
        assert shown["course_img_set"][0]["url"] == "/media/course/a.png.320.webp"
        assert widths(shown["teacher"]["image_set"]) == [96, 192, 200]
    (teacher,) = api("course/teacher/").json()
    assert teacher["image_set"] == whole["teacher"]["image_set"]


def test_a_list_of_courses_costs_neither_a_query_nor_a_look_at_the_volume_more(
    api: Api,
    make_course: Callable[..., Course],
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("one", "two", "three"):
        course = make_course(name)
        course.course_img = upload(drawn((330, 200)), f"{name}.png")
        course.save()
    # Every way to a file of the volume leads through it.
    monkeypatch.setattr(
        "django.core.files.storage.FileSystemStorage.path",
        lambda *_: pytest.fail("a file was looked at"),
    )
    with django_assert_num_queries(4):
        shown = api("course/actual/").json()["results"]
    assert [widths(each["course_img_set"]) for each in shown] == [[320, 330]] * 3


def test_sample_pictures_get_small() -> None:
    """Half of a course's picture is what a phone loads."""
    for size, small, most in ((COURSE_SIZE, 320, 12_000), (TEACHER_SIZE, 96, 3_000)):
        contents = picture_copies._encoded(BytesIO(drawn(size, "WEBP", quality=82)), (small,))
        assert len(contents[small]) < most
        assert len(contents[small]) < len(drawn(size, "WEBP", quality=82)) / 1.5


def test_a_picture_that_lies_on_its_side_is_turned(media: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    row = banner(drawn((800, 600), "JPEG", exif=exif), "a.jpg")
    row.refresh_from_db()
    assert row.image_sizes == "320,600:banner/a.jpg"
    with Image.open(media / "banner/a.jpg.320.webp") as copy:
        assert copy.width < copy.height
        assert not copy.getexif()


def test_what_is_transparent_stays_so(media: Path) -> None:
    output = BytesIO()
    Image.new("RGBA", (400, 100), (255, 0, 0, 0)).save(output, "PNG")
    banner(output.getvalue())
    with Image.open(media / "banner/a.png.320.webp") as copy:
        assert copy.convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]


def test_a_large_photograph_is_made_small_within_the_memory_of_the_container(media: Path) -> None:
    row = banner(drawn((4600, 3400), "JPEG"), "a.jpg")
    row.refresh_from_db()
    assert row.image_sizes.startswith("320,640,960,1280:")


# --- what is not -------------------------------------------------------------------------------


def moving() -> bytes:
    output = BytesIO()
    frames = [Image.new("RGB", (640, 100), colour) for colour in ("teal", "navy")]
    frames[0].save(output, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return output.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"no picture at all", "a.png"),
        (drawn((700, 100))[:-500], "a.png"),
        (b"", "a.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg"),
    ],
)
def test_what_cannot_be_decoded_keeps_its_file_and_is_logged_once(
    api: Api, media: Path, content: bytes, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        banner(content, name)
    assert f"keeps its picture banner/{name} without copies" in caplog.text
    assert (media / "banner" / name).read_bytes() == content
    assert api("home/banner/").json()["result"][0]["image_set"] == []
    caplog.clear()
    assert make_missing(LONG_S) == (0, 0)
    assert caplog.text == ""


def test_a_picture_with_too_many_points_is_not_decoded(
    media: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pictures, "MOST_POINTS", 1000)
    banner(drawn((700, 100)))
    assert "PictureTooLarge" in caplog.text
    assert files(media) == ["banner/a.png"]


def test_a_picture_that_moves_stays_as_it_is(media: Path) -> None:
    banner(moving(), "a.gif")
    assert files(media) == ["banner/a.gif"]


def test_a_full_volume_costs_the_copies_and_not_the_row(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(picture_copies, "write", full)
        banner(drawn((640, 200)))
    assert "No space left on device" in caplog.text
    assert api("home/banner/").json()["result"][0]["image_set"] == []
    assert make_missing(LONG_S) == (1, 0)
    assert widths(api("home/banner/").json()["result"][0]["image_set"]) == [320, 640]


# --- when it changes ---------------------------------------------------------------------------


def test_copies_go_with_their_picture(media: Path) -> None:
    row = banner(drawn((640, 200)))
    assert files(media) == [
        "banner/a.png",
        "banner/a.png.320.webp",
        "banner/a.png.640.webp",
    ]
    row.image = upload(drawn((320, 100)), "b.png")
    row.save()
    assert files(media) == ["banner/b.png", "banner/b.png.320.webp"]
    row.delete()
    assert files(media) == []


def test_a_picture_that_another_row_shows_stays_with_its_copies(media: Path) -> None:
    first = banner(drawn((320, 100)))
    Banner.objects.create(title="Second", link="/", image=first.image.name)
    first.delete()
    assert files(media) == ["banner/a.png", "banner/a.png.320.webp"]


def test_a_save_without_a_new_picture_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = banner(drawn((640, 200)))
    monkeypatch.setattr(
        "luffy.picture_sizes.write_copies", lambda *_: pytest.fail("it was made again")
    )
    row.title = "Other"
    row.save()
    again = Banner.objects.get()
    again.save()
    assert again.image_sizes == "320,640:banner/a.png"


def test_a_picture_changed_by_a_release_without_copies_shows_none_of_the_old(api: Api) -> None:
    row = banner(drawn((640, 200)))
    # As an older release writes: it knows nothing of the column.
    Banner.objects.filter(pk=row.pk).update(image="banner/other.png")
    (shown,) = api("home/banner/").json()["result"]
    assert (shown["image"], shown["image_set"]) == ("/media/banner/other.png", [])


def test_a_row_that_changed_meanwhile_leaves_no_copies(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = banner(drawn((640, 200)))
    real = picture_copies.write_copies

    def slow(*arguments: Any) -> list[int]:
        made = real(*arguments)
        Banner.objects.filter(pk=row.pk).update(image="banner/b.png")
        return made

    Banner.objects.update(image_sizes="")
    monkeypatch.setattr("luffy.picture_sizes.write_copies", slow)
    assert make_missing(LONG_S) == (0, 0)
    assert files(media) == ["banner/a.png"]


def test_the_administration_makes_them(admin_client: Client, media: Path) -> None:
    form = {"title": "New", "link": "/courses", "info": "", "orders": "0", "is_show": "on"}
    form["image"] = upload(drawn((640, 200)))  # type: ignore[assignment]
    assert admin_client.post("/admin/home/banner/add/", form).status_code == 302
    assert files(media)[1:] == ["banner/a.png.320.webp", "banner/a.png.640.webp"]


# --- pictures from before ----------------------------------------------------------------------


def before(media: Path, *names: str) -> None:
    """Rows and files as a release without copies left them."""
    (media / "teacher").mkdir(parents=True)
    for name in names:
        (media / "teacher" / name).write_bytes(drawn((400, 400)))
        Teacher.objects.create(name=name, title="Captain", brief="", image=f"teacher/{name}")
    for path in media.rglob("*.webp"):
        path.unlink()
    Teacher.objects.update(image_sizes="")


def test_the_step_makes_what_is_missing_and_the_second_run_nothing(api: Api, media: Path) -> None:
    before(media, "a.png", "b.png")
    assert api("course/teacher/").json()[0]["image_set"] == []
    assert make_missing(LONG_S) == (2, 0)
    assert widths(api("course/teacher/").json()[0]["image_set"]) == [96, 192, 384]
    assert make_missing(LONG_S) == (0, 0)


def test_the_step_makes_a_copy_that_was_lost(media: Path) -> None:
    before(media, "a.png")
    make_missing(LONG_S)
    (media / "teacher/a.png.192.webp").unlink()
    assert make_missing(LONG_S) == (1, 0)
    assert (media / "teacher/a.png.192.webp").exists()


def test_the_step_begins_nothing_after_its_time(media: Path) -> None:
    before(media, "a.png", "b.png")
    assert make_missing(-1.0) == (0, 2)
    assert not list(media.rglob("*.webp"))


def test_a_row_whose_picture_is_missing_is_told_and_tried_again(
    media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before(media, "a.png", "b.png")
    (media / "teacher/a.png").unlink()
    assert make_missing(LONG_S) == (1, 0)
    assert "has no file for its picture teacher/a.png" in caplog.text
    (media / "teacher/a.png").write_bytes(drawn((400, 400)))
    assert make_missing(LONG_S) == (1, 0)


def test_several_steps_at_once_do_no_harm(media: Path) -> None:
    before(media, *(f"{number}.png" for number in range(6)))
    failures: list[BaseException] = []

    def step() -> None:
        try:
            make_missing(LONG_S)
        except BaseException as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=step) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert make_missing(LONG_S) == (0, 0)
    assert len(list(media.rglob("*.webp"))) == 6 * 3
    assert not list(media.rglob("*.part"))


def test_a_deployment_gives_the_sample_pictures_theirs(deployed: Deployed) -> None:
    for folder, count in (("sample", 13),):
        names = [path.name for path in (deployed.media / folder).glob("*.webp")]
        assert len([name for name in names if name.count(".") == 1]) == count
        assert len([name for name in names if name.endswith(".320.webp")]) >= 10
    done = luffy("pictures", variables=deployed.variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "picture sizes: 0 pictures got theirs, 0 are left for later\n"


def test_the_step_says_in_one_line_that_there_is_no_database() -> None:
    done = luffy("pictures", variables={"DB_HOST": "127.0.0.1", "DB_PORT": "1"})
    assert done.returncode == 1
    assert "expected MariaDB to answer at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
