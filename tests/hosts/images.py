"""Images of the test hosts, built once for each state of their recipe.

An image's tag is the hash of everything it is made from, so a second run builds nothing.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .docker_cli import docker, exists
from .errors import TestHostError

RECIPE = Path(__file__).parent / "image"
REPOSITORY = "luffy-bundle-test"
TARGETS = ("rpms", "repository", "host", "host-firewalld", "debian")

BASE_SUITE = "bookworm"
BASE_OPTIONS = ("--variant=minbase", "--include=ca-certificates")
# the base must hold no more than its suite's main archive; the recipe's steps add what they need
BASE_COMPONENTS = "main"


def image(target: str) -> str:
    """Return the tag of an image, and build it first if this machine does not have it.

    Args:
        target: one of ``TARGETS``, a stage of ``image/Dockerfile``.

    Raises:
        TestHostError: the build failed; the message ends with what it printed.
    """
    if target not in TARGETS:
        raise TestHostError(f"image {target!r}: expected one of {', '.join(TARGETS)}")
    base = _base_tag()
    tag = f"{REPOSITORY}/{target}:{_recipe_hash(base)}"
    if not exists("image", tag):
        if not exists("image", base):
            _bootstrap(base)
        rpms = [] if target == "rpms" else [f"RPMS_IMAGE={image('rpms')}"]
        _build(target, tag, [f"BASE_IMAGE={base}", *rpms])
    return tag


def debian_mirror() -> str:
    """Return the address of the Debian archive that this machine's own apt uses.

    apt is asked itself, since it alone knows every form that its sources may have. Empty where apt
    has no Debian archive (Ubuntu): mmdebstrap's own default holds there.
    """
    lines = subprocess.run(
        [
            *("apt-get", "indextargets", "--no-release-info"),
            *("--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for line in lines:
        address, _, suite = line.partition(" ")
        if suite in {BASE_SUITE, "trixie", "stable"} and "security" not in address:
            return address.rstrip("/")
    return ""


def _base_tag() -> str:
    text = "\0".join((BASE_SUITE, BASE_COMPONENTS, *BASE_OPTIONS))
    return f"{REPOSITORY}/{BASE_SUITE}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _recipe_hash(base: str) -> str:
    digest = hashlib.sha256(base.encode())
    for file in sorted(path for path in RECIPE.rglob("*") if path.is_file()):
        name = file.relative_to(RECIPE).as_posix()
        mode = "x" if os.access(file, os.X_OK) else "-"
        digest.update(f"\0{name}\0{mode}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _bootstrap(tag: str) -> None:
    if shutil.which("mmdebstrap") is None:
        raise TestHostError(
            "test hosts are made with mmdebstrap: expected it on the PATH, found none; "
            "install it (apt-get install mmdebstrap), on a machine of the Debian family"
        )
    mirror = debian_mirror()
    archive = subprocess.Popen(
        [
            "mmdebstrap",
            "--quiet",
            *BASE_OPTIONS,
            f"--components={BASE_COMPONENTS}",
            BASE_SUITE,
            "-",
            *([mirror] if mirror else []),
        ],
        stdout=subprocess.PIPE,
    )
    imported = subprocess.run(
        ["docker", "import", "-", tag], stdin=archive.stdout, capture_output=True, check=False
    )
    if archive.stdout is not None:
        archive.stdout.close()
    if archive.wait() != 0 or imported.returncode != 0:
        if imported.returncode == 0:  # a broken archive's beginning must not pass for the base
            docker("image", "rm", tag)
        raise TestHostError(
            f"{BASE_SUITE} base image: mmdebstrap ended with {archive.returncode}, docker import "
            f"with {imported.returncode}: {imported.stderr.decode(errors='replace').strip()}"
        )


def _build(target: str, tag: str, arguments: list[str]) -> None:
    # a mirror behind a private certificate authority needs the machine's bundle
    bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    secret = ["--secret", f"id=ca,src={bundle}"] if Path(bundle).is_file() else []
    docker(
        "build",
        "--target",
        target,
        "--tag",
        tag,
        *(part for argument in arguments for part in ("--build-arg", argument)),
        *secret,
        str(RECIPE),
        timeout_s=1800,
    )
