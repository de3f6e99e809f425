"""Secrets: generated once, derived exactly, refused with wrong rights."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from engine.errors import RefusedError
from engine.incoming import SecretSpec
from engine.rotating.spec import Rotation
from engine.secret_files import apply_secrets, derive, in_order, plan_secrets

PASSWORD = SecretSpec("password", 10002, random_bytes=32)
COPY = SecretSpec("copy", 10004, same_as="password")
ACL = SecretSpec(
    "acl", 10003, format="user a on #{password.sha256} ~a:* {{x}}\nurl r://a:{password}@r\n"
)
ALL = [COPY, ACL, PASSWORD]
ACCOUNT = SecretSpec("account", 10006, random_bytes=18, prefix="pool:")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "secrets"


def test_missing_ones_are_generated_with_the_rights_of_their_reader(folder: Path) -> None:
    plan = apply_secrets(folder, ALL)
    assert [spec.file for spec in plan.generate] == ["password"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for spec in ALL:
        status = (folder / spec.file).stat()
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (spec.uid, 0o400)
    assert len((folder / "password").read_bytes()) >= 43


def test_derived_ones_hold_what_they_are_derived_from(folder: Path) -> None:
    apply_secrets(folder, ALL)
    password = (folder / "password").read_text()
    digest = hashlib.sha256(password.encode()).hexdigest()
    assert (folder / "copy").read_text() == password
    assert (
        folder / "acl"
    ).read_text() == f"user a on #{digest} ~a:* {{x}}\nurl r://a:{password}@r\n"


def test_a_second_time_changes_nothing(folder: Path) -> None:
    first = apply_secrets(folder, ALL)
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    second = apply_secrets(folder, ALL)
    assert (second.generate, second.rewrite) == ([], [])
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == before
    assert first.revisions(ALL) == second.revisions(ALL)


def test_a_secret_that_the_operator_chose_is_kept_and_passed_on(folder: Path) -> None:
    apply_secrets(folder, ALL)
    before = plan_secrets(folder, ALL).revisions(ALL)
    (folder / "password").unlink()
    (folder / "password").write_text("chosen by me\n")
    (folder / "password").chmod(0o400)
    os.chown(folder / "password", 10002, 10002)
    plan = apply_secrets(folder, ALL)
    assert [spec.file for spec in plan.rewrite] == ["copy", "acl"]
    assert (folder / "copy").read_text() == "chosen by me"
    after = plan.revisions(ALL)
    assert before is not None
    assert after is not None
    assert all(before[uid] != after[uid] for uid in ("10002", "10003", "10004"))


@pytest.mark.parametrize(
    ("mode", "uid", "found"),
    [
        (0o644, 10002, "mode 0644 and owner 10002"),
        (0o400, 0, "mode 0400 and owner 0"),
        (0o600, 10002, "mode 0600 and owner 10002"),
    ],
)
def test_wrong_rights_are_refused_with_the_command_that_mends_them(
    folder: Path, mode: int, uid: int, found: str
) -> None:
    apply_secrets(folder, ALL)
    path = folder / "password"
    path.chmod(mode)
    os.chown(path, uid, uid)
    with pytest.raises(RefusedError) as refusal:
        apply_secrets(folder, ALL)
    text = str(refusal.value)
    assert "expected a file with mode 0400 and owner 10002" in text
    assert f"found {found}" in text
    command = text.rpartition("; ")[2]
    assert command == f"chown 10002:10002 {path} && chmod 0400 {path}"
    subprocess.run(["bash", "-c", command], check=True)
    apply_secrets(folder, ALL)


def test_an_empty_one_is_refused_not_replaced(folder: Path) -> None:
    apply_secrets(folder, ALL)
    path = folder / "password"
    path.unlink()
    path.write_text("\n")
    path.chmod(0o400)
    os.chown(path, 10002, 10002)
    with pytest.raises(RefusedError, match="found an empty file"):
        apply_secrets(folder, ALL)
    assert path.read_text() == "\n"


def test_a_link_or_a_folder_in_place_of_a_secret_is_refused(folder: Path) -> None:
    apply_secrets(folder, ALL)
    (folder / "password").unlink()
    (folder / "password").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match="not a file"):
        apply_secrets(folder, ALL)


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with pytest.raises(RefusedError, match="chmod 0700"):
        apply_secrets(folder, ALL)


def test_a_plan_changes_nothing_and_knows_no_revision_before_the_first_time(folder: Path) -> None:
    plan = plan_secrets(folder, ALL)
    assert [spec.file for spec in plan.generate] == ["password"]
    assert [spec.file for spec in plan.rewrite] == ["copy", "acl"]
    assert plan.revisions(ALL) is None
    assert not folder.exists()


def test_what_a_killed_run_left_half_written_is_removed(folder: Path) -> None:
    apply_secrets(folder, ALL)
    (folder / ".password.4711.new").write_text("half a sec")
    apply_secrets(folder, ALL)
    assert sorted(path.name for path in folder.iterdir()) == ["acl", "copy", "password"]


def test_sources_come_before_what_is_derived_from_them() -> None:
    twice = SecretSpec("twice", 0, same_as="copy")
    assert [spec.file for spec in in_order([twice, *ALL])] == ["password", "copy", "acl", "twice"]
    with pytest.raises(ValueError, match="circle"):
        in_order([SecretSpec("a", 0, same_as="b"), SecretSpec("b", 0, same_as="a")])


def test_plain_braces_are_written_doubled() -> None:
    spec = SecretSpec("json", 0, format='{{"password": "{password}"}}')
    assert derive(spec, {"password": b"pw\n"}) == b'{"password": "pw"}'


def test_a_prefix_stands_before_the_random_part(folder: Path) -> None:
    plan = apply_secrets(folder, [ACCOUNT])
    name, _, secret = (folder / "account").read_text().partition(":")
    assert name == "pool"
    assert len(secret) >= 24
    assert secret.encode() in set(plan.hidden([ACCOUNT]))


def test_a_generated_secret_is_never_taken_for_an_option(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["-starts-with-a-dash", "-another", "starts-with-a-letter"])
    monkeypatch.setattr("engine.secret_files.secrets.token_urlsafe", lambda size: next(drawn))
    apply_secrets(folder, [PASSWORD])
    assert (folder / "password").read_text() == "starts-with-a-letter"


def test_lines_that_the_operator_adds_are_kept_and_hidden_too(folder: Path) -> None:
    before = apply_secrets(folder, [ACCOUNT]).revisions([ACCOUNT])
    path = folder / "account"
    path.chmod(0o600)
    path.write_text(path.read_text() + "\nguest:a-secret-of-my-own\n")
    path.chmod(0o400)
    plan = apply_secrets(folder, [ACCOUNT])
    assert (plan.generate, plan.rewrite) == ([], [])
    assert plan.revisions([ACCOUNT]) != before
    assert b"a-secret-of-my-own" in set(plan.hidden([ACCOUNT]))


def test_every_line_of_a_secret_is_hidden(folder: Path) -> None:
    plan = apply_secrets(folder, ALL)
    lines = (folder / "acl").read_bytes().splitlines()
    assert len(lines) == 2
    assert set(lines) <= set(plan.hidden(ALL))


def test_one_that_the_operator_gives_is_asked_for_and_never_made(folder: Path) -> None:
    mine = SecretSpec("mine", 10006, given=True)
    apply_secrets(folder, ALL)
    with pytest.raises(RefusedError, match="expected a file of yours; found no such file") as lost:
        apply_secrets(folder, [*ALL, mine])
    (folder / "mine").write_text("198.51.100.7:8080\n")
    commands = str(lost.value).partition("then: ")[2].partition("; or")[0]
    subprocess.run(["bash", "-c", commands], check=True)
    plan = apply_secrets(folder, [*ALL, mine])
    assert (plan.generate, plan.rewrite) == ([], [])
    assert "10006" in (plan.revisions([*ALL, mine]) or {})
    assert (folder / "mine").read_text() == "198.51.100.7:8080\n"


def test_the_first_line_of_a_secret_can_be_given_alone(folder: Path) -> None:
    first = SecretSpec("first", 10006, format="{account.first_line}")
    assert derive(first, {"account": b"pool:one\nguest:two\n"}) == b"pool:one"
    assert derive(first, {"account": b"pool:one"}) == b"pool:one"


def test_the_certificates_of_a_secret_can_be_given_without_its_key() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    key = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
    spec = SecretSpec("ca", 10006, format="{authority.certificate}")
    given = f"# a remark\n{key}{certificate}{certificate}".encode()
    assert derive(spec, {"authority": given}) == (certificate * 2).encode()


SIGNING = SecretSpec("signing", 10004, random_bytes=64, rotation=Rotation())
OLD = SecretSpec("old", 10004, old_of="signing", for_days=15)


def test_the_value_before_is_kept_for_its_time(folder: Path) -> None:
    apply_secrets(folder, [SIGNING, OLD])
    path = folder / "old"
    assert path.read_bytes() == b""
    assert plan_secrets(folder, [SIGNING, OLD]).rewrite == []
    path.write_bytes(b"the one before")
    begun = path.stat().st_mtime
    for days, kept in ((14.9, b"the one before"), (15, b"")):
        plan = plan_secrets(folder, [SIGNING, OLD], begun + days * 86400)
        assert plan.values["old"] == kept
        assert [spec.file for spec in plan.rewrite] == ([] if kept else ["old"])
    before = plan_secrets(folder, [SIGNING, OLD], begun).revisions([SIGNING, OLD])
    after = apply_secrets(folder, [SIGNING, OLD], now_s=begun + 16 * 86400)
    assert path.read_bytes() == b""
    assert after.revisions([SIGNING, OLD]) != before


def test_a_damaged_note_of_what_owners_were_told_replaces_them_and_no_more(folder: Path) -> None:
    plan = apply_secrets(folder, [SIGNING])
    (folder / ".told.json").write_text("{half")
    again = plan_secrets(folder, [SIGNING])
    assert again.revisions([SIGNING]) == plan.revisions([SIGNING])
