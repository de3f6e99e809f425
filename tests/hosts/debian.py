"""A Debian 12 host for a test, over SSH, whose PID 1 is not systemd.

Such a machine is a virtual machine of some cloud or a container with a program of its own as PID 1.
Its limit of open files is lower than what Debian's init script for Docker asks for, and cannot be
raised.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .host import Host, start, wait
from .network import HostNetwork, default_network

OPEN_FILES = 20_000


@contextmanager
def debian_host(
    name: str, *, network: HostNetwork | None = None, docker_options: Sequence[str] = ()
) -> Iterator[Host]:
    """Boot a bare host, and remove it at the end.

    Args:
        name: its host name; unique within the network.
        network: the session's network; by default one that lasts as long as this process.
        docker_options: further options of ``docker run``.

    Raises:
        TestHostError: it could not be built or did not answer over SSH in time.
    """
    shared = network or default_network()
    host = Host(name, f"{shared.prefix}-{name}", shared.next_address(), shared)
    options = ["--init", f"--ulimit=nofile={OPEN_FILES}:{OPEN_FILES}", *docker_options]
    try:
        start(host, "debian", options, {})
        wait(host, "echo ready", ["ready"])
        yield host
    finally:
        host.down()
