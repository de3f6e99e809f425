"""Preflight lets a good host pass, and refuses any other in lines that say what to do."""

from __future__ import annotations

import ast
import gzip
import http.server
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ansible.module_utils
import pytest
import yaml

from tests.hosts.centos import CentosHost, centos_host
from tests.hosts.docker_cli import docker
from tests.hosts.images import image
from tests.hosts.network import HostNetwork
from tests.hosts.releases import RELEASES
from tests.playbook import PlaybookResult, run_playbook, run_role
from tests.role_code import load

ROLE = Path(__file__).resolve().parents[2] / "roles" / "preflight"

if str(ROLE / "module_utils") not in ansible.module_utils.__path__:  # as Ansible itself does
    ansible.module_utils.__path__.append(str(ROLE / "module_utils"))

from ansible.module_utils import (  # noqa: E402
    preflight_kernel,
    preflight_ports,
    preflight_resources,
)

identity = load("preflight", "filter_plugins/identity.py")
configuration = load("preflight", "filter_plugins/configuration.py")
refusals = load("preflight", "filter_plugins/refusals.py")
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
VARIABLES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
SUPPORTED_TEXT = (
    "expected CentOS Stream 9 or 10, Rocky Linux 9 or 10, AlmaLinux 9 or 10, Debian 12 or 13 "
    "or Ubuntu 22.04 or 24.04; found "
)


def lines(findings: Any) -> list[str]:
    said: list[str] = refusals.refusals(list(findings))
    return said


# --- What the host says of itself -----------------------------------------------------------


def probe(os_release: str, architecture: str = "x86_64", python: str = "3.9.21") -> dict[str, Any]:
    return {
        "stdout": f"{os_release}\nPREFLIGHT_KERNEL=Linux\nPREFLIGHT_ARCHITECTURE={architecture}\n"
        f'PREFLIGHT_UID=0\nPREFLIGHT_PYTHON="/usr/bin/python3={python}"\n'
    }


def judged(result: dict[str, Any]) -> list[str]:
    findings = identity.judge_identity(
        identity.read_host(result),
        target="web (192.0.2.7)",
        supported=DEFAULTS["preflight_supported"],
        retired=VARIABLES["__preflight_retired"],
        architectures=DEFAULTS["preflight_architectures"],
        min_python=DEFAULTS["preflight_min_python"],
    )
    return lines(findings)


@pytest.mark.parametrize(
    ("identifier", "version"),
    [
        ("centos", "9"),
        ("centos", "10"),
        ("rocky", "9.4"),
        ("rocky", "10.0"),
        ("almalinux", "9.6"),
        ("almalinux", "10.1"),
        ("debian", "12"),
        ("debian", "13"),
        ("ubuntu", "22.04"),
        ("ubuntu", "24.04"),
    ],
)
def test_every_supported_system_passes(identifier: str, version: str) -> None:
    assert judged(probe(f'ID="{identifier}"\nVERSION_ID="{version}"')) == []


@pytest.mark.parametrize(
    ("identifier", "version"),
    [
        ("rocky", "90"),
        ("debian", "11"),
        ("ubuntu", "22.10"),
        ("ubuntu", "20.04"),
        ("fedora", "41"),
        ("arch", ""),
    ],
)
def test_any_other_system_is_refused(identifier: str, version: str) -> None:
    (line,) = judged(probe(f'ID="{identifier}"\nVERSION_ID="{version}"'))
    assert line.startswith(f"{SUPPORTED_TEXT}{identifier}")
    assert "; do install one of these" in line


def test_a_system_without_os_release_is_known_by_its_redhat_release() -> None:
    (line,) = judged(probe('PRETTY_NAME="CentOS release 6.10 (Final)"'))
    assert "found CentOS release 6.10 (Final): it is end of life since 2020" in line


def test_a_host_that_names_no_system_is_refused_with_its_kernel() -> None:
    (line,) = judged({"stdout": "PREFLIGHT_KERNEL=Darwin\nPREFLIGHT_UID=0\n"})[:1]
    assert "found no /etc/os-release (Darwin)" in line


def test_os_release_is_read_as_a_shell_would() -> None:
    host = identity.read_host(
        probe('Welcome!\r\nID=debian\r\nID=\'rocky\'\nVERSION_ID="9.4"\nPRETTY_NAME="Ro\\"cky"')
    )
    assert (host["id"], host["version"]) == ("rocky", "9.4")
    assert host["name"] == 'Ro"cky 9.4'


def test_an_unbalanced_quote_in_os_release_loses_nothing() -> None:
    host = identity.read_host(probe('ID="debian\nVERSION_ID="12"'))
    assert (host["id"], host["version"]) == ("debian", "12")


