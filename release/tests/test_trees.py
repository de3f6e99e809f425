"""Folders that appear whole, and files that are never seen half-written."""

import stat
from pathlib import Path

from engine.layout import Layout
from engine.record import append_history, deployed_ids, make_current, read_history
from engine.trees import new_tree, read_tree, remove_leftovers, tree_digest, update_tree

TREE = {"a.conf": b"1\n", "sub/b.conf": b"2\n"}


def test_a_new_folder_is_readable_by_containers_whatever_the_umask(tmp_path: Path) -> None:
    import os

    before = os.umask(0o077)
    try:
        new_tree(tmp_path / "deep" / "er" / "tree", TREE)
    finally:
        os.umask(before)
    folder = tmp_path / "deep" / "er" / "tree"
    assert read_tree(folder) == TREE
    for path in (folder, folder / "sub", folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "a.conf").stat().st_mode) == 0o644


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    new_tree(tmp_path / "tree", TREE)
    new_tree(tmp_path / "tree", {"only": b"this"})
    assert read_tree(tmp_path / "tree") == {"only": b"this"}
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_an_update_keeps_the_folder_and_the_files_that_are_right(tmp_path: Path) -> None:
    new_tree(tmp_path / "tree", TREE)
    folder, kept = (tmp_path / "tree").stat().st_ino, (tmp_path / "tree/a.conf").stat().st_ino
    (tmp_path / "tree/extra").write_text("x")
    (tmp_path / "tree/sub/b.conf").unlink()
    (tmp_path / "tree/sub/b.conf").mkdir()
    assert sorted(update_tree(tmp_path / "tree", TREE)) == ["extra", "sub/b.conf"]
    assert read_tree(tmp_path / "tree") == TREE
    assert (tmp_path / "tree").stat().st_ino == folder
    assert (tmp_path / "tree/a.conf").stat().st_ino == kept
    assert update_tree(tmp_path / "tree", TREE) == []


def test_folders_that_hold_nothing_any_more_go(tmp_path: Path) -> None:
    new_tree(tmp_path / "tree", TREE)
    update_tree(tmp_path / "tree", {"a.conf": b"1\n"})
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["a.conf"]


def test_the_digest_tells_names_and_contents_apart() -> None:
    trees: list[dict[str, bytes]] = [
        {},
        TREE,
        {"a.conf": b"1\n"},
        {"a.conf": b"2\n"},
        {"b": b"1\n"},
    ]
    assert len({tree_digest(tree) for tree in trees}) == len(trees)


def test_leftovers_of_a_killed_run_are_removed_and_nothing_else(tmp_path: Path) -> None:
    new_tree(tmp_path / ".abc.4711.new", TREE)
    new_tree(tmp_path / ".abc.4711.old", TREE)
    (tmp_path / ".env.12.new").write_text("half")
    (tmp_path / ".env").write_text("whole")
    new_tree(tmp_path / "abc", TREE)
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "abc"]


def test_the_current_link_is_swapped_and_a_dangling_one_is_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.current_id() is None
    for release in ("aaa", "bbb"):
        new_tree(layout.release(release), TREE)
        make_current(layout, release)
        assert layout.current_id() == release
    make_current(layout, "gone")
    assert layout.current_id() is None


def test_a_history_with_a_torn_line_goes_on(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    append_history(layout, {"release": "aaa", "outcome": "deployed"})
    with layout.history.open("a") as file:
        file.write('{"release": "bbb", "outc')
    append_history(layout, {"release": "ccc", "outcome": "failed"})
    append_history(layout, {"release": "ddd", "outcome": "deployed"})
    assert [entry["release"] for entry in read_history(layout)] == ["aaa", "ccc", "ddd"]
    assert deployed_ids(layout) == ["ddd", "aaa"]
