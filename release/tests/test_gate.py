"""Whether what runs can live with what a release does to the data is asked before it is done."""

import pytest
from bundle import Bundle


@pytest.fixture
def gated(running: Bundle) -> Bundle:
    gate = {"name": "check", "service": "gate", "needs": ["store"], "gate": True}
    running.release["steps"].insert(0, gate)
    return running


def test_a_change_that_disturbs_nobody_goes_through(gated: Bundle) -> None:
    gated.use("v2")
    done = gated.deploy()
    assert done.code == 0, done
    assert "check ok" in done.err


def test_a_change_that_needs_a_window_is_refused_without_one(gated: Bundle) -> None:
    migrations = gated.in_container("store", "cat", "/data/migrations")
    gated.release["environment"]["GATE"] = "no"
    gated.use("v2")
    before = gated.ids()
    done = gated.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "check"), done
    assert "changes that the running release can live with" in done.err
    assert "fab deploy --window" in done.err
    assert "course: DROPPING columns" in done.err
    assert gated.ids() == before
    assert gated.in_container("store", "cat", "/data/migrations") == migrations
    done = gated.deploy("--window")
    assert done.code == 0, done
    assert gated.env("app", "VERSION") == "v2"


def test_a_gate_that_fails_is_no_answer(gated: Bundle) -> None:
    gated.release["environment"]["GATE"] = "broken"
    gated.use("v2")
    done = gated.deploy("--window")
    assert (done.code, done.result["failed_step"]) == (1, "check"), done
    assert "no such database" in done.err


def test_a_first_release_disturbs_nobody(bundle: Bundle) -> None:
    gate = {"name": "check", "service": "gate", "needs": ["store"], "gate": True}
    bundle.release["steps"].insert(0, gate)
    bundle.release["environment"]["GATE"] = "no"
    bundle.ship()
    done = bundle.deploy()
    assert done.code == 0, done
    assert "nothing runs yet that could be disturbed" in done.err
