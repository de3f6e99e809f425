"""Operating systems that a test host can say it is, to see what a role refuses.

Only the files that name the system are replaced; the rest stays what it was.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """The texts by which a system names itself.

    Attributes:
        os_release: the whole of ``/etc/os-release``.
        redhat_release: ``/etc/redhat-release``; empty where a system has none.
    """

    os_release: str
    redhat_release: str = ""


def _release(identity: str, name: str, version: str, like: str, redhat_release: str) -> Release:
    return Release(
        f'NAME="{name}"\nVERSION="{version}"\nID="{identity}"\nID_LIKE="{like}"\n'
        f'VERSION_ID="{version.partition(" ")[0]}"\nPRETTY_NAME="{name} {version}"\n',
        redhat_release,
    )


RELEASES = {
    "centos-7": _release(
        "centos", "CentOS Linux", "7 (Core)", "rhel fedora", "CentOS Linux release 7.9.2009 (Core)"
    ),
    "centos-8": _release(
        "centos", "CentOS Linux", "8", "rhel fedora", "CentOS Linux release 8.5.2111"
    ),
    "centos-stream-8": _release(
        "centos", "CentOS Stream", "8", "rhel fedora", "CentOS Stream release 8"
    ),
    "rocky-8": _release(
        "rocky",
        "Rocky Linux",
        "8.10 (Green Obsidian)",
        "rhel centos fedora",
        "Rocky Linux release 8.10 (Green Obsidian)",
    ),
    "alma-8": _release(
        "almalinux",
        "AlmaLinux",
        "8.10 (Cerulean Leopard)",
        "rhel centos fedora",
        "AlmaLinux release 8.10 (Cerulean Leopard)",
    ),
    "debian-11": _release("debian", "Debian GNU/Linux", "11 (bullseye)", "", ""),
    "ubuntu-20.04": _release("ubuntu", "Ubuntu", "20.04 LTS (Focal Fossa)", "debian", ""),
    "unknown": _release("plan9", "Plan 9", "4", "", ""),
}
