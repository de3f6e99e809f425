"""Programs of the operator's own, at fixed moments of a deploy."""

from pathlib import Path

from bundle import Bundle


def hook(bundle: Bundle, moment: str, text: str, mode: int = 0o755) -> Path:
    path = bundle.secrets.parent / "hooks" / moment
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


def test_hooks_run_at_their_moments_and_know_what_goes_on(running: Bundle) -> None:
    said = running.folder / "said"
    about = 'echo "$(basename $0) $VERB $BY $WHY $PREVIOUS"'
    first = running.current()
    paths = [
        hook(running, moment, f"{about} >> {said}")
        for moment in ("before-migrate", "after-deploy", "after-failure")
    ]
    running.use("v2")
    assert running.deploy("--why", "friday").code == 0
    second = running.current()
    lines = said.read_text().splitlines()
    assert lines[0] == f"before-migrate deploy tester friday {first}"
    # By then the new release is what a failure would go back to.
    assert lines[1:] == [f"after-deploy deploy tester friday {second}"]
    said.unlink()
    running.use("crash")
    assert running.deploy().code == 1
    moments = [line.split()[0] for line in said.read_text().splitlines()]
    assert moments == ["before-migrate", "after-failure"]
    for path in paths:
        path.unlink()


def test_a_hook_that_fails_ends_the_deploy_before_anything_is_touched(running: Bundle) -> None:
    path = hook(running, "before-migrate", "echo the change freeze is on; exit 4")
    before = running.ids()
    running.use("v2")
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "hook"), done
    assert "exit code 4" in done.err
    assert "the change freeze is on" in done.err
    assert running.ids() == before
    path.unlink()


def test_a_hook_that_others_can_write_is_not_run(running: Bundle) -> None:
    path = hook(running, "before-migrate", "touch /tmp/never", 0o777)
    running.use("v2")
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "hook"), done
    assert "a program of root that nobody else can write" in done.err
    path.unlink()


def test_who_cannot_be_told_undoes_nothing(running: Bundle) -> None:
    path = hook(running, "after-deploy", "exit 5")
    running.use("v2")
    done = running.deploy()
    assert done.code == 0, done
    assert "exit code 5" in done.err
    assert running.env("app", "VERSION") == "v2"
    path.unlink()
