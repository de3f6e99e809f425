"""What the role `images` decides, without an engine: contexts, tags, mirrors, records, advice."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import ansible.module_utils
import pytest

from tests.role_code import load

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles/images"
ansible.module_utils.__path__.append(str(ROLE / "module_utils"))

from ansible.module_utils import (  # noqa: E402
    images_archive,
    images_build_log,
    images_builder,
    images_catalogue,
    images_context,
    images_docker,
    images_mirror,
    images_plan,
    images_records,
    images_tags,
)
from ansible.module_utils.images_errors import ImagesError  # noqa: E402

BASE = images_plan.BaseChoice("mirror", "", "2026-11-01")


# --- contexts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "path", "ignored"),
    [
        ("README.md", "README.md", True),
        ("README.md", "docs/README.md", False),
        ("**/README.md", "docs/README.md", True),
        ("**/README.md", "README.md", True),
        ("tests", "tests/deep/test_one.py", True),
        ("tests/", "tests/test_one.py", True),
        ("/tests", "tests/test_one.py", True),
        ("tests", "mytests/a", False),
        ("*.md", "a.md", True),
        ("*.md", "docs/a.md", False),
        ("*/*.md", "docs/a.md", True),
        ("docs/**", "docs/a/b/c", True),
        ("**/__pycache__", "a/b/__pycache__/c.pyc", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a[bx]c", "axc", True),
        ("a.c", "abc", False),
        ("*.md\n!keep.md", "keep.md", False),
        ("*.md\n!keep.md\nkeep.md", "keep.md", True),
        ("docs\n!docs/keep", "docs/keep/me", False),
        ("# README.md", "README.md", False),
        ("  README.md  ", "README.md", True),
        ("", "README.md", False),
        (".", "README.md", False),
        ("*", ".git/config", True),
    ],
)
def test_dockerignore_is_read_as_docker_reads_it(rules: str, path: str, ignored: bool) -> None:
    assert images_context.is_ignored(path, images_context.parse_ignore_file(rules)) is ignored


def test_an_exception_within_an_ignored_folder_is_part_of_the_context(tmp_path: Path) -> None:
    for name in ("docs/a", "docs/keep/b", "c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("docs\n!docs/keep\n.dockerignore\n")
    assert images_context.context_files(tmp_path) == ["c", "docs/keep/b"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    assert images_context.context_files(tmp_path) == ["loop"]


def service_names() -> list[str]:
    return [
        entry.name
        for entry in images_catalogue.read_catalogue(ROOT / "services/images.json")
        if entry.name != images_catalogue.BASE
    ]


def entry_of(name: str) -> images_catalogue.CatalogueEntry:
    entries = images_catalogue.read_catalogue(ROOT / "services/images.json")
    return next(entry for entry in entries if entry.name == name)


@pytest.mark.parametrize("name", service_names())
def test_what_is_left_out_of_a_tag_is_there(name: str) -> None:
    files = images_context.context_files(ROOT / "services" / name)
    for pattern in entry_of(name).not_tagged:
        rule = images_context.parse_ignore_file(pattern)
        assert any(images_context.is_ignored(path, rule) for path in files), pattern


@pytest.mark.parametrize("name", ["base", *service_names()])
def test_what_does_not_shape_an_image_is_not_in_its_context(name: str) -> None:
    files = images_context.context_files(ROOT / "services" / name)
    left_out = images_context.parse_ignore_file("\n".join(entry_of(name).not_tagged))
    strays = [
        path
        for path in files
        if not images_context.is_ignored(path, left_out)
        and (
            path.startswith("tests/")
            or path.endswith((".pyc", "README.md", ".log"))
            or {"node_modules", "__pycache__", ".venv", ".pytest_cache", "dist"}
            & set(path.split("/"))
        )
    ]
    assert strays == []


@pytest.mark.parametrize("name", service_names())
def test_every_step_that_asks_the_mirror_is_given_the_ca(name: str) -> None:
    """Behind an https mirror with a private CA, apt in a step without the secret would fail."""
    dockerfile = (ROOT / "services" / name / "Dockerfile").read_text().replace("\\\n", " ")
    steps = [line for line in dockerfile.splitlines() if line.startswith("RUN ")]
    asking = [step for step in steps if "apt-get" in step]
    assert [step[:70] for step in asking if "--mount=type=secret,id=ca" not in step] == []


# --- tags -----------------------------------------------------------------------------------------


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """Two services on a base, as folders of sources."""
    folder = tmp_path / "services"
    for name in ("base", "edge", "redis"):
        (folder / name / "tests").mkdir(parents=True)
        (folder / name / "Dockerfile").write_text(f"FROM scratch\nCOPY {name} /\n")
        (folder / name / "requirements.lock").write_text("one==1\n")
        (folder / name / "run").write_text("#!/bin/sh\n")
        (folder / name / "README.md").write_text("what it is\n")
        (folder / name / ".dockerignore").write_text("README.md\ntests/\n")
    return folder


def catalogue(*overridden: str) -> list[images_catalogue.CatalogueEntry]:
    entry = images_catalogue.CatalogueEntry
    return [
        entry("base", "base", []),
        entry("edge", "edge", ["base"]),
        entry("redis", "redis", ["base"]),
    ]


def tags(services: Path, base: images_plan.BaseChoice = BASE, **args: Any) -> dict[str, str]:
    planned = images_plan.plan_images(
        catalogue(), services, base, args.pop("overrides", {}), args.pop("build_args", {})
    )
    return {image.name: image.tag for image in planned}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_a_tag_is_twelve_hexadecimal_digits_and_stable(services: Path) -> None:
    first = tags(services)
    assert all(len(tag) == 12 and int(tag, 16) >= 0 for tag in first.values())
    assert first == tags(services)


def test_a_tag_does_not_depend_on_where_the_checkout_is_or_when_it_was_made(
    services: Path, tmp_path: Path
) -> None:
    before = tags(services)
    moved = services.rename(tmp_path / "elsewhere")
    for path in moved.rglob("*"):
        path.touch()
    assert tags(moved) == before


def test_readme_and_tests_change_no_tag(services: Path) -> None:
    before = tags(services)
    (services / "edge/README.md").write_text("said better\n")
    (services / "edge/tests/test_more.py").write_text("assert True\n")
    assert tags(services) == before


@pytest.mark.parametrize("file", ["Dockerfile", "requirements.lock", "run"])
def test_a_service_s_source_changes_its_own_tag_alone(services: Path, file: str) -> None:
    before = tags(services)
    with (services / "edge" / file).open("a") as stream:
        stream.write("# more\n")
    assert changed(before, tags(services)) == {"edge"}


def test_what_only_the_test_stage_reads_changes_no_tag(services: Path) -> None:
    def tag() -> str:
        return str(images_tags.image_tag("edge", services / "edge", {}, {}, ["checks", "*.toml"]))

    before = tag()
    (services / "edge/checks").mkdir()
    (services / "edge/checks/check_one.py").write_text("assert True\n")
    (services / "edge/lint.toml").write_text("strict = true\n")
    assert tag() == before
    (services / "edge/served.txt").write_text("hello\n")
    assert tag() != before


def test_the_base_s_recipe_changes_every_tag(services: Path) -> None:
    before = tags(services)
    (services / "base/run").write_text("#!/bin/bash\n")
    assert changed(before, tags(services)) == {"base", "edge", "redis"}


def test_the_refresh_date_changes_every_tag(services: Path) -> None:
    later = images_plan.BaseChoice("mirror", "", "2026-12-01")
    assert changed(tags(services), tags(services, later)) == {"base", "edge", "redis"}


def test_a_base_from_a_registry_is_another_base(services: Path) -> None:
    registry = images_plan.BaseChoice("registry", "debian:trixie-slim", "2026-11-01")
    assert changed(tags(services), tags(services, registry)) == {"base", "edge", "redis"}


def test_a_build_argument_changes_its_image_s_tag(services: Path) -> None:
    after = tags(services, build_args={"redis": {"EXTRA": "1"}})
    assert changed(tags(services), after) == {"redis"}


def test_a_file_that_becomes_executable_changes_the_tag(services: Path) -> None:
    before = tags(services)
    (services / "edge/run").chmod(0o755)
    assert changed(before, tags(services)) == {"edge"}


def test_a_renamed_file_and_a_moved_link_change_the_tag(services: Path) -> None:
    seen = [tags(services)["edge"]]
    (services / "edge/run").rename(services / "edge/start")
    seen.append(tags(services)["edge"])
    (services / "edge/link").symlink_to("start")
    seen.append(tags(services)["edge"])
    (services / "edge/link").unlink()
    (services / "edge/link").symlink_to("run")
    seen.append(tags(services)["edge"])
    assert len(set(seen)) == 4


def test_the_same_sources_under_another_name_have_another_tag(services: Path) -> None:
    one = images_tags.image_tag("edge", services / "edge", {}, {})
    assert one != images_tags.image_tag("redis", services / "edge", {}, {})


# --- the plan -------------------------------------------------------------------------------------


def held(ref: str, mirror: str = "http://a/debian") -> images_docker.LocalImage:
    labels = {images_plan.MIRROR_LABEL: mirror}
    return images_docker.LocalImage(ref, "sha256:" + "1" * 64, 1000, labels)


def planned_missing(services: Path, present: set[str], mirror: str | None) -> set[str]:
    planned = images_plan.plan_images(catalogue(), services, BASE, {}, {})
    found = {image.ref: held(image.ref) for image in planned if image.name in present}
    images_plan.mark_missing(planned, found, mirror)
    return {image.name for image in planned if image.missing}


@pytest.mark.parametrize(
    ("present", "mirror", "missing"),
    [
        (set(), "http://a/debian", {"base", "edge", "redis"}),
        ({"base"}, "http://a/debian", {"edge", "redis"}),
        ({"base", "edge", "redis"}, "http://a/debian", set()),
        ({"edge", "redis"}, "http://a/debian", set()),
        ({"base", "edge"}, "http://b/debian", {"base", "redis"}),
        ({"base", "edge"}, None, {"redis"}),
    ],
    ids=[
        "nothing is built",
        "the base is",
        "everything is",
        "everything but the base, which nothing needs",
        "the base came from another mirror",
        "whichever mirror",
    ],
)
def test_what_is_built(
    services: Path, present: set[str], mirror: str | None, missing: set[str]
) -> None:
    assert planned_missing(services, present, mirror) == missing


def test_an_official_image_is_not_built(services: Path) -> None:
    overrides = {"redis": "docker.io/library/redis:8"}
    planned = images_plan.plan_images(catalogue(), services, BASE, overrides, {})
    redis = next(image for image in planned if image.name == "redis")
    images_plan.mark_missing(planned, {}, None)
    assert (redis.ref, redis.external, redis.missing) == ("docker.io/library/redis:8", True, False)


def test_no_base_is_needed_where_every_image_is_official(services: Path) -> None:
    overrides = {"redis": "docker.io/library/redis:8", "edge": "docker.io/library/haproxy:3.0"}
    planned = images_plan.plan_images(catalogue(), services, BASE, overrides, {})
    assert {image.name for image in planned} == {"edge", "redis"}


def test_a_name_that_is_no_service_is_refused(services: Path) -> None:
    with pytest.raises(ImagesError, match=r"expected names of services .*found rediss\. Correct"):
        images_plan.plan_images(catalogue(), services, BASE, {}, {"rediss": {"A": "1"}})


def test_a_folder_without_sources_is_refused(services: Path) -> None:
    (services / "redis/Dockerfile").unlink()
    with pytest.raises(ImagesError, match=r"sources of the image redis .*no Dockerfile there"):
        images_plan.plan_images(catalogue(), services, BASE, {}, {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[", "JSONDecodeError"),
        ("{}", "KeyError"),
        ('{"images": [{"name": "a"}]}', "KeyError"),
        ('{"images": [{"name": "a", "context": "a", "depends": ["base"]}]}', "a before base"),
    ],
)
def test_a_damaged_catalogue_is_refused(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "images.json"
    path.write_text(text)
    with pytest.raises(ImagesError, match=found):
        images_catalogue.read_catalogue(path)


def test_the_catalogue_names_every_folder_with_a_dockerfile() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/Dockerfile")}
    assert folders == {"base", *service_names()}


# --- mirrors --------------------------------------------------------------------------------------

DEB822 = """\
Types: deb
# an archived address
URIs: {uri}
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
"""


def machine(root: Path, system: str, files: dict[str, str]) -> Path:
    release = {
        "debian": "ID=debian\nVERSION_CODENAME=bookworm\n",
        "ubuntu": "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n",
        "centos": 'ID="centos"\nID_LIKE="rhel fedora"\nPRETTY_NAME="CentOS Stream 9"\n',
    }
    for name, text in {"os-release": release[system], **files}.items():
        path = root / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"apt/sources.list": "deb http://mirror.test/debian/ bookworm main\n"}, "http://mirror.test/debian"),
        ({"apt/sources.list": "deb [arch=amd64] https://m.test/debian bookworm main # x\n"}, "https://m.test/debian"),
        ({"apt/sources.list.d/debian.sources": DEB822.format(uri="http://mirror.test/debian")}, "http://mirror.test/debian"),
        ({"apt/sources.list": "# deb http://no.test/debian bookworm main\n"}, None),
        ({"apt/sources.list": "deb-src http://no.test/debian bookworm main\n"}, None),
        ({"apt/sources.list": "deb cdrom:[Debian] bookworm main\n"}, None),
        ({"apt/sources.list": "deb http://no.test/linux/debian bookworm stable\n"}, None),
        ({"apt/sources.list.d/x.list.disabled": "deb http://no.test/debian bookworm main\n"}, None),
        ({}, None),
        (
            {
                "apt/sources.list.d/debian.sources": DEB822.format(uri="mirror+file:///etc/apt/mirrors/debian.list"),
                "apt/mirrors/debian.list": "https://cloud.test/debian\n",
            },
            "https://cloud.test/debian",
        ),
        (
            {
                "apt/sources.list": "deb http://first.test/debian-security bookworm main\n",
                "apt/sources.list.d/b.sources": "Enabled: no\n" + DEB822.format(uri="http://off.test/debian"),
                "apt/sources.list.d/c.list": "deb http://on.test/debian trixie main contrib\n",
            },
            "http://on.test/debian",
        ),
    ],
)  # fmt: skip
def test_a_debian_machine_s_own_mirror_is_found(
    tmp_path: Path, files: dict[str, str], mirror: str | None
) -> None:
    assert images_mirror.machine_mirror(machine(tmp_path, "debian", files)) == mirror


@pytest.mark.parametrize("system", ["ubuntu", "centos"])
def test_another_system_s_archive_is_no_debian_mirror(tmp_path: Path, system: str) -> None:
    files = {"apt/sources.list": "deb http://archive.ubuntu.test/ubuntu noble main\n"}
    assert images_mirror.machine_mirror(machine(tmp_path, system, files)) is None


class Mirror(BaseHTTPRequestHandler):
    """Serves what a test puts in ``pages``: a status and a body by path."""

    pages: ClassVar[dict[str, tuple[int, str]]] = {}

    def do_GET(self) -> None:
        status, body = self.pages.get(self.path, (404, "no such page"))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep the test's output to what the test says."""


