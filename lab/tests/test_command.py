"""What a person types, and gets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.concurrency.catalogue import NAMES
from lab.concurrency.run import REPOSITORY


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_experiment_is_listed() -> None:
    listed = lab("concurrency", "--list")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(NAMES)


def test_every_file_of_an_experiment_is_in_the_list() -> None:
    files = (REPOSITORY / "lab/concurrency/experiments").glob("[!_]*.py")
    assert {file.stem for file in files} == set(NAMES)


def test_an_unknown_experiment_is_refused_with_those_that_exist() -> None:
    refused = lab("concurrency", "--quick", "gil", "perpetuum_mobile")
    assert refused.returncode == 64
    assert "found perpetuum_mobile" in refused.stderr
    assert all(name in refused.stderr for name in NAMES)
    assert refused.stdout == ""


@pytest.mark.parametrize("arguments", [(), ("alchemy",), ("concurrency", "--slow")])
def test_what_does_not_exist_is_refused(arguments: tuple[str, ...]) -> None:
    refused = lab(*arguments)
    assert refused.returncode == 64
    assert "usage: lab" in refused.stderr


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://192.0.2.1:6379/0", "found 192.0.2.1"),
        ("redis://127.0.0.1:1/0", "expected a Redis that answers"),
        ("redis://:secret@127.0.0.1:1/0", "lab: redis://127.0.0.1:1: expected a Redis"),
    ],
)
def test_a_redis_elsewhere_or_nowhere_is_refused(
    url: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = lab("concurrency", "--quick", "--redis", url, "talk_redis")
    assert refused.returncode == 64
    assert found in refused.stderr
    assert "secret" not in refused.stderr
    monkeypatch.setenv("LAB_REDIS_URL", url)
    assert lab("concurrency", "--quick", "talk_redis").stderr == refused.stderr


def test_without_redis_and_docker_it_is_told_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("REDIS_IMAGE", "none:at-all")
    measured = lab("concurrency", "--quick", "talk_redis", "reentrant")
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "not here: Redis: expected a container" in measured.stdout
    assert "as predicted A plain lock stops its owner." in measured.stdout


def test_a_report_is_written_with_figures_plots_and_links(tmp_path: Path) -> None:
    measured = lab("concurrency", "--quick", "--docs", str(tmp_path), "reentrant", "deadlock")
    assert measured.returncode == 0, measured.stdout + measured.stderr
    page = (tmp_path / "concurrency.md").read_text()
    assert "A plain lock stops its owner. | 0 times got again | as predicted" in page
    assert "waits for A" in page  # the deadlock's own report
    for plot in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page):
        assert (tmp_path / plot).read_text().startswith("<?xml")
    links = re.findall(r"\]\(([^)#]+)#L(\d+)\)", page)
    assert len(links) == 2
    lines = [(tmp_path / file).read_text().splitlines()[int(line) - 1] for file, line in links]
    assert "Lock()" in lines[1]
    assert "select_for_update" in lines[0]
