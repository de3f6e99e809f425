"""An earlier release comes back, and a service runs more than once: nobody notices."""

import json

from bundle import Bundle
from web_bundle import Load, WebBundle


def test_the_release_before_comes_back_under_load(web: WebBundle) -> None:
    first = web.current()
    web.change(VERSION="2")
    second = web.deployed()
    with Load(web) as load:
        done = web.engine("rollback", "--by", "tester", "--why", "too slow", "--json")
    assert done.code == 0, done
    load.assert_unharmed()
    assert web.current() == first
    assert web.ask() == "version 1\n"
    assert web.versions() == {"app": ["1"], "worker": ["1"], "clock": ["1"], "store": ["1"]}
    last = web.history()[-1]
    assert (last["verb"], last["previous"], last["why"]) == ("rollback", second, "too slow")
    # Asked again, it goes back to what it came from; and by name it stays.
    assert web.engine("rollback", "--by", "tester", "--json").code == 0
    assert web.current() == second
    done = web.engine("rollback", second, "--by", "tester", "--json")
    assert done.result["outcome"] == "unchanged", done


def test_what_would_be_rolled_back_is_said(web: WebBundle) -> None:
    web.change(VERSION="2")
    web.deployed()
    before = web.all_containers()
    found = json.loads(web.engine("rollback", "--check").out)
    assert found["changed"] is True
    assert "environment VERSION removed" in found["reasons"]
    assert web.all_containers() == before


def test_a_release_that_does_not_exist_is_refused(running: Bundle) -> None:
    done = running.engine("rollback", "0123456789ab")
    assert done.code == 66, done
    assert f"one that was current on this host ({running.current()})" in done.err
    done = running.engine("rollback")
    assert done.code == 66, done
    assert "expected a release that was current before; found none" in done.err


def test_a_release_whose_files_were_changed_is_refused(running: Bundle) -> None:
    first = running.current()
    running.release["environment"]["GREETING"] = "hi"
    running.ship()
    running.deployed()
    (running.root / "releases" / first / "incoming" / "compose.yaml").write_text("services: {}\n")
    done = running.engine("rollback")
    assert done.code == 1, done
    assert "changed or missing ones" in done.err
    assert running.engine("status").code == 0


def test_steps_of_a_deploy_alone_are_left_out(running: Bundle) -> None:
    running.release["steps"][0]["when"] = "deploy"
    running.ship()
    running.deployed()
    running.release["environment"]["GREETING"] = "hi"
    running.ship()
    running.deployed()
    migrations = running.in_container("store", "cat", "/data/migrations")
    assert running.engine("rollback", "--by", "tester").code == 0
    assert running.in_container("store", "cat", "/data/migrations") == migrations


def test_a_service_runs_twice_and_once_again_under_load(web: WebBundle) -> None:
    first, clock = web.current(), web.containers("clock")
    with Load(web) as load:
        done = web.engine("scale", "app=2", "worker=3", "--by", "tester", "--json")
        assert done.code == 0, done
        assert web.containers("clock") == clock
        assert len(web.containers("app")) == 2
        assert len(web.containers("worker")) == 3
        # A release that comes later keeps it.
        web.change(VERSION="2")
        assert web.deploy().code == 0
        assert web.versions()["app"] == ["2", "2"]
        assert web.status().code == 0, web.status()
        done = web.engine("scale", "app=1", "worker=1", "--by", "tester", "--json")
        assert done.code == 0, done
    load.assert_unharmed()
    assert web.versions() == {"app": ["2"], "worker": ["2"], "clock": ["2"], "store": ["1"]}
    assert len(web.all_containers()) == 5
    assert web.deploy().result["outcome"] == "unchanged"
    # To how often it ran before is no way back: the version before is.
    assert web.engine("rollback", "--by", "tester", "--json").code == 0
    assert web.versions() == {"app": ["1"], "worker": ["1"], "clock": ["1"], "store": ["1"]}
    assert web.current() == first


def test_what_cannot_be_scaled_is_refused(web: WebBundle) -> None:
    for wish, code, words in (
        ("app", 64, "expected SERVICE=N with N from 1 to 16; found app"),
        ("app=0", 64, "expected SERVICE=N"),
        ("clock=2", 66, "one that may run more than once (app, worker)"),
        ("nobody=2", 66, "found nobody"),
    ):
        done = web.engine("scale", wish)
        assert done.code == code, done
        assert words in done.err
    found = json.loads(web.engine("scale", "app=2", "--check").out)
    assert found["reasons"] == ["this host's scale added"]
    assert len(web.containers("app")) == 1