@pytest.fixture
def mirror() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Mirror.pages = {}
    yield f"http://127.0.0.1:{server.server_port}/debian"
    server.shutdown()
    server.server_close()


def release(valid_until: str = "") -> str:
    return "Codename: trixie\n" + (f"Valid-Until: {valid_until}\n" if valid_until else "")


def test_a_mirror_that_serves_the_suite_is_taken(mirror: str) -> None:
    Mirror.pages["/debian/dists/trixie/InRelease"] = (200, release())
    images_mirror.require_mirror(mirror, None)


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ((404, ""), "HTTP 404"),
        ((503, ""), "HTTP 503"),
        ((200, "<html>log in to the hotel's network</html>"), "a page that is no Release file"),
        ((200, release("Sat, 01 Jan 2000 00:00:00 UTC")), "expired on Sat, 01 Jan 2000"),
    ],
)
def test_a_mirror_that_serves_something_else_is_refused(
    mirror: str, page: tuple[int, str], problem: str
) -> None:
    Mirror.pages["/debian/dists/trixie/InRelease"] = page
    with pytest.raises(ImagesError) as refusal:
        images_mirror.require_mirror(mirror, None)
    assert f"expected the Debian mirror {mirror} to serve dists/trixie/InRelease" in str(
        refusal.value
    )
    assert problem in refusal.value.found
    assert "Set debian_mirror to a mirror that this machine reaches" in refusal.value.remedy


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:9/debian", "Connection refused"),
        ("http://mirror.invalid/debian", "not known|resolution"),
        ("ftp://mirror.test/debian", "no http:// or https:// address"),
    ],
)
def test_a_mirror_that_does_not_answer_is_refused(url: str, found: str) -> None:
    with pytest.raises(ImagesError, match=found):
        images_mirror.require_mirror(url, None)


