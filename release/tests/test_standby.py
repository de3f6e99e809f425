"""Of those who want a container on standby, one takes it back or one removes it, never both."""

from dataclasses import replace
from pathlib import Path

import pytest
from some import SOME

from engine.docker_api import Attachment
from engine.incoming import ServiceSpec
from engine.layout import Layout
from engine.switch import standby
from engine.switch.making import Sight
from engine.switch.situation import Situation, situation

OLD = replace(SOME, id="old", service="app", state="running", health="healthy", config_hash="one")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path)
    standby.add(found, [OLD])
    return found


def seen(layout: Layout) -> Situation:
    aside, going = standby.ids(layout), standby.going(layout)
    return situation("app", ServiceSpec(), {}, "one", None, [OLD], aside, going)


def test_what_nobody_has_given_up_is_not_removed(layout: Layout) -> None:
    assert not standby.claim(layout, "old")
    assert not standby.claim(layout, "another")
    assert seen(layout).back == [OLD]


def test_what_was_taken_back_is_not_removed(layout: Layout) -> None:
    standby.set_deadlines(layout, {"old": 99.0})
    assert standby.take_back(layout, [OLD])
    assert not standby.claim(layout, "old")
    assert seen(layout).back == [OLD]


def test_what_is_being_removed_is_not_taken_back(layout: Layout) -> None:
    standby.set_deadlines(layout, {"old": 99.0})
    assert standby.claim(layout, "old")
    assert not standby.take_back(layout, [OLD])
    # It does not count among what serves, nor has it to give way once more.
    found = seen(layout)
    assert (found.back, found.giving_way, found.missing) == ([], [], 1)
    # Whoever was to remove it and was killed leaves it to the next.
    assert standby.claim(layout, "old")


def test_a_container_that_a_killed_run_took_out_of_a_network_is_to_be_shown() -> None:
    sight = Sight({"front": ("app",)})
    assert sight.hides(OLD)
    there = replace(OLD, networks={"front": Attachment("10.0.0.2", ("app", "x"))})
    assert not sight.hides(there)
    assert sight.hides(replace(OLD, networks={"front": Attachment("10.0.0.2", ("x",))}))
