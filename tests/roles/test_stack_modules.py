"""The Python of the role stack: what it ships, read on the controller, written on the host."""

from __future__ import annotations

import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError

from tests.playbook import REPOSITORY
from tests.role_code import load

sys.path.insert(0, str(REPOSITORY / "release"))
engine_trees = import_module("engine.trees")
reader = import_module("engine.reader")
errors = import_module("engine.errors")

tree = load("stack", "library/text_tree.py")
texts = load("stack", "lookup_plugins/text_files.py")

FILES = {"compose.yaml": "services: {}\n", "config/edge/haproxy.cfg": "global\n"}


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_is_made_with_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "incoming"
    assert tree.apply(folder, FILES, check=False) == (sorted(FILES), [])
    assert content(folder) == FILES


def test_a_second_time_nothing_is_written(tmp_path: Path) -> None:
    tree.apply(tmp_path, FILES, check=False)
    assert tree.apply(tmp_path, FILES, check=False) == ([], [])


def test_modes_are_the_same_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        tree.apply(tmp_path / "incoming", FILES, check=False)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()}
    assert modes == {0o755}
    file = tmp_path / "incoming/config/edge/haproxy.cfg"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_wrong_mode_is_mended(tmp_path: Path) -> None:
    tree.apply(tmp_path, FILES, check=False)
    (tmp_path / "compose.yaml").chmod(0o600)
    assert tree.apply(tmp_path, FILES, check=False) == (["compose.yaml"], [])
    assert stat.S_IMODE((tmp_path / "compose.yaml").stat().st_mode) == 0o644


def test_what_is_not_named_is_removed(tmp_path: Path) -> None:
    tree.apply(
        tmp_path, {**FILES, "config/old/a.conf": "", "config/edge/old.http": ""}, check=False
    )
    assert tree.apply(tmp_path, FILES, check=False) == (
        [],
        ["config/old/a.conf", "config/old", "config/edge/old.http"],
    )
    assert content(tmp_path) == FILES


def test_a_link_gives_way_to_the_file_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("kept")
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "config").symlink_to(elsewhere)
    (folder / "compose.yaml").symlink_to(elsewhere / "mine")
    tree.apply(folder, FILES, check=False)
    assert content(folder) == FILES
    assert not (folder / "config").is_symlink()
    assert content(elsewhere) == {"mine": "kept"}


def test_a_folder_gives_way_to_a_file_and_a_file_to_a_folder(tmp_path: Path) -> None:
    tree.apply(tmp_path, {"compose.yaml/x": "", "config": ""}, check=False)
    tree.apply(tmp_path, FILES, check=False)
    assert content(tmp_path) == FILES


def test_check_mode_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    tree.apply(tmp_path, {"old": "x"}, check=False)
    assert tree.apply(tmp_path, FILES, check=True) == (sorted(FILES), ["old"])
    assert content(tmp_path) == {"old": "x"}
    assert tree.apply(tmp_path / "bare", FILES, check=True) == (sorted(FILES), [])
    assert not (tmp_path / "bare").exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../b", "", "a//b", "./a"])
def test_a_path_that_is_not_below_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(tree.BadPathError, match="expected paths below the folder, found"):
        tree.apply(tmp_path / "incoming", {**FILES, name: "x"}, check=False)
    assert not (tmp_path / "incoming").exists()


def test_texts_are_read_with_a_prefix_and_without_what_is_excluded(tmp_path: Path) -> None:
    tree.apply(tmp_path, {"a/b.http": "b", "c.lua": "c\n", "d.cfg.j2": "d"}, check=False)
    assert texts.read_text_files(tmp_path, "config/edge", "*.j2") == {
        "config/edge/a/b.http": "b",
        "config/edge/c.lua": "c\n",
    }


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(AnsibleLookupError, match=r"expected UTF-8 text in \S+picture\.png"):
        texts.read_text_files(tmp_path, "", "")


def test_the_digest_is_the_release_engines(tmp_path: Path) -> None:
    files = {**FILES, "config/中文.conf": "值 é\n"}
    tree.apply(tmp_path, files, check=False)
    assert tree.digest(files) == engine_trees.tree_digest(engine_trees.read_tree(tmp_path))
    assert tree.digest({**files, "compose.yaml": ""}) != tree.digest(files)


def shipment(who: str) -> dict[str, str]:
    """A tree of many files, each of which says whose it is; one file is this controller's alone."""
    image = {"ref": f"x/{who}:1", "config_digest": "sha256:" + "a" * 64}
    release = {"name": "race", "images": {"X_IMAGE": image}, "compose_files": ["compose.yaml"]}
    names = ["compose.yaml", f"compose/{who}.yaml", *(f"compose/{n}.yaml" for n in range(20))]
    return {"release.json": json.dumps(release), **dict.fromkeys(names, f"# {who}\n")}


def test_of_two_controllers_that_ship_at_once_each_deploys_its_own_whole_tree_or_nothing(
    tmp_path: Path,
) -> None:
    def controller(who: str) -> list[str]:
        ends = []
        for _ in range(60):
            files = shipment(who)
            tree.apply(tmp_path, files, check=False)
            try:
                found = reader.read_incoming(tmp_path, tree.digest(files)).shipped
            except errors.ShippedOverError:
                ends.append("refused")
            else:
                assert {name: text.decode() for name, text in found.items()} == files
                ends.append("deployed")
        return ends

    with ThreadPoolExecutor() as pool:
        ends = [end for ends in pool.map(controller, ("ann", "bob")) for end in ends]
    print({end: ends.count(end) for end in set(ends)})
    # That both happened shows that the two met.
    assert set(ends) == {"deployed", "refused"}
