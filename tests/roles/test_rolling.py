"""A release for several hosts: one of them first, and none after the first that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.playbook import REPOSITORY, run_playbook
from tests.roles.test_stack_role import LOCAL, SERVICES

HOSTS = ("one", "two", "three")


def test_a_first_host_that_fails_keeps_the_others_untouched(tmp_path: Path) -> None:
    """The real engine refuses the release there: none of its images is on this machine."""
    inventory = tmp_path / "inventory.ini"
    lines = [
        f"{name} ansible_connection=local bundle_name=rolling-{name} "
        f"bundle_root={tmp_path}/{name}/opt bundle_etc={tmp_path}/{name}/etc"
        for name in HOSTS
    ]
    python = f"ansible_python_interpreter={sys.executable}"
    inventory.write_text("\n".join(["[bundle]", *lines, "[all:vars]", python, ""]))
    images = {
        f"{name}_IMAGE": {
            "ref": f"rolling.invalid/{name.lower()}:1",
            "config_digest": f"sha256:{'a' * 64}",
        }
        for name in SERVICES
    }
    run = run_playbook(
        REPOSITORY / "playbooks/deploy.yml",
        inventory,
        *("--tags", "stack"),
        variables={**LOCAL, "bundle_images": images, "hosts_at_once": "2"},
    )
    assert run.returncode == 2, run.output
    # The audit log may only be appended to, and so not be removed.
    subprocess.run(["chattr", "-R", "-f", "-a", tmp_path], check=False)
    assert run.failures_of("one"), run.output
    assert "expected on this host; found no such image" in run.output
    assert (tmp_path / "one/opt/incoming/release.json").is_file()
    for name in HOSTS[1:]:
        assert run.failures_of(name) == []
        assert not (tmp_path / name).exists(), f"{name} was touched"
