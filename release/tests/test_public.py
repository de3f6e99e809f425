"""What the site may tell everybody of a host: which release runs, and nothing else."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from bundle import IMAGE, Bundle

from engine.layout import Layout
from engine.public import is_published, publish


def seen(bundle: Bundle) -> dict[str, Any]:
    """As a container reads it that was started before."""
    found: dict[str, Any] = json.loads(
        bundle.in_container("edge", "cat", "/srv/public/release.json")
    )
    return found


def test_it_tells_of_the_current_release_and_each_services_image(refusing: Bundle) -> None:
    found = seen(refusing)
    assert set(found) == {"release", "since", "services"}
    assert found["release"] == refusing.current()
    assert found["since"] <= refusing.history()[-1]["time"]
    image = {"image": IMAGE, "tag": "v1"}
    assert found["services"] == {"app": image, "edge": image, "store": image}, "and no step"


def test_everybody_may_read_it_and_the_engine_alone_may_write_it(refusing: Bundle) -> None:
    folder = refusing.root / "public"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert [path.name for path in folder.iterdir()] == ["release.json"]
    assert stat.S_IMODE((folder / "release.json").stat().st_mode) == 0o644


def test_a_deploy_is_told_at_once_and_restarts_nothing_for_it(running: Bundle) -> None:
    before, edge = seen(running), running.ids()["edge"]
    running.use("v2")
    release = running.deployed()
    after = seen(running)
    assert running.ids()["edge"] == edge
    assert after["release"] == release != before["release"]
    assert after["services"]["app"]["tag"] == "v2"
    assert after["since"] > before["since"]
    # Back to the one before, which is a deploy of it.
    running.use("v1")
    assert running.deployed() == before["release"]
    assert seen(running)["release"] == before["release"]
    assert running.ids()["edge"] == edge


def test_a_deploy_that_fails_leaves_the_word_of_what_runs(running: Bundle) -> None:
    before = (running.root / "public" / "release.json").read_bytes()
    running.use("crash")
    assert running.deploy().code == 1
    assert (running.root / "public" / "release.json").read_bytes() == before


def test_a_file_that_is_gone_or_tells_of_another_is_written_again(running: Bundle) -> None:
    file, ids = running.root / "public" / "release.json", running.ids()
    for damage in ("", '{"release": "0123456789ab"}', None):
        if damage is None:
            file.unlink()
        else:
            file.write_text(damage)
        assert running.deploy("--check").result["reasons"] == [
            f"{file} does not tell of release {running.current()}"
        ]
        assert running.deployed() == running.current()
        assert seen(running)["release"] == running.current()
    assert running.ids() == ids


@pytest.mark.parametrize(
    ("ref", "image", "tag"),
    [
        ("luffy-bundle/edge:0a1b2c", "edge", "0a1b2c"),
        ("registry.example:5000/team/redis:7", "redis", "7"),
        ("redis:7.4", "redis", "7.4"),
    ],
)
def test_where_images_come_from_is_not_told(tmp_path: Path, ref: str, image: str, tag: str) -> None:
    layout = Layout(tmp_path)
    model = {"services": {"a": {"image": ref}, "step": {"image": ref, "profiles": ["steps"]}}}
    assert not is_published(layout, "abc")
    publish(layout, "abc", model)
    assert is_published(layout, "abc")
    assert not is_published(layout, "def")
    found = json.loads((tmp_path / "public" / "release.json").read_text())
    assert found["services"] == {"a": {"image": image, "tag": tag}}
