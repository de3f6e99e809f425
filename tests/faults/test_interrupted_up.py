"""`scripts/up`, interrupted at any point and started again, finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.local_deployment import containers, up, wait_until_healthy
from tests.playbook import PlaybookResult

LIMIT_S = 300
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
    # Ansible's workers have sessions of their own, and wait for ever for one that was killed.
    subprocess.run(["pkill", "-KILL", "-f", f"ansible-playbook.* {setting}"], check=False)
    assert reached, f"it ended before it came to {stage}"
    assert process.returncode != 0, "it had ended before it was interrupted"


def test_it_finishes_in_the_end(deployed: PlaybookResult, tmp_path: Path) -> None:
    # A changed setting of the checker gives each run something to do.
    setting = "proxy_pool_verify_timeout_s=5"
    interrupt("docker", signal.SIGINT, setting, tmp_path / "first.log")
    interrupt("stack", signal.SIGKILL, setting, tmp_path / "second.log")
    other = "proxy_pool_verify_timeout_s=6"
    interrupt("stack", signal.SIGINT, other, tmp_path / "third.log")

    last = up("-e", other, log=tmp_path / "last.log")
    output, _ = last.communicate(timeout=LIMIT_S)
    assert last.returncode == 0, output
    wait_until_healthy()
    assert "VERIFY_TIMEOUT=6" in containers()["proxy_pool_checker"]["Config"]["Env"]
