"""The image under test, and one running container for all tests that only look."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from container import Site, StartSite


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
    return folder


@pytest.fixture(scope="session")
def site(image: str, media: Path) -> Iterator[Site]:
    running = Site.start(image, media)
    yield running
    running.remove()


@pytest.fixture
def start(image: str, media: Path) -> Iterator[StartSite]:
    """Starts a container with a BASE_URL of its own."""
    running: list[Site] = []

    def start_site(base_url: str | None = None) -> Site:
        running.append(Site.start(image, media, base_url))
        return running[-1]

    yield start_site
    for one in running:
        one.remove()