def test_an_index_that_refuses_its_root_has_answered(mirror: str) -> None:
    Mirror.pages["/debian"] = (403, "")
    images_mirror.require_answer("pip_index_url", mirror, None)
    Mirror.pages["/debian"] = (502, "")
    with pytest.raises(ImagesError, match=r"expected pip_index_url to answer .*found HTTP 502"):
        images_mirror.require_answer("pip_index_url", mirror, None)


def test_the_security_suite_is_looked_for_beside_the_mirror() -> None:
    beside, debians = images_mirror.security_candidates("https://mirrors.test/debian")
    assert beside == "https://mirrors.test/debian-security"
    assert debians == images_mirror.DEFAULT_SECURITY_MIRROR


def test_a_machine_that_cannot_bootstrap_is_refused_with_a_way_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load("images", "library/image_plan.py")
    release = images_mirror.os_release(machine(tmp_path, "centos", {}))
    monkeypatch.setattr(plan, "os_release", lambda _root: release)
    monkeypatch.setattr(plan.shutil, "which", lambda _command: None)
    with pytest.raises(ImagesError) as refusal:
        plan._bootstrap_packages()
    assert "expected a Debian or Ubuntu machine" in str(refusal.value)
    assert "found CentOS Stream 9" in str(refusal.value)
    assert "base_image_source: registry" in refusal.value.remedy