@pytest.mark.parametrize("architecture", ["i686", "armv7l", "ppc64le"])
def test_another_architecture_is_refused(architecture: str) -> None:
    assert judged(probe("ID=debian\nVERSION_ID=12", architecture)) == [
        f"expected architecture x86_64 or aarch64; found {architecture}; "
        "do use a 64-bit Intel, AMD or ARM machine with a 64-bit system"
    ]


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ("ID=debian\nVERSION_ID=12", "apt-get"),
        ("ID=ubuntu\nVERSION_ID=24.04", "apt-get"),
        ("ID=rocky\nVERSION_ID=9.4", "dnf"),
    ],
)
def test_a_missing_python_is_refused_with_the_command_that_installs_it(
    system: str, command: str
) -> None:
    assert judged(probe(system, python="")) == [
        "expected Python 3.9 or newer at /usr/bin/python3; found none that runs; "
        f"do run `{command} install -y python3` on the host, then this again"
    ]


def test_an_old_python_is_refused_by_its_number_and_not_its_spelling() -> None:
    (line,) = judged(probe("ID=rocky\nVERSION_ID=9", python="3.8.20"))
    assert "found Python 3.8.20; do set preflight_python" in line
    assert judged(probe("ID=rocky\nVERSION_ID=9", python="3.10.1")) == []


# --- The bundle's variables -----------------------------------------------------------------

GOOD_BUNDLE = {
    "name": "luffy-bundle",
    "bind_address": "127.0.0.1",
    "public_hosts": ["localhost", "127.0.0.1", "::1"],
    "public_scheme": "http",
    "shortlink_public_url": "http://127.0.0.1:8002",
    "backup_repository": "/var/backups/luffy-bundle",
    "renamed": [],
    "providers": [
        {"sms_url": "https://sms.example/", "sms_key": "key"},
        {"pay_url": "", "pay_id": ""},
    ],
}


def entry(name: str, port: object, **more: object) -> dict[str, object]:
    return {"name": name, "address": "127.0.0.1", "port": port, **more}


def test_good_variables_are_let_pass() -> None:
    ports = [entry("site_port", 80), entry("api_port", "8000"), entry("farm", 20000, count="64")]
    assert configuration.judge_configuration(GOOD_BUNDLE, ports) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"name": "Luffy Bundle"}, "found Luffy Bundle; do give it such a name"),
        ({"name": ""}, "found nothing; do give it such a name"),
        (
            {"bind_address": "localhost"},
            "expected edge_bind_address to be an IP address; found localhost; do set it",
        ),
        ({"bind_address": 10}, "expected edge_bind_address to be an IP address; found 10; do"),
        (
            {"public_hosts": [], "bind_address": "0.0.0.0"},
            "since edge_bind_address is 0.0.0.0; found an empty list; do set it in the inventory",
        ),
        ({"public_hosts": "example.com"}, "expected public_hosts to be a list; found example.com;"),
        ({"public_hosts": ["https://a.b/"]}, "found https://a.b/; do leave out the scheme"),
        ({"public_hosts": ["a.b:80"]}, "found a.b:80; do leave out the scheme, the port"),
        ({"public_hosts": ["-a.b"]}, "found -a.b; do leave out"),
        (
            {"providers": [{"pay_url": "https://pay.example/", "pay_id": ""}]},
            "expected pay_id to be set, since pay_url is; found nothing; do set it as the provider",
        ),
        (
            {"providers": [{"pay_url": "https://pay.example/", "pay_id": 2021}]},
            "found 2021 (no text); do set it as the provider has given it, in quotes",
        ),
        (
            {"providers": [{"pay_url": "pay.example", "pay_id": "2021"}]},
            "expected pay_url to be an http(s) address without query, or empty; found pay.example;",
        ),
        ({"backup_repository": ""}, "s3:https://host/bucket; found nothing; do correct it"),
        ({"backup_repository": "backups"}, "found backups; do correct it"),
        ({"backup_repository": "/var/../etc"}, "found /var/../etc; do correct it"),
        ({"backup_repository": "rest:http://a:b@c/"}, "keys and passwords are files on the host"),
        (
            {"renamed": [{"old": "slots", "new": "edge_server_slots", "do": "rename it"}]},
            "expected edge_server_slots instead of slots; found slots, which nothing reads; do re",
        ),
        (
            {"renamed": [{"old": "slots", "new": "", "do": "remove it"}]},
            "expected no slots any more; found slots, which nothing reads; do remove it",
        ),
        ({"public_scheme": "ftp"}, "expected public_scheme to be http or https; found ftp; do set"),
        (
            {"shortlink_public_url": "s.example"},
            "expected shortlink_public_url to be an http(s) address with a host and without a "
            "path; found s.example; do set it to where visitors reach short links",
        ),
        *(
            ({"shortlink_public_url": url}, f"found {url or 'nothing'}; do set it to where")
            for url in (
                *("", "ftp://s.example", "https://", "https://:8002", "https://s.example/go"),
                *("https://me@s.example", "https://[s.example]:1 2", "https://s_e.example"),
            )
        ),
    ],
)
def test_a_bad_variable_is_refused(change: dict[str, object], line: str) -> None:
    (found,) = lines(configuration.judge_configuration(GOOD_BUNDLE | change, []))
    assert line in found


