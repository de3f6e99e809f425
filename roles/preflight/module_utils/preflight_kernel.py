"""What Docker needs of the kernel, by whatever evidence the host shows.

The list is that of Docker's own check (moby, contrib/check-config.sh, "Generally Necessary").
A module that is not loaded leaves no trace under /proc and /sys, and a container sees neither
/lib/modules nor, often, the kernel's configuration: so a feature is present, absent or unseen, and
an unseen one is let pass in a container alone, where the machine's kernel decides.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.preflight_findings import Finding, finding

ENABLE_MODULES = (
    "install the kernel's modules (RedHat family: `dnf install kernel-modules-extra`, Ubuntu: "
    "`apt-get install linux-modules-extra-$(uname -r)`) and reboot, or use the distribution's "
    "own kernel"
)
ENABLE_KERNEL = "use the distribution's own kernel, or one that is built with it"


@dataclass(frozen=True)
class Feature:
    """A feature that may be built in or a module, and what shows that it is there."""

    name: str
    setting: str  # the name in the kernel's configuration, without CONFIG_
    module: str
    traces: tuple[str, ...]  # paths that exist once it is loaded
    filesystem: bool = False  # listed in /proc/filesystems once it is loaded


FEATURES = (
    Feature("overlay filesystem", "OVERLAY_FS", "overlay", ("sys/module/overlay",), True),
    Feature("network bridges", "BRIDGE", "bridge", ("sys/module/bridge",)),
    Feature(
        "netfilter on bridges (br_netfilter)",
        "BRIDGE_NETFILTER",
        "br_netfilter",
        ("sys/module/br_netfilter", "proc/sys/net/bridge"),
    ),
    Feature("virtual Ethernet pairs", "VETH", "veth", ("sys/module/veth",)),
    Feature(
        "address translation (netfilter NAT)",
        "NF_NAT",
        "nf_nat",
        ("sys/module/nf_nat", "sys/module/iptable_nat", "sys/module/nft_chain_nat"),
    ),
)
NAMESPACES = ("mnt", "pid", "net", "ipc", "uts")
CONTROLLERS = ("cpu", "memory", "pids")


def check_kernel(root: Path, in_container: bool) -> Iterator[Finding]:
    """Look for each feature under `root`; `in_container` lets pass what cannot be seen there."""
    kernel = Kernel(root)
    for feature in FEATURES:
        yield from _check_feature(kernel, feature, in_container)
    yield from _check_namespaces(root)
    yield from _check_seccomp(root)
    yield from _check_controllers(root)


class Kernel:
    """The running kernel's evidence under a root: its traces, its configuration, its modules."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.release = _text(root / "proc/sys/kernel/osrelease").strip()
        self.filesystems = set(_text(root / "proc/filesystems").split())
        self.configuration = self._read_configuration()
        self.modules = self._read_modules()

    def has(self, feature: Feature) -> bool | None:
        """Say whether the kernel has a feature; None where nothing shows either."""
        if feature.filesystem and feature.module in self.filesystems:
            return True
        if any((self.root / trace).exists() for trace in feature.traces):
            return True
        if self.configuration:
            return f"CONFIG_{feature.setting}" in self.configuration
        if self.modules:
            return feature.module in self.modules
        return None

    def _read_configuration(self) -> set[str]:
        """Name the settings that are built in or modules.

        A module that is configured but not installed counts: EL10 has some in
        kernel-modules-extra, which is installed before Docker is.
        """
        packed = self.root / "proc/config.gz"
        if packed.exists():
            text = gzip.decompress(packed.read_bytes()).decode()
        else:
            text = _text(self.root / f"boot/config-{self.release}")
        return set(re.findall(r"^(CONFIG_\w+)=[ym]$", text, re.MULTILINE))

    def _read_modules(self) -> set[str]:
        folder = self.root / "lib/modules" / self.release
        listed = _text(folder / "modules.dep") + _text(folder / "modules.builtin")
        names = re.findall(r"^(?:\S*/)?([\w-]+)\.ko", listed, re.MULTILINE)
        return {name.replace("-", "_") for name in names}


def _check_feature(kernel: Kernel, feature: Feature, in_container: bool) -> Iterator[Finding]:
    present = kernel.has(feature)
    expected = f"a kernel with {feature.name}, CONFIG_{feature.setting}"
    if present is None and in_container:
        yield finding(
            "kernel",
            True,
            expected,
            f"{feature.name} cannot be seen from inside a container",
            ENABLE_MODULES,
            note="let pass, as the kernel is the surrounding machine's",
        )
        return
    if present is None:
        found = f"no trace of it in kernel {kernel.release}, nor a configuration or modules to ask"
    else:
        found = f"kernel {kernel.release} {'with' if present else 'without'} it"
    yield finding("kernel", bool(present), expected, found, ENABLE_MODULES)


def _check_namespaces(root: Path) -> Iterator[Finding]:
    missing = [name for name in NAMESPACES if not _exists(root / "proc/self/ns" / name)]
    yield finding(
        "kernel",
        not missing,
        f"a kernel with the namespaces {', '.join(NAMESPACES)}",
        f"none for {', '.join(missing)}" if missing else "all of them",
        ENABLE_KERNEL,
    )


def _check_seccomp(root: Path) -> Iterator[Finding]:
    filters = "Seccomp:" in _text(root / "proc/self/status")
    actions = (root / "proc/sys/kernel/seccomp/actions_avail").exists()
    yield finding(
        "kernel",
        filters or actions,
        "a kernel with seccomp filters, CONFIG_SECCOMP_FILTER",
        "them" if filters or actions else "none in /proc/self/status",
        ENABLE_KERNEL,
    )


def _check_controllers(root: Path) -> Iterator[Finding]:
    """Look for cgroup controllers: cgroup v2 lists them in one file, v1 in /proc/cgroups."""
    unified = root / "sys/fs/cgroup/cgroup.controllers"
    if unified.exists():
        enabled = set(_text(unified).split())
    else:
        rows = [line.split() for line in _text(root / "proc/cgroups").splitlines()]
        enabled = {row[0] for row in rows if len(row) == 4 and row[3] == "1"}
    missing = [name for name in CONTROLLERS if name not in enabled]
    yield finding(
        "kernel",
        not missing,
        f"the cgroup controllers {', '.join(CONTROLLERS)}",
        f"none for {', '.join(missing)}" if missing else "all of them",
        "take `cgroup_disable` off the kernel's command line, or add "
        "`cgroup_enable=memory` to it, and reboot",
    )


def _exists(link: Path) -> bool:
    """Say whether a link is there: those of /proc/self/ns point at names, not at files."""
    return link.is_symlink() or link.exists()


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