@pytest.mark.parametrize("system", ["debian", "ubuntu"])
def test_a_debian_family_machine_gets_the_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    plan = load("images", "library/image_plan.py")
    release = images_mirror.os_release(machine(tmp_path, system, {}))
    monkeypatch.setattr(plan, "os_release", lambda _root: release)
    monkeypatch.setattr(plan.shutil, "which", lambda _command: None)
    assert plan._bootstrap_packages() == ["mmdebstrap"]


@pytest.mark.parametrize("of_the_machine", [None, "http://own.test/debian"])
def test_a_security_mirror_is_used_or_refused_never_passed_over(
    monkeypatch: pytest.MonkeyPatch, of_the_machine: str | None
) -> None:
    plan = load("images", "library/image_plan.py")
    monkeypatch.setattr(plan, "machine_mirror", lambda: of_the_machine)
    security = {"debian_security_mirror": "http://security.test/debian-security"}
    nothing = {"debian_mirror": "", "debian_security_mirror": ""}
    assert plan._mirror(nothing, False) == (of_the_machine or "")
    assert plan._mirror({**security, "debian_mirror": "http://m.test/"}, False) == "http://m.test"
    assert plan._mirror({**nothing, **security}, True) == ""
    if of_the_machine:
        assert plan._mirror({**nothing, **security}, False) == of_the_machine
        return
    with pytest.raises(ImagesError) as refusal:
        plan._mirror({**nothing, **security}, False)
    assert "expected debian_mirror beside debian_security_mirror" in str(refusal.value)
    assert "Set debian_mirror too" in refusal.value.remedy


