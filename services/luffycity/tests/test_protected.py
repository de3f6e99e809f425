"""Protected files: served by a link of luffy_api's, to its holder, in its time, and only so."""

import time
from email.message import Message
from pathlib import Path

import pytest
from container import Site, StartSite, run_to_end
from links import FOREVER, HOLDER, KNOWN, OTHER, SECRET, VIDEO, link, target

PATH = f"/protected/section/{VIDEO}.mp4"
CONTENT = bytes(range(256)) * 40
COOKIE = f"luffy_media={HOLDER}"
OLD = "the_secret_of_before-0123456789-abcdef"


@pytest.mark.parametrize(("path", "expires", "holder", "name", "signature"), KNOWN)
def test_the_links_that_the_api_makes_are_good(
    site: Site, path: str, expires: int, holder: str, name: str, signature: str
) -> None:
    answer = site.get(target(path, expires, name, signature), Cookie=f"luffy_media={holder}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_video_is_shown_and_its_parts_are_given(site: Site) -> None:
    whole = site.get(link(), Cookie=COOKIE)
    assert whole.content == CONTENT
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "Content-Disposition" not in whole.headers
    part = site.get(link(), Cookie=COOKIE, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"
    assert site.get(link(), Cookie=COOKIE, Range="bytes=-10").content == CONTENT[-10:]
    beyond = site.get(link(), Cookie=COOKIE, Range="bytes=99999-")
    assert beyond.status_code == 416


def test_an_attachment_is_saved_under_its_name(site: Site) -> None:
    made = link(f"/protected/attachment/{VIDEO}.txt", name='帆 "a"\'; x=y.txt')
    answer = site.get(made, Cookie=COOKIE)
    assert answer.content.decode() == "帆"
    header = Message()
    header["Content-Disposition"] = answer.headers["Content-Disposition"]
    assert header.get_content_disposition() == "attachment"
    assert header.get_filename() == '帆 "a"\'; x=y.txt'


def test_a_link_for_anyone_needs_no_cookie(site: Site) -> None:
    for cookie in ("a=b", COOKIE, "luffy_media="):
        assert site.get(link(holder=""), Cookie=cookie).status_code == 200
    assert site.get(link(holder="")).status_code == 200


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "other=1",
        "luffy_media=",
        f"luffy_media={'cd' * 32}",
        f"luffy_media={HOLDER.upper()}",
        f"luffy_media={HOLDER}0",
        f"luffy_media=x; luffy_media2={HOLDER}",
    ],
)
def test_a_link_does_not_work_for_somebody_else(site: Site, cookie: str) -> None:
    answer = site.get(link(), Cookie=cookie)
    assert answer.status_code == 403
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Disposition" not in answer.headers
    assert "nginx" not in answer.text


def test_a_link_does_not_work_after_its_time(site: Site) -> None:
    soon = link(expires=int(time.time()) + 2)
    assert site.get(soon, Cookie=COOKIE).status_code == 200
    time.sleep(2.5)
    over = site.get(soon, Cookie=COOKIE)
    assert over.status_code == 410
    assert site.get(soon, Cookie=COOKIE, Range="bytes=0-9").status_code == 410
    # Whoever was never given it is not told that there was one.
    assert site.get(soon).status_code == 403


def test_the_time_cannot_be_moved(site: Site) -> None:
    made = link(expires=int(time.time()) - 10)
    moment = made.split("expires=")[1].split("&")[0]
    for other in (FOREVER, int(moment) + 100):
        moved = made.replace(moment, str(other))
        assert site.get(moved, Cookie=COOKIE).status_code == 403


@pytest.mark.parametrize(
    "secret", ["", "another-secret-of-the-same-length-x", SECRET[:-1], SECRET + "x"]
)
def test_nobody_makes_a_link_without_the_secret(site: Site, secret: str) -> None:
    assert site.get(link(secret=secret), Cookie=COOKIE).status_code == 403


def elsewhere() -> dict[str, str]:
    """The parts of a good link on another path, or on another spelling of its path."""
    query = link().partition("?")[2]
    spelled = {
        "another file": f"/protected/section/{OTHER}.mp4",
        "another case": f"/protected/section/{VIDEO.upper()}.mp4",
        "another case of the folder": f"/Protected/section/{VIDEO}.mp4",
        "two slashes": f"/protected//section/{VIDEO}.mp4",
        "two slashes first": f"//protected/section/{VIDEO}.mp4",
        "a dot": f"/protected/./section/{VIDEO}.mp4",
        "dots": f"/protected/section/x/../{VIDEO}.mp4",
        "dots to another": f"/protected/section/{VIDEO}.mp4/../{OTHER}.mp4",
        "encoded dots": f"/protected/section/%2e%2e/section/{VIDEO}.mp4",
        "encoded slash": f"/protected/section%2f{VIDEO}.mp4",
        "encoded letter": f"/protected/section/%30{VIDEO[1:]}.mp4",
        "encoded folder": f"/%70rotected/section/{VIDEO}.mp4",
        "encoded twice": f"/protected/section/%2530{VIDEO[1:]}.mp4",
        "a null byte": f"/protected/section/{VIDEO}.mp4%00.txt",
        "a null byte first": f"/protected/section/{OTHER}.mp4%00{VIDEO}.mp4",
        "a slash at its end": f"/protected/section/{VIDEO}.mp4/",
        "a parameter": f"/protected/section/{VIDEO}.mp4;x",
        "backslash": f"/protected\\section\\{VIDEO}.mp4",
        "out and in": f"/media/../protected/section/{OTHER}.mp4",
        "its folder": "/protected/section/",
        "the folder": "/protected/",
    }
    return {what: f"{path}?{query}" for what, path in spelled.items()}