@pytest.mark.parametrize(
    "url", ["https://s.example", "http://S.example:8002/", "http://[2001:db8::7]:8002"]
)
def test_short_links_may_have_a_name_of_their_own(url: str) -> None:
    bundle = GOOD_BUNDLE | {"shortlink_public_url": url}
    assert configuration.judge_configuration(bundle, []) == []


@pytest.mark.parametrize(
    "address",
    [
        "sftp:me@vault.example:/srv/backups",
        "sftp://me@vault.example:2222//srv",
        "s3:https://s3.example.com/b",
    ],
)
def test_a_repository_elsewhere_is_let_pass(address: str) -> None:
    bundle = GOOD_BUNDLE | {"backup_repository": address}
    assert configuration.judge_configuration(bundle, []) == []


@pytest.mark.parametrize("port", [0, -1, 65536, "http", "", None, 80.5, True])
def test_a_port_that_is_none_is_refused(port: object) -> None:
    ports = [entry("site_port", port)]
    (line,) = lines(configuration.judge_configuration(GOOD_BUNDLE, ports))
    assert line.startswith("expected site_port to be a port from 1 to 65535; found ")
    assert configuration.usable_ports(ports) == []


def test_a_range_beyond_the_last_port_is_refused() -> None:
    ports = [entry("farm", 65500, count=64)]
    (line,) = lines(configuration.judge_configuration(GOOD_BUNDLE, ports))
    assert "found 65500 and 64 ports from there; do set farm" in line


def test_a_port_that_two_variables_share_is_refused() -> None:
    ports = [entry("farm", 20000, count=64), entry("site_port", 20063)]
    assert lines(configuration.judge_configuration(GOOD_BUNDLE, ports)) == [
        "expected farm and site_port to be different ports; found 20063 in both; "
        "do set one of them to another port from 1 to 65535"
    ]


# --- Memory, disk and clock -----------------------------------------------------------------


