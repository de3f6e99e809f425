"""`scripts/up`, interrupted at any point and started again, finishes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.local_deployment import containers, up, wait_until_healthy
from tests.playbook import PlaybookResult

LIMIT_S = 180
INTO_THE_STAGE_S = 3


def interrupt(stage: str, how: signal.Signals, setting: str, log: Path) -> None:
    """Start `scripts/up` and end it, with all that it started, some seconds into a stage."""
    process = up("-e", setting, log=log)
    assert process.stdout is not None
    reached = any(line.startswith(f"==> {stage}") for line in process.stdout)
    time.sleep(INTO_THE_STAGE_S)
    os.killpg(process.pid, how)
    process.wait(timeout=60)
    process.stdout.close()
    assert reached, f"it ended before it came to {stage}"
    assert process.returncode != 0, "it had ended before it was interrupted"


@pytest.mark.parametrize(
    ("first", "second", "timeout_s"),
    [
        (("docker", signal.SIGINT), ("stack", signal.SIGKILL), 5),
        (("images", signal.SIGKILL), ("stack", signal.SIGINT), 6),
    ],
    ids=["docker-then-stack", "images-then-stack"],
)
def test_it_finishes_in_the_end(
    deployed: PlaybookResult,
    tmp_path: Path,
    first: tuple[str, signal.Signals],
    second: tuple[str, signal.Signals],
    timeout_s: int,
) -> None:
    # A changed setting of the checker gives each run something to do.
    setting = f"proxy_pool_verify_timeout_s={timeout_s}"
    interrupt(*first, setting, tmp_path / "first.log")
    interrupt(*second, setting, tmp_path / "second.log")

    last = up("-e", setting, log=tmp_path / "last.log")
    output, _ = last.communicate(timeout=LIMIT_S)
    assert last.returncode == 0, output
    wait_until_healthy()
    assert f"VERIFY_TIMEOUT={timeout_s}" in containers()["proxy_pool_checker"]["Config"]["Env"]
