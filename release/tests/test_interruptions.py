"""Runs that are killed, cut off, asked to stop, or started twice."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bundle import STEPS, Bundle, sh


def test_killed_at_each_step_of_the_first_deploy_the_next_run_finishes(bundle: Bundle) -> None:
    for step in STEPS:
        killed = bundle.kill_at(step)
        assert killed.code == -signal.SIGKILL, killed
        if step in {"record", "settle", "prune"}:
            # What was killed so late may be current already: give the next round work to do.
            bundle.config["app"]["app.conf"] = f"killed at {step}\n"
            bundle.ship()
    release = bundle.deployed()
    assert bundle.current() == release
    assert list(bundle.ids()) == ["app", "edge", "store"]
    assert bundle.in_container("app", "cat", "/etc/app/app.conf") == "killed at prune"
    assert bundle.deploy().result["outcome"] == "unchanged"
    leftovers = [path for kind in ("new", "old") for path in bundle.root.rglob(f".*.{kind}")]
    assert leftovers == []
    assert sh("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={bundle.name}",
              "--filter", "label=com.docker.compose.oneoff=True") == ""  # fmt: skip


def test_killed_during_an_upgrade_the_next_run_finishes(running: Bundle) -> None:
    for number, step in enumerate(
        ("edge_config", "stores", "migrate", "start", "verify", "watch", "record", "settle")
    ):
        version = f"v{2 - number % 2}"
        running.config["edge"]["edge.cfg"] = f"killed at {step}\n"
        running.config["app"]["app.conf"] = f"killed at {step}\n"
        running.use(version)
        killed = running.kill_at(step)
        assert killed.code == -signal.SIGKILL, killed
        done = running.deploy()
        assert done.code == 0, done
        assert running.env("app", "VERSION") == version
        assert running.in_container("app", "cat", "/etc/app/app.conf") == f"killed at {step}"
        assert running.in_container("edge", "cat", "/run/edge/loaded") == f"killed at {step}"
        assert running.engine("status").code == 0
        assert any("took over the lock" in event["text"] for event in running.events("note"))


def test_killed_during_an_upgrade_the_old_release_can_be_had_again(running: Bundle) -> None:
    before = running.current()
    running.use("v2")
    running.kill_at("start")
    running.use("v1")
    assert running.deployed() == before
    assert running.env("app", "VERSION") == "v1"


def test_a_migration_that_goes_on_after_a_kill_is_waited_for(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "gated"
    running.use("v2")
    process = running.start_deploy()
    wait_until(lambda: bool(step_container(running)))
    process.kill()
    process.communicate()
    second = running.start_deploy()
    assert second.stderr
    assert any("still runs from an earlier run: waiting" in line for line in second.stderr)
    running.in_container("store", "touch", "/data/gate_is_open")
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, out + err
    # Never two at a time: the first ended whole, then the second ran.
    assert running.in_container("store", "cat", "/data/migrations") == "v1\nv2\nv2"


def step_container(bundle: Bundle) -> str:
    return sh("docker", "ps", "-q", "--filter", f"name={bundle.name}-step")


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        # Most ask Docker, a process each: closer together they slow down what they wait for.
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("preflight", signal.SIGTERM),
        ("migrate", signal.SIGINT),
        ("migrate", signal.SIGTERM),
        ("start", signal.SIGTERM),
    ],
)
def test_a_stop_is_journaled_and_gives_the_lock_back(
    running: Bundle, step: str, number: int
) -> None:
    running.release["environment"]["MIGRATE"] = "slow3600" if step == "migrate" else ""
    running.use("v2")
    done = running.kill_at(step, number)
    assert done.code == 130, done
    assert done.result["outcome"] == "interrupted"
    assert signal.Signals(number).name in done.result["message"]
    assert "run deploy again" in done.result["message"]
    assert (running.root / "lock").read_text() == ""
    assert running.events()[-1]["event"] == "run_ended"
    assert step_container(running) == ""
    running.release["environment"]["MIGRATE"] = ""
    running.ship()
    running.deployed()


def test_a_hangup_does_not_stop_it(running: Bundle) -> None:
    running.use("v2")
    done = running.kill_at("stores", signal.SIGHUP)
    assert done.code == 0, done
    assert running.env("app", "VERSION") == "v2"


def test_a_reader_that_leaves_does_not_stop_it(running: Bundle) -> None:
    running.use("v2")
    process = running.start_deploy()
    assert process.stderr
    assert process.stdout
    process.stderr.readline()
    process.stderr.close()
    process.stdout.close()
    process.wait(timeout=60)
    assert running.events()[-1]["outcome"] == "deployed"
    assert running.env("app", "VERSION") == "v2"


def test_of_two_deploys_at_once_one_is_refused_and_told_who_is_at_work(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow5"
    running.use("v2")
    first = running.start_deploy("--why", "the first")
    wait_until(lambda: bool(step_container(running)))
    second = running.deploy()
    assert first.poll() is None, "the second was kept until the first had ended"
    assert second.code == 75, second
    assert second.result["failed_step"] == "lock"
    assert all(
        word in second.result["message"] for word in ("tester", f"pid {first.pid}", "the first")
    )
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, out + err
    assert [entry["outcome"] for entry in running.history()] == ["deployed", "deployed"]


def test_of_two_deploys_at_once_one_can_wait(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow3"
    running.use("v2")
    first = running.start_deploy()
    wait_until(lambda: bool(step_container(running)))
    second = running.deploy("--lock-timeout", "60")
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert second.code == 0, second
    assert second.result["outcome"] == "unchanged"
    assert "waiting up to 60 s for run" in second.err


def test_a_detached_run_outlives_its_caller_and_can_be_followed(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow2"
    running.use("v2")
    done = running.deploy("--detach")
    assert done.code == 0, done
    assert running.events("run_ended") == [], "the caller was kept until the end"
    run = done.result["run"]
    followed = running.engine("follow", "--run", run, "--json")
    assert followed.code == 0, followed
    remarks = followed.result["remarks"]
    assert [text for text in remarks if text.startswith("app replaced, away for ")], remarks
    assert followed.result == {
        "remarks": remarks,
        "run": run, "release": running.current(), "outcome": "deployed", "changed": True,
        "failed_step": None, "message": f"release {running.current()} is current and healthy",
    }  # fmt: skip
    for words in ("preflight ok in", "migrate | ", "start ok in", "deployed: release"):
        assert words in followed.err
    again = running.engine("follow", "--latest")
    assert again.code == 0
    assert re.match(r"\[ +\d+\.\ds\] run ", again.out)
    assert not list((running.root / "journal").glob("*.err"))
    assert not list((running.root / "journal").glob("*.reserve"))


def test_a_detached_run_has_no_terminal_and_a_session_of_its_own(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow4"
    running.use("v2")
    # The archive is replaced while the run works, as a deploy from elsewhere would.
    own = running.folder / "engine.pyz"
    own.write_bytes(running.pyz.read_bytes())
    running.pyz = own
    running.deploy("--detach")
    wait_until(lambda: bool(step_container(running)))
    own.with_suffix(".new").write_bytes(b"not an archive any more")
    own.with_suffix(".new").replace(own)
    pid = running.events("run_started")[-1]["pid"]
    assert os.getsid(pid) != os.getsid(0)
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path(os.devnull)
    assert Path(f"/proc/{pid}/fd/1").readlink() == Path(os.devnull)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: running.events()[-1]["event"] == "run_ended", 60)
    assert running.events()[-1]["outcome"] == "deployed"


def test_following_a_failed_run_ends_as_it_did(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "fail"
    running.use("v2")
    run = running.deploy("--detach").result["run"]
    followed = running.engine("follow", "--run", run)
    assert followed.code == 1
    assert "FAILED at migrate" in followed.out
    assert "column price does not exist" in followed.out


def test_following_a_killed_run_says_to_deploy_again(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow5"
    running.use("v2")
    run = running.deploy("--detach").result["run"]
    wait_until(lambda: bool(step_container(running)))
    follower = subprocess.Popen(
        running.command("follow", "--run", run, "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.kill(running.events("run_started")[-1]["pid"], signal.SIGKILL)
    out, err = follower.communicate(timeout=30)
    assert follower.returncode == 75, out + err
    assert "run deploy again" in err
    assert '"outcome": "interrupted"' in out
    running.deployed()
