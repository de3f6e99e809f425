"""`scripts/up`, interrupted at any point and started again, finishes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.local_deployment import containers, up, wait_until_healthy
from tests.playbook import PlaybookResult

STAGE_LIMIT_S = 180


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
@pytest.mark.parametrize("stage", ["images", "stack"])
def test_it_finishes_the_second_time(
    deployed: PlaybookResult, tmp_path: Path, stage: str, how: signal.Signals
) -> None:
    # A changed setting of the checker gives each interrupted run something to do.
    setting = f"proxy_pool_verify_timeout_s={5 + len(stage) + how.value % 4}"
    first = up("-e", setting, log=tmp_path / "first.log")
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith(f"==> {stage}"):
            time.sleep(3)
            break
    os.killpg(first.pid, how)
    first.wait(timeout=60)
    first.stdout.close()

    second = up("-e", setting, log=tmp_path / "second.log")
    output, _ = second.communicate(timeout=STAGE_LIMIT_S)
    assert second.returncode == 0, output
    wait_until_healthy()
    wanted = setting.split("=")[1]
    assert f"VERIFY_TIMEOUT={wanted}" in containers()["proxy_pool_checker"]["Config"]["Env"]
