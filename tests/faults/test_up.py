"""What a person sees of `scripts/up`."""

from __future__ import annotations

from pathlib import Path

from tests.local_deployment import up

LIMIT_S = 300


def test_a_failed_run_fits_on_a_screen_and_says_what_to_do(tmp_path: Path) -> None:
    process = up("-e", "site_port=99999", log=tmp_path / "up.log")
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert len(output.splitlines()) < 50
    for word in ("expected", "found", "do", str(tmp_path / "up.log")):
        assert word in output
