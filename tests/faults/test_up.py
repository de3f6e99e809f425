"""What a person sees of `scripts/up`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.local_deployment import up
from tests.playbook import PlaybookResult


def test_a_good_run_ends_with_addresses_and_the_smoke_tests_result(
    deployed: PlaybookResult, tmp_path: Path
) -> None:
    log = tmp_path / "up.log"
    output, _ = up(log=log).communicate(timeout=180)
    assert re.search(r"<== preflight: [\d.]+ s", output)
    assert re.search(r"<== stack: [\d.]+ s", output)
    assert "http://127.0.0.1:18080/" in output
    assert "/etc/luffy-test/secrets/luffy_api_admin_password" in output
    assert re.search(r"Smoke tests +\d+ passed", output), output
    assert "TASK [preflight" not in output
    assert "TASK [preflight" in log.read_text()


def test_a_failed_run_fits_on_a_screen_and_says_what_to_do(tmp_path: Path) -> None:
    process = up("-e", "site_port=99999", log=tmp_path / "up.log")
    output, _ = process.communicate(timeout=180)
    assert process.returncode != 0
    assert len(output.splitlines()) < 50
    for word in ("expected", "found", "do", str(tmp_path / "up.log")):
        assert word in output
