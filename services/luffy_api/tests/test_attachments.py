"""Files beside sections: what is taken, what is refused, what is kept of them, and by whom."""

import errno
import json
import os
import struct
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import DatabaseError
from django.test import Client
from PIL import Image

from course.files import shown_name
from course.models import Course, CourseSection, SectionAttachment
from luffy.file_kinds import MP4, kind_of
from tests.people import Caller, Person
from tests.staff import logged_in, make_boss

# Files are deleted after a commit.
pytestmark = pytest.mark.django_db(transaction=True)

FILMS = Path(__file__).parent.parent / "sample" / "films"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def zipped(*names: str) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * 1000)
    return output.getvalue()


def drawn(kind: str, size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    output = BytesIO()
    Image.new("RGB", size, "teal").save(output, kind, **options)
    return output.getvalue()


def video() -> bytes:
    return (FILMS / "course-linux.mp4").read_bytes()


@pytest.fixture
def knots(transactional_db: None, make_course: Callable[..., Course]) -> Course:
    return make_course("Knots")


@pytest.fixture
def section(knots: Course) -> CourseSection:
    return CourseSection.objects.get(chapter__course=knots, name="Section 1.2")


@pytest.fixture
def editor(transactional_db: None) -> Caller:
    """Somebody of the staff who may change sections."""
    person = Person.make("13800000009", is_staff=True)
    for right in ("change_coursesection", "view_coursesection"):
        person.user.user_permissions.add(Permission.objects.get(codename=right))
    return person.caller()


def upload(
    browser: Caller, section: CourseSection, content: bytes, name: str = "a.pdf", **options: Any
) -> Any:
    field = options.pop("field", "file")
    return browser.client.post(
        f"/api/v1/learning/section/{section.pk}/attachment/",
        {field: SimpleUploadedFile(name, content, options.pop("kind", "application/pdf"))},
        headers={"Authorization": f"jwt {browser.token}"} if browser.token else {},
    )


def kept(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("content", "kind", "ending"),
    [
        (PDF, "pdf", ".pdf"),
        (zipped("a.txt", "b.txt"), "zip", ".zip"),
        (zipped(), "zip", ".zip"),
        (drawn("PNG"), "png", ".png"),
        (drawn("JPEG"), "jpeg", ".jpg"),
        (drawn("WEBP"), "webp", ".webp"),
        ("Knots, 绳结\n".encode(), "text", ".txt"),
        # A letter of two bytes where one chunk ends and the next begins.
        (b"a" + "é".encode() * 50_000, "text", ".txt"),
    ],
)
def test_a_file_is_known_by_its_content_and_kept_under_a_name_of_ours(
    editor: Caller, section: CourseSection, media: Path, content: bytes, kind: str, ending: str
) -> None:
    answer = upload(editor, section, content, "Week 1 绳结.exe", kind="image/x-nonsense")
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    assert (result["name"], result["kind"]) == (f"Week 1 绳结{ending}", kind)
    (path,) = kept(media)
    assert path.parent == media / "protected" / "attachment"
    assert (len(path.stem), path.suffix) == (32, ending)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.stat().st_size == result["size"]
    assert result["link"].startswith(f"/protected/attachment/{path.name}?expires=")
    if kind in ("pdf", "zip", "text"):
        assert path.read_bytes() == content
    opened = editor.learn("GET", f"section/{section.pk}/").json()["result"]
    assert [one["name"] for one in opened["attachments"]] == [result["name"]]


def test_a_large_file_goes_to_the_volume_and_nowhere_else(
    editor: Caller, section: CourseSection, media: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    content = b"Knots and sails.\n" * 200_000
    assert upload(editor, section, content).status_code == 200
    (path,) = kept(media)
    assert path.read_bytes() == content
    assert list((media / "incoming").iterdir()) == []
    assert [one.name for one in (tmp_path / "tmp").iterdir()] == []


def test_a_video_is_taken_whole_alone(editor: Caller, section: CourseSection, media: Path) -> None:
    whole = video()
    assert upload(editor, section, whole).json()["result"]["kind"] == "mp4"
    for cut in (len(whole) - 1, len(whole) // 2, 40, 8):
        assert upload(editor, section, whole[:cut]).status_code == 400
    assert len(kept(media)) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"MZ\x90\0\x03",
        b"\x7fELF\x02\x01",
        b"plain until here\0and then not",
        b"\xff\xfeu\0t\0f\0",
        b"caf\xe9",
        "cut in a letter é".encode()[:-1],
        b"escape \x1b[2J",
        b"%PDF-1.7 and no end",
        PDF[:-20],
        zipped("a")[:-30],
        b"PK\x03\x04 and no end",
        b"Rar!\x1a\x07\x01\0",
        b"GIF89a" + b"\0" * 50,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 60,
        drawn("PNG", (300, 300))[:300],
        drawn("JPEG", (300, 300))[:400],
        drawn("WEBP", (300, 300))[:60],
        drawn("BMP"),
        struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\0\0"),
        struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", 7, b"moov"),
        struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\0\0")
        + struct.pack(">I4s", 8, b"free") * 2000,
    ],
)
def test_what_is_none_of_these_is_refused_whatever_its_name(
    editor: Caller, section: CourseSection, media: Path, content: bytes
) -> None:
    for name, kind in (
        ("a.pdf", "application/pdf"),
        ("a.png", "image/png"),
        ("a.mp4", "video/mp4"),
    ):
        answer = upload(editor, section, content, name, kind=kind)
        assert answer.status_code == 400, answer.content
        assert answer.json()["error"] in ("file_not_taken", "invalid")
    assert kept(media) == []
    assert not SectionAttachment.objects.exists()


def test_nothing_of_the_camera_or_the_place_is_kept(
    editor: Caller, section: CourseSection, media: Path
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # turned by 90 degrees
    content = drawn("JPEG", exif=exif, icc_profile=b"SecretProfile", comment=b"SecretNote")
    assert upload(editor, section, content + b"SecretTail<?php ?>").status_code == 200
    (path,) = kept(media)
    assert b"Secret" not in path.read_bytes()
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (20, 40))


def test_a_picture_of_too_many_points_is_refused_undecoded(
    editor: Caller, section: CourseSection, media: Path
) -> None:
    answer = upload(editor, section, drawn("PNG", (3000, 3000)))
    assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")
    assert kept(media) == []


def test_a_zip_bomb_is_stored_and_never_opened(
    editor: Caller, section: CourseSection, media: Path
) -> None:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/cron.d/x", b"0" * 50_000_000)
    began = time.process_time()
    assert upload(editor, section, output.getvalue()).status_code == 200
    assert time.process_time() - began < 1
    (path,) = kept(media)
    assert path.read_bytes() == output.getvalue()


def test_a_file_of_too_many_bytes_is_refused(
    editor: Caller, section: CourseSection, media: Path, settings: Any
) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    for size, word in ((1001, "file_too_large"), (100_000, "too_large")):
        answer = upload(editor, section, b"x" * size)
        assert (answer.status_code, answer.json()["error"]) == (413, word)
    assert upload(editor, section, b"x" * 1000).status_code == 200
    assert len(kept(media)) == 1


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\Week 1.pdf", "Week 1.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ('x"; filename="evil.exe', "x ; filename= evil.pdf"),
        (".htaccess", "file.pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
        ("绳结.第一周.pdf", "绳结.第一周.pdf"),
        ("\u202egnp.exe", "gnp.pdf"),
        ("a" * 500 + ".pdf", "a" * 116 + ".pdf"),
    ],
)
def test_a_name_is_made_safe_to_show(given: str, shown: str) -> None:
    assert shown_name(given, ".pdf") == shown


