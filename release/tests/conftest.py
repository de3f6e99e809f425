from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RELEASE = HERE.parent
# The engine from its sources; the libraries from the archive that is built of them.
sys.path.insert(0, str(RELEASE))
sys.path.append(os.environ.get("ENGINE_PYZ", ""))

from bundle import IMAGE, Bundle, sh  # noqa: E402 (found by the path above)
from compiled import compiled  # noqa: E402 (the same)
from standing import Standing  # noqa: E402 (the same)

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
    # Those with a bundle of their own come first, the long ones among them, and the standing
    # bundles after them: what runs is health checked, a process each, and slows all others down.
    def order(item: pytest.Item) -> int:
        fixtures = getattr(item, "fixturenames", ())
        return 0 if "bundle" in fixtures else 1 if "standing" in fixtures else 2

    items.sort(key=order)


def new_bundle(folder: Path, pyz: Path, digests: dict[str, str]) -> Bundle:
    return Bundle(f"relt-{secrets.token_hex(3)}", folder, engine_python(), pyz, digests)


@pytest.fixture
def bundle(tmp_path: Path, fast_pyz: Path, digests: dict[str, str]) -> Iterator[Bundle]:
    """A bundle that nobody has deployed yet."""
    found = new_bundle(tmp_path, fast_pyz, digests)
    yield found
    found.remove()


@pytest.fixture(scope="session")
def standing(
    tmp_path_factory: pytest.TempPathFactory, fast_pyz: Path, digests: dict[str, str]
) -> Iterator[Standing]:
    found = Standing(lambda: new_bundle(tmp_path_factory.mktemp("standing"), fast_pyz, digests))
    yield found
    found.give_up()


@pytest.fixture
def refusing(standing: Standing) -> Iterator[Bundle]:
    """A bundle that runs, for the tests of what leaves it as it is; it is looked after."""
    bundle = standing.bundle
    before = bundle.ids()
    yield bundle
    (bundle.secrets / "store_password").chmod(0o400)
    assert standing.put_back() == "unchanged"
    assert bundle.ids() == before


@pytest.fixture
def running(standing: Standing) -> Iterator[Bundle]:
    """A bundle whose first release runs."""
    yield standing.bundle
    standing.put_back()
