"""Who waits for a lock learns what is current when it is theirs, and undoes nobody's deploy."""

from rotating_bundle import RotatingBundle


def test_what_was_deployed_meanwhile_stays(rotating: RotatingBundle) -> None:
    rotating.change(VERSION="2")
    second = rotating.deployed()
    assert rotating.engine("lock", "--by", "tester", "--why", "a deploy").code == 0
    rollback = rotating.start_waiting("rollback", "--by", "bob")
    scale = rotating.start_waiting("scale", "app=2", "--by", "bob")
    rotate = rotating.start_waiting("rotate", "accounts", "--by", "bob")
    rotating.change(VERSION="3")
    rotating.deployed()
    assert rotating.engine("unlock", "--by", "tester").code == 0

    for process in (scale, rotate):
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert rotating.versions()["app"] == ["3", "3"]
    assert rotating.ask() == "version 3\n"
    # Of the two that were current one after the other, nobody can say which bob was tired of.
    said = rollback.communicate(timeout=120)
    assert rollback.returncode == 1, said
    assert f"expected release {second}, which was current when it was asked for" in said[1]
    assert "see fab releases, then ask again" in said[1]