@pytest.mark.parametrize("name", ["../../x.pdf", "/etc/cron.d/x", "a\0b.pdf", ".htaccess", "x.php"])
def test_a_files_name_is_never_a_path(
    editor: Caller, section: CourseSection, media: Path, name: str
) -> None:
    assert upload(editor, section, PDF, name).status_code in (200, 400)
    for path in kept(media):
        assert path.parent == media / "protected" / "attachment"
        assert path.suffix == ".pdf"


def test_only_staff_with_the_right_may(section: CourseSection, media: Path, ann: Person) -> None:
    clerk = Person.make("13800000003", is_staff=True).caller()
    # A right without being staff is none, as in the administration.
    ann.user.user_permissions.add(Permission.objects.get(codename="change_coursesection"))
    row = SectionAttachment.objects.create(section=section, name="x", kind="pdf", size=1, file="x")
    for caller, status in ((Caller(), 401), (ann.caller(), 403), (clerk, 403)):
        assert upload(caller, section, PDF).status_code == status
        assert caller.learn("DELETE", f"attachment/{row.pk}/").status_code == status
    assert kept(media) == []
    assert SectionAttachment.objects.count() == 1


@pytest.fixture
def ann(transactional_db: None) -> Person:
    return Person.make("13800000001")


def test_a_section_that_is_not_there_keeps_no_file(
    editor: Caller, section: CourseSection, media: Path
) -> None:
    assert upload(editor, CourseSection(pk=424242), PDF).status_code == 404
    section.is_delete = True
    section.save()
    assert upload(editor, section, PDF).status_code == 404
    assert kept(media) == []