# --- builds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("#9 3.1 Err:1 http://m.test Temporary failure resolving 'm.test'", "did not answer"),
        ("Could not fetch URL … [SSL: CERTIFICATE_VERIFY_FAILED] self-signed", "build_ca_bundle"),
        ("npm error code EAI_AGAIN", "npm_registry"),
        ("write /var/lib/docker/x: no space left on device", "docker builder prune"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "lock file"),
        ("BuildKit is enabled but the buildx component is missing or broken.", "docker-buildx"),
        ("SyntaxError: invalid syntax", "Correct what the lines above name"),
    ],
)  # fmt: skip
def test_a_failed_build_says_what_to_do(line: str, advice: str) -> None:
    assert advice in images_build_log.remedy(f"#1 start\n{line}\n")


def test_the_tail_has_thirty_lines_and_no_escapes() -> None:
    output = "".join(f"\x1b[31mline {number}\x1b[0m\n\n" for number in range(100))
    assert images_build_log.tail(output).splitlines() == [f"line {n}" for n in range(70, 100)]


def planned(name: str, *depends: str) -> dict[str, Any]:
    return {
        "name": name,
        "ref": f"x/{name}:1",
        "context": "/x",
        "depends": list(depends),
        "args": {},
    }


class RecordingBuilder(images_builder.Builder):  # type: ignore[misc]  # found by Ansible alone
    """Notes what is started and when it ended, and fails where a test asks for it."""

    def __init__(self, tmp_path: Path, failing: str = "") -> None:
        super().__init__(images_builder.Sources(), {}, tmp_path)
        self.events: list[str] = []
        self.failing = failing
        self.running = 0
        self.most_at_once = 0
        self._guard = threading.Lock()

    def _build_one(self, image: dict[str, Any]) -> images_builder.Built:
        with self._guard:
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
            self.events.append(f"start {image['name']}")
        threading.Event().wait(0.05)
        with self._guard:
            self.running -= 1
            self.events.append(f"end {image['name']}")
        if image["name"] == self.failing:
            raise ImagesError(f"the image {image['name']} to build", "exit code 1", "Correct it.")
        return images_builder.Built(image["name"], image["ref"], 0.05)