def test_memory_is_compared_as_the_kernel_counts_it(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal:       1843200 kB\nMemFree: 7 kB\n")
    assert lines(preflight_resources.check_memory(tmp_path, 1800)) == []
    (line,) = lines(preflight_resources.check_memory(tmp_path, 1801))
    assert line.startswith("expected 1801 MB of memory; found 1800 MB; do give the host more")


def test_disk_is_measured_where_a_folder_will_be_and_once_per_filesystem(tmp_path: Path) -> None:
    paths = ["/opt", "/var/lib/docker"]
    assert lines(preflight_resources.check_disk(tmp_path, paths, 0.001)) == []
    (line,) = lines(preflight_resources.check_disk(tmp_path, paths, 1e6))
    assert line.startswith("expected 1e+06 GB free for /opt and /var/lib/docker; found ")
    assert " GB; do free space there" in line


@pytest.mark.parametrize(("skew_s", "direction"), [(301, "ahead of"), (-301, "behind")])
def test_a_clock_that_is_off_either_way_is_refused(skew_s: int, direction: str) -> None:
    reference, now = "2026-01-31T12:00:00Z", 1769860800.0
    assert lines(preflight_resources.check_clock(reference, now + 300, 300)) == []
    (line,) = lines(preflight_resources.check_clock(reference, now + skew_s, 300))
    assert line.startswith(
        "expected a clock within 300 s of 2026-01-31T12:00:00Z; found 2026-01-31T"
    )
    assert f", 301 s {direction} it; do start time synchronisation" in line


def test_a_reference_that_is_no_moment_is_refused() -> None:
    (line,) = lines(preflight_resources.check_clock("yesterday", 0.0, 300))
    assert "such as 2026-01-31T12:00:00Z; found yesterday; do leave it out" in line


# --- The kernel -----------------------------------------------------------------------------

CONFIGURATION = "".join(f"CONFIG_{f.setting}=m\n" for f in preflight_kernel.FEATURES)


def machine(root: Path, *, configuration_text: str | None = CONFIGURATION) -> Path:
    """Lay out what a kernel shows of itself: every feature configured, none loaded."""
    files = {
        "proc/sys/kernel/osrelease": "6.12.0\n",
        "proc/filesystems": "nodev\tsysfs\n\text4\n",
        "proc/meminfo": "MemTotal: 4194304 kB\n",
        "proc/self/status": "Name:\tcat\nSeccomp:\t0\n",
        "proc/net/tcp": "header\n",
        "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    } | {f"proc/self/ns/{name}": "" for name in preflight_kernel.NAMESPACES}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    if configuration_text is not None:
        (root / "proc/config.gz").write_bytes(gzip.compress(configuration_text.encode()))
    return root


def kernel_lines(root: Path, *, in_container: bool = False) -> list[str]:
    return lines(preflight_kernel.check_kernel(root, in_container))


def test_a_kernel_whose_configuration_has_everything_passes(tmp_path: Path) -> None:
    assert kernel_lines(machine(tmp_path)) == []


def test_a_kernel_is_known_by_its_configuration_under_boot(tmp_path: Path) -> None:
    machine(tmp_path, configuration_text=None)
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/config-6.12.0").write_text(CONFIGURATION)
    assert kernel_lines(tmp_path) == []


def test_a_kernel_is_known_by_its_modules(tmp_path: Path) -> None:
    machine(tmp_path, configuration_text=None)
    folder = tmp_path / "lib/modules/6.12.0"
    folder.mkdir(parents=True)
    (folder / "modules.builtin").write_text("kernel/fs/overlayfs/overlay.ko\n")
    (folder / "modules.dep").write_text(
        "kernel/net/bridge/bridge.ko.xz: kernel/net/llc/llc.ko.xz\n"
        "kernel/net/bridge/br_netfilter.ko.xz:\nkernel/drivers/net/veth.ko.xz:\n"
    )
    (line,) = kernel_lines(tmp_path)
    assert line.startswith(
        "expected a kernel with address translation (netfilter NAT), CONFIG_NF_NAT; "
        "found kernel 6.12.0 without it; do install the kernel's modules"
    )


@pytest.mark.parametrize("feature", preflight_kernel.FEATURES, ids=lambda f: f.setting)
def test_a_feature_that_the_kernel_lacks_is_refused_even_in_a_container(
    tmp_path: Path, feature: Any
) -> None:
    text = CONFIGURATION.replace(
        f"CONFIG_{feature.setting}=m", f"# CONFIG_{feature.setting} is not set"
    )
    machine(tmp_path, configuration_text=text)
    (line,) = kernel_lines(tmp_path, in_container=True)
    assert f"CONFIG_{feature.setting}; found kernel 6.12.0 without it; do install" in line


def test_a_loaded_feature_counts_whatever_the_configuration_says(tmp_path: Path) -> None:
    machine(tmp_path, configuration_text="CONFIG_NOTHING=y\n")
    (tmp_path / "proc/filesystems").write_text("nodev\toverlay\n")
    for feature in preflight_kernel.FEATURES[1:]:
        (tmp_path / feature.traces[0]).mkdir(parents=True)
    assert kernel_lines(tmp_path) == []


def test_what_a_container_cannot_see_is_let_pass_with_a_reason(tmp_path: Path) -> None:
    machine(tmp_path, configuration_text=None)
    findings = list(preflight_kernel.check_kernel(tmp_path, True))
    assert lines(findings) == []
    notes = refusals.notes(findings)
    assert len(notes) == len(preflight_kernel.FEATURES)
    assert notes[0] == (
        "kernel: overlay filesystem cannot be seen from inside a container; "
        "let pass, as the kernel is the surrounding machine's"
    )


def test_what_a_real_machine_does_not_show_is_refused(tmp_path: Path) -> None:
    found = kernel_lines(machine(tmp_path, configuration_text=None))
    assert len(found) == len(preflight_kernel.FEATURES)
    assert "found no trace of it in kernel 6.12.0" in found[0]


def test_missing_namespaces_seccomp_and_controllers_are_each_refused(tmp_path: Path) -> None:
    machine(tmp_path)
    (tmp_path / "proc/self/ns/pid").unlink()
    (tmp_path / "proc/self/status").write_text("Name:\tcat\n")
    (tmp_path / "sys/fs/cgroup/cgroup.controllers").write_text("cpu io pids\n")
    found = kernel_lines(tmp_path)
    assert [line.split("; do ")[0] for line in found] == [
        "expected a kernel with the namespaces mnt, pid, net, ipc, uts; found none for pid",
        "expected a kernel with seccomp filters, CONFIG_SECCOMP_FILTER; "
        "found none in /proc/self/status",
        "expected the cgroup controllers cpu, memory, pids; found none for memory",
    ]


def test_cgroup_v1_controllers_are_read_from_proc(tmp_path: Path) -> None:
    machine(tmp_path)
    (tmp_path / "sys/fs/cgroup/cgroup.controllers").unlink()
    table = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t3\t1\npids\t2\t3\t1\n"
    (tmp_path / "proc/cgroups").write_text(f"{table}memory\t3\t3\t0\n")
    (line,) = kernel_lines(tmp_path)
    assert "found none for memory; do take `cgroup_disable` off" in line


# --- Ports ----------------------------------------------------------------------------------


def listening(root: Path, address: str, port: int, inode: int = 4711) -> None:
    """Add a listening socket to the machine's table."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    words = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    digits = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    table = root / ("proc/net/tcp6" if ":" in address else "proc/net/tcp")
    table.parent.mkdir(parents=True, exist_ok=True)
    known = table.read_text() if table.exists() else "header\n"
    table.write_text(f"{known} 0: {digits}:{port:04X} 0:0 0A 0:0 00:0 0 0 0 {inode} 1\n")


def process(root: Path, pid: int, name: str, inode: int | None = None) -> None:
    """Add a process to the machine, perhaps with a socket open."""
    folder = root / "proc" / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    if inode is not None:
        (folder / "fd" / "3").symlink_to(f"socket:[{inode}]")


def port_lines(root: Path, *ports: dict[str, object], docker_socket: str = "/none") -> list[str]:
    wanted = [{"count": 1, **port} for port in ports]
    return lines(preflight_ports.check_ports(root, wanted, "luffy-bundle", docker_socket))


def test_a_port_that_a_process_holds_is_refused_by_its_name(tmp_path: Path) -> None:
    machine(tmp_path)
    listening(tmp_path, "0.0.0.0", 80)
    process(tmp_path, 812, "nginx", 4711)
    process(tmp_path, 813, "nginx", 4711)
    assert port_lines(tmp_path, entry("site_port", 80), entry("api_port", 8000)) == [
        "expected port 80 at 127.0.0.1 (site_port) to be free, or held by luffy-bundle itself; "
        "found it held by nginx (process 812); do stop nginx, or set site_port to a free port"
    ]


@pytest.mark.parametrize(
    ("wanted", "held", "clash"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("127.0.0.1", "::", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("0.0.0.0", "192.0.2.7", True),
        ("::", "192.0.2.7", True),
        ("127.0.0.1", "192.0.2.7", False),
        ("0.0.0.0", "::1", False),
        ("::1", "0.0.0.0", False),
    ],
)
def test_only_an_address_that_clashes_takes_a_port(
    tmp_path: Path, wanted: str, held: str, clash: bool
) -> None:
    machine(tmp_path)
    listening(tmp_path, held, 80)
    assert bool(port_lines(tmp_path, entry("site_port", 80, address=wanted))) is clash


def test_many_ports_of_one_holder_are_one_line(tmp_path: Path) -> None:
    machine(tmp_path)
    for port in (20001, 20005, 20063, 20064):
        listening(tmp_path, "127.0.0.1", port)
    process(tmp_path, 9, "rival", 4711)
    (line,) = port_lines(tmp_path, entry("farm", 20000, count=64))
    assert line.startswith("expected port 20001 and 2 more at 127.0.0.1 (farm) to be free")


@contextmanager
def docker_engine(path: Path, body: bytes, status: int = 200) -> Iterator[str]:
    """Serve one answer over a Unix socket, as the Engine API does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Say nothing."""

        def address_string(self) -> str:
            return "local"

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(path)
        server.shutdown()


def published(project: str) -> bytes:
    port = {"IP": "127.0.0.1", "PrivatePort": 8080, "PublicPort": 80, "Type": "tcp"}
    labels = {"com.docker.compose.project": project} if project else {}
    unpublished = {"PrivatePort": 9000, "Type": "tcp"}
    return json.dumps(
        [{"Names": ["/edge-1"], "Labels": labels, "Ports": [unpublished, port]}]
    ).encode()


@pytest.mark.parametrize("with_listener", [True, False], ids=["bound", "not bound"])
@pytest.mark.parametrize(
    ("project", "found"),
    [
        ("luffy-bundle", None),
        ("shop", "the container edge-1 of the Compose project shop"),
        ("", "the container edge-1"),
    ],
)
def test_a_port_of_a_container_is_ours_by_its_project_alone(
    tmp_path: Path, project: str, found: str | None, with_listener: bool
) -> None:
    machine(tmp_path)
    process(tmp_path, 1, "dockerd", 4711)
    if with_listener:
        listening(tmp_path, "127.0.0.1", 80)
    with docker_engine(tmp_path / "docker.sock", published(project)) as docker_socket:
        answer = port_lines(tmp_path, entry("site_port", 80), docker_socket=docker_socket)
    if found is None:
        assert answer == []
    else:
        (line,) = answer
        assert f"; found it held by {found}; do stop it (`docker stop edge-1`)" in line


def test_docker_is_not_woken_where_it_does_not_run(tmp_path: Path) -> None:
    machine(tmp_path)
    process(tmp_path, 1, "systemd")
    with docker_engine(tmp_path / "docker.sock", published("shop")) as docker_socket:
        assert port_lines(tmp_path, entry("site_port", 80), docker_socket=docker_socket) == []


@pytest.mark.parametrize(("body", "status"), [(b"[", 200), (b"no", 500)])
def test_a_docker_that_gives_no_list_is_refused(tmp_path: Path, body: bytes, status: int) -> None:
    machine(tmp_path)
    process(tmp_path, 1, "dockerd")
    with docker_engine(tmp_path / "docker.sock", body, status) as docker_socket:
        (line,) = port_lines(tmp_path, entry("site_port", 80), docker_socket=docker_socket)
    assert line.startswith("expected Docker to say which ports its containers hold; found ")


def test_a_docker_without_a_socket_is_refused(tmp_path: Path) -> None:
    process(machine(tmp_path), 1, "dockerd")
    (line,) = port_lines(tmp_path, entry("site_port", 80), docker_socket="/none/docker.sock")
    assert "found no answer at /none/docker.sock: " in line


def test_an_address_that_is_not_the_hosts_is_refused() -> None:
    assert lines(preflight_ports.check_addresses([entry("site_port", 80)])) == []
    foreign = entry("site_port", 80, address="203.0.113.9")
    (line,) = lines(preflight_ports.check_addresses([foreign, foreign]))
    assert line.startswith("expected 203.0.113.9 to be an address of the host; found it is none")


# --- What runs on the host ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [*(ROLE / "module_utils").glob("*.py"), *(ROLE / "library").glob("*.py")],
    ids=lambda path: path.name,
)
def test_what_runs_on_a_host_is_python_3_9_with_its_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).partition(".")[0])
    assert roots <= {*sys.stdlib_module_names, "ansible"}


# --- The role on this machine ---------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture
def this_machine(tmp_path: Path) -> Path:
    inventory = tmp_path / "this-machine.ini"
    inventory.write_text("[bundle]\nlocalhost ansible_connection=local\n")
    return inventory


def preflight(inventory: Path, *arguments: str, **variables: object) -> PlaybookResult:
    """Run the role as the playbooks do: no facts gathered before it."""
    return run_role(
        "preflight", inventory, *arguments, variables=variables or None, gather_facts=False
    )


def refused(result: PlaybookResult) -> list[str]:
    """Give the lines of the one refusal of a run."""
    assert result.returncode == 2, result.output
    assert len(result.failures) == 1, result.output
    return result.failures[0].splitlines()


@pytest.mark.parametrize("arguments", [["-vvv"], ["-vvv", "--check"]], ids=["run", "check mode"])
def test_this_machine_passes_unchanged_and_with_its_own_python(
    this_machine: Path, arguments: list[str]
) -> None:
    ports = [entry("site_port", free_port())]
    result = preflight(this_machine, *arguments, preflight_ports=ports)
    assert result.ok, result.output
    assert result.changed("localhost") == 0
    assert '"ansible_python_interpreter": "/usr/bin/python3"' in result.output


@pytest.fixture(scope="module")
def container_port() -> Iterator[int]:
    """Publish a port of this machine for a container of the project `preflight-test`."""
    name, port = f"preflight-test-{os.getpid()}", free_port()
    docker(
        *("run", "--detach", "--name", name, "--init"),
        *("--label", "com.docker.compose.project=preflight-test"),
        *("--publish", f"127.0.0.1:{port}:80", image("repository"), "sleep", "600"),
    )
    yield port
    docker("rm", "--force", "--volumes", name)


@pytest.fixture(scope="module")
def variants(container_port: int, tmp_path_factory: pytest.TempPathFactory) -> PlaybookResult:
    """One run on this machine, which the inventory names once for each set of variables."""
    folder = tmp_path_factory.mktemp("variants")
    root = machine(
        folder / "root", configuration_text=CONFIGURATION.replace("CONFIG_OVERLAY_FS=m\n", "")
    )
    (folder / "opt" / "current").mkdir(parents=True)
    hosts: dict[str, dict[str, object]] = {
        "wrong": {
            "edge_bind_address": "0.0.0.0",
            "public_hosts": [],
            "site_port": "http",
            "api_port": free_port(),
            "check_port": free_port(),
            "check_tls_port": free_port(),
            "shortlink_port": free_port(),
            "proxy_pool_port": free_port(),
            "proxy_pool_gateway_port": free_port(),
            "preflight_min_memory_mb": 10**8,
            "preflight_min_disk_gb": 10**6,
            "preflight_min_disk_gb_deployed": 10**6,
            "preflight_clock_reference": "2026-01-31T12:00:00Z",
        },
        "kernel": {
            "preflight_root": str(root),
            "preflight_ports": [entry("site_port", free_port())],
        },
        "room": {
            "bundle_root": str(folder / "opt"),
            "preflight_min_disk_gb": 10**6,
            "preflight_min_disk_gb_deployed": 0.001,
            "preflight_ports": [entry("site_port", free_port())],
        },
        "type": {"preflight_min_memory_mb": "lots"},
        "renamed": {
            "slots": 8,
            "preflight_renamed_variables": [
                {"old": "slots", "new": "edge_server_slots", "do": "rename it"},
                {"old": "not_set_here", "new": "", "do": "remove it"},
            ],
            "preflight_ports": [entry("site_port", free_port())],
        },
        "own": {
            "bundle_name": "preflight-test",
            "preflight_ports": [entry("site_port", container_port)],
        },
        "other": {
            "bundle_name": "luffy-bundle",
            "preflight_ports": [entry("site_port", container_port)],
        },
    }
    inventory = folder / "variants.json"
    inventory.write_text(
        json.dumps({"bundle": {"hosts": hosts, "vars": {"ansible_connection": "local"}}})
    )
    return preflight(inventory)


def refused_alone(variants: PlaybookResult, name: str) -> list[str]:
    """Give the lines of the one refusal of one of them."""
    assert len(variants.failures_of(name)) == 1, variants.output
    return variants.failures_of(name)[0].splitlines()


def test_all_that_is_wrong_is_said_at_once(variants: PlaybookResult) -> None:
    found = refused_alone(variants, "wrong")
    assert [line.split("; found ")[0] for line in found if " GB free " not in line] == [
        "expected public_hosts to hold the names or addresses that the site is reached by, "
        "since edge_bind_address is 0.0.0.0",
        "expected site_port to be a port from 1 to 65535",
        "expected 100000000 MB of memory",
        "expected a clock within 300 s of 2026-01-31T12:00:00Z",
    ]
    assert any(line.startswith("expected 1e+06 GB free for ") for line in found)
    for line in found:
        assert "; found " in line
        assert "; do " in line


def test_a_kernel_without_overlay_is_refused(variants: PlaybookResult) -> None:
    (line,) = refused_alone(variants, "kernel")
    assert line.startswith(
        "expected a kernel with overlay filesystem, CONFIG_OVERLAY_FS; "
        "found kernel 6.12.0 without it; do install the kernel's modules"
    )


def test_a_host_where_the_bundle_runs_needs_less_room(variants: PlaybookResult) -> None:
    assert variants.recap["room"]["failed"] == 0, variants.output
    assert variants.recap["room"]["ok"] > 0


def test_a_variable_of_the_wrong_type_is_named(variants: PlaybookResult) -> None:
    (first, second) = refused_alone(variants, "type")
    assert first == "Validation of arguments failed:"
    assert "'preflight_min_memory_mb' is of type str and we were unable to convert to int" in second


def test_an_old_name_of_a_variable_is_refused_with_the_new_one(variants: PlaybookResult) -> None:
    assert refused_alone(variants, "renamed") == [
        "expected edge_server_slots instead of slots; found slots, which nothing reads; "
        "do rename it"
    ]


def test_a_port_of_the_bundles_own_container_is_let_pass_and_of_another_refused(
    variants: PlaybookResult, container_port: int
) -> None:
    assert variants.recap["own"]["failed"] == 0, variants.output
    (line,) = refused_alone(variants, "other")
    assert f"expected port {container_port} at 127.0.0.1 (site_port) to be free" in line
    assert "of the Compose project preflight-test; do stop it (`docker stop preflight-test-" in line


def test_a_host_that_does_not_answer_is_named_and_stops_the_run_for_all(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local\n"
        f"web ansible_host=127.0.0.1 ansible_port={free_port()} ansible_user=nobody\n"
    )
    playbook = tmp_path / "both.yml"
    play = {
        "hosts": "bundle",
        "gather_facts": False,
        "become": True,
        "any_errors_fatal": True,
        "roles": ["preflight"],
        "post_tasks": [{"name": "Change the hosts", "ansible.builtin.debug": {"msg": "late"}}],
    }
    playbook.write_text(json.dumps([play]))
    ports = [entry("site_port", free_port())]
    result = run_playbook(playbook, inventory, variables={"preflight_ports": ports})
    assert result.returncode == 2, result.output
    assert "Change the hosts" not in result.output
    (line,) = [text for text in result.failures if text.startswith("expected")]
    assert line.startswith("expected web (127.0.0.1) to answer; found ")
    assert "Connection refused" in line
    assert "; do check its address, port, user and key in the inventory" in line


# --- The role on CentOS hosts ---------------------------------------------------------------


@pytest.fixture(scope="module")
def host(host_network: HostNetwork) -> Iterator[CentosHost]:
    with centos_host("preflight", network=host_network) as booted:
        yield booted


@pytest.fixture
def inventory(host: CentosHost, tmp_path: Path) -> Path:
    return host.write_inventory(tmp_path / "inventory.ini")


@pytest.fixture
def own_release(host: CentosHost) -> Iterator[None]:
    """Give the host its own name back after a test that let it say another."""
    own = {path: host.ssh(f"cat {path}") for path in ("/usr/lib/os-release", "/etc/redhat-release")}
    yield
    for path, text in own.items():
        host.write_file(path, text)


def state(host: CentosHost) -> str:
    """Everything that a provisioning role would change."""
    return host.ssh(
        "find /etc /opt /usr/local /root -type f -exec sha256sum {} + | sort -k 2; "
        "find /etc /opt /usr/local -printf '%p %m %u %g %l\\n' | sort; "
        "rpm -qa | sort; systemctl list-unit-files --no-legend --no-pager; getent passwd",
        sudo=True,
    )


def test_a_good_host_passes_and_is_left_as_it_was(host: CentosHost, inventory: Path) -> None:
    before = state(host)
    for arguments in (["--check"], []):
        result = preflight(inventory, *arguments)
        assert result.ok, result.output
        assert result.changed("preflight") == 0
    assert state(host) == before


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        (
            "centos-7",
            "it is end of life since 2024-06-30, and current ansible-core (2.17 and newer)",
        ),
        ("centos-8", "it is end of life (CentOS Linux 8 since 2021-12-31, CentOS Stream 8 since"),
        ("centos-stream-8", "it is end of life (CentOS Linux 8 since 2021-12-31, CentOS Stream 8"),
        ("rocky-8", "current ansible-core (2.17 and newer) cannot manage its Python 3.6"),
        ("alma-8", "current ansible-core (2.17 and newer) cannot manage its Python 3.6"),
    ],
)
@pytest.mark.usefixtures("own_release")
def test_a_retired_release_is_refused_with_the_reason_and_the_way_forward(
    host: CentosHost, inventory: Path, release: str, reason: str
) -> None:
    host.pretend(release)
    before = state(host)
    result = preflight(inventory)
    (line,) = refused(result)
    assert line.startswith(SUPPORTED_TEXT)
    assert f": {reason}" in line
    assert "; do " in line
    assert "then run this again" in line
    assert "Gather the facts" not in result.output
    assert state(host) == before


@pytest.mark.parametrize("release", ["debian-11", "ubuntu-20.04", "unknown"])
@pytest.mark.usefixtures("own_release")
def test_an_unknown_release_is_refused(host: CentosHost, inventory: Path, release: str) -> None:
    host.pretend(release)
    name = RELEASES[release].os_release.partition('PRETTY_NAME="')[2].partition('"')[0]
    (line,) = refused(preflight(inventory))
    assert line.startswith(f"{SUPPORTED_TEXT}{name}; do install one of these")


def test_a_host_without_python_is_refused_and_an_old_one_for_its_age(
    host_network: HostNetwork, tmp_path: Path
) -> None:
    with centos_host("bare", network=host_network) as bare:
        inventory = bare.write_inventory(tmp_path / "inventory.ini")
        bare.hide("python", "platform-python")
        assert refused(preflight(inventory)) == [
            "expected Python 3.9 or newer at /usr/bin/python3; found none that runs; "
            "do run `dnf install -y python3` on the host, then this again"
        ]
        bare.pretend("centos-7")
        (line,) = refused(preflight(inventory))
        assert "found CentOS Linux 7 (Core): it is end of life since 2024-06-30" in line


def test_a_port_that_a_process_of_the_host_holds_is_refused(
    host: CentosHost, inventory: Path
) -> None:
    listen = "import socket, time; s = socket.create_server(('', 8000)); time.sleep(600)"
    host.ssh(f'systemd-run --unit=rival python3 -c "{listen}"', sudo=True)
    try:
        host.ssh("until ss -ltn | grep -q :8000; do sleep 0.1; done", timeout_s=10)
        before = state(host)
        (line,) = refused(preflight(inventory))
        assert line.startswith(
            "expected port 8000 at 127.0.0.1 (api_port) to be free, "
            "or held by luffy-bundle itself; found it held by python3 (process "
        )
        assert line.endswith("; do stop python3, or set api_port to a free port")
        assert state(host) == before
    finally:
        host.ssh("systemctl stop rival", sudo=True)


def test_a_user_without_root_rights_is_refused(
    host: CentosHost, inventory: Path, tmp_path: Path
) -> None:
    playbook = tmp_path / "unprivileged.yml"
    playbook.write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "roles": ["preflight"]}])
    )
    (line,) = refused(run_playbook(playbook, inventory))
    uid = host.ssh("id -u").strip()
    assert line == (
        f"expected to be root on the host; found uid {uid}; "
        "do set ansible_become=true for it in the inventory, or start this as root"
    )


def test_a_user_who_may_not_use_sudo_is_refused(inventory: Path, this_machine: Path) -> None:
    for hosts in (inventory, this_machine):
        result = preflight(hosts, ansible_become_exe="/nonexistent/sudo", ansible_become_user="bin")
        assert result.returncode == 2, result.output
        (line,) = [text for text in result.failures if text.startswith("expected")]
        assert " to run /bin/sh as root; found " in line
        assert "/nonexistent/sudo: not found" in line
        assert "; do let the inventory's user use sudo" in line


def test_the_probe_runs_in_a_plain_shell() -> None:
    shell = shutil.which("dash") or "/bin/sh"
    answer = subprocess.run(
        [shell, str(ROLE / "files" / "probe.sh"), "/usr/bin/python3", "/nonexistent"],
        capture_output=True,
        text=True,
        check=True,
    )
    read = identity.read_host({"stdout": answer.stdout})
    assert read["answered"]
    assert read["pythons"]["/nonexistent"] == ""
    assert answer.stderr == ""
