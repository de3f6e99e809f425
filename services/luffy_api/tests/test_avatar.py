"""Pictures of users: what is taken, what is refused, and what is kept of them."""

import struct
import threading
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from accounts.avatars import SIDE
from accounts.models import User
from tests.people import Caller, Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(ann: Person) -> Caller:
    return ann.caller()


@pytest.fixture
def ann(transactional_db: None) -> Person:
    return Person.make("13800000001")


def drawn(
    kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any
) -> bytes:
    output = BytesIO()
    Image.new(mode, size, options.pop("color", "teal")).save(output, kind, **options)
    return output.getvalue()


def upload(browser: Caller, content: bytes, name: str = "me.png", field: str = "file") -> Any:
    return browser.client.post(
        "/api/v1/user/avatar/",
        {field: SimpleUploadedFile(name, content, "image/png")},
        headers={"Authorization": f"jwt {browser.token}"},
    )


def kept(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("*") if path.is_file())


def png_head(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has that many points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_becomes_a_webp_with_a_name_of_its_own(
    browser: Caller, ann: Person, media: Path, kind: str
) -> None:
    answer = upload(browser, drawn(kind), "my holiday.png")
    assert answer.status_code == 200, answer.content
    (path,) = kept(media)
    assert answer.json()["result"]["icon"] == f"/media/icon/{path.name}"
    assert len(path.stem) == 32
    assert path.suffix == ".webp"
    assert path.stat().st_mode & 0o777 == 0o644
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("WEBP", (40, 20))
    assert browser.get("profile/").json()["result"]["icon"] == f"/media/icon/{path.name}"
    assert Caller().login(ann.mobile).json()["icon"] == f"/media/icon/{path.name}"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "I;16", "CMYK"])
def test_every_kind_of_points_is_taken(browser: Caller, media: Path, mode: str) -> None:
    color = 1 if mode in ("P", "L", "1", "I;16") else None
    content = drawn("JPEG" if mode == "CMYK" else "PNG", mode=mode, color=color)
    assert upload(browser, content).status_code == 200
    (path,) = kept(media)
    with Image.open(path) as picture:
        assert picture.mode in ("RGB", "RGBA")


def test_a_large_picture_is_made_small(browser: Caller, media: Path) -> None:
    assert upload(browser, drawn("JPEG", (3000, 1500))).status_code == 200
    (path,) = kept(media)
    with Image.open(path) as picture:
        assert picture.size == (SIDE, SIDE // 2)


def test_nothing_of_the_camera_or_the_place_is_kept(browser: Caller, media: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # turned by 90 degrees
    exif.get_ifd(0x8825)[1] = "N"
    content = drawn(
        "JPEG", (40, 20), exif=exif, icc_profile=b"SecretProfile", comment=b"SecretNote"
    )
    for secret in (b"SecretCamera", b"SecretProfile", b"SecretNote"):
        assert secret in content
    assert upload(browser, content + b"SecretTail<?php ?>").status_code == 200
    (path,) = kept(media)
    assert b"Secret" not in path.read_bytes()
    with Image.open(path) as picture:
        assert not picture.getexif()
        assert picture.size == (20, 40), "it stands upright all the same"
        assert set(picture.info) <= {"loop", "background", "timestamp", "duration"}


def test_the_picture_before_is_deleted(browser: Caller, media: Path) -> None:
    upload(browser, drawn())
    (first,) = kept(media)
    upload(browser, drawn(color="red"))
    (second,) = kept(media)
    assert first != second


def test_of_uploads_at_once_one_picture_stays(ann: Person, media: Path) -> None:
    browsers = [ann.caller() for _number in range(3)]

    def run(browser: Caller) -> None:
        try:
            assert upload(browser, drawn()).status_code == 200
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = kept(media)
    assert User.objects.get().icon.name == f"icon/{path.name}"


def test_a_deleted_account_leaves_no_picture(browser: Caller, media: Path) -> None:
    from tests.people import PASSWORD

    upload(browser, drawn())
    assert browser.ask("DELETE", "account/", {"password": PASSWORD}).status_code == 200
    assert kept(media) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        drawn("PNG", (300, 300))[:200],
        drawn("JPEG", (300, 300))[:400],
        drawn("BMP"),
        drawn("TIFF"),
        drawn("ICO"),
    ],
    ids=[
        "empty",
        "html",
        "svg",
        "eps",
        "cut-gif",
        "bad-png",
        "cut-png",
        "cut-jpeg",
        "bmp",
        "tiff",
        "ico",
    ],
)
def test_what_is_no_picture_is_refused_whatever_its_name(
    browser: Caller, media: Path, content: bytes
) -> None:
    answer = upload(browser, content, "me.png")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] in ("not_a_picture", "invalid")
    assert kept(media) == []


@pytest.mark.parametrize("size", [(3000, 3000), (20000, 20000), (60000, 60000), (8_500_001, 1)])
def test_a_decompression_bomb_is_refused_undecoded(
    browser: Caller, media: Path, size: tuple[int, int]
) -> None:
    answer = upload(browser, png_head(*size))
    assert (answer.status_code, answer.json()["error"]) == (413, "picture_too_large")
    assert kept(media) == []


def test_a_jpeg_may_have_more_points_than_others_but_not_any_number(
    browser: Caller, media: Path
) -> None:
    assert upload(browser, drawn("JPEG", (4000, 4000))).status_code == 200
    assert upload(browser, drawn("JPEG", (4001, 4000))).status_code == 413
    assert upload(browser, drawn("PNG", (3840, 2160))).status_code == 200


def test_a_file_of_too_many_bytes_is_refused(browser: Caller, media: Path, settings: Any) -> None:
    settings.AVATAR_MAX_BYTES = 1000
    padded = drawn() + b"\0" * 2000
    answer = upload(browser, padded)
    assert (answer.status_code, answer.json()["error"]) == (413, "picture_too_large")
    answer = upload(browser, padded * 30)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert kept(media) == []


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/cron.d/x",
        "..\\..\\x.png",
        "a\0b.png",
        "x.php",
        "名.png",
        ".htaccess",
    ],
)
def test_a_files_name_is_never_used(browser: Caller, media: Path, name: str) -> None:
    answer = upload(browser, drawn(), name)
    assert answer.status_code in (200, 400)
    for path in kept(media):
        assert path.parent == media / "icon"
        assert path.suffix == ".webp"


@pytest.mark.parametrize("field", ["picture", "icon"])
def test_the_file_comes_in_its_field(browser: Caller, field: str) -> None:
    answer = upload(browser, drawn(), field=field)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"file"}


def test_a_body_that_is_no_form_is_refused(browser: Caller) -> None:
    assert browser.post("avatar/", file="x").status_code == 415
    headers = {"Authorization": f"jwt {browser.token}"}
    for body in (b"", b"--x\r\n", b"junk"):
        answer = browser.client.generic(
            "POST",
            "/api/v1/user/avatar/",
            body,
            content_type="multipart/form-data; boundary=x",
            headers=headers,
        )
        assert answer.status_code == 400