def test_the_base_is_built_before_what_stands_on_it_and_two_at_once_after(tmp_path: Path) -> None:
    builder = RecordingBuilder(tmp_path)
    names = ["base", "a", "b", "c"]
    built = builder.build([planned(n, *(["base"] if n != "base" else [])) for n in names], 2)
    assert builder.events[:2] == ["start base", "end base"]
    assert {one.name for one in built} == set(names)
    assert builder.most_at_once == 2


def test_after_a_failure_nothing_more_is_started_and_what_runs_is_waited_for(
    tmp_path: Path,
) -> None:
    builder = RecordingBuilder(tmp_path, failing="a")
    with pytest.raises(ImagesError, match="the image a to build"):
        builder.build([planned(name) for name in ("a", "b", "c", "d", "e")], 2)
    started = {event.split()[1] for event in builder.events if event.startswith("start")}
    ended = {event.split()[1] for event in builder.events if event.startswith("end")}
    assert started == ended
    assert "e" not in started


def test_builds_get_mirrors_proxies_and_the_ca_as_a_secret(tmp_path: Path) -> None:
    sources = images_builder.Sources(
        pip_index_url="http://pip.test", ca_bundle="/ca.pem", proxies={"http_proxy": "http://p:1"}
    )
    builder = images_builder.Builder(sources, {"base": "x/base:1"}, tmp_path)
    options = builder._build_options({**planned("redis", "base"), "args": {"EXTRA": "1"}})
    given = {options[at + 1] for at, word in enumerate(options) if word == "--build-arg"}
    assert given == {
        "BASE_IMAGE=x/base:1",
        "EXTRA=1",
        "PIP_INDEX_URL=http://pip.test",
        "http_proxy",  # its value is in the environment, out of sight
    }
    assert options[-2:] == ["--secret", "id=ca,src=/ca.pem"]