def test_the_file_comes_in_its_field_and_in_a_form(editor: Caller, section: CourseSection) -> None:
    answer = upload(editor, section, PDF, field="attachment")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"file"}
    path = f"section/{section.pk}/attachment/"
    assert editor.learn("POST", path, {"file": "x"}).status_code == 415
    headers = {"Authorization": f"jwt {editor.token}"}
    for body in (b"", b"--x\r\n", b"junk"):
        answer = editor.client.generic(
            "POST",
            f"/api/v1/learning/{path}",
            body,
            content_type="multipart/form-data; boundary=x",
            headers=headers,
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("size", [1000, 4_000_000])
def test_a_body_that_was_cut_off_leaves_nothing(
    editor: Caller, section: CourseSection, media: Path, size: int
) -> None:
    text = b"Knots and sails.\n" * (size // 17)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    whole = head + text + b"\r\n--x--\r\n"
    received: dict[str, Any] = {
        "wsgi.input": BytesIO(whole[: len(whole) // 2]),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    answer = editor.client.generic(
        "POST",
        f"/api/v1/learning/section/{section.pk}/attachment/",
        headers={"Authorization": f"jwt {editor.token}"},
        CONTENT_LENGTH=str(len(whole)),
        **received,
    )
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] == "incomplete_upload"
    assert kept(media) == []
    assert not SectionAttachment.objects.exists()


def test_what_a_killed_process_left_behind_is_deleted_a_day_later(
    editor: Caller, section: CourseSection, media: Path
) -> None:
    (media / "incoming").mkdir(parents=True)
    old, fresh = media / "incoming" / "old.part", media / "incoming" / "fresh.part"
    for path in (old, fresh):
        path.write_bytes(b"x")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    assert upload(editor, section, b"Knots\n" * 600_000).status_code == 200
    assert not old.exists()
    assert fresh.exists(), "somebody may be sending it"


def test_a_full_volume_is_told_so(
    editor: Caller, section: CourseSection, media: Path, monkeypatch: Any
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    answer = upload(editor, section, b"Knots\n" * 600_000)
    assert (answer.status_code, answer.json()["error"]) == (507, "storage_full")
    assert kept(media) == []


def test_deleting_takes_the_file_along(
    editor: Caller, section: CourseSection, media: Path, knots: Course
) -> None:
    number = upload(editor, section, PDF).json()["result"]["id"]
    assert len(kept(media)) == 1
    assert editor.learn("DELETE", f"attachment/{number}/").json()["result"] == {"id": number}
    assert kept(media) == []
    assert editor.learn("DELETE", f"attachment/{number}/").status_code == 404
    upload(editor, section, PDF)
    knots.delete()
    assert kept(media) == [], "it goes with the course, too"


def test_a_row_that_cannot_be_written_leaves_no_file(
    editor: Caller, section: CourseSection, media: Path, monkeypatch: Any
) -> None:
    saved = SectionAttachment.save

    def save(self: SectionAttachment, **options: Any) -> None:
        saved(self, **options)
        raise DatabaseError("after the row was written")

    monkeypatch.setattr(SectionAttachment, "save", save)
    with pytest.raises(DatabaseError):
        upload(editor, section, PDF)
    assert kept(media) == []
    assert not SectionAttachment.objects.exists()


@pytest.fixture
def office(transactional_db: None) -> Client:
    """The administration."""
    return logged_in(make_boss())


def admin_form(section: CourseSection, **files: Any) -> dict[str, Any]:
    return {
        "chapter": section.chapter_id,
        "name": section.name,
        "section_type": 2,
        "section_link": "",
        "duration": "",
        "orders": 1,
        "is_show": "on",
        "attachments-TOTAL_FORMS": 1,
        "attachments-INITIAL_FORMS": 0,
        "attachments-0-name": "",
        **files,
    }


def test_the_administration_takes_the_same_files(
    office: Client, section: CourseSection, media: Path
) -> None:
    address = f"/admin/course/coursesection/{section.pk}/change/"
    form = admin_form(
        section,
        video=SimpleUploadedFile("film.mp4", video()),
        **{"attachments-0-file": SimpleUploadedFile("Week 1.exe", drawn("PNG"))},
    )
    answer = office.post(address, form)
    assert answer.status_code == 302, answer.content.decode()
    section.refresh_from_db()
    path = media / str(section.video)
    assert path.parent == media / "protected" / "section"
    with path.open("rb") as file:
        assert kind_of(file, path.stat().st_size) is MP4
    row = section.attachments.get()
    assert (row.name, row.kind) == ("Week 1.png", "png")
    assert (media / str(row.file)).exists()
    page = office.get(address).content.decode()
    assert f'href="/{section.video}?expires=' in page
    assert f'href="/{row.file}?expires=' in page
    assert "/media/protected" not in page
    # Another video takes the place of the first, whose file goes.
    again = {"attachments-TOTAL_FORMS": 0, "video": SimpleUploadedFile("b.mp4", video())}
    assert office.post(address, admin_form(section, **again)).status_code == 302
    assert not path.exists()
    section.refresh_from_db()
    last = media / str(section.video)
    assert last.exists()
    cleared = {"attachments-TOTAL_FORMS": 0, "video-clear": "on"}
    assert office.post(address, admin_form(section, **cleared)).status_code == 302
    assert not last.exists()


def test_the_administration_refuses_the_same_files(
    office: Client, section: CourseSection, media: Path
) -> None:
    address = f"/admin/course/coursesection/{section.pk}/change/"
    for files in (
        {"video": SimpleUploadedFile("film.mp4", PDF)},
        {"video": SimpleUploadedFile("film.mp4", video()[:-10])},
        {"attachments-0-file": SimpleUploadedFile("a.pdf", b"MZ\0")},
    ):
        answer = office.post(address, admin_form(section, **files))
        assert answer.status_code == 200
        assert answer.context["errors"]
    assert kept(media) == []


def test_the_answer_is_json_that_names_no_folder(editor: Caller, section: CourseSection) -> None:
    answer = upload(editor, section, PDF)
    assert "/srv" not in json.dumps(answer.json())
    assert "/tmp" not in json.dumps(answer.json())  # noqa: S108 - it is not used
