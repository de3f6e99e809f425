"""A release for several hosts: one of them first, and none after the first that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha1
from pathlib import Path

import pytest

from tests.playbook import REPOSITORY, PlaybookResult, run_playbook
from tests.roles.test_stack_role import LOCAL, SERVICES

HOSTS = ("one", "two", "three")
IMAGES = {
    f"{name}_IMAGE": {
        "ref": f"rolling.invalid/{name.lower()}:1",
        "config_digest": f"sha256:{'a' * 64}",
    }
    for name in SERVICES
}
# An engine that needs no Docker: it writes down what was asked of which host, and fails on one.
ENGINE = """
import json, pathlib, sys
verb, root = sys.argv[1], pathlib.Path(sys.argv[3])
host = root.parent
with (host.parent / "asked").open("a") as asked:
    asked.write(f"{verb} {host.name}\\n")
if verb == "deploy":
    print(json.dumps({"run": "r1"}))
else:
    remarks = ["mariadb will be away for about 20 s: it is replaced in place"]
    print(json.dumps({"changed": True, "outcome": "deployed", "remarks": remarks}))
    sys.exit(host.name == "three")
"""


def deploy(
    folder: Path,
    hosts: Sequence[str],
    variables: Mapping[str, object],
    *arguments: str,
    callback: str = "ansible.builtin.default",
) -> PlaybookResult:
    """Run the release on hosts that are folders of this machine."""
    inventory = folder / "inventory.ini"
    lines = [
        f"{name} ansible_connection=local bundle_name=rolling-{name} "
        f"bundle_root={folder}/{name}/opt bundle_etc={folder}/{name}/etc"
        for name in hosts
    ]
    python = f"ansible_python_interpreter={sys.executable}"
    inventory.write_text("\n".join(["[bundle]", *lines, "[all:vars]", python, ""]))
    return run_playbook(
        REPOSITORY / "playbooks/deploy.yml",
        inventory,
        *("--tags", "stack", *arguments),
        variables={**LOCAL, "bundle_images": IMAGES, "hosts_at_once": "2", **variables},
        environment={"ANSIBLE_STDOUT_CALLBACK": callback},
    )


def test_a_first_host_that_fails_keeps_the_others_untouched(tmp_path: Path) -> None:
    """The real engine refuses the release there: none of its images is on this machine."""
    run = deploy(tmp_path, HOSTS, {})
    assert run.returncode == 2, run.output
    # The audit log may only be appended to, and so not be removed.
    subprocess.run(["chattr", "-R", "-f", "-a", tmp_path], check=False)
    assert run.failures_of("one"), run.output
    assert "expected on this host; found no such image" in run.output
    assert (tmp_path / "one/opt/incoming/release.json").is_file()
    for name in HOSTS[1:]:
        assert run.failures_of(name) == []
        assert not (tmp_path / name).exists(), f"{name} was touched"


def test_a_dry_run_compares_what_would_be_shipped_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real engine looks at it; an image that is not built yet has no digest."""
    shipped = tmp_path / "one/opt/incoming/release.json"
    shipped.parent.mkdir(parents=True)
    shipped.write_text("not what would be shipped now")
    unbuilt = {"ref": "rolling.invalid/edge:2", "config_digest": ""}
    looks = tmp_path / "looks"
    looks.mkdir()
    monkeypatch.setenv("TMPDIR", str(looks))
    run = deploy(
        tmp_path,
        HOSTS[:1],
        {
            "bundle_images": {**IMAGES, "EDGE_IMAGE": unbuilt},
            "timers_enabled": False,
        },
        "--check",
    )
    assert run.ok, run.output
    assert "one: no release is current" in run.output
    assert "one: secret backup_passphrase would be generated" in run.output
    assert list(looks.iterdir()) == []
    assert [path.name for path in shipped.parent.iterdir()] == ["release.json"]
    assert shipped.read_text() == "not what would be shipped now"


def test_after_a_good_first_host_they_go_by_the_limit_until_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whoever types `fab deploy` sees it, and a program gets it."""
    ended = tmp_path / "ended"
    monkeypatch.setenv("STAGES_OUTCOMES", str(ended))
    hosts = ("one", "two", "three", "four", "five")
    for name in hosts:
        (tmp_path / name / "opt").mkdir(parents=True)
        engine = tmp_path / name / "opt/engine.pyz"
        engine.write_text(ENGINE)
        engine.chmod(0o755)
    shipped = {
        "stack_engine_sha1": sha1(ENGINE.encode()).hexdigest(),  # noqa: S324 (a name, as Ansible's)
        "timers_enabled": False,
        "stack_write_checkout_env": False,
    }
    run = deploy(tmp_path, hosts, shipped, callback="stages")
    assert run.returncode == 2, run.output
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:2] == ["deploy one", "follow one"]
    # Two at once: both have begun before either is waited for.
    assert [set(asked[2:4]), set(asked[4:])] == [
        {"deploy two", "deploy three"}, {"follow two", "follow three"}
    ]  # fmt: skip
    outcomes = json.loads(ended.read_text())
    assert {name: found["failed"] for name, found in outcomes.items()} == {
        "one": False, "two": False, "three": True
    }  # fmt: skip
    assert outcomes["two"]["outcome"] == "deployed"
    assert outcomes["two"]["remarks"] == [
        "mariadb will be away for about 20 s: it is replaced in place"
    ]
    # What an engine has to say is shown where all went well, too.
    assert "one: mariadb will be away for about 20 s: it is replaced in place" in run.output
    for name in hosts[3:]:
        assert not (tmp_path / name / "opt/incoming").exists(), f"{name} was touched"
