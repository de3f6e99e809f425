"""The image under test, and one running container for all tests that only look."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from container import Site, StartSite
from links import OTHER, SECRET, VIDEO


@pytest.fixture(scope="session")
def image() -> str:
    return os.environ["LUFFYCITY_IMAGE"]


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    # The container's user is another one.
    folder.chmod(0o755)
    (folder / "course.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "upload.html").write_text("<script>alert(1)</script>")
    (folder / "outside.txt").symlink_to("/etc/passwd")
    (folder / "incoming").mkdir()
    (folder / "incoming" / "half.part").write_text("half")
    for kind in ("section", "attachment"):
        (folder / "protected" / kind).mkdir(parents=True)
    (folder / "protected" / "section" / f"{VIDEO}.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "protected" / "section" / f"{OTHER}.mp4").write_bytes(b"another")
    (folder / "protected" / "section" / "out.mp4").symlink_to("/etc/passwd")
    (folder / "protected" / "attachment" / f"{VIDEO}.txt").write_text("帆", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    folder.chmod(0o755)
    (folder / "luffycity_media_secret").write_text(SECRET + "\n")
    return folder


@pytest.fixture(scope="session")
def site(image: str, media: Path, secrets: Path) -> Iterator[Site]:
    running = Site.start(image, media, secrets)
    yield running
    running.remove()


@pytest.fixture
def start(image: str, media: Path, secrets: Path) -> Iterator[StartSite]:
    """Starts a container with a BASE_URL, a language … of its own."""
    running: list[Site] = []

    def start_site(base_url: str | None = None, **options: Any) -> Site:
        running.append(Site.start(image, media, secrets, base_url, **options))
        return running[-1]

    yield start_site
    for one in running:
        one.remove()
