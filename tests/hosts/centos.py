"""A CentOS Stream 9 host for a test, over SSH.

Example::

    with centos_host("web") as host:
        host.write_inventory(tmp_path / "inventory.ini", docker_repo_base="aliyun")
        assert host.ssh("cat /etc/os-release").startswith('NAME="CentOS Stream"')
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from .docker_cli import docker
from .host import Host, start, wait
from .network import HostNetwork, default_network
from .releases import RELEASES

# Debian trixie's engine is what the repository's RPMs carry
DOCKER_CE_VERSION = "26"


class CentosHost(Host):
    """A running CentOS Stream 9."""

    def pretend(self, release: str) -> None:
        """Make the host say that it is another system, one of ``releases.RELEASES``."""
        texts = RELEASES[release]
        self.write_file("/usr/lib/os-release", texts.os_release)
        names = "/etc/centos-release /etc/redhat-release /etc/system-release"
        docker("exec", self.container, "sh", "-c", f"rm -f {names}")
        if texts.redhat_release:
            self.write_file("/etc/redhat-release", f"{texts.redhat_release}\n")


@contextmanager
def centos_host(
    name: str,
    *,
    network: HostNetwork | None = None,
    firewalld: bool = False,
    docker_options: Sequence[str] = (),
    addresses: Mapping[str, str] | None = None,
) -> Iterator[CentosHost]:
    """Boot a bare host, and remove it at the end.

    Args:
        name: its host name; unique within the network.
        network: the session's network; by default one that lasts as long as this process.
        firewalld: a real firewalld runs on it, as on a CentOS server.
        docker_options: further options of ``docker run`` (a small disk, less memory).
        addresses: further names in its ``/etc/hosts``; they win over the repository's.

    Raises:
        TestHostError: it could not be built or did not answer over SSH in ``host.BOOT_TIMEOUT_S``.
    """
    shared = network or default_network()
    host = CentosHost(
        name,
        f"{shared.prefix}-{name}",
        shared.next_address(),
        shared,
        inventory_variables={
            # its repository holds the vendor's packages at Debian's version, with a key of its own
            "docker_ce_version": DOCKER_CE_VERSION,
            "docker_rpm_key_fingerprint": shared.signing_key_fingerprint,
        },
    )
    try:
        start(host, "host-firewalld" if firewalld else "host", docker_options, addresses or {})
        # "degraded" is what systemd says of a boot in which a unit failed: it is up all the same
        wait(host, "systemctl is-system-running --wait", ["running", "degraded"])
        yield host
    finally:
        host.down()