@pytest.mark.parametrize("mirror", ["", "http://mirror.test/debian"])
def test_the_base_comes_from_the_mirror_that_is_known_or_the_tools_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        images_builder, "_run", lambda _image, command, *_: commands.append(command)
    )
    builder = images_builder.Builder(images_builder.Sources(mirror=mirror), {}, tmp_path)
    builder._bootstrap(planned("base"), tmp_path / "log")
    given = dict(zip(commands[0], commands[0][1:], strict=False))
    assert given.get("--mirror", "") == mirror


# --- archives and records -------------------------------------------------------------------------


def archive(path: Path, config: str, ref: str = "x/a:1") -> Path:
    manifest = json.dumps([{"Config": config, "RepoTags": [ref], "Layers": []}]).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    path.write_bytes(gzip.compress(buffer.getvalue()))
    return path


DIGEST = "ab" * 32


@pytest.mark.parametrize("config", [f"{DIGEST}.json", f"blobs/sha256/{DIGEST}"])
def test_the_config_digest_is_read_from_old_and_new_archives(tmp_path: Path, config: str) -> None:
    path = archive(tmp_path / "a.tar.gz", config)
    assert images_archive.config_digests(path) == {"x/a:1": f"sha256:{DIGEST}"}


def test_an_archive_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", f"{DIGEST}.json")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ImagesError, match="expected an archive of images"):
        images_archive.config_digests(path)


def test_an_archive_with_an_unknown_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImagesError, match="a config named config"):
        images_archive.config_digests(archive(tmp_path / "a.tar.gz", "config"))


def test_an_image_is_known_by_its_config_digest_or_its_record(tmp_path: Path) -> None:
    image = images_docker.LocalImage("x/a:1", "sha256:manifest", 1, {})
    assert images_records.is_the_image(tmp_path, image, "sha256:manifest")
    assert not images_records.is_the_image(tmp_path, image, "sha256:config")
    images_records.write_record(tmp_path, image, "sha256:config", "archive")
    assert images_records.is_the_image(tmp_path, image, "sha256:config")
    assert json.loads((tmp_path / "1.json").read_text()) == {
        "ref": "x/a:1",
        "config_digest": "sha256:config",
        "archive_sha256": "archive",
        "image_id": "sha256:manifest",
    }


def test_a_record_of_another_build_or_a_damaged_one_vouches_for_nothing(tmp_path: Path) -> None:
    image = images_docker.LocalImage("x/a:1", "sha256:manifest", 1, {})
    images_records.write_record(tmp_path, image, "sha256:config", "")
    rebuilt = images_docker.LocalImage("x/a:1", "sha256:other", 1, {})
    assert not images_records.is_the_image(tmp_path, rebuilt, "sha256:config")
    images_records.record_path(tmp_path, "x/a:1").write_text('{"ref": "x/')
    assert not images_records.is_the_image(tmp_path, image, "sha256:config")


def test_a_disk_that_is_too_small_is_refused_with_figures(tmp_path: Path) -> None:
    with pytest.raises(ImagesError, match=r"expected \d+ MiB free under .* to load; found \d+ MiB"):
        images_docker.require_free_space(str(tmp_path / "not/yet/there"), 2**60, "load")


def test_a_machine_without_docker_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ImagesError, match="expected the docker command"):
        images_docker.engine()


def test_an_engine_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(ImagesError, match="expected a Docker engine that answers this user"):
        images_docker.local_images(["x/a:1"])
