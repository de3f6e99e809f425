"""The network that test hosts share: addresses, the yum repository server, the session's SSH key.

Everything carries the session's prefix in its name and the owning process in a label. So several
sessions and a running deployment live side by side on one machine, and what a killed session left
behind is removed by the next one.
"""

import atexit
import ipaddress
import os
import shutil
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from .docker_cli import docker, exists
from .errors import TestHostError
from .images import RECIPE, image

PREFIX_VARIABLE = "LUFFY_TEST_PREFIX"
OWNER_LABEL = "luffy-bundle.test.owner"

# RFC 2544 keeps 198.18.0.0/15 for tests: no real network and no Docker address pool lies there
SUBNETS = tuple(ipaddress.IPv4Network("198.18.0.0/15").subnets(new_prefix=24))
# not TMPDIR: the path of a control socket may have 108 characters at most
FOLDERS = Path("/tmp")  # noqa: S108
FIRST_HOST = 10
REPOSITORY_HOST = 250
REMOVAL_TIMEOUT_S = 30.0


class HostNetwork:
    """A private Docker network with a yum repository server; a context manager.

    Attributes:
        prefix: begins the name of every container and of the network.
        subnet: the network's addresses.
        repository_address: where the yum repositories answer, on ports 80 and 443.
        key_path: the private SSH key that every host of this network accepts.
        control_path: OpenSSH's ``ControlPath`` for connections to this network's hosts.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = prefix or os.environ.get(PREFIX_VARIABLE) or f"luffy-test-{os.getpid()}"
        self.labels = ("--label", f"{OWNER_LABEL}={_owner(os.getpid())}")
        self._next_host = FIRST_HOST
        _remove_leftovers()
        self._folder = Path(tempfile.mkdtemp(prefix=f"luffy-{_owner(os.getpid())}-", dir=FOLDERS))
        try:
            self.key_path = self._make_key()
            self.control_path = f"{self._folder}/%C"
            self.subnet = self._create()
            self.gateway = str(self.subnet[1])
            self.repository_address = str(self.subnet[REPOSITORY_HOST])
            self._start_repository()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Return the network's name, as Docker knows it."""
        return self.prefix

    @property
    def repository_names(self) -> tuple[str, ...]:
        """Return the host names that the yum repository server answers for."""
        return tuple((RECIPE / "rpms" / "names.txt").read_text().split())

    @cached_property
    def signing_key_fingerprint(self) -> str:
        """Return the fingerprint of the key that signed this network's vendor packages."""
        return docker("exec", f"{self.prefix}-repository", "cat", "/srv/fingerprint")

    def next_address(self) -> str:
        """Return an address that no host of this network has had.

        Addresses are never used twice, so that no old SSH control connection is taken for a new
        host's.
        """
        if self._next_host >= REPOSITORY_HOST:
            raise TestHostError(f"network {self.name}: all {REPOSITORY_HOST} addresses are used")
        address = str(self.subnet[self._next_host])
        self._next_host += 1
        return address

    def close(self) -> None:
        """Remove every container, volume and file of this network, and the network itself."""
        _remove(f"label={OWNER_LABEL}={_owner(os.getpid())}", prefix=self.prefix)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_key(self) -> Path:
        key = self._folder / "id"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.prefix, "-f", str(key)],
            check=True,
        )
        return key

    def _create(self) -> ipaddress.IPv4Network:
        start = os.getpid() % len(SUBNETS)
        refusals = []
        for subnet in (*SUBNETS[start:], *SUBNETS[:start]):
            if _routed(subnet):
                continue
            try:
                docker("network", "create", "--subnet", str(subnet), *self.labels, self.name)
            except TestHostError as error:
                if "overlap" not in str(error):
                    raise
                refusals.append(str(error))  # another session was faster
                continue
            return subnet
        raise TestHostError(f"no free subnet in 198.18.0.0/15: {refusals[-1:]}")

    def _start_repository(self) -> None:
        docker(
            "run",
            "--detach",
            *self.labels,
            "--name",
            f"{self.prefix}-repository",
            "--network",
            self.name,
            "--ip",
            self.repository_address,
            "--init",
            image("repository"),
        )


_default_network: HostNetwork | None = None


def default_network() -> HostNetwork:
    """Return the network that this process uses where none is given; removed at its exit."""
    global _default_network
    if _default_network is None:
        _default_network = HostNetwork()
        atexit.register(_default_network.close)
    return _default_network


def _routed(subnet: ipaddress.IPv4Network) -> bool:
    """Tell whether this machine reaches the subnet by anything but its default route."""
    routes = subprocess.run(
        ["ip", "-4", "-o", "route", "show"], capture_output=True, text=True, check=True
    ).stdout
    for line in routes.splitlines():
        destination = line.split()[0]
        if destination in {"default", "unreachable", "blackhole", "prohibit"}:
            continue
        if ipaddress.IPv4Network(destination).overlaps(subnet):
            return True
    return False


def _owner(pid: int) -> str:
    """Name a process so that a later one with the same number is not taken for it."""
    namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{namespace}-{pid}-{started}"


def _remove_leftovers() -> None:
    """Remove what sessions of processes that no longer run have left behind."""
    template = f'{{{{.Label "{OWNER_LABEL}"}}}}'
    owners = {
        owner
        for kind in (("ps", "--all"), ("network", "ls"))
        for owner in docker(
            *kind, "--filter", f"label={OWNER_LABEL}", "--format", template
        ).splitlines()
    }
    for owner in filter(_is_gone, owners):
        _remove(f"label={OWNER_LABEL}={owner}")
    for folder in FOLDERS.glob("luffy-[0-9]*-[0-9]*-[0-9]*-*"):
        if _is_gone(folder.name.removeprefix("luffy-").rpartition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)


def _is_gone(owner: str) -> bool:
    """Tell whether a process that ``_owner`` named has ended; one of another container has not."""
    parts = owner.split("-")
    if len(parts) != 3 or parts[0] != _owner(os.getpid()).split("-")[0]:
        return False
    pid = int(parts[1])
    return not Path(f"/proc/{pid}").is_dir() or _owner(pid) != owner


def _remove(label: str, prefix: str = "") -> None:
    containers = docker("ps", "--all", "--format", "{{.Names}}", "--filter", label).splitlines()
    for container in filter(lambda name: name.startswith(prefix), containers):
        _discard("container", "rm", "--force", "--volumes", container)
    networks = docker("network", "ls", "--format", "{{.Name}}", "--filter", label).splitlines()
    for network in filter(lambda name: name.startswith(prefix), networks):
        _discard("network", "rm", network)


def _discard(kind: str, *arguments: str) -> None:
    """Remove a thing, which another session that tidies up may be removing as well."""
    try:
        docker(kind, *arguments)
    except TestHostError:
        end = time.monotonic() + REMOVAL_TIMEOUT_S
        while exists(kind, arguments[-1]):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
