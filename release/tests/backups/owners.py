"""The services that own data, deployed by the built zipapp, with what a test asks of them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import jinja2
from bundle import Bundle, Done, sh

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE.parents[2] / "roles/stack/templates"
IMAGES = ("MARIADB_IMAGE", "REDIS_IMAGE", "LUFFY_API_IMAGE", "BACKUP_IMAGE")
VARIABLES = {
    "mariadb_buffer_pool": "32M",
    "mariadb_max_connections": 30,
    "mariadb_slow_query_seconds": 0,
    "redis_maxmemory": "64mb",
    "redis_maxmemory_policy": "volatile-lru",
}
HOST = "the-host"
UID = 10009
SECRETS: list[dict[str, Any]] = [
    {"file": "redis_app_password", "uid": 0, "random": 32},
    {"file": "redis_backup_password", "uid": 10002, "random": 32},
    {
        "file": "redis_acl",
        "uid": 10002,
        "format": "user default off resetpass ~* &* +@all\n"
        "user health on nopass resetkeys resetchannels -@all +ping\n"
        "user app on #{redis_app_password.sha256} ~* &* +@all\n"
        "user backup on #{redis_backup_password.sha256} resetkeys resetchannels -@all "
        "+psync +sync +replconf +ping\n",
    },
    {"file": "mariadb_root_password", "uid": 10003, "random": 32},
    {"file": "mariadb_password", "uid": 10003, "random": 32},
    {"file": "mariadb_backup_password", "uid": 10003, "random": 32},
    {"file": "backup_db_password", "uid": UID, "same_as": "mariadb_backup_password"},
    {"file": "backup_passphrase", "uid": UID, "random": 32},
    {"file": "signing_key", "uid": 10004, "random": 64},
]
BACKUP: dict[str, Any] = {
    "repository": "backup_repository",
    "passphrase": "backup_passphrase",
    "parts": [
        {
            "name": "mariadb",
            "service": "mariadb",
            "hand_over": ["backup-hand-over"],
            "take_back": ["backup-take-back"],
            "when": "running",
        },
        {
            "name": "redis",
            "service": "redis",
            "hand_over": ["backup-hand-over"],
            "take_back": ["backup-take-back"],
            "when": "empty",
        },
        {
            "name": "uploads",
            "service": "luffy_api",
            "hand_over": ["backup-hand-over"],
            "take_back": ["backup-take-back"],
        },
    ],
    "logs": {
        "part": "mariadb",
        "service": "backup",
        "flush": ["binlogs-flush"],
        "folder": "/binlogs",
        "replay": ["binlogs-replay"],
    },
}


class Owners(Bundle):
    """A deployment of the services that own data, and a repository in a folder."""

    def __init__(self, name: str, folder: Path, python: str, pyz: Path) -> None:
        self.repository = folder / "repository"
        self.overlays: list[str] = []
        self.environment: dict[str, str] = {}
        self.more_secrets: list[dict[str, Any]] = []
        self.keep: dict[str, int] = {}
        super().__init__(name, folder, python, pyz, {"v1": ""})

    def ship(self) -> None:
        """Write the incoming directory."""
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 (no web page)

        def rendered(path: str) -> str:
            return environment.from_string((TEMPLATES / path).read_text()).render(VARIABLES) + "\n"

        self.config = {
            "mariadb": {"bundle.cnf": rendered("mariadb/bundle.cnf.j2")},
            "redis": {"redis.conf": rendered("redis/redis.conf.j2")},
            "health": {"lasting": (TEMPLATES / "health/lasting").read_text()},
        }
        self.release = {
            "name": self.name,
            "images": {variable: image(variable) for variable in IMAGES},
            "environment": {
                "BACKUP_REPOSITORY": "/repository",
                "BACKUP_HOST": HOST,
                "BACKUP_FOLDER": str(self.repository),
                **self.environment,
            },
            "compose_files": ["compose.yaml", *self.overlays],
            "config": ["mariadb", "redis", "health"],
            "secrets_dir": str(self.secrets),
            "secrets": [*SECRETS, *self.more_secrets],
            "backup": {
                **BACKUP,
                "folder": {"path": str(self.repository), "uid": UID},
                "keep": self.keep,
            },
        }
        super().ship()
        (self.incoming / "compose.yaml").write_text((HERE / "compose.yaml").read_text())
        for name in self.overlays:
            (self.incoming / name).parent.mkdir(exist_ok=True)
            (self.incoming / name).write_text((HERE / Path(name).name).read_text())

    def engine(self, *arguments: str, timeout: float = 300) -> Done:
        return super().engine(*arguments, timeout=timeout)

    def run(self, verb: str, *arguments: str) -> Done:
        """A verb that starts a run."""
        return self.engine(verb, *arguments, "--by", "tester", "--json")

    def backed_up(self) -> str:
        """Back up and insist on success; the backup's name."""
        done = self.run("backup")
        assert done.code == 0, done
        return str(self.backups()[0]["name"])

    def backups(self) -> list[dict[str, Any]]:
        done = self.engine("backups", "--json")
        assert done.code == 0, done
        return list(json.loads(done.out)["backups"])

    def repository_program(self, *arguments: str, given: bytes = b"", at: str = "") -> bytes:
        """What the repository's program prints, as the engine runs it; `at` another address."""
        return self.beside_repository("repository", *arguments, given=given, at=at)

    def beside_repository(self, *command: str, given: bytes = b"", at: str = "") -> bytes:
        """What a command prints where the repository's program is run."""
        other = ["-e", f"RESTIC_REPOSITORY={at}"] if at else []
        release = self.root / "current"
        done = subprocess.run(
            [
                *("docker", "compose", "--progress", "quiet", "-p", self.name),
                *("-f", str(release / "compose.yaml"), "run", "--rm", "--no-deps", "-T"),
                *other,
                *("backup_repository", *command),
            ],
            input=given,
            capture_output=True,
            check=True,
        )
        return done.stdout

    def sql(self, statement: str, check: bool = True) -> list[str]:
        """Run SQL as root; its rows."""
        password = (self.secrets / "mariadb_root_password").read_text()
        done = subprocess.run(
            [
                *("docker", "exec", "-i", "-e", f"MYSQL_PWD={password}", self.ids()["mariadb"]),
                *("mariadb", "-uroot", "-BN", "luffy"),
            ],
            input=statement,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or not done.returncode, done
        return done.stdout.splitlines()

    def redis(self, *command: str) -> str:
        """A Redis command, as the application."""
        password = (self.secrets / "redis_app_password").read_text()
        return sh(
            *("docker", "exec", "-e", f"REDISCLI_AUTH={password}", self.ids()["redis"]),
            *("redis-cli", "--no-auth-warning", "--user", "app", *command),
        )

    def upload(self, name: str, content: str) -> None:
        """An upload, as the API keeps it."""
        script = f"mkdir -p $(dirname /srv/media/{name}); cat > /srv/media/{name}"
        subprocess.run(
            ["docker", "exec", "-i", self.ids()["luffy_api"], "sh", "-c", script],
            input=content.encode(),
            check=True,
        )

    def upload_random(self, name: str, mib: int) -> str:
        """An upload of random bytes, of which nothing compresses; its digest."""
        script = f"head -c {mib}M /dev/urandom > /srv/media/{name}"
        self.in_container("luffy_api", "sh", "-c", script)
        return self.upload_digest(name)

    def upload_digest(self, name: str) -> str:
        return self.in_container("luffy_api", "sha256sum", f"/srv/media/{name}")

    def uploads(self) -> str:
        """What all text files hold."""
        return self.in_container(
            "luffy_api", "sh", "-c", "cd /srv/media; find . -type f -name '*.txt' | xargs cat"
        )

    def volumes(self) -> dict[str, str]:
        """Each volume of the project, with a digest of the names and sizes of its data files."""
        names = sh("docker", "volume", "ls", "-q", "--filter", f"name={self.name}").split()
        return {name: self._digest(name) for name in names}

    @staticmethod
    def _digest(volume: str) -> str:
        # Tables and uploads; servers write the rest by themselves.
        kinds = ["-name", "*.ibd", "-o", "-name", "*.frm", "-o", "-name", "*.txt"]
        listing = sh(
            *("docker", "run", "--rm", "--network", "none", "--volume", f"{volume}:/v:ro"),
            *("--entrypoint", "find", os.environ["BASE_IMAGE"], "/v", "-type", "f"),
            *("(", *kinds, ")", "-printf", "%P %s\n"),
        )
        return hashlib.sha256("\n".join(sorted(listing.splitlines())).encode()).hexdigest()

    def wipe(self) -> None:
        """Remove every container and every volume, as a lost disk of Docker would."""
        label = f"label=com.docker.compose.project={self.name}"
        containers = sh("docker", "ps", "-aq", "--filter", label).split()
        sh("docker", "rm", "-f", *containers)
        sh("docker", "volume", "rm", *sh("docker", "volume", "ls", "-q", "--filter", label).split())

    def remove(self) -> None:
        super().remove()
        for project in (f"{self.name}-restore", f"{self.name}-drill"):
            label = f"label=com.docker.compose.project={project}"
            for kind, listing, removal in (
                ("container", ["ps", "-aq"], ["rm", "-f", "-v"]),
                ("network", ["network", "ls", "-q"], ["network", "rm"]),
                ("volume", ["volume", "ls", "-q"], ["volume", "rm", "-f"]),
            ):
                found = sh("docker", *listing, "--filter", label).split()
                if found:
                    sh("docker", *removal, *found, check=kind != "network")


def new_owners(folder: Path, python: str, pyz: Path) -> Owners:
    """A deployment that nobody has made yet."""
    return Owners(f"relb-{secrets.token_hex(3)}", folder, python, pyz)


def image(variable: str) -> dict[str, str]:
    """A built image by its variable, as release.json lists it."""
    ref = os.environ.get(variable)
    assert ref, f"{variable}: expected a built image; found nothing; run scripts/test images"
    digest = sh("docker", "image", "inspect", "--format", "{{.Id}}", ref)
    return {"ref": ref, "config_digest": digest}
