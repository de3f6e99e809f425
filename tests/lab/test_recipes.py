"""What the recipes of lab/requests do where a server is ill, or ill-meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from authentication import CREDENTIALS, RenewedToken, host
from downloads import DownloadError, attempt, download

INVALID = ("WWW-Authenticate", 'Bearer error="invalid_token"')


@pytest.fixture
def lab_url(lab: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the lab is; no proxy of this machine stands before it."""
    monkeypatch.setenv("NO_PROXY", "*")
    return f"http://127.0.0.1:{lab[lab.index('--lab-port') + 1]}"


def get(url: str, auth: RenewedToken) -> int:
    with requests.Session() as session:
        session.auth = auth
        return session.get(url, timeout=5).status_code


def test_a_token_does_not_go_along_in_a_redirect(lab_url: str) -> None:
    with host(401, *INVALID) as (evil, evil_was_sent), host(302, "Location", evil) as (shop, sent):
        auth = RenewedToken(f"{lab_url}/auth/token", CREDENTIALS, shop)
        assert get(shop, auth) == 401
    assert [text.partition(" ")[0] for text in sent] == ["Bearer"]
    assert evil_was_sent == ["nothing"]
    assert auth.renewed == 1


def test_a_token_is_not_for_the_same_port_by_another_name(lab_url: str) -> None:
    with host(401, *INVALID) as (shop, sent):
        by_name = shop.replace("127.0.0.1", "localhost")
        auth = RenewedToken(f"{lab_url}/auth/token", CREDENTIALS, by_name)
        assert get(shop, auth) == 401
        assert (sent, auth.renewed) == (["nothing"], 0)
        assert get(by_name, auth) == 401
    assert [text.partition(" ")[0] for text in sent] == ["nothing", "Bearer", "Bearer"]
    assert auth.renewed == 2  # and not for ever


class Begun:
    """A download that was killed after its last byte, before the file got its name."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = f"{url}/downloads/file?bytes=300000"
        self.to = folder / "course.mp4"
        self.part, self.version = folder / "course.mp4.part", folder / "course.mp4.etag"
        with requests.Session() as session:
            attempt(session, self.url, self.part, self.version)
            self.whole = self.part.read_bytes()

    def go_on(self) -> None:
        with requests.Session() as session:
            download(session, self.url, self.to, attempts=2)


@pytest.fixture
def begun(lab_url: str, tmp_path: Path) -> Begun:
    return Begun(lab_url, tmp_path)


def test_a_file_that_is_whole_and_without_its_name_gets_it(begun: Begun) -> None:
    begun.go_on()
    assert begun.to.read_bytes() == begun.whole
    assert [path.name for path in begun.to.parent.iterdir()] == ["course.mp4"]


def test_a_file_of_the_right_length_alone_is_thrown_away(begun: Begun) -> None:
    begun.part.write_bytes(bytes(len(begun.whole)))
    with pytest.raises(DownloadError, match="digest is another one"):
        begun.go_on()
    assert not begun.part.exists()
    begun.go_on()
    assert begun.to.read_bytes() == begun.whole


def test_what_is_longer_than_the_file_is_begun_anew(begun: Begun) -> None:
    begun.part.write_bytes(begun.whole + b"more")
    begun.go_on()
    assert begun.to.read_bytes() == begun.whole
