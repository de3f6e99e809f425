from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

HERE = Path(__file__).resolve().parent
RELEASE = HERE.parent
# The engine from its sources; the libraries from the archive that is built of them.
sys.path.insert(0, str(RELEASE))
sys.path.append(os.environ.get("ENGINE_PYZ", ""))

from bundle import IMAGE, NAME, Bundle, sh  # noqa: E402 (found by the path above)
from compiled import compiled  # noqa: E402 (the same)
from rotating_bundle import RotatingBundle  # noqa: E402 (the same)
from standing import Standing, forget_others, forget_sales  # noqa: E402 (the same)
from web_bundle import WebBundle, web_images  # noqa: E402 (the same)

W = TypeVar("W", bound=WebBundle)
# Tag of the test image: what it says about itself, and how it behaves.
VARIANTS = {"v1": "well", "v2": "well", "crash": "crash", "sick": "sick", "talk": "talk"}


def engine_python() -> str:
    """The Python that runs the archive: the oldest that is supported, where there is one."""
    for candidate in (os.environ.get("ENGINE_PYTHON"), "python3.9", sys.executable):
        path = shutil.which(candidate) if candidate else None
        # A launcher may stand for a version that is not installed.
        if (
            path
            and not subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode
        ):
            return path
    raise AssertionError("no Python that runs")


def pytest_report_header() -> list[str]:
    version = subprocess.run(
        [engine_python(), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return [
        f"engine runs on: {version} ({engine_python()}), base image: {os.environ.get('BASE_IMAGE')}"
    ]


@pytest.fixture(scope="session")
def python() -> str:
    """The Python that runs the archive."""
    return engine_python()


@pytest.fixture(scope="session")
def pyz() -> Path:
    path = os.environ.get("ENGINE_PYZ")
    assert path, "ENGINE_PYZ: expected the built archive; found nothing; run release/test"
    return Path(path)


@pytest.fixture(scope="session")
def fast_pyz(pyz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive with its bytecode, for the many commands of the bundles."""
    return compiled(pyz, engine_python(), tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def digests() -> dict[str, str]:
    base = os.environ.get("BASE_IMAGE")
    assert base, "BASE_IMAGE: expected a Debian image on this host; found nothing; run release/test"
    found = {}
    for tag, mode in VARIANTS.items():
        arguments = [f"BASE_IMAGE={base}", f"VERSION={tag}", f"MODE={mode}"]
        sh(
            "env",
            "DOCKER_BUILDKIT=1",
            "docker",
            "build",
            "--quiet",
            "-t",
            f"{IMAGE}:{tag}",
            *(word for argument in arguments for word in ("--build-arg", argument)),
            str(HERE / "image"),
        )
        found[tag] = sh("docker", "image", "inspect", "--format", "{{.Id}}", f"{IMAGE}:{tag}")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The long ones first, and each kind of standing bundle after the other: what runs is health
    # checked, a process each, and slows all others down.
    kinds = ["web", "rotating", "fresh", "bundle", "standing"]

    def order(item: pytest.Item) -> int:
        fixtures = getattr(item, "fixturenames", ())
        return next((n for n, kind in enumerate(kinds) if kind in fixtures), len(kinds))

    items.sort(key=order)


def new_bundle(folder: Path, pyz: Path, digests: dict[str, str]) -> Bundle:
    return Bundle(f"{NAME}-{secrets.token_hex(3)}", folder, engine_python(), pyz, digests)


@pytest.fixture
def bundle(
    web_is_over: None, tmp_path: Path, fast_pyz: Path, digests: dict[str, str]
) -> Iterator[Bundle]:
    """A bundle that nobody has deployed yet."""
    found = new_bundle(tmp_path, fast_pyz, digests)
    yield found
    found.remove()


@pytest.fixture(scope="session")
def web_image_refs() -> dict[str, dict[str, str]]:
    return web_images(f"{IMAGE}:web")


@pytest.fixture(scope="session")
def make_site(
    tmp_path_factory: pytest.TempPathFactory,
    fast_pyz: Path,
    web_image_refs: dict[str, dict[str, str]],
) -> Callable[[type[W]], W]:
    """Makes a site of a kind that nobody has deployed yet."""

    def make(kind: type[W]) -> W:
        name, folder = f"{NAME}-{secrets.token_hex(3)}", tmp_path_factory.mktemp("site")
        return kind(name, folder, engine_python(), fast_pyz, web_image_refs)

    return make


@pytest.fixture(scope="session")
def standing_web(
    make_site: Callable[[type[WebBundle]], WebBundle],
) -> Iterator[Standing[WebBundle]]:
    found = Standing(lambda: make_site(WebBundle), forget_sales)
    yield found
    found.give_up()


@pytest.fixture
def web(standing_web: Standing[WebBundle]) -> Iterator[WebBundle]:
    """A site whose first release runs behind a real edge."""
    yield standing_web.bundle
    standing_web.put_back()


@pytest.fixture(scope="session")
def standing_rotating(
    standing_web: Standing[WebBundle],
    make_site: Callable[[type[RotatingBundle]], RotatingBundle],
) -> Iterator[Standing[RotatingBundle]]:
    standing_web.give_up()
    found = Standing(lambda: make_site(RotatingBundle), forget_sales)
    yield found
    found.give_up()


@pytest.fixture
def rotating(standing_rotating: Standing[RotatingBundle]) -> Iterator[RotatingBundle]:
    """That site with secrets of each kind, which have been made anew or not."""
    yield standing_rotating.bundle
    standing_rotating.put_back()


@pytest.fixture(scope="session")
def web_is_over(
    standing_web: Standing[WebBundle], standing_rotating: Standing[RotatingBundle]
) -> None:
    """The sites are taken down once, when no test asks for them any more."""
    standing_web.give_up()
    standing_rotating.give_up()


@pytest.fixture(scope="session")
def standing(
    web_is_over: None,
    tmp_path_factory: pytest.TempPathFactory,
    fast_pyz: Path,
    digests: dict[str, str],
) -> Iterator[Standing[Bundle]]:
    def make() -> Bundle:
        return new_bundle(tmp_path_factory.mktemp("standing"), fast_pyz, digests)

    found = Standing(make, forget_others)
    yield found
    found.give_up()


@pytest.fixture
def refusing(standing: Standing[Bundle]) -> Iterator[Bundle]:
    """A bundle that runs, for the tests of what leaves it as it is; it is looked after."""
    bundle = standing.bundle
    before = bundle.ids()
    yield bundle
    (bundle.secrets / "store_password").chmod(0o400)
    assert standing.put_back() == "unchanged"
    assert bundle.ids() == before


@pytest.fixture
def running(standing: Standing[Bundle]) -> Iterator[Bundle]:
    """A bundle whose first release runs."""
    yield standing.bundle
    standing.put_back()
