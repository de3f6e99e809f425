"""`maintenance`: the edge is told that the site is closed, until a person opens it again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bundle import Bundle

from engine.maintenance import addresses, filled

REMARK = "# filled by the engine\n"


@pytest.fixture
def closable(running: Bundle) -> Iterator[Bundle]:
    """A bundle whose edge has the files."""
    running.config["edge"] |= {"maintenance.map": REMARK, "maintenance.let": REMARK}
    running.ship()
    running.deployed()
    yield running
    assert running.engine("maintenance", "off").code == 0
    for name in ("maintenance.map", "maintenance.let"):
        (running.incoming / "config/edge" / name).unlink()


def turned(bundle: Bundle, *arguments: str) -> "dict[str, Any]":
    done = bundle.engine("maintenance", *arguments, "--by", "ana", "--json")
    assert done.code == 0, done
    return done.result


def on_disk(bundle: Bundle) -> "tuple[str, str]":
    folder = bundle.root / "edge"
    return tuple((folder / f"maintenance.{name}").read_text() for name in ("map", "let"))  # type: ignore[return-value]


def reloads(bundle: Bundle) -> int:
    log = bundle.engine("logs", "edge", "--tail", "1000").out
    return log.count("Loading success")


def test_it_is_closed_and_opened_by_a_reload_alone(closable: Bundle) -> None:
    ids, before = closable.ids(), reloads(closable)
    told = turned(
        closable, "on", "--why", "moving", "--for", "10m", "--let", "203.0.113.7,10.0.0.0/8"
    )
    assert (told["outcome"], told["changed"]) == ("closed", True)
    assert on_disk(closable) == (
        f"{REMARK}closed yes\nretry_after 600\n",
        f"{REMARK}203.0.113.7/32\n10.0.0.0/8\n",
    )
    assert reloads(closable) == before + 1
    assert turned(closable, "off")["outcome"] == "opened"
    assert on_disk(closable) == (REMARK, REMARK)
    assert reloads(closable) == before + 2
    assert closable.ids() == ids


def test_saying_it_again_changes_nothing(closable: Bundle) -> None:
    assert turned(closable, "off")["outcome"] == "unchanged"
    turned(closable, "on", "--why", "moving")
    since = json.loads(closable.engine("status", "--json").out)["maintenance"]["since"]
    again = turned(closable, "on", "--why", "moving")
    assert (again["outcome"], again["message"]) == ("unchanged", "maintenance is on already")
    assert turned(closable, "on", "--why", "still")["outcome"] == "closed"
    now = json.loads(closable.engine("status", "--json").out)["maintenance"]
    assert (now["since"], now["why"]) == (since, "still")


def test_deploys_leave_it_closed_and_find_no_drift(closable: Bundle) -> None:
    turned(closable, "on")
    assert closable.deploy().result["outcome"] == "unchanged"
    closable.config["edge"]["edge.cfg"] = "two\n"
    closable.ship()
    closable.deployed()
    assert on_disk(closable)[0].endswith("closed yes\nretry_after 300\n")
    # A release that fails puts the old files back, closed as they were.
    closable.config["edge"]["edge.cfg"] = "refuse this reload\n"
    closable.ship()
    assert closable.deploy().code == 1
    assert (closable.root / "edge/edge.cfg").read_text() == "two\n"
    assert on_disk(closable)[0].endswith("closed yes\nretry_after 300\n")


def test_status_and_doctor_say_that_it_is_on(closable: Bundle) -> None:
    turned(closable, "on", "--why", "moving")
    shown = closable.engine("status")
    assert "maintenance: on since" in shown.out
    assert "by ana (moving)" in shown.out
    told = json.loads(closable.engine("doctor", "--json").out)["findings"]
    [found] = [each for each in told if each["check"] == "maintenance"]
    assert (found["level"], found["do"]) == ("attention", "fab maintenance off")


def test_a_plan_changes_nothing(closable: Bundle) -> None:
    done = closable.engine("maintenance", "on", "--check", "--let", "203.0.113.7")
    plan = json.loads(done.out)
    assert plan["changed"] is True
    assert "open to 203.0.113.7/32" in plan["reasons"][0]
    assert on_disk(closable) == (REMARK, REMARK)
    off = json.loads(closable.engine("maintenance", "off", "--check").out)
    assert off == {"changed": False, "reasons": []}


def test_an_edge_that_does_not_load_it_goes_on_as_before(closable: Bundle) -> None:
    # A remark that a reload refuses, put where no deploy has seen it.
    release = (
        closable.root / "releases" / closable.current() / "incoming/config/edge/maintenance.map"
    )
    kept = release.read_text()
    release.write_text("refuse this reload\n")
    try:
        done = closable.engine("maintenance", "on", "--json")
        assert done.code == 1, done
        assert "edge reload" in done.result["message"]
    finally:
        release.write_text(kept)
    assert json.loads(closable.engine("status", "--json").out)["maintenance"] is None
    assert turned(closable, "off")["outcome"] in {"opened", "unchanged"}
    assert on_disk(closable) == (REMARK, REMARK)


def test_a_release_without_the_files_cannot_be_closed(running: Bundle) -> None:
    done = running.engine("maintenance", "on", "--json")
    assert done.code == 1
    assert "a release whose edge has the files" in done.result["message"]
    assert json.loads(running.engine("status", "--json").out)["maintenance"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("on", "--let", "203.0.113.700"), "--let: expected addresses and networks"),
        (("on", "--let", "everybody"), "'everybody' does not appear to be"),
        (("on", "--for", "soon"), "expected a time such as 90s"),
        (("off", "--let", "203.0.113.7"), "neither --let nor --for"),
        (("maybe",), "invalid choice: 'maybe'"),
    ],
)
def test_a_wrong_command_line_is_refused(
    running: Bundle, arguments: "tuple[str, ...]", word: str
) -> None:
    done = running.engine("maintenance", *arguments)
    assert done.code == 64, done
    assert word in done.err


def test_addresses_are_read_as_the_edge_reads_them() -> None:
    assert addresses(" 203.0.113.7, 2001:DB8::1/32,,203.0.113.7 ") == [
        "203.0.113.7/32",
        "2001:db8::/32",
    ]
    assert addresses("") == []


def test_a_tree_without_the_files_stays_as_it_is() -> None:
    tree = {"haproxy.cfg": b"global\n"}
    assert filled(tree, {"let": [], "since": "now"}) == tree
