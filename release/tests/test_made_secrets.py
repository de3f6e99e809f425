"""Secrets that an image's command makes: once, again when their time or their source is over."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from bundle import IMAGE, Bundle

from engine.errors import StepFailedError
from engine.incoming import MadeBy, SecretSpec
from engine.made_secrets import make
from engine.secret_files import SecretsPlan, apply_secrets, plan_secrets

DAY_S = 86400.0
NOW_S = 1_800_000_000.0

AUTHORITY = SecretSpec("authority", 0, made_by=MadeBy("EDGE_IMAGE", ("make", "authority"), 3650))
KEY = SecretSpec("key", 10001, made_by=MadeBy("EDGE_IMAGE", ("make", "a.test"), 365, "authority"))
CA = SecretSpec("ca", 10006, format="{authority.certificate}")
ALL = [CA, KEY, AUTHORITY]


class Maker:
    """Prints another certificate each time, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    def __call__(self, spec: SecretSpec, given: bytes) -> bytes:
        self.asked.append((spec.file, given))
        number = len(self.asked)
        return (
            f"-----BEGIN CERTIFICATE-----\n{spec.file}{number}\n-----END CERTIFICATE-----\n"
        ).encode()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


@pytest.fixture
def maker() -> Maker:
    return Maker()


def apply(folder: Path, maker: Maker, days: float = 0) -> SecretsPlan:
    return apply_secrets(folder, ALL, maker, NOW_S + days * DAY_S)


def test_each_is_made_once_from_what_it_reads(folder: Path, maker: Maker) -> None:
    first = apply(folder, maker)
    assert maker.names == ["authority", "key"]
    assert maker.asked[1][1] == (folder / "authority").read_bytes()
    status = (folder / "key").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (10001, 0o400)
    assert (folder / "ca").read_text().split("\n")[1] == "authority1"
    second = apply(folder, maker, days=364)
    assert (second.generate, second.rewrite) == ([], [])
    assert second.revisions(ALL) == first.revisions(ALL)
    assert len(maker.asked) == 2


def test_one_is_made_anew_in_good_time_and_its_reader_alone_notices(
    folder: Path, maker: Maker
) -> None:
    before = apply(folder, maker).revisions(ALL)
    plan = plan_secrets(folder, ALL, NOW_S + 365 * DAY_S)
    assert [spec.file for spec in plan.generate] == ["key"]
    after = apply(folder, maker, days=365).revisions(ALL)
    assert maker.names == ["authority", "key", "key"]
    assert before is not None
    assert after is not None
    assert {uid for uid in after if after[uid] != before[uid]} == {"10001"}
    assert apply(folder, maker, days=366).generate == []


def test_a_new_authority_signs_anew_and_is_passed_on(folder: Path, maker: Maker) -> None:
    apply(folder, maker)
    plan = apply(folder, maker, days=3650)
    assert [spec.file for spec in plan.generate] == ["authority", "key"]
    assert [spec.file for spec in plan.rewrite] == ["ca"]
    assert maker.asked[-1] == ("key", (folder / "authority").read_bytes())
    assert (folder / "ca").read_text().split("\n")[1] == "authority3"


def test_other_names_are_signed_anew(folder: Path, maker: Maker) -> None:
    apply(folder, maker)
    renamed = replace(KEY, made_by=MadeBy("EDGE_IMAGE", ("make", "b.test"), 365, "authority"))
    plan = apply_secrets(folder, [CA, renamed, AUTHORITY], maker, NOW_S)
    assert [spec.file for spec in plan.generate] == ["key"]


def test_the_operators_own_is_kept_whatever_becomes_of_the_rest(folder: Path, maker: Maker) -> None:
    apply(folder, maker)
    own = folder / "key"
    own.unlink()
    own.write_text("my own key and certificate\n")
    os.chown(own, 10001, 10001)
    own.chmod(0o400)
    (folder / "authority").unlink()
    plan = apply(folder, maker, days=9999)
    assert [spec.file for spec in plan.generate] == ["authority"]
    assert own.read_text() == "my own key and certificate\n"


def test_a_plan_makes_nothing(folder: Path) -> None:
    plan = plan_secrets(folder, ALL, NOW_S)
    assert {spec.file for spec in plan.generate} == {"authority", "key"}
    assert plan.revisions(ALL) is None
    assert not folder.exists()


def made_by_shell(script: str) -> SecretSpec:
    return SecretSpec("key", 0, made_by=MadeBy("EDGE_IMAGE", ("bash", "-c", script), 1))


@pytest.mark.usefixtures("digests")
def test_the_command_gets_what_it_reads_and_nothing_else() -> None:
    script = "cat; ls /sys/class/net; touch /here 2>/dev/null || echo read-only"
    printed = make(made_by_shell(script), f"{IMAGE}:v1", b"given\n")
    assert printed.decode().split() == ["given", "lo", "read-only"]


@pytest.mark.usefixtures("digests")
@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo half a secret; echo no entropy >&2; exit 3", "exit code 3"),
        ("echo nothing today >&2", "exit code 0, no output"),
    ],
)
def test_a_command_that_fails_is_told_in_its_words_and_never_with_its_output(
    script: str, found: str
) -> None:
    with pytest.raises(StepFailedError) as failure:
        make(made_by_shell(script), f"{IMAGE}:v1", b"")
    assert found in str(failure.value)
    assert failure.value.log == [script.split("echo ")[-1].split(" >&2")[0]]
    assert "half a secret" not in str(failure.value) + "".join(failure.value.log)


def test_a_deploy_makes_it_hides_it_and_finds_it_unchanged(bundle: Bundle) -> None:
    bundle.release["secrets"] += [
        {
            "file": "app_key",
            "uid": 10004,
            "made_by": {
                "image": "APP_IMAGE",
                "command": ["bash", "-c", "cat; echo -e '\\nline-of-a-key-$VERSION'"],
                "reads": "store_password",
                "renew_after_days": 30,
            },
        }
    ]
    bundle.ship()
    bundle.deployed()
    lines = (bundle.secrets / "app_key").read_text().splitlines()
    assert lines[0].startswith("# Made by the release engine from ")
    assert lines[1] == (bundle.secrets / "store_password").read_text()
    assert lines[2].startswith("line-of-a-key-")
    journal = bundle.journals()[-1].read_text()
    assert not any(line in journal for line in lines[1:])
    assert bundle.deploy().result["outcome"] == "unchanged"
    before = bundle.ids()
    (bundle.secrets / "app_key").unlink()
    check = bundle.engine("deploy", "--check")
    assert "secret app_key would be generated" in check.text
    bundle.deployed()
    after = bundle.ids()
    assert {name for name in after if after[name] != before[name]} == {"app"}
