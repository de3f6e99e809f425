"""The edge's configuration: checked first, loaded without a restart, put back after a failure."""

import time

from bundle import Bundle


def loaded(bundle: Bundle) -> str:
    return bundle.in_container("edge", "cat", "/run/edge/loaded")


def test_a_change_is_loaded_without_touching_any_container(running: Bundle) -> None:
    before, began_ns = running.ids(), time.time_ns()
    running.config["edge"]["edge.cfg"] = "two\n"
    running.config["edge"]["errors/503.http"] = "sorry\n"
    (running.incoming / "config/edge/errors").mkdir()
    running.ship()
    running.deployed()
    assert running.ids() == before
    assert loaded(running) == "two"
    assert running.in_container("edge", "cat", "/etc/edge/errors/503.http") == "sorry"
    # The states were saved for this reload.
    assert int(running.in_container("edge", "cat", "/run/edge/state")) > began_ns


def test_a_change_that_the_edge_refuses_never_gets_in_place(running: Bundle) -> None:
    before = running.ids()
    running.config["edge"]["edge.cfg"] = "this is wrong\n"
    running.ship()
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "edge_config"), done
    assert "edge.cfg:1:this is wrong" in done.err
    assert (running.root / "edge/edge.cfg").read_text() == "one\n"
    assert loaded(running) == "one"
    assert running.ids() == before


def test_a_reload_that_fails_puts_the_old_files_back(running: Bundle) -> None:
    before = running.ids()
    running.config["edge"]["edge.cfg"] = "refuse this reload\n"
    running.ship()
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "edge_config"), done
    assert "Loading failure!" in done.err
    assert (running.root / "edge/edge.cfg").read_text() == "one\n"
    assert running.ids() == before
    assert running.engine("deploy", "--check").result["changed"]
    running.config["edge"]["edge.cfg"] = "one\n"
    running.ship()
    assert running.deploy().result["outcome"] == "unchanged"


def test_a_failure_later_on_takes_the_edge_back_as_well(running: Bundle) -> None:
    before = running.ids()
    running.config["edge"]["edge.cfg"] = "two\n"
    running.release["environment"]["MIGRATE"] = "fail"
    running.ship()
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "migrate"), done
    assert (running.root / "edge/edge.cfg").read_text() == "one\n"
    assert loaded(running) == "one"
    assert running.ids() == before


def test_a_run_killed_between_the_files_and_the_reload_is_made_good(running: Bundle) -> None:
    # What a killed run leaves: the new files in place, and an edge that has not read them.
    running.config["edge"]["edge.cfg"] = "two\n"
    running.ship()
    (running.root / "edge/edge.cfg").write_text("two\n")
    running.deployed()
    assert loaded(running) == "two"


def test_a_new_image_and_a_new_configuration_come_together(running: Bundle) -> None:
    before = running.ids()
    running.config["edge"]["edge.cfg"] = "two\n"
    running.use("v2", "EDGE")
    running.deployed()
    assert running.ids()["edge"] != before["edge"]
    assert loaded(running) == "two"
    assert running.deploy().result["outcome"] == "unchanged"


def test_a_broken_new_edge_image_is_taken_back_with_its_configuration(running: Bundle) -> None:
    running.config["edge"]["edge.cfg"] = "two\n"
    running.use("sick", "EDGE")
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "start"), done
    assert "serves again" in done.err
    assert running.env("edge", "VERSION") == "v1"
    assert loaded(running) == "one"


def test_an_edge_that_does_not_mount_its_configuration_is_refused(bundle: Bundle) -> None:
    file = bundle.incoming / "compose.yaml"
    file.write_text(file.read_text().replace("${EDGE_CONFIG_DIR:?}:/etc/edge:ro", "data:/etc/edge"))
    done = bundle.deploy()
    assert done.code == 1
    assert "mount EDGE_CONFIG_DIR" in done.result["message"]
