"""The role timers on hosts over SSH: by systemd, by cron, and where neither is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hosts.centos import centos_host
from tests.hosts.debian import debian_host
from tests.hosts.host import Host
from tests.hosts.network import HostNetwork
from tests.playbook import REPOSITORY, PlaybookResult, run_playbook

PLAYBOOK = REPOSITORY / "tests/playbooks/timers.yml"
JOBS = ("backup", "binlogs", "drill")


def install(host: Host, folder: Path, **variables: object) -> PlaybookResult:
    """Run the role on a host."""
    inventory = host.write_inventory(folder / "inventory.ini", ansible_become="true")
    return run_playbook(PLAYBOOK, inventory, variables=variables)


def test_systemd_starts_the_jobs(host_network: HostNetwork, tmp_path: Path) -> None:
    with centos_host("timers", network=host_network) as host:
        done = install(host, tmp_path, timers_backup_time="03:30", timers_binlogs_minutes=5)
        assert done.ok, done.output
        listed = host.ssh("systemctl list-timers --all --no-legend", sudo=True)
        assert [f"luffy-bundle-{job}.timer" in listed for job in JOBS] == [True] * 3
        for job in JOBS:
            name = f"luffy-bundle-{job}"
            assert host.ssh(f"systemctl is-enabled {name}.timer", sudo=True).strip() == "enabled"
            host.ssh(f"systemd-analyze verify /etc/systemd/system/{name}.timer", sudo=True)
        shown = host.ssh("systemctl show -p TimersCalendar luffy-bundle-backup.timer", sudo=True)
        assert "03:30:00" in shown
        command = host.ssh("systemctl show -p ExecStart luffy-bundle-binlogs.service", sudo=True)
        engine = "python3 /opt/luffy-bundle/engine.pyz backup --root /opt/luffy-bundle --by timer"
        assert f"{engine} --binlogs-only" in command

        again = install(host, tmp_path, timers_backup_time="03:30", timers_binlogs_minutes=5)
        assert again.ok, again.output
        assert again.changed_tasks == []

        away = install(host, tmp_path, timers_enabled=False)
        assert away.ok, away.output
        assert "luffy-bundle" not in host.ssh("systemctl list-timers --all --no-legend", sudo=True)
        assert not host.ssh("ls /etc/systemd/system | grep luffy-bundle || true", sudo=True).strip()


def test_cron_starts_them_where_systemd_does_not_run(
    host_network: HostNetwork, tmp_path: Path
) -> None:
    with debian_host("timers-cron", network=host_network) as host:
        host.ssh("rm -rf /etc/cron.d", sudo=True)
        neither = install(host, tmp_path)
        assert neither.ok, neither.output
        assert neither.changed_tasks == []
        assert "neither systemd nor cron" in neither.output

        host.ssh("mkdir -m 0755 /etc/cron.d", sudo=True)
        done = install(host, tmp_path, timers_drill_day="Wed", timers_drill_time="05:07")
        assert done.ok, done.output
        lines = host.ssh("cat /etc/cron.d/luffy-bundle", sudo=True).splitlines()
        jobs = [line for line in lines if "engine.pyz" in line]
        assert [job.partition(" root ")[0] for job in jobs] == [
            "15 2 * * *",
            "*/10 * * * *",
            "7 5 * * Wed",
        ]
        again = install(host, tmp_path, timers_drill_day="Wed", timers_drill_time="05:07")
        assert again.changed_tasks == [], again.output
        assert install(host, tmp_path, timers_enabled=False).ok
        assert not host.ssh("ls /etc/cron.d", sudo=True).strip()


@pytest.mark.parametrize("time", ["24:00", "2:15"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local\n"
        f"[all:vars]\nansible_python_interpreter={sys.executable}\n"
    )
    done = run_playbook(PLAYBOOK, inventory, variables={"timers_backup_time": time})
    assert not done.ok
    assert "expected a time HH:MM" in done.output