@pytest.mark.parametrize("what", sorted(elsewhere()))
def test_a_link_does_not_work_for_another_path(site: Site, what: str) -> None:
    answer = site.raw(elsewhere()[what], f"Cookie: {COOKIE}")
    status = answer.split(b" ", 2)[1]
    # The app's own page answers what is no path of files at all.
    assert status in (b"400", b"403", b"404") or b'<div id="app">' in answer, answer[:300]
    assert CONTENT[:50] not in answer
    assert b"another" not in answer


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made + "&x=y",
        lambda made: made + "#x",
        lambda made: made.replace("?", "?x=y&"),
        lambda made: made.replace("?", "??"),
        lambda made: made[:-1],
        lambda made: made + "=",
        lambda made: made.replace("expires=", "expires=0"),
        lambda made: made.replace("expires=", "expires=+"),
        lambda made: made.replace("&signature", "&name=x.exe&signature"),
        lambda made: made.replace("&signature=", "&signature="[:-1]),
        lambda made: made + "&signature=" + made[-43:],
        lambda made: made.partition("?")[0],
        lambda made: made.partition("?")[0] + "?",
    ],
)
def test_a_link_is_taken_as_it_was_made_or_not_at_all(site: Site, change: object) -> None:
    changed = change(link())  # type: ignore[operator]
    answer = site.raw(changed, f"Cookie: {COOKIE}")
    assert answer.split(b" ", 2)[1] in (b"400", b"403")
    assert CONTENT[:50] not in answer


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        "/media" + PATH,
        "/media//protected/section/" + PATH.rpartition("/")[2],
        "/media/%70rotected/section/" + PATH.rpartition("/")[2],
        "/media/./protected/section/" + PATH.rpartition("/")[2],
        "/media/x/../protected/section/" + PATH.rpartition("/")[2],
        "/media/%2e/protected/section/" + PATH.rpartition("/")[2],
        "/media/incoming/half.part",
        "/media/incoming%2fhalf.part",
    ],
)
def test_no_protected_file_is_public(site: Site, path: str) -> None:
    answer = site.raw(path, f"Cookie: {COOKIE}")
    assert answer.split(b" ", 2)[1] in (b"403", b"404")
    assert CONTENT[:50] not in answer


def test_public_pictures_stay_public(site: Site) -> None:
    assert site.get("/media/course.svg").status_code == 200


def test_a_good_link_to_nothing_is_missing_and_leads_nowhere_else(site: Site) -> None:
    assert site.get(link("/protected/section/none.mp4"), Cookie=COOKIE).status_code == 404
    answer = site.get(link("/protected/section/out.mp4"), Cookie=COOKIE)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


def test_nothing_is_sent_compressed_as_another_file(site: Site) -> None:
    answer = site.get(link(), Cookie=COOKIE, Accept_Encoding="gzip, br")
    assert "Content-Encoding" not in answer.headers
    assert answer.content == CONTENT


def test_neither_the_secret_nor_a_signature_is_logged(start: StartSite) -> None:
    site = start()
    made = link()
    site.get(made, Cookie=COOKIE)
    site.get(made + "&x=y", Cookie=COOKIE)
    lines = [line for line in site.log_lines() if "protected" in str(line)]
    assert {line["path"] for line in lines} == {PATH}
    assert sorted(line["status"] for line in lines) == [200, 403]
    text = str(site.log_lines())
    assert SECRET not in text
    assert made[-43:] not in text


@pytest.mark.parametrize(("content", "status"), [(OLD, 200), (OLD + "\n", 200), ("", 403)])
def test_links_of_before_the_secret_was_changed(
    image: str, media: Path, tmp_path: Path, content: str, status: int
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "luffycity_media_secret").write_text(SECRET)
    (tmp_path / "luffycity_old_media_secret").write_text(content)
    changed = Site.start(image, media, tmp_path)
    try:
        assert changed.get(link(), Cookie=COOKIE).status_code == 200
        assert changed.get(link(secret=OLD), Cookie=COOKIE).status_code == status
        assert changed.get(link(secret=""), Cookie=COOKIE).status_code == 403
        assert changed.get(link(secret=OLD[::-1]), Cookie=COOKIE).status_code == 403
        over = link(secret=OLD, expires=int(time.time()) - 1)
        assert changed.get(over, Cookie=COOKIE).status_code in (403, 410)
    finally:
        changed.remove()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "found no readable file"),
        ("short", "found 5 characters that are not such"),
        ("with a blank in it, which no secret of ours has", "characters that are not such"),
    ],
)
def test_it_does_not_start_without_the_secret(
    image: str, tmp_path: Path, content: str | None, found: str
) -> None:
    tmp_path.chmod(0o755)
    if content is not None:
        (tmp_path / "luffycity_media_secret").write_text(content)
    refused = run_to_end(image, tmp_path)
    assert refused.returncode == 78
    assert "luffycity_media_secret: expected 32 or more letters" in refused.stderr
    assert found in refused.stderr
    assert content is None or content not in refused.stderr
